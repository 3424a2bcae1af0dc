import keras
import numpy as np
import pytest

from cvkit import analysis
from cvkit.models import mlpconv, nin
from tests.reference import same_convolution
from tests.support import assert_close, raises, to_numpy

IMAGES = np.random.default_rng(0).uniform(-0.5, 0.5, size=(4, 16, 12, 3)).astype("float32")


@pytest.fixture(scope="module", name="paper")
def _paper():
    return nin()


def test_parameters(paper):
    # mlp1 192*(25*3+1) + 160*193 + 96*161, mlp2 192*(25*96+1) + 2 * 192*193, mlp3 192*(9*192+1) + 192*193, and 10*193
    # for the class maps. The same number, 966,986, stands in the CIFAR-10 table of the imgclsmob collection.
    first, second, third = 14_592 + 30_880 + 15_456, 460_992 + 2 * 37_056, 331_968 + 37_056
    assert paper.count_params() == first + second + third + 1_930 == 966_986


def test_multiply_adds(paper):
    # 32*32 positions: 75*192 + 192*160 + 160*96; 16*16: 2400*192 + 2 * 192*192; 8*8: 1728*192 + 192*192 + 192*10.
    expected = 1_024 * (14_400 + 30_720 + 15_360) + 256 * (460_800 + 73_728) + 64 * (331_776 + 36_864 + 1_920)
    assert analysis.count_multiply_adds(paper) == expected == 222_486_528
    assert expected == pytest.approx(222.97e6, rel=0.01)  # imgclsmob's table, which counts the additions of biases too


def test_an_mlpconv_is_a_convolution_and_a_dense_network_at_each_pixel():
    inputs = keras.Input((5, 6, 3))
    model = keras.Model(inputs, mlpconv(inputs, 3, (4, 2), name="mlp"))
    maps = np.random.default_rng(0).normal(size=(2, 5, 6, 3)).astype("float32")
    model.set_weights([np.random.default_rng(1).normal(size=w.shape) for w in model.get_weights()])
    kernel, bias, dense, dense_bias = model.get_weights()
    hidden = np.maximum(same_convolution(maps, kernel, bias), 0)
    expected = np.zeros((2, 5, 6, 2))
    for b, y, x in np.ndindex(2, 5, 6):
        expected[b, y, x] = np.maximum(hidden[b, y, x] @ dense[0, 0] + dense_bias, 0)
    assert_close(model(maps), expected)


def test_each_logit_is_the_mean_of_a_map():
    model = nin(5, (16, 12, 3), width=6)
    maps = keras.Model(model.input, model.get_layer("class_maps").output)(IMAGES)
    assert maps.shape == (4, 4, 3, 5)
    assert_close(model(IMAGES), to_numpy(maps).mean(axis=(1, 2)))
    assert to_numpy(maps).min() < 0  # no rectifier


def test_takes_images_of_any_size():
    model = nin(5, (None, None, 3), width=6)
    assert model(IMAGES).shape == model(IMAGES[:, :9, :7]).shape == (4, 5)


def test_saves_loads_and_learns(tmp_path):
    model = nin(4, IMAGES.shape[1:], width=12)
    model.save(tmp_path / "model.keras")
    assert_close(keras.saving.load_model(tmp_path / "model.keras")(IMAGES), to_numpy(model(IMAGES)))
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = model.get_weights()
    loss = model.train_on_batch(IMAGES, np.array([0, 1, 2, 3]))
    assert np.isfinite(loss)
    assert all((old != new).any() for old, new in zip(before, model.get_weights(), strict=True))


def test_arguments_are_checked():
    with raises("width must be a multiple of 6.*Received 64"):
        nin(width=64)
    with raises("num_classes must be a positive integer"):
        nin(num_classes=0)
