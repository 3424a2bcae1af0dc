"""U-Net: a decoder that is handed the encoder's maps, to concatenate with its own."""

import keras
from keras import layers

from cvkit.layers.pad_to_multiple import CropLike, PadToMultiple
from cvkit.validation import check_positive

UNET_WIDTHS = (64, 128, 256, 512, 1024)  # channels of each stage, from the finest to the coarsest


def unet(num_classes, widths=UNET_WIDTHS, input_shape=(None, None, 3)):
    """Down by max pooling, up by transposed convolution; on the way up the map of the same stage comes along.

    Each stage has two 3 × 3 convolutions. Where `fcn` adds scores, here whole feature maps are joined, and convolutions
    learn what to take from which.

    Args:
        num_classes: K.
        widths: channels of each stage, from the finest to the coarsest.
        input_shape: (height, width, channels); None stands for any size.

    Returns:
        A functional `keras.Model` from images (B, H, W, C), values from 0 to 255, to logits (B, H, W, K).

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> unet(5, widths=(8, 16, 32))(keras.ops.ones((1, 30, 21, 3))).shape
        TensorShape([1, 30, 21, 5])

    Reference:
        Ronneberger, Fischer and Brox, "U-Net", 2015, arXiv 1505.04597, section 2 and figure 1; section 3 for the
        initialisation, He's. There convolutions do not pad, so that 572 × 572 pixels give 388 × 388 answers and the
        encoder's maps are cropped; here they pad, images are filled up to a multiple of the coarsest stride, and the
        answer has the image's size. The paper's dropout before the way up is left out.
    """
    check_positive("num_classes", num_classes, "classes of the pixels", integer=True)
    if len(widths) < 2:
        raise ValueError(f"widths must be the channels of at least two stages. Received {widths!r}.")
    for width in widths:
        check_positive("widths", width, "channels of each stage", integer=True)
    inputs = keras.Input(input_shape, name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="rescaling")(inputs)
    x = PadToMultiple(2 ** (len(widths) - 1), name="padding")(x)
    skips = []
    for k, width in enumerate(widths, start=1):
        x = _two_convolutions(x, width, f"down{k}")
        if k < len(widths):
            skips.append(x)
            x = layers.MaxPooling2D(2, name=f"pool{k}")(x)
    for k in range(len(widths) - 1, 0, -1):
        x = layers.Conv2DTranspose(widths[k - 1], 2, strides=2, name=f"enlarge{k}")(x)
        x = layers.Concatenate(name=f"join{k}")([skips[k - 1], x])
        x = _two_convolutions(x, widths[k - 1], f"up{k}")
    x = layers.Conv2D(num_classes, 1, name="scores")(x)
    return keras.Model(inputs, CropLike(name="logits")([x, inputs]), name="unet")


def _two_convolutions(x, width, name):
    for i in (1, 2):
        options = dict(padding="same", activation="relu", kernel_initializer="he_normal")
        x = layers.Conv2D(width, 3, name=f"{name}_conv{i}", **options)(x)
    return x
