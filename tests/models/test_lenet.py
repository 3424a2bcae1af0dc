import keras
import numpy as np
import pytest

from cvkit import analysis
from cvkit.models import lenet5, lenet5_original
from tests.support import assert_close, raises, to_numpy

IMAGES = np.random.default_rng(0).uniform(size=(4, 32, 32, 1)).astype("float32")


def test_parameters_of_today():
    # C1 6 * 26, C3 16 * (6 * 25 + 1), C5 120 * 401, F6 84 * 121, output 10 * 85.
    assert lenet5().count_params() == 156 + 2_416 + 48_120 + 10_164 + 850 == 61_706


def test_parameters_of_1998():
    # C1 156, S2 6 * 2, C3 60 * 25 + 16, S4 16 * 2, C5 48,120, F6 10,164, and none in the output.
    assert lenet5_original().count_params() == 156 + 12 + 1_516 + 32 + 48_120 + 10_164 == 60_000


def test_multiply_adds_of_today():
    # C1 28*28*6*25, C3 10*10*16*150, C5 400*120, F6 120*84, output 84*10.
    assert analysis.count_multiply_adds(lenet5()) == 117_600 + 240_000 + 48_000 + 10_080 + 840 == 416_520


@pytest.mark.parametrize("make", [lenet5, lenet5_original])
def test_saves_and_loads(make, tmp_path):
    model = make()
    model.save(tmp_path / "model.keras")
    assert_close(keras.saving.load_model(tmp_path / "model.keras")(IMAGES), to_numpy(model(IMAGES)))


@pytest.mark.parametrize("make", [lenet5, lenet5_original])
def test_learns_four_images(make):
    model = make()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(3e-3), loss, metrics=["accuracy"])
    labels = np.array([3, 1, 4, 5])
    model.fit(IMAGES, labels, batch_size=4, epochs=60, verbose=0)
    assert model.evaluate(IMAGES, labels, verbose=0)[1] == 1.0


def test_options():
    model = lenet5(num_classes=7, activation="sigmoid", pooling="average", input_shape=(28, 30, 3))
    assert model.output_shape == (None, 7)
    assert model.get_layer("C1").activation is keras.activations.sigmoid
    assert isinstance(model.get_layer("S2"), keras.layers.AveragePooling2D)


def test_arguments_are_checked():
    with raises('pooling must be "max" or "average". Received \'min\''):
        lenet5(pooling="min")
    assert lenet5(input_shape=(16, 16, 1)).get_layer("S4").output.shape == (None, 1, 1, 16)
    with raises(r"at least 16 pixels on a side.*Received \(15, 32, 1\)"):
        lenet5(input_shape=(15, 32, 1))
