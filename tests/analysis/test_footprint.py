import keras
import numpy as np
from keras import layers

from cvkit.analysis import gradient_footprint
from tests.analysis.networks import lenet
from tests.support import assert_close, raises


def ones(kernel, **settings):
    return layers.Conv2D(1, kernel, kernel_initializer="ones", **settings)


def test_hand_worked_case():
    # Two kernels of ones along a row, 3 and 2: 1 1 1 convolved with 1 1 is 1 2 2 1, from the output's own column on.
    model = keras.Sequential([keras.Input((1, 8, 1)), ones((1, 3)), ones((1, 2))])
    assert_close(gradient_footprint(model, (0, 1)), [[0, 1, 2, 2, 1, 0, 0, 0]])
    assert_close(gradient_footprint(model), [[0, 0, 1, 2, 2, 1, 0, 0]])  # five outputs: the middle one is 2


def test_channels_and_images():
    # Input channels add their sizes (1 and |-2|), output channels their values; images are averaged.
    kernel = np.array([[1.0, 0.0], [-1.0, -1.0]], "float32")[None, None]  # (1, 1, 2 in, 2 out)
    conv = layers.Conv2D(2, 1, activation="relu", use_bias=False)
    model = keras.Sequential([keras.Input((1, 1, 2)), conv])
    conv.set_weights([kernel])
    # (1, 0): outputs 1, 0: slope (1, -1) through the first. (-1, -1): outputs 0, 1: slope (0, -1) through the second.
    images = np.array([[1.0, 0.0], [-2.0, -1.0]], "float32").reshape(2, 1, 1, 2)
    assert_close(gradient_footprint(model, images=images), [[(2 + 1) / 2]])


def test_a_vector_depends_on_the_whole_image():
    assert (gradient_footprint(lenet()) > 0).sum() > 900


def test_an_output_that_does_not_look_has_slope_zero():
    x = keras.Input((4, 4, 1))
    assert (gradient_footprint(keras.Model(x, keras.ops.zeros_like(x) + 0 * x)) == 0).all()


def test_any_size_needs_images():
    x = keras.Input((None, None, 1))
    model = keras.Model(x, ones(3)(x))
    assert gradient_footprint(model, images=np.ones((1, 6, 7, 1))).shape == (6, 7)
    with raises("images of any size.*Pass images"):
        gradient_footprint(model)


def test_errors():
    model = keras.Sequential([keras.Input((6, 6, 1)), ones(3)])
    with raises(r"position must lie in the output of 4 × 4. Received \(4, 0\)"):
        gradient_footprint(model, (4, 0))
    with raises("position must lie in the output"):
        gradient_footprint(model, (0, -1))
    with raises(r"images must have shape \(B, 6, 6, 1\)"):
        gradient_footprint(model, images=np.ones((6, 6, 1)))
    with raises("must take one batch of images"):
        gradient_footprint(keras.Sequential([keras.Input((4,)), layers.Dense(2)]))
    with raises(r"maps \(B, H, W, K\) or vectors.*get_layer"):
        gradient_footprint(keras.Sequential([keras.Input((6, 6, 1)), layers.Reshape((36, 1))]))
