import socket

import keras
import numpy as np
import pytest

from cvkit import analysis
from cvkit.data.error import DataError
from cvkit.models import imagenet, imagenet_network
from tests.support import assert_close, raises


@pytest.fixture(scope="module", name="mobilenet")
def _mobilenet():
    keras.utils.set_random_seed(0)
    return imagenet_network("mobilenet", weights=None)


def test_mobilenet(mobilenet):
    model, prepare = mobilenet
    assert model.output_shape == (None, 256)
    assert analysis.count_parameters(model) == 218_544  # keras.applications, alpha 0.25 without top
    assert_close(prepare(np.array([0, 255])), [-1, 1])


def test_the_tools_work_on_it(mobilenet):
    model, prepare = mobilenet
    images = prepare(np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3))).astype("float32")
    # With random weights and batch normalisation at its start the maps are faint; their gradients still arrive.
    for tool in (analysis.saliency, analysis.grad_cam):
        assert tool(model, images, 5).shape == (2, 224, 224)
    guided = analysis.guided_backpropagation(model, images, 5)
    assert guided.shape == images.shape
    assert np.isfinite(guided).all()


def test_without_a_network_there_is_one_clear_error(monkeypatch):
    def fail(**_):
        assert socket.getdefaulttimeout() == imagenet.PATIENCE
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.applications, "MobileNet", fail)
    socket.setdefaulttimeout(123)
    with pytest.raises(DataError, match=r"weights of mobilenet are not in Keras' cache .* URL fetch failure"):
        imagenet_network("mobilenet")
    after = socket.getdefaulttimeout()
    socket.setdefaulttimeout(None)
    assert after == 123


def test_names_are_checked():
    with raises("name must be one of mobilenet, vgg16. Received 'vgg'"):
        imagenet_network("vgg")
