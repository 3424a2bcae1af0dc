import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cvkit import analysis
from cvkit.layers import ChiSquare, WeightedL1, chi_square, weighted_l1
from cvkit.losses import weighted_l1_loss
from tests import reference
from tests.support import (
    assert_close,
    check_gradient,
    check_layer,
    check_saved_copy,
    gradient,
    raises,
    to_numpy,
    ways_to_run,
)

RNG = np.random.default_rng(0)
FIRST, SECOND = RNG.uniform(0.2, 1, size=(2, 5, 3)).astype("float32")
WEIGHTS = np.array([-1.0, 0.5, -2.0], "float32")
CASES = [(weighted_l1, reference.weighted_l1), (chi_square, reference.chi_square)]
quarters = st.integers(0, 4).map(lambda n: n / 4)  # zeros and equal numbers on purpose
pairs = hnp.arrays("float32", (2, 4, 3), elements=quarters)


def test_weighted_l1_by_hand():
    # |1 - 3| = 2 and |5 - 4| = 1; -1 · 2 + 0.5 · 1 + 0.25 = -1.25.
    assert_close(weighted_l1([[1.0, 5.0]], [[3.0, 4.0]], [-1.0, 0.5], 0.25), [-1.25])


def test_chi_square_by_hand():
    # (0.1 - 0.3)² / 0.4 = 0.1; (0.8 - 0.2)² / 1 = 0.36; both 0: nothing. 2 · 0.1 + 1 · 0.36 - 0.06 = 0.5.
    first, second = [[0.1, 0.8, 0.0]], [[0.3, 0.2, 0.0]]
    assert_close(chi_square(first, second, [2.0, 1.0, 7.0], -0.06), [0.5])
    assert_close(chi_square(first, second), [0.46])


def test_chi_square_weighs_small_numbers_more():
    values = to_numpy(chi_square([[0.1], [0.8]], [[0.2], [0.9]]))
    assert values[0] > 5 * values[1]  # 0.01 / 0.3 against 0.01 / 1.7


@pytest.mark.parametrize(("function", "oracle"), CASES)
@given(pair=pairs)
def test_equal_the_slow_loops(function, oracle, pair):
    assert_close(function(*pair, WEIGHTS, 0.3), oracle(*pair, WEIGHTS, 0.3))


@pytest.mark.parametrize(("function", "oracle"), CASES)
@given(pair=pairs)
def test_order_within_a_pair_does_not_matter_and_equals_are_at_the_bias(function, oracle, pair):
    assert_close(function(*pair, WEIGHTS), to_numpy(function(*pair[::-1], WEIGHTS)))
    assert_close(function(pair[0], pair[0], WEIGHTS, 0.3), np.full(4, 0.3, "float32"))


@pytest.mark.parametrize(("function", "oracle"), CASES)
def test_every_way_to_run_agrees(function, oracle):
    for _, run in ways_to_run(lambda x, y: function(x, y, WEIGHTS)):
        assert_close(run(FIRST, SECOND), oracle(FIRST, SECOND, WEIGHTS, 0))


@pytest.mark.parametrize(("function", "oracle"), CASES)
def test_gradient(function, oracle):
    check_gradient(lambda x: function(x, SECOND, WEIGHTS), FIRST)


@pytest.mark.parametrize("function", [weighted_l1, chi_square])
def test_gradient_is_finite_where_both_are_equal_or_zero(function):
    for value in (0.0, 0.5):
        both = np.full((2, 3), value, "float32")
        assert np.isfinite(gradient(lambda x, both=both: function(x, both, WEIGHTS), both)).all()


@pytest.mark.parametrize("make", [WeightedL1, ChiSquare])
def test_layers(make, tmp_path):
    outputs = _check_pair_layer(make)
    function = weighted_l1 if make is WeightedL1 else chi_square
    assert_close(outputs[:, 0], to_numpy(function(FIRST, SECOND, -np.ones(3))))
    check_saved_copy(make(), tmp_path / "model.keras", FIRST, SECOND)


