"""PSPNet: before it decides about a pixel, it asks what the rest of the image shows."""

import keras
from keras import layers

from cvkit.layers.adaptive_average_pooling import AdaptiveAveragePooling2D
from cvkit.layers.resize_like import ResizeLike
from cvkit.models.detector import find_tap
from cvkit.validation import check_positive

BINS = (1, 2, 3, 6)


def pyramid_pooling(maps, bins=BINS):
    """Means over the whole map, its quarters, its ninths and so on, joined with the map itself.

    Each mean goes through a 1 × 1 convolution to C / len(bins) channels, batch normalisation and ReLU, and is
    interpolated back to the map's size.

    Args:
        maps: symbolic tensor (B, H, W, C).
        bins: bins along each side, for each level.

    Returns:
        Symbolic tensor (B, H, W, C + len(bins) (C // len(bins))): 2 C channels if the levels divide C.

    Example:
        >>> pyramid_pooling(keras.Input((None, None, 64))).shape
        (None, None, None, 128)

    Reference:
        Zhao et al., "Pyramid Scene Parsing Network", 2016, arXiv 1612.01105, section 3.2.
    """
    levels = [maps]
    for n in bins:
        x = AdaptiveAveragePooling2D(n, name=f"mean_of_{n}x{n}")(maps)
        x = _convolution(x, max(1, maps.shape[-1] // len(bins)), 1, f"level_{n}x{n}")
        levels.append(ResizeLike(name=f"enlarge_{n}x{n}")([x, maps]))
    return layers.Concatenate(name="pyramid")(levels)


def pspnet(backbone, num_classes, tap=None, bins=BINS, width=512, dropout=0.1):
    """A backbone's map with pyramid pooling, a 3 × 3 convolution and a score for each class.

    Args:
        backbone: `keras.Model` of `cvkit.backbones.backbone`, from images (B, H, W, 3) to a dict of maps.
        num_classes: K.
        tap: name of the map to look at, such as "C4"; the coarsest of the backbone if None.
        bins: of the pyramid.
        width: channels of the convolution before the scores.
        dropout: share of its channels that training sets to zero.

    Returns:
        A functional `keras.Model` from images (B, H, W, 3) of any size that the backbone takes, values as it takes
        them, to logits (B, H, W, K), interpolated bilinearly from the map.

    Raises:
        ValueError: the backbone has no map `tap`, or an argument does not fit.

    Example:
        >>> from cvkit.backbones import backbone
        >>> network = pspnet(backbone(taps=("C3",)), num_classes=3, width=32)
        >>> network(keras.ops.ones((1, 50, 70, 3))).shape
        TensorShape([1, 50, 70, 3])

    Reference:
        Zhao et al., "Pyramid Scene Parsing Network", 2016, arXiv 1612.01105, section 3. The paper's ResNet is dilated,
        so that its last map has stride 8, and a second loss looks at an earlier map; here the backbone is as it is, and
        there is one loss.
    """
    check_positive("num_classes", num_classes, "classes of the pixels", integer=True)
    check_positive("width", width, "channels before the scores", integer=True)
    tap, _ = find_tap(backbone, tap)
    images = keras.Input((None, None, backbone.inputs[0].shape[-1]), name="image")
    x = pyramid_pooling(backbone(images)[tap], bins)
    x = _convolution(x, width, 3, "mix")
    x = layers.SpatialDropout2D(dropout, name="dropout")(x)
    x = layers.Conv2D(num_classes, 1, name="scores")(x)
    return keras.Model(images, ResizeLike(name="logits")([x, images]), name="pspnet")


def _convolution(x, filters, size, name):
    x = layers.Conv2D(filters, size, padding="same", use_bias=False, name=name)(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)
