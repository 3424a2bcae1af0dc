import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cvkit.losses import ContrastiveLoss, contrastive_loss
from tests.support import assert_close, check_gradient, gradient, raises, to_numpy, ways_to_run

SAME = np.array([1, 0, 0, 1], "float32")
DISTANCE = np.array([0.5, 0.25, 3.0, 2.0], "float32")
# m = 2: same: 0.5²/2 = 0.125; apart 0.25: 1.75²/2 = 1.53125; apart 3: 0; same: 2²/2 = 2.
LOSS = [0.125, 1.53125, 0.0, 2.0]


def test_hand_worked_case():
    assert_close(contrastive_loss(SAME, DISTANCE, margin=2.0), LOSS)


def test_every_way_to_run_agrees():
    for _, run in ways_to_run(lambda s, d: contrastive_loss(s, d, 2.0)):
        assert_close(run(SAME, DISTANCE), LOSS)


@given(hnp.arrays("float32", 6, elements=st.floats(0, 5, width=32)), st.floats(0.5, 3))
def test_only_near_strangers_and_far_friends_cost(distance, margin):
    together = to_numpy(contrastive_loss(np.ones(6), distance, margin))
    apart = to_numpy(contrastive_loss(np.zeros(6), distance, margin))
    assert_close(together, [d * d / 2 for d in distance])
    assert_close(apart, [max(margin - d, 0) ** 2 / 2 for d in distance])


def test_gradient():
    check_gradient(lambda d: contrastive_loss(SAME, d, 2.0), DISTANCE)


def test_gradient_at_distance_zero():
    # Friends at 0: slope 0. Strangers at 0: slope -m.
    assert_close(gradient(lambda d: contrastive_loss([1, 0], d, 2.0), np.zeros(2, "float32")), [0.0, -2.0])


def test_no_pairs_give_no_losses():
    assert tuple(contrastive_loss(np.zeros(0), np.zeros(0)).shape) == (0,)


def test_half_precision_is_computed_in_float32():
    loss = contrastive_loss(np.ones(1, "float16"), np.full(1, 400, "float16"))
    assert_close(loss, np.array([80000.0]))


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_the_loss_class_takes_rows_and_columns(shape):
    loss = ContrastiveLoss(margin=2.0)
    assert_close(loss(SAME, DISTANCE.reshape(shape)), np.mean(LOSS))
    assert_close(loss(SAME.reshape(shape), DISTANCE), np.mean(LOSS))


def test_trains_and_comes_back_from_a_file(tmp_path):
    rng = np.random.default_rng(0)
    pairs, same = rng.normal(size=(16, 4)).astype("float32"), rng.integers(0, 2, 16)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="softplus")])
    model.compile(keras.optimizers.Adam(0.05), loss=ContrastiveLoss(margin=1.5))
    history = model.fit(pairs, same, batch_size=16, epochs=8, shuffle=False, verbose=0).history["loss"]
    assert history[-1] < history[0]
    model.save(tmp_path / "model.keras")
    loss = keras.saving.load_model(tmp_path / "model.keras").loss
    assert loss.get_config() == model.loss.get_config()
    assert loss.margin == 1.5


def test_pairs_of_another_number_are_refused():
    with raises(r"same must have the shape of distance, \(3,\). Received shape \(2,\)"):
        contrastive_loss([0, 1], [0.0, 1.0, 2.0])


def test_a_column_of_distances_is_refused():
    with raises(r"distance must have shape \(B,\).*distance\[:, 0\]"):
        contrastive_loss([0, 1], np.zeros((2, 1)))


def test_a_margin_that_is_not_positive_is_refused():
    with raises("margin must be a positive number.*Received 0"):
        contrastive_loss([0], [0.0], margin=0)
    with raises("margin must be a positive number.*Received -1"):
        ContrastiveLoss(margin=-1)
