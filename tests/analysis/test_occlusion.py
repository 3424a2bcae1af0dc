import keras
import numpy as np
import pytest

from cvkit.analysis import occlusion_map
from tests import reference
from tests.analysis.networks import classifier
from tests.support import assert_close, raises, to_numpy

IMAGES = np.random.default_rng(0).normal(size=(2, 9, 9, 2)).astype("float32")


@pytest.fixture(scope="module", name="model")
def _model():
    return classifier()


def test_hand_worked_case():
    # Score: the sum of 1 2 / 3 4. Patches of 1 x 1 are the pixels; of 2 x 1 there are none, the patch is square.
    x = keras.Input((2, 3, 1))
    model = keras.Model(x, keras.layers.Dense(1, kernel_initializer="ones")(keras.layers.Flatten()(x)))
    image = np.array([[1.0, 2, 0], [3, 4, 0]])[None, :, :, None]
    assert_close(occlusion_map(model, image, patch=1, stride=1), image[..., 0])
    # 2 x 2 patches at columns 0 and 1: they hide 10 and 6, and the middle column lies in both: (10 + 6) / 2.
    assert_close(occlusion_map(model, image, patch=2, stride=1), [[[10, 8, 6]] * 2])


@pytest.mark.parametrize(("patch", "stride", "batch_size"), [(3, 2, 7), (4, 4, 100), (2, 1, 5), (9, 3, 1)])
def test_equals_the_loop(model, patch, stride, batch_size):
    found = occlusion_map(model, IMAGES, [2, 0], patch, stride, fill=0.5, batch_size=batch_size)
    for image, label, result in zip(IMAGES, [2, 0], found, strict=True):
        expected = reference.occlusion_map(lambda x, k=label: to_numpy(model(x[None]))[0, k], image, patch, stride, 0.5)
        assert_close(result, expected)


def test_the_default_is_the_class_that_the_model_gives(model):
    given = to_numpy(model(IMAGES)).argmax(axis=1)
    assert_close(occlusion_map(model, IMAGES, patch=9, stride=9), occlusion_map(model, IMAGES, given, 9, 9))


def test_covering_with_the_same_changes_nothing(model):
    flat = np.full((1, 9, 9, 2), 0.3, "float32")
    assert_close(occlusion_map(model, flat, 0, patch=4, stride=3, fill=0.3), np.zeros((1, 9, 9)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(patch=0), "patch must be a positive integer"),
        (dict(stride=2.5), "stride must be a positive integer.*Received 2.5"),
        (dict(patch=3, stride=4), "stride must be at most patch.*Received 4 and 3"),
        (dict(patch=10), "patch must fit into the image of 9 × 9. Received 10"),
        (dict(batch_size=0), "batch_size must be a positive integer"),
        (dict(classes=3), "classes must lie from 0 to 2"),
    ],
)
def test_errors(model, options, message):
    with raises(message):
        occlusion_map(model, IMAGES, **options)
