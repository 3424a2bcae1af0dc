"""The three layers of the LeNet-5 of 1998."""

import keras
import numpy as np
import pytest

from cvkit import analysis
from cvkit.layers import LENET_TABLE, RadialBasisOutput, Subsampling2D, TableConv2D, digit_patterns
from tests.support import assert_close, check_gradient, check_layer, check_saved_copy, raises, to_numpy, ways_to_run

RNG = np.random.default_rng(0)
MAPS = RNG.normal(size=(2, 6, 8, 3)).astype("float32")
TABLE = np.array([[1, 0, 1, 1], [0, 1, 1, 1], [0, 1, 0, 1]])


def test_lenets_table_is_that_of_the_paper():
    # Section II.B: six maps see three neighbouring maps, six see four, three see four that are not all neighbours, one
    # sees all: 6 * 3 + 9 * 4 + 6 = 60 connections.
    assert LENET_TABLE.sum() == 60
    assert LENET_TABLE.sum(axis=0).tolist() == [3] * 6 + [4] * 9 + [6]
    assert [np.flatnonzero(column).tolist() for column in LENET_TABLE.T[:3]] == [[0, 1, 2], [1, 2, 3], [2, 3, 4]]


def test_table_convolution_equals_one_small_convolution_for_each_connection():
    layer = TableConv2D(TABLE, kernel_size=3)
    outputs = to_numpy(layer(MAPS))
    kernels, bias = (to_numpy(weight) for weight in layer.weights)
    expected = np.zeros((2, 4, 6, 4)) + bias
    for number, (source, target) in enumerate(np.argwhere(TABLE)):
        for i, j in np.ndindex(4, 6):
            window = MAPS[:, i : i + 3, j : j + 3, source]
            expected[:, i, j, target] += (window * kernels[:, :, number]).sum(axis=(1, 2))
    assert_close(outputs, expected)


def test_table_convolution_has_weights_only_where_the_table_says_so():
    layer = TableConv2D(TABLE, kernel_size=3)
    layer.build((None, 6, 8, 3))
    assert layer.count_params() == TABLE.sum() * 9 + 4
    assert layer.multiply_adds((1, 6, 8, 3), (1, 4, 6, 4)) == 4 * 6 * TABLE.sum() * 9


def test_subsampling_by_hand():
    # One window 1 2 / 3 4: sum 10, times 0.25, plus 0: 2.5. With coefficient 2 and bias -1: 19.
    layer = Subsampling2D()
    window = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")[None, :, :, None]
    assert_close(layer(window), [[[[2.5]]]])
    layer.set_weights([np.array([2.0]), np.array([-1.0])])
    assert_close(layer(window), [[[[19.0]]]])


def test_an_odd_row_is_left_out():
    assert Subsampling2D()(np.ones((1, 5, 7, 2))).shape == (1, 2, 3, 2)
    assert Subsampling2D()(keras.Input((5, None, 2))).shape == (None, 2, None, 2)


def test_radial_basis_by_hand():
    # (1, 2) is 1 + 4 = 5 from the origin and 0 + 1 = 1 from (1, 1), squared: logits -2.5 and -0.5.
    layer = RadialBasisOutput([[0, 0], [1, 1]])
    assert_close(layer(np.array([[1.0, 2.0]], "float32")), [[-2.5, -0.5]])
    assert layer.count_params() == 0
    assert layer.multiply_adds((1, 2), (1, 2)) == 4


def test_digit_patterns_differ_in_four_pixels_or_more():
    patterns = digit_patterns()
    assert patterns.shape == (10, 84)
    assert set(np.unique(patterns)) == {-1.0, 1.0}
    distance = (patterns[:, None] != patterns[None]).sum(axis=-1)
    assert distance[~np.eye(10, dtype=bool)].min() >= 4


LAYERS = [
    (lambda: TableConv2D(TABLE, 3, activation="relu"), MAPS),
    (lambda: Subsampling2D("tanh"), MAPS),
    (lambda: RadialBasisOutput(digit_patterns()[:, :5]), RNG.normal(size=(3, 5)).astype("float32")),
]


@pytest.mark.parametrize(("make", "inputs"), LAYERS)
def test_layers(make, inputs, tmp_path):
    check_layer(make(), inputs)
    check_saved_copy(make(), tmp_path / "model.keras", inputs)


@pytest.mark.parametrize(("make", "inputs"), LAYERS)
def test_every_way_to_run_agrees(make, inputs):
    layer = make()
    expected = to_numpy(layer(inputs))
    for _, run in ways_to_run(lambda x: layer(x)):
        assert_close(run(inputs), expected)


@pytest.mark.parametrize(("make", "inputs"), LAYERS[1:])
def test_gradients(make, inputs):
    layer = make()
    check_gradient(layer, inputs[:1, :4] if inputs.ndim == 4 else inputs[:1])


def test_arguments_are_checked():
    with raises(r"table must be a matrix.*every column. Received shape \(2, 2\)"):
        TableConv2D([[1, 0], [1, 0]], 3)
    with raises(r"for 3 input maps. Received an input of shape \(2, 6, 8, 5\)"):
        TableConv2D(TABLE, 3)(np.ones((2, 6, 8, 5)))
    with raises(r"patterns must have shape \(classes, features\).*Received shape \(84,\)"):
        RadialBasisOutput(np.zeros(84))


def test_receptive_fields():
    # 3x3 after 2x2 pooling: 2 + 2 * 2 = 6 pixels. The other way round: 3 + 1 = 4.
    inputs = keras.Input((12, 12, 3))
    assert analysis.receptive_field(keras.Model(inputs, TableConv2D(TABLE, 3)(Subsampling2D()(inputs)))) == 6
    assert analysis.receptive_field(keras.Model(inputs, Subsampling2D()(TableConv2D(TABLE, 3)(inputs)))) == 4
