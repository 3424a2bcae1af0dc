import keras
import numpy as np
import pytest

from cvkit.analysis import saliency
from tests.analysis.networks import classifier, lenet
from tests.support import assert_close, finite_differences, raises, to_numpy

IMAGES = np.random.default_rng(0).normal(size=(2, 9, 9, 2)).astype("float32")


@pytest.fixture(scope="module", name="model")
def _model():
    return classifier()


def test_hand_worked_case():
    # Score of class 1: 3 a - 4 b over the two channels of one pixel: the larger slope is 4.
    weights = keras.initializers.Constant([[1.0, 3.0], [2.0, -4.0]])
    layers = [keras.Input((1, 1, 2)), keras.layers.Flatten(), keras.layers.Dense(2, kernel_initializer=weights)]
    assert_close(saliency(keras.Sequential(layers), np.ones((1, 1, 1, 2)), 1), [[[4.0]]])


def test_equals_finite_differences():
    # Without ReLU and maximum, whose corners a finite step may cross.
    keras.utils.set_random_seed(0)
    x = keras.Input((4, 3, 2))
    hidden = keras.layers.Conv2D(3, 2, activation="tanh")(x)
    model = keras.Model(x, keras.layers.Dense(3)(keras.layers.Flatten()(hidden)))
    images = IMAGES[:, :4, :3]
    expected = finite_differences(lambda x: model(x)[0, 2] + model(x)[1, 0], images)
    assert_close(saliency(model, images, [2, 0]), abs(expected).max(axis=-1), "gradient")


def test_images_do_not_touch_each_other(model):
    together = saliency(model, IMAGES, [0, 2])
    assert_close(together, np.concatenate([saliency(model, IMAGES[:1], 0), saliency(model, IMAGES[1:], [2])]))


def test_the_default_is_the_class_that_the_model_gives(model):
    given = to_numpy(model(IMAGES)).argmax(axis=1)
    assert_close(saliency(model, IMAGES), saliency(model, IMAGES, given))


def test_images_of_whole_numbers_and_of_any_size():
    x = keras.Input((None, None, 1))
    model = keras.Model(x, keras.layers.GlobalAveragePooling2D()(2 * x))
    assert_close(saliency(model, np.ones((1, 2, 5, 1), int), 0), np.full((1, 2, 5), 0.2))  # 2 / 10 pixels


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (3, "classes must lie from 0 to 2, the model's outputs. Received 3"),
        ([0, -1], r"classes must lie from 0 to 2.*Received \[0, -1\]"),
        ([0, 1, 2], r"one for each of the 2 images. Received int64 of shape \(3,\)"),
        (0.5, "classes must be an integer.*Received float64"),
    ],
)
def test_classes_are_checked(model, classes, message):
    with raises(message):
        saliency(model, IMAGES, classes)


def test_models_and_images_are_checked(model):
    with raises(r"images must have shape \(B, 9, 9, 2\)"):
        saliency(model, IMAGES[0])
    with raises(r"one score a class, \(B, K\).*GlobalAveragePooling2D"):
        saliency(keras.Model(model.input, model.get_layer("relu").output), IMAGES)
    with raises("must take one batch of images"):
        saliency(keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]), np.ones((1, 4)))
    with raises(r"Received shape \(2, 9, 9, 2\)"):
        saliency(lenet(), IMAGES)