def _check_pair_layer(make):
    layer = make()
    outputs = check_layer(layer, FIRST, SECOND)
    assert layer.count_params() == 4
    assert [weight.name for weight in layer.weights] == ["weights", "bias"]
    return outputs


def test_multiply_adds_are_counted():
    pair = [keras.Input((3,)), keras.Input((3,))]
    counted = [analysis.count_multiply_adds(keras.Model(pair, make()(pair))) for make in (WeightedL1, ChiSquare)]
    assert counted == [3, 9]


@pytest.mark.parametrize("make", [WeightedL1, ChiSquare])
def test_the_weights_learn_which_feature_tells(make):
    # Feature 0 differs exactly where the people do; the others are noise.
    rng = np.random.default_rng(0)
    first, second = rng.uniform(0, 1, (2, 200, 3)).astype("float32")
    same = np.arange(200) % 2
    second[:, 0] = np.where(same, first[:, 0], (first[:, 0] + 0.5) % 1)
    pair = [keras.Input((3,)), keras.Input((3,))]
    model = keras.Model(pair, make()(pair))
    model.compile(keras.optimizers.Adam(0.1), keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit([first, second], same, batch_size=50, epochs=25, verbose=0)
    assert np.mean((to_numpy(model([first, second]))[:, 0] > 0) == same) > 0.95
    weights = model.layers[-1].get_weights()[0]
    assert weights[0] < 3 * weights[1:].min()


# The loss


def test_loss_by_hand():
    # z = -1 · 2 + 0 = -2 for both: -log(1 / (1 + e²)) = 2.1269 if the same, 0.1269 if not.
    first, second = np.zeros((2, 1)), np.full((2, 1), 2.0)
    assert_close(weighted_l1_loss([1, 0], first, second, [-1.0]), np.float32([2.126928, 0.126928]))


def test_loss_equals_the_layer_with_cross_entropy():
    same = np.array([1, 0, 0, 1, 1], "float32")
    logits = to_numpy(WeightedL1()([FIRST, SECOND]))[:, 0]
    probability = 1 / (1 + np.exp(-logits))
    expected = -np.log(np.where(same == 1, probability, 1 - probability))
    assert_close(weighted_l1_loss(same, FIRST, SECOND, -np.ones(3)), expected)


def test_loss_stays_finite_for_sure_and_wrong_answers():
    loss = weighted_l1_loss([1, 0], np.zeros((2, 1)), np.full((2, 1), 1e4), [-1.0])
    assert_close(loss, np.float32([1e4, 0]))


# Errors


@pytest.mark.parametrize("function", [weighted_l1, chi_square])
def test_what_does_not_fit_is_refused(function):
    with raises(r"first must have shape \(B, D\).*first\[None\]"):
        function(np.zeros(3), np.zeros(3), WEIGHTS)
    with raises(r"second must have the shape of first, \(5, 3\). Received shape \(4, 3\)"):
        function(FIRST, SECOND[:4], WEIGHTS)
    with raises(r"weights must have shape \(3,\): one for each feature"):
        function(FIRST, SECOND, WEIGHTS[:2])


@pytest.mark.parametrize("make", [WeightedL1, ChiSquare])
@pytest.mark.parametrize("shapes", [[(2, 3)], [(2, 3), (2, 4)], [(2, 3, 1), (2, 3, 1)]])
def test_other_than_two_embeddings_of_one_size_are_refused(make, shapes):
    inputs = [np.zeros(shape, "float32") for shape in shapes]
    with raises(f"{make.__name__} takes a list of two batches of embeddings of one size"):
        make()(inputs if len(inputs) > 1 else inputs[0])


def test_labels_of_another_number_are_refused():
    with raises(r"same must have the shape of the logits, \(5,\). Received shape \(5, 1\)"):
        weighted_l1_loss(np.zeros((5, 1)), FIRST, SECOND, WEIGHTS)
