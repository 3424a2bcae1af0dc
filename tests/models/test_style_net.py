import keras
import numpy as np
import pytest

from cvkit.analysis import count_parameters
from cvkit.models import style_net
from tests.support import assert_close, raises, to_numpy

IMAGES = np.random.default_rng(0).uniform(0, 255, (2, 16, 20, 3)).astype("float32")
NETWORK = style_net(4, 2)


def test_images_of_any_size_keep_it_and_the_range():
    for size in ((16, 20), (8, 8), (28, 12)):
        made = to_numpy(NETWORK(np.resize(IMAGES, (2, *size, 3))))
        assert made.shape == (2, *size, 3)
        assert made.min() >= 0
        assert made.max() <= 255


def test_parameters_of_the_papers_sizes():
    # Convolutions of table 1 of the supplement without biases, two numbers a channel for each normalisation,
    # and the last convolution, which has biases and no normalisation.
    kernels = [(9, 3, 32), (3, 32, 64), (3, 64, 128), *[(3, 128, 128)] * 10, (3, 128, 64), (3, 64, 32)]
    expected = sum(k * k * a * b + 2 * b for k, a, b in kernels) + 9 * 9 * 32 * 3 + 3
    assert count_parameters(style_net()) == expected


def test_each_image_is_normalised_by_itself():
    assert_close(to_numpy(NETWORK(IMAGES))[1:], to_numpy(NETWORK(IMAGES[1:])), "float16")


def test_contrast_and_brightness_hardly_matter():
    # Inside the first normalisation a x + b becomes x again; at the border, too, since it is mirrored.
    assert np.abs(to_numpy(NETWORK(IMAGES)) - to_numpy(NETWORK(0.5 * IMAGES + 60))).max() < 0.5


def test_mirrored_borders_make_no_frame():
    # An image of one colour is of one colour everywhere: nothing tells the border from the middle.
    made = to_numpy(NETWORK(np.full((1, 16, 16, 3), 77.0, "float32")))
    assert np.ptp(made, axis=(1, 2)).max() < 1e-2


def test_saved_file_is_read_without_the_kits_layers(tmp_path):
    NETWORK.save(tmp_path / "style.keras")
    again = keras.saving.load_model(tmp_path / "style.keras", custom_objects={})
    assert_close(again(IMAGES), to_numpy(NETWORK(IMAGES)))
    assert all(type(layer).__module__.startswith("keras.") for layer in again.layers)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(width=0), "width must be a positive integer"),
        (dict(num_blocks=0), "num_blocks must be a positive integer"),
        (dict(input_shape=(30, 32, 3)), "input_shape must be a multiple of 4, and at least 8 pixels"),
        (dict(input_shape=(None, 4, 3)), "Received .None, 4, 3."),
    ],
)
def test_errors(arguments, message):
    with raises(message):
        style_net(**arguments)
