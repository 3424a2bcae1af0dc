import numpy as np
import pytest

from cvkit import analysis
from cvkit.models import UNET_WIDTHS, unet
from tests.models.segmenters import IMAGES, check_segmenter
from tests.support import BACKEND, assert_close, raises, to_numpy


def test_saves_loads_and_learns(tmp_path):
    before, after = check_segmenter(unet(2, (4, 6, 8)), tmp_path / "unet.keras", 2)
    assert after < before


@pytest.mark.skipif(BACKEND != "tensorflow", reason="shapes only")
def test_parameters_of_the_papers_network():
    # Figure 1, arrow by arrow: pairs of channels in and out, of 3 x 3, of 2 x 2 and of 1 x 1 convolutions.
    down = [(1, 64), (64, 64), (64, 128), (128, 128), (128, 256), (256, 256), (256, 512), (512, 512)]
    down += [(512, 1024), (1024, 1024)]
    up = [(1024, 512), (512, 512), (512, 256), (256, 256), (256, 128), (128, 128), (128, 64), (64, 64)]
    enlarge = [(1024, 512), (512, 256), (256, 128), (128, 64)]
    expected = sum(9 * a * b + b for a, b in down + up) + sum(4 * a * b + b for a, b in enlarge) + 64 * 2 + 2
    assert len(UNET_WIDTHS) == 5
    assert analysis.count_parameters(analysis.on_paper(unet, num_classes=2, input_shape=(572, 572, 1))) == expected
    assert sum(2 if size == "3" else 1 for size in "333333333" + "2222" + "1") == 23  # the paper: 23 layers


def test_maps_of_the_encoder_reach_the_decoder_unchanged():
    """With kernels of zero on the way up from the coarsest stage, the output still depends on the image."""
    network = unet(2, (4, 6))
    for weight in network.get_layer("enlarge1").weights:
        weight.assign(np.zeros(weight.shape))
    first, second = to_numpy(network(IMAGES))
    assert not np.allclose(first, second)
    joined = network.get_layer("join1")
    assert [x.shape[-1] for x in joined.input] == [4, 4]
    skip, _ = joined.input
    assert skip is network.get_layer("down1_conv2").output


def test_the_answer_does_not_depend_on_how_far_the_image_was_padded():
    network = unet(2, (3, 4, 5))
    padded = np.zeros((2, 24, 28, 3), "float32")
    padded[:] = 127.5  # black before scaling is -1; the padding comes after it and is 0
    padded[:, :21, :26] = IMAGES
    assert_close(to_numpy(network(padded))[:, :21, :26], to_numpy(network(IMAGES)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(num_classes=0), "num_classes must be a positive integer"),
        (dict(num_classes=2, widths=(4,)), "at least two stages"),
        (dict(num_classes=2, widths=(4, 0)), "widths must be a positive integer"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with raises(message):
        unet(**arguments)
