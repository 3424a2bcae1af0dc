import keras
import numpy as np
import pytest

from cvkit import analysis
from cvkit.models import SEGNET_STAGES, segnet
from tests import reference
from tests.models.segmenters import IMAGES, check_segmenter
from tests.support import BACKEND, assert_close, raises, to_numpy


def test_saves_loads_and_learns(tmp_path):
    before, after = check_segmenter(segnet(2, ((4, 1), (6, 2))), tmp_path / "segnet.keras", 2)
    assert after != before


def test_each_value_goes_back_to_the_place_of_its_maximum():
    # One stage, and convolutions that copy: what comes out is the map of the maxima.
    network = segnet(3, stages=((3, 1),))
    copy = np.zeros((3, 3, 3, 3))
    copy[1, 1] = np.eye(3)
    network.get_layer("encode1_conv1").set_weights([copy])
    network.get_layer("logits").set_weights([copy, np.zeros(3)])
    norm = network.get_layer("encode1_norm1")
    norm.set_weights([np.ones(3), np.zeros(3), np.zeros(3), np.full(3, 1 - norm.epsilon)])
    pooled, switches = reference.max_pool_with_switches(np.maximum(IMAGES / 127.5 - 1, 0), (2, 2), (2, 2), "valid")
    assert_close(network(IMAGES), reference.max_unpool(pooled, switches, (21, 26)))


def test_without_switches_each_value_goes_to_the_corner_of_its_window(tmp_path):
    options = dict(num_classes=2, stages=((4, 1), (6, 2)), input_shape=(8, 12, 3))
    plain, with_switches = segnet(**options, switches=False), segnet(**options)
    with_switches.set_weights(plain.get_weights())  # there are as many, of the same shapes
    images = IMAGES[:, :8, :12]
    outputs = [plain.get_layer(name).output for name in ("decode2_relu2", "unpool1")]
    before, after = (to_numpy(x) for x in keras.Model(plain.input, outputs)(images))
    wanted = np.zeros(after.shape)
    wanted[:, ::2, ::2] = before
    assert_close(after, wanted)
    assert not np.allclose(to_numpy(plain(images)), to_numpy(with_switches(images)))
    plain.save(tmp_path / "corners.keras")
    assert_close(keras.saving.load_model(tmp_path / "corners.keras")(images), to_numpy(plain(images)))


@pytest.mark.skipif(BACKEND != "tensorflow", reason="shapes only")
def test_the_papers_network_is_vgg_16_twice():
    network = analysis.on_paper(segnet, num_classes=12)
    kernels = {path: np.prod(shape) for path, shape in ((w.path, w.shape) for w in network.weights) if "conv" in path}
    # The convolutions of VGG-16 hold 14,714,688 numbers, 4,224 of them biases (as many as there are channels), which
    # normalisation makes superfluous. The decoder has the same in reverse, without the 3 · 9 · 64 of the first one.
    encoder = sum(count for path, count in kernels.items() if path.startswith("encode"))
    assert encoder == 14_714_688 - 4_224
    assert sum(kernels.values()) == 2 * encoder - 3 * 9 * 64
    assert sum(count for _, count in SEGNET_STAGES) == 13


def test_shapes_on_the_way():
    network = segnet(5, ((4, 1), (6, 2)), input_shape=(12, 16, 1))
    assert network.get_layer("unpool2").output.shape == (None, 6, 8, 6)
    assert network.get_layer("decode2_relu2").output.shape == (None, 6, 8, 4)
    assert network.get_layer("unpool1").output.shape == (None, 12, 16, 4)
    assert isinstance(network.get_layer("logits"), keras.layers.Conv2D)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(num_classes=0), "num_classes must be a positive integer"),
        (dict(num_classes=2, stages=()), "stages must be pairs"),
        (dict(num_classes=2, stages=((4, 1, 1),)), "stages must be pairs"),
        (dict(num_classes=2, stages=((4, 0),)), "convolutions of a stage must be a positive integer"),
        (dict(num_classes=2, stages=((4.5, 1),)), "channels of a stage must be a positive integer"),
        (dict(num_classes=2, input_shape=(64, 31, 3)), "at least 32 pixels on a side: 5 poolings halve it"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with raises(message):
        segnet(**arguments)
