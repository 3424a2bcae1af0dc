"""Pretrained feature extractors: Keras Applications and the kit's own, with preprocessing inside and named taps."""

import contextlib
import socket
import warnings
from dataclasses import dataclass

import keras
import numpy as np

from cvkit.data.download import PATIENCE
from cvkit.data.error import DataError
from cvkit.files import project_file
from cvkit.layers.preprocessing import ImageNetPreprocessing
from cvkit.models.small_vgg import small_vgg

EMBEDDED = "small_vgg"  # the network whose weights ship with the kit


@dataclass(frozen=True)
class Entry:
    """A network of `keras.applications`.

    Attributes:
        mode: preprocessing, see `ImageNetPreprocessing`; None where the network has its own inside.
        taps: layer whose output is the last one of each stride; "> name" stands for what goes into the layer `name`,
            "" for the network's output.
        smallest: smallest height and width in pixels.
        side: height and width that the whole network takes, head included; None for any.
    """

    mode: str
    taps: dict
    smallest: int = 32
    side: int | None = 224


def _taps(*names, first=1):
    return {f"C{k}": name for k, name in enumerate(names, start=first)}  # Ck has stride 2^k


_RESNET = ("conv1_relu", "conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "conv5_block3_out")
_RESNET_V2 = ("conv1_conv", "conv2_block3_1_relu", "conv3_block4_1_relu", "conv4_block6_1_relu", "post_relu")
_VGG16 = ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3", "block5_pool")
_VGG19 = ("block1_conv2", "block2_conv2", "block3_conv4", "block4_conv4", "block5_conv4", "block5_pool")
_XCEPTION = (*(f"block{k}_sepconv2_bn" for k in (2, 3, 4, 13)), "block14_sepconv2_act")
_MOBILENET_V2 = (*(f"block_{k}_expand_relu" for k in (1, 3, 6, 13)), "out_relu")
_EFFICIENTNET = ("block1a_project_activation", "block2b_add", "block4a_expand_activation", "block6a_expand_activation")
_CONVNEXT = (*(f"> convnext_tiny_downsampling_block_{k}" for k in (0, 1, 2)), "")

APPLICATIONS = {
    "ResNet50": Entry("caffe", _taps(*_RESNET)),
    "ResNet50V2": Entry("tf", _taps(*_RESNET_V2)),
    "VGG16": Entry("caffe", _taps(*_VGG16, first=0)),
    "VGG19": Entry("caffe", _taps(*_VGG19, first=0)),
    "Xception": Entry("tf", _taps(*_XCEPTION), smallest=71, side=299),
    "MobileNet": Entry("tf", _taps(*(f"conv_pw_{k}_relu" for k in (1, 3, 5, 11, 13)))),
    "MobileNetV2": Entry("tf", _taps(*_MOBILENET_V2)),
    "EfficientNetV2B0": Entry(None, _taps(*_EFFICIENTNET, "top_activation")),
    "DenseNet121": Entry("torch", _taps("conv1_relu", "pool2_relu", "pool3_relu", "pool4_relu", "relu")),
    "ConvNeXtTiny": Entry(None, _taps(*_CONVNEXT, first=2)),
}
_OWN = Entry(None, _taps(*(f"stage{k}" for k in range(1, 6)), first=0), smallest=16, side=None)


def backbone(name=EMBEDDED, weights="embedded", taps=("C2", "C3", "C4"), input_shape=(None, None, 3), alpha=None):
    """A feature extractor that takes plain images and returns maps of several strides.

    The tap Ck has stride 2^k: from an image of 64 × 64 pixels C3 has 8 × 8 positions. (Xception pads less than the
    others, so its maps are a little smaller.)

    Args:
        name: "small_vgg", the kit's own, or a network of `keras.applications`; `APPLICATIONS` lists them.
        weights: "embedded" (of small_vgg only, in the package); "imagenet" (of `keras.applications`, from Keras' cache
            or by a download); None (drawn at random); or the path of a `.weights.h5` or `.h5` file made from the same
            network.
        taps: names of the maps to return, from "C1" to "C5"; small_vgg has "C0" to "C4", VGG "C0" to "C5",
            ConvNeXtTiny "C2" to "C5".
        input_shape: (height, width, 3); None stands for any size, at least 32 pixels (small_vgg 16, Xception 71).
        alpha: width of MobileNet (0.25, 0.5, 0.75 or 1) and MobileNetV2 (0.35, 0.5, 0.75, 1, 1.3 or 1.4); 1 if None.

    Returns:
        A functional `keras.Model` from images (B, H, W, 3), red, green, blue, values from 0 to 255, to a dict of maps
        by the names in `taps`, finest first.

    Raises:
        ValueError: an argument does not fit.
        DataError: the ImageNet weights are neither cached nor reachable.

    Example:
        >>> features = backbone("MobileNet", weights=None, taps=("C3", "C5"), alpha=0.25)
        >>> {name: tuple(x.shape) for name, x in features.output.items()}
        {'C3': (None, None, None, 64), 'C5': (None, None, None, 256)}

    Reference:
        The names C2 to C5 are those of Lin et al., "Feature Pyramid Networks", 2016, arXiv 1612.03144, section 3.
    """
    entry = _entry(name)
    if isinstance(taps, str) or not taps or not set(taps) <= set(entry.taps):
        raise ValueError(f"taps of {name} must be some of {', '.join(entry.taps)}. Received {taps!r}.")
    model = _network(name, entry, weights, input_shape, alpha, head=False)
    outputs = {tap: _tensor(model, layer) for tap, layer in entry.taps.items() if tap in taps}
    return keras.Model(model.inputs[0], outputs, name=name)


def classifier(name=EMBEDDED, weights="embedded", alpha=None):
    """A whole network, head included, that takes plain images and returns a score for each class.

    Args:
        name, weights, alpha: as for `backbone`.

    Returns:
        A functional `keras.Model` from images (B, H, W, 3), red, green, blue, values from 0 to 255, to logits: ten for
        small_vgg, which takes any size of at least 16 pixels (its classes are those of CIFAR-10,
        `cvkit.data.catalogue()["cifar10"].classes`); a thousand for the others, which take 224 × 224 pixels (Xception
        299 × 299). `keras.applications.imagenet_utils.decode_predictions` names these after a softmax.

    Raises:
        ValueError: an argument does not fit.
        DataError: the ImageNet weights are neither cached nor reachable.

    Example:
        >>> classifier(weights=None).output.shape
        (None, 10)
    """
    entry = _entry(name)
    model = _network(name, entry, weights, (entry.side, entry.side, 3), alpha, head=True)
    return keras.Model(model.inputs[0], model.outputs[0], name=name)


def freeze(model):
    """Stop every layer of `model` from learning; batch normalisation then uses its stored averages.

    Args:
        model: a functional `keras.Model`, for instance a backbone. Compile again afterwards.

    Returns:
        The same model.

    Example:
        >>> len(freeze(backbone(weights=None)).trainable_weights)
        0
    """
    for layer in model.layers:
        layer.trainable = False
    return model


def unfreeze(model, from_layer=None):
    """Let the layers of `model` learn, from one of them on; batch normalisation stays frozen.

    Its averages and scales come from far more images than a small data set has: with the averages of small batches in
    their place the features change at once, before anything is learned.

    Args:
        model: a functional `keras.Model`. Compile again afterwards.
        from_layer: name of the first layer that learns; those before it stay as they are. All learn if None.

    Returns:
        The same model.

    Raises:
        ValueError: there is no such layer.

    Example:
        >>> model = unfreeze(freeze(backbone(weights=None)), from_layer="conv4_1")
        >>> [weight.path for weight in model.trainable_weights]
        ['conv4_1/kernel', 'conv4_2/kernel', 'conv5_1/kernel']

    Reference:
        Keras guide "Transfer learning and fine-tuning", on `BatchNormalization`.
    """
    names = [layer.name for layer in model.layers]
    if from_layer is not None and from_layer not in names:
        weighted = ", ".join(layer.name for layer in model.layers if layer.weights)
        raise ValueError(f"model has no layer {from_layer!r}. Its layers with weights are {weighted}.")
    start = 0 if from_layer is None else names.index(from_layer)
    for layer in model.layers[start:]:
        layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    return model


def load_embedded(model, path=None):
    """Give a `small_vgg` the weights that ship with the kit.

    Args:
        model: a `cvkit.models.small_vgg`, with ten classes or without a head.
        path: another file of such weights, made by `scripts/train_backbone.py`.

    Returns:
        The same model.
    """
    with np.load(path or project_file("cvkit/weights/small_vgg.npz"), allow_pickle=False) as stored:
        for weight in model.weights:
            weight.assign(stored[weight.path].astype("float32"))
    return model


def _entry(name):
    if name == EMBEDDED:
        return _OWN
    if name not in APPLICATIONS:
        raise ValueError(f"name must be {EMBEDDED} or one of {', '.join(APPLICATIONS)}. Received {name!r}.")
    return APPLICATIONS[name]


def _network(name, entry, weights, input_shape, alpha, head):
    _check(name, entry, weights, input_shape, alpha)
    if name == EMBEDDED:
        return _own(weights, input_shape, num_classes=10 if head else None)
    options = dict(include_top=True, classifier_activation=None) if head else dict(include_top=False)
    return _application(name, entry, weights, input_shape, alpha, **options)


def _own(weights, input_shape, num_classes):
    model = small_vgg(num_classes, input_shape)
    if weights == "embedded":
        return load_embedded(model)
    if weights is not None:
        model.load_weights(weights)
    return model


def _application(name, entry, weights, input_shape, alpha, **options):
    if alpha is not None:
        options["alpha"] = alpha
    inputs = keras.Input(input_shape, name="image")
    x = ImageNetPreprocessing(entry.mode, name="preprocessing")(inputs) if entry.mode else inputs
    build = getattr(keras.applications, name)
    with _patience(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*input_shape.*")  # MobileNet takes the weights of 224 pixels
        try:
            return build(weights=weights, input_tensor=x, **options)
        except Exception as error:  # keras.utils.get_file raises a plain Exception
            if weights != "imagenet":
                raise
            raise DataError(
                f"The ImageNet weights of {name} are not in Keras' cache and could not be downloaded: {error}. Connect "
                f'to the network once, or use backbone("{EMBEDDED}", weights="embedded"), which ships with the kit.'
            ) from error


def _tensor(model, layer):
    if not layer:
        return model.outputs[0]
    if layer.startswith("> "):
        names = [operation.name for operation in model.operations]
        return model.operations[names.index(layer[2:]) - 1].output
    return model.get_layer(layer).output


@contextlib.contextmanager
def _patience():
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _check(name, entry, weights, input_shape, alpha):
    if weights == "embedded" and name != EMBEDDED:
        raise ValueError(f'Only {EMBEDDED} has embedded weights. Received {name}: pass weights="imagenet" or None.')
    if weights == "imagenet" and name == EMBEDDED:
        raise ValueError(f'{EMBEDDED} was not trained on ImageNet. Pass weights="embedded", or name another network.')
    if len(input_shape) != 3 or input_shape[2] != 3:
        raise ValueError(
            f"input_shape must be (height, width, 3): the networks take colour images. Received {input_shape}."
        )
    if any(size is not None and size < entry.smallest for size in input_shape[:2]):
        raise ValueError(
            f"input_shape of {name} must be at least {entry.smallest} pixels on a side. Received {input_shape}."
        )
    if alpha is not None and not name.startswith("MobileNet"):
        raise ValueError(f"alpha is the width of MobileNet and MobileNetV2. Received alpha={alpha} for {name}.")
