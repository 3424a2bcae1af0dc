"""Networks trained on ImageNet, from keras.applications, to look into."""

import contextlib
import socket

import keras
from keras import applications, layers

from cvkit.data.download import PATIENCE
from cvkit.data.error import DataError


def imagenet_network(name, weights="imagenet"):
    """A network that was trained on ImageNet, with one score for each output, and how it wants its images.

    Args:
        name: ``"vgg16"``, whose scores are the logits of the 1,000 classes; or ``"mobilenet"``, MobileNet with a
            quarter of the channels and without its last layer: its 256 scores are the means of its last maps. Both take
            224 × 224 pixels.
        weights: ``"imagenet"``, or None for random ones.

    Returns:
        (model, prepare): a `keras.Model` from images (B, 224, 224, 3) to scores, and a function that makes such images
        of ones with values from 0 to 255.

    Raises:
        ValueError: there is no such network.
        DataError: the weights are not in Keras' cache and cannot be downloaded.

    Example:
        >>> model, prepare = imagenet_network("mobilenet", weights=None)
        >>> model.output_shape
        (None, 256)

    Reference:
        Howard et al., "MobileNets", 2017, arXiv 1704.04861; Simonyan and Zisserman, "Very Deep Convolutional Networks
        for Large-Scale Image Recognition", 2014, arXiv 1409.1556.
    """
    if name not in _NETWORKS:
        raise ValueError(f"name must be one of {', '.join(_NETWORKS)}. Received {name!r}.")
    try:
        with _patience():
            return _NETWORKS[name](weights)
    except Exception as error:  # Keras raises a plain Exception when a download fails
        raise DataError(
            f"The ImageNet weights of {name} are not in Keras' cache and could not be downloaded: {error}. "
            "Connect this machine to the network, or choose a network that needs no download."
        ) from error


def _mobilenet(weights):
    body = applications.MobileNet(input_shape=(224, 224, 3), alpha=0.25, include_top=False, weights=weights)
    scores = layers.GlobalAveragePooling2D(name="mean")(body.output)
    return keras.Model(body.input, scores, name="mobilenet"), lambda images: images / 127.5 - 1.0


def _vgg16(weights):
    model = applications.VGG16(weights=weights, classifier_activation=None)
    return model, lambda images: applications.vgg16.preprocess_input(images.astype("float32"))


_NETWORKS = {"mobilenet": _mobilenet, "vgg16": _vgg16}


@contextlib.contextmanager
def _patience():
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
