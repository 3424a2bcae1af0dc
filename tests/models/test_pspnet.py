import keras
import numpy as np

from cvkit.models import fcn, pspnet, pyramid_pooling
from tests.models.segmenters import IMAGES, check_segmenter, mean_backbone, small_backbone
from tests.support import assert_close, raises, to_numpy


def test_saves_loads_and_learns(tmp_path):
    network = pspnet(small_backbone(), 2, bins=(1, 2), width=8, dropout=0.1)
    before, after = check_segmenter(network, tmp_path / "pspnet.keras", 2)
    assert np.isfinite(after)
    assert after != before


def test_the_pyramid_holds_the_map_and_its_means():
    maps = keras.Input((None, None, 4))
    pyramid = keras.Model(maps, pyramid_pooling(maps, bins=(1, 2)))
    copy = np.zeros((1, 1, 4, 2))
    copy[0, 0, 0, 0] = copy[0, 0, 3, 1] = 1  # the first and the last channel
    for n in (1, 2):
        pyramid.get_layer(f"level_{n}x{n}").set_weights([copy])
        norm = pyramid.get_layer(f"level_{n}x{n}_norm")
        norm.set_weights([np.ones(2), np.zeros(2), np.zeros(2), np.full(2, 1 - norm.epsilon)])
    x = np.random.default_rng(0).uniform(0, 1, (2, 6, 8, 4)).astype("float32")
    result = to_numpy(pyramid(x))
    assert result.shape == (2, 6, 8, 8)
    assert_close(result[..., :4], x)
    means = x.mean(axis=(1, 2), keepdims=True)[..., [0, 3]]
    assert_close(result[..., 4:6], np.broadcast_to(means, (2, 6, 8, 2)))
    quarters = x.reshape(2, 2, 3, 2, 4, 4).mean(axis=(2, 4))[..., [0, 3]]  # (B, 2, 2, 2)
    assert_close(result[:, [0, 0, -1, -1], [0, -1, 0, -1], 6:], quarters.reshape(2, 4, 2))  # at the corners


def test_a_pixel_sees_the_whole_image_which_an_fcn_of_the_same_backbone_does_not():
    changed = IMAGES.copy()
    changed[:, -4:, -4:] = 255 - changed[:, -4:, -4:]
    for network, sees in (
        (pspnet(mean_backbone(), 2, bins=(1,), width=4), True),
        (fcn(mean_backbone(), 2, stride=4), False),
    ):
        for weight in network.trainable_weights:
            weight.assign(np.random.default_rng(0).normal(size=weight.shape))
        difference = to_numpy(network(IMAGES)) - to_numpy(network(changed))
        assert difference[:, :4, :4].any() == sees


def test_the_coarsest_map_is_taken_unless_another_is_named():
    assert pspnet(small_backbone(), 2, width=8).get_layer("pyramid").output.shape[-1] == 6 + 4 * 1
    assert pspnet(small_backbone(), 2, "C1", width=8).get_layer("pyramid").output.shape[-1] == 4 + 4 * 1


def test_arguments_are_checked():
    with raises("tap must name one of the backbone's maps, C1, C2. Received 'C5'"):
        pspnet(small_backbone(), 2, tap="C5")
    with raises("num_classes must be a positive integer"):
        pspnet(small_backbone(), 0)
    with raises("width must be a positive integer"):
        pspnet(small_backbone(), 2, width=0)
    with raises("bins must be a positive integer"):
        pspnet(small_backbone(), 2, bins=(1, 0))
