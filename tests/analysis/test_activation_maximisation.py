import keras
import numpy as np
import pytest
from keras import layers

from cvkit.analysis import activation_maximisation
from tests.analysis.networks import classifier
from tests.support import assert_close, raises, to_numpy


@pytest.fixture(scope="module", name="model")
def _model():
    return classifier()


@pytest.fixture(scope="module", name="images")
def _images(model):
    return activation_maximisation(model, [0, 1, 2], steps=60, decay=0.01)


def test_hand_worked_case():
    # 4 a - 2 b - λ (a² + b²) with λ = 1 is largest at a = 2, b = -1.
    x = keras.Input((1, 1, 2))
    weights = keras.initializers.Constant([[0.0, 4.0], [0.0, -2.0]])
    model = keras.Model(x, layers.Dense(2, kernel_initializer=weights)(layers.Flatten()(x)))
    image = activation_maximisation(model, [1], steps=500, step_size=0.01, decay=1.0)
    assert abs(image.ravel() - [2, -1]).max() < 0.05


def test_each_image_raises_its_own_score(model, images):
    before, after = to_numpy(model(np.zeros((1, 9, 9, 2)))), to_numpy(model(images))
    assert (np.diag(after) > before[0]).all()  # little for a class that this random network speaks against
    assert np.diag(after).max() > before.max() + 1


def test_seeded(model, images):
    again = activation_maximisation(model, [0, 1, 2], steps=60, decay=0.01)
    assert_close(again, images)
    assert abs(activation_maximisation(model, [0, 1, 2], steps=60, decay=0.01, seed=1) - images).max() > 0.01


def test_decay_makes_it_fainter(model, images):
    strong = activation_maximisation(model, [0, 1, 2], steps=60, decay=10.0)
    assert (strong**2).sum() < (images**2).sum() / 4


def test_without_jitter_the_image_does_not_move():
    # A score that reads one pixel only: without shifts the penalty alone moves the others, towards zero.
    x = keras.Input((3, 3, 1))
    kernel = np.zeros((9, 1), "float32")
    kernel[4] = 1
    model = keras.Model(x, layers.Dense(1, kernel_initializer=keras.initializers.Constant(kernel))(layers.Flatten()(x)))
    still, moved = (activation_maximisation(model, [0], jitter=j, steps=20)[0, :, :, 0] for j in (0, 1))
    assert still[1, 1] > 20 * abs(np.delete(still.ravel(), 4)).max() > 0
    assert (moved > 0.1).sum() > 1


def test_any_size(model):
    x = keras.Input((None, None, 1))
    any_size = keras.Model(x, layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(x)))
    assert activation_maximisation(any_size, [1], (5, 7, 1), steps=2).shape == (1, 5, 7, 1)
    with raises(r"image_shape must be \(H, W, C\) and fit the model's \(None, None, 1\). Received None"):
        activation_maximisation(any_size, [1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(classes=[3]), r"classes must be a list of integers from 0 to 2. Received \[3\]"),
        (dict(classes=1), "classes must be a list of integers"),
        (dict(classes=[0], steps=0), "steps must be a positive integer"),
        (dict(classes=[0], step_size=0.0), "step_size must be a positive number"),
        (dict(classes=[0], decay=-1.0), "decay and jitter must be zero or more"),
        (dict(classes=[0], jitter=1.5), "jitter whole. Received 0.001 and 1.5"),
        (dict(classes=[0], image_shape=(9, 9, 3)), r"image_shape .* Received \(9, 9, 3\)"),
    ],
)
def test_errors(model, options, message):
    with raises(message):
        activation_maximisation(model, **options)
