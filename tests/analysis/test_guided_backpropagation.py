import keras
import numpy as np
import pytest
from keras import layers, ops

from cvkit.analysis import guided_backpropagation, guided_model, input_gradient
from cvkit.analysis.guided_backpropagation import guided_relu, guided_relu6
from tests.analysis.networks import classifier
from tests.support import assert_close, gradient, raises, to_numpy, ways_to_run

IMAGES = np.random.default_rng(0).normal(size=(2, 9, 9, 2)).astype("float32")


@pytest.fixture(scope="module", name="model")
def _model():
    return classifier()


def test_hand_worked_case():
    # Inputs -1, 2, 3, times 1, -1, 4 above: the first is inactive, the second's slope is negative, 4 is left.
    x = np.array([-1.0, 2.0, 3.0], "float32")
    for _, run in ways_to_run(lambda x: ops.multiply(guided_relu(x), [1.0, -1.0, 4.0])):
        assert_close(gradient(run, x), [0, 0, 4])
    assert_close(gradient(lambda x: guided_relu6(3 * x), x), [0, 0, 0])  # 9 lies beyond 6, and 6 on the corner
    assert_close(guided_relu6(3 * ops.convert_to_tensor(x)), [0, 6, 6])


def test_equals_a_loop_over_two_layers():
    rng = np.random.default_rng(1)
    first, second, third = (rng.normal(size=shape).astype("float32") for shape in ((6, 5), (5, 4), (4, 2)))
    body = [layers.Dense(5, "relu", use_bias=False), layers.Dense(4, use_bias=False), layers.Activation("relu")]
    model = keras.Sequential([keras.Input((2, 3, 1)), layers.Flatten(), *body, layers.Dense(2, use_bias=False)])
    model.set_weights([first, second, third])
    images = rng.normal(size=(3, 2, 3, 1)).astype("float32")
    for image, found in zip(images, guided_backpropagation(model, images, 1), strict=True):
        a = image.ravel() @ first
        b = np.maximum(a, 0) @ second
        slope = [g if value > 0 and g > 0 else 0 for g, value in zip(third[:, 1], b, strict=True)]
        slope = [g if value > 0 and g > 0 else 0 for g, value in zip(second @ slope, a, strict=True)]
        assert_close(found.ravel(), first @ slope)


def test_the_copy_computes_the_same_and_the_model_is_left_alone(model):
    expected, before = to_numpy(model(IMAGES)), to_numpy(input_gradient(lambda x: ops.sum(model(x)), IMAGES))
    copy = guided_model(model)
    assert_close(copy(IMAGES), expected)
    assert model.get_layer("conv1").activation is keras.activations.relu
    assert_close(input_gradient(lambda x: ops.sum(model(x)), IMAGES), before)
    assert not {id(layer) for layer in copy.layers} & {id(layer) for layer in model.layers}


def every_kind():
    image = keras.Input((4, 4, 2))
    inner_input = keras.Input((4, 4, 2))
    inner = keras.Model(inner_input, layers.Conv2D(2, 1, activation="relu6")(inner_input), name="inner")
    x = layers.BatchNormalization()(inner(image))
    x = layers.ReLU(6.0)(layers.DepthwiseConv2D(1, activation="relu")(x))
    x = ops.relu(layers.Conv2D(2, 1)(x)) + x
    return keras.Model(image, layers.Dense(2)(layers.Flatten()(layers.Dropout(0.5)(x))))


def test_every_kind_of_relu_is_found():
    model = every_kind()
    copy = guided_model(model)
    images = IMAGES[:, :4, :4]
    assert_close(copy(images), to_numpy(model(images)))
    guided = [
        layer.activation
        for layer in [*copy.layers, *copy.get_layer("inner").layers]
        if getattr(layer, "activation", None) in (guided_relu, guided_relu6)
    ]
    assert guided.count(guided_relu) == 2
    assert guided.count(guided_relu6) == 2


def test_without_negative_slopes_it_is_the_gradient():
    positive = dict(kernel_initializer=keras.initializers.RandomUniform(0, 1, seed=0))
    x = keras.Input((5, 5, 1))
    hidden = layers.Conv2D(3, 3, activation="relu", **positive)(x)
    model = keras.Model(x, layers.Dense(2, **positive)(layers.Flatten()(hidden)))
    images = IMAGES[:, :5, :5, :1]
    expected = input_gradient(lambda x: ops.sum(model(x)[:, 1]), images)
    assert_close(guided_backpropagation(model, images, 1), expected)


def test_errors(model):
    with raises("model must hold ReLUs"):
        guided_backpropagation(
            keras.Sequential([keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(2)]), IMAGES[:, :2, :2, :1]
        )
    with raises("classes must lie from 0 to 2"):
        guided_backpropagation(model, IMAGES, 3)

    class Subclass(keras.Model):
        def call(self, x):
            return x

    with raises("functional or Sequential.*Received Subclass"):
        guided_model(Subclass())
