import keras
import numpy as np
import pytest
from keras import layers

from cvkit.analysis import grad_cam
from tests.analysis.networks import classifier
from tests.support import assert_close, raises, to_numpy

IMAGES = np.random.default_rng(0).normal(size=(2, 9, 9, 2)).astype("float32")


@pytest.fixture(scope="module", name="model")
def _model():
    return classifier()


def test_hand_worked_case():
    # Maps: the image's two channels. Score of class 1: 2 sum(a) - sum(b), so the weights are 2 and -1.
    x = keras.Input((1, 3, 2))
    maps = layers.Conv2D(2, 1, name="maps")(x)
    kernel = np.zeros((6, 2), "float32")
    kernel[:, 1] = [2, -1] * 3
    model = keras.Model(
        x, layers.Dense(2, kernel_initializer=keras.initializers.Constant(kernel))(layers.Flatten()(maps))
    )
    model.get_layer("maps").set_weights([np.eye(2)[None, None], np.zeros(2)])
    image = np.array([[[1.0, 0], [1, 3], [4, 2]]])[None]
    assert_close(grad_cam(model, image, 1), [[[2, 0, 6]]])  # 2 · 1; 2 - 3 is cut off; 8 - 2


def test_with_a_mean_and_a_dense_layer_it_is_the_class_activation_map(model):
    # CAM (Zhou et al. 2016): the dense layer's weights times the maps. The mean over n positions has slope 1 / n.
    maps = to_numpy(keras.Model(model.input, model.get_layer("relu").output)(IMAGES))
    kernel = to_numpy(model.get_layer("scores").kernel)
    cam = np.maximum(maps @ kernel[:, 2], 0) / (maps.shape[1] * maps.shape[2])
    enlarged = keras.ops.image.resize(cam[..., None], (9, 9), interpolation="bilinear")
    assert_close(grad_cam(model, IMAGES, 2), to_numpy(enlarged)[..., 0])


def test_any_layer_of_maps_and_any_size(model):
    assert grad_cam(model, IMAGES, layer="conv1").shape == (2, 9, 9)
    x = keras.Input((None, None, 1))
    any_size = keras.Model(x, layers.GlobalMaxPooling2D()(layers.Conv2D(3, 3, 2)(x)))
    assert grad_cam(any_size, np.ones((2, 8, 11, 1))).shape == (2, 8, 11)
    sequential = keras.Sequential([keras.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(2)])
    assert grad_cam(sequential, np.ones((2, 6, 6, 1)), 1).shape == (2, 6, 6)


def test_the_default_is_the_class_that_the_model_gives(model):
    given = to_numpy(model(IMAGES)).argmax(axis=1)
    assert_close(grad_cam(model, IMAGES), grad_cam(model, IMAGES, given, "relu"))


def test_errors(model):
    with raises("no layer 'conv9'. Its layers are: image, conv1, pool, conv2, relu, mean, scores"):
        grad_cam(model, IMAGES, layer="conv9")
    with raises("layer must make maps.*Received 'mean'"):
        grad_cam(model, IMAGES, layer="mean")
    with raises("classes must lie from 0 to 2"):
        grad_cam(model, IMAGES, 7)
    flat = keras.Sequential([keras.Input((9, 9, 2)), layers.Flatten(), layers.Dense(2)])
    with raises("must have a layer that makes maps"):
        grad_cam(flat, IMAGES)
    x = keras.Input((9, 9, 2))
    inside = layers.Conv2D(2, 1, name="inside")(x)
    model = keras.Model(x, layers.GlobalAveragePooling2D()(inside + x))
    with raises("A path leads around"):
        grad_cam(model, IMAGES, layer="inside")
