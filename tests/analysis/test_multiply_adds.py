import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

from cvkit.analysis import count_multiply_adds, count_parameters
from tests import reference
from tests.analysis.networks import lenet, twins
from tests.support import raises


def of(layer, *shape):
    return count_multiply_adds(keras.Sequential([keras.Input(shape), layer]))


def test_lenet_by_hand():
    # C1 28²·25·6 = 117,600; C3 10²·25·6·16 = 240,000; C5 400·120 = 48,000; F6 120·84 = 10,080; 84·10 = 840.
    assert count_multiply_adds(lenet()) == 117600 + 240000 + 48000 + 10080 + 840 == 416520


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (layers.Conv1D(4, 3), (10, 2), 8 * 3 * 2 * 4),
        (layers.Conv3D(4, 3), (5, 6, 7, 2), 3 * 4 * 5 * 27 * 2 * 4),
        (layers.Conv2D(8, 3, strides=2, padding="same"), (9, 7, 4), 5 * 4 * 9 * 4 * 8),
        (layers.Conv2D(8, 3, groups=2), (6, 6, 4), 4 * 4 * 9 * 2 * 8),
        (layers.Conv2D(1, 3, dilation_rate=2), (9, 9, 1), 5 * 5 * 9),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), (6, 6, 4), 4 * 4 * 9 * 4 * 2),
        (layers.SeparableConv2D(8, 3), (6, 6, 4), 4 * 4 * (9 * 4 + 4 * 8)),
        (layers.Conv2DTranspose(5, 4, strides=2), (3, 4, 2), 3 * 4 * 16 * 2 * 5),  # each input through each weight
        (layers.Dense(5), (7,), 35),
        (layers.Dense(5), (3, 4, 7), 3 * 4 * 35),
        (layers.BatchNormalization(), (4, 4, 3), 0),
        (layers.MaxPooling2D(2), (4, 4, 3), 0),
        (layers.PReLU(), (4, 4, 3), 0),
    ],
)
def test_each_kind_by_hand(layer, shape, expected):
    assert of(layer, *shape) == expected


@given(
    size=st.integers(4, 8),
    channels=st.sampled_from([2, 4]),
    filters=st.sampled_from([2, 6]),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 2),
    groups=st.integers(1, 2),
)
def test_convolution_equals_the_loop(size, channels, filters, kernel, stride, groups):
    layer = layers.Conv2D(filters, kernel, strides=stride, groups=groups)
    expected = reference.convolution_multiply_adds(size, size + 2, channels, filters, kernel, stride, groups)
    assert of(layer, size, size + 2, channels) == expected


def test_a_layer_called_twice_costs_twice():
    model = twins()
    one = 9 * 7 * 9 * 2 * 2
    assert count_multiply_adds(model) == 4 * one
    assert count_parameters(model) == 9 * 2 * 2 + 2


def test_images_of_any_size():
    x = keras.Input((None, None, 3))
    model = keras.Model(x, layers.Conv2D(2, 3, padding="same")(x))
    assert count_multiply_adds(model, (4, 5, 3)) == 4 * 5 * 9 * 3 * 2
    with raises(r"output of unknown size.*input_shape=\(height, width, channels\)"):
        count_multiply_adds(model)


def test_a_flattened_model_has_one_size():
    with raises("Dense layer 'C5' takes 400 numbers. Received 576"):
        count_multiply_adds(lenet(), (36, 36, 1))


class Odd(layers.Layer):
    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],))

    def call(self, x):
        return x * self.scale


class Answering(Odd):
    def multiply_adds(self, input_shape, output_shape):
        return int(np.prod(input_shape[1:]))


def test_a_layer_of_unknown_kind_is_never_counted_as_nothing():
    with raises("'odd' of kind Odd has weights.*rules={Odd:.*multiply_adds"):
        of(Odd(name="odd"), 4, 4, 3)
    with raises("of kind MultiHeadAttention has weights"):
        x = keras.Input((4, 8))
        count_multiply_adds(keras.Model(x, layers.MultiHeadAttention(2, 4)(x, x)))


def test_a_layer_of_your_own_answers_or_has_a_rule():
    assert of(Answering(), 4, 4, 3) == 48
    model = keras.Sequential([keras.Input((4, 4, 3)), Answering(), Odd()])
    assert count_multiply_adds(model, rules={Odd: lambda layer, given, made: given[-1] + made[1]}) == 2 * (3 + 4)
    assert count_multiply_adds(keras.Sequential([keras.Input((4, 4, 3)), layers.ReLU()])) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "parameters", "multiply_adds"),
    [
        # Simonyan and Zisserman, table 2: 138 million. 224²·27·64 + ... + 25,088·4,096 + 4,096² + 4,096,000.
        ("VGG16", 138357544, 15470264320),
        ("ResNet50", 25636712, 3857973248),  # He et al., table 1: 3.8 billion
        ("MobileNet", 4253864, 568740352),  # Howard et al., table 8: 569 million, 4.2 million parameters
    ],
)
def test_published_networks(name, parameters, multiply_adds):
    model = getattr(keras.applications, name)(weights=None)
    assert count_parameters(model) == parameters
    assert count_multiply_adds(model) == multiply_adds
