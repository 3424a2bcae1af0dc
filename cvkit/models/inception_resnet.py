"""Inception-ResNet: inception branches whose sum is added to what they started from."""

import keras
from keras import layers

from cvkit.validation import check_positive

_MOMENTUM = 0.9  # of batch normalisation's running averages: Keras' 0.99 lags behind in runs of a few hundred steps


def inception_resnet(num_classes=10, input_shape=(32, 32, 3), width=16, blocks=1, scale=0.2):
    """A small network of Inception-ResNet blocks: a 3 x 3 convolution, three stages, global average pooling.

    Between the stages two branches halve the maps and double the channels: a convolution of stride 2 beside max
    pooling.

    Args:
        num_classes: classes of the output.
        input_shape: (height, width, channels), at least 4 pixels on a side.
        width: channels of the first stage, a multiple of 4; then twice and four times as many.
        blocks: Inception-ResNet blocks in each stage.
        scale: what the branches are multiplied by before they are added.

    Returns:
        A functional `keras.Model` from images (B, H, W, C) with a mean near 0 to logits (B, num_classes).

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> model = inception_resnet()
        >>> model.output_shape, model.count_params()
        ((None, 10), 30778)

    Reference:
        Szegedy et al., "Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning", 2016,
        arXiv 1602.07261. The block is theirs; the network around it is ours, for small images.
    """
    for name, value in {"num_classes": num_classes, "width": width, "blocks": blocks}.items():
        check_positive(name, value, "see the docstring", integer=True)
    if width % 4:
        raise ValueError(f"width must be a multiple of 4: a block's branches have a quarter of it. Received {width}.")
    if min(input_shape[:2]) < 4:
        raise ValueError(
            f"input_shape must be at least 4 pixels on a side, to be halved twice. Received {input_shape}."
        )
    inputs = keras.Input(input_shape, name="image")
    x = _conv(inputs, width, 3, name="stem")
    for stage in (1, 2, 3):
        if stage > 1:
            halved = _conv(x, x.shape[-1], 3, strides=2, name=f"halve{stage}_conv")
            pooled = layers.MaxPooling2D(3, strides=2, padding="same", name=f"halve{stage}_pool")(x)
            x = layers.Concatenate(name=f"halve{stage}_stack")([halved, pooled])
        for number in range(1, blocks + 1):
            x = inception_resnet_block(x, x.shape[-1] // 4, scale, name=f"stage{stage}_block{number}")
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return keras.Model(inputs, layers.Dense(num_classes, name="output")(x), name="inception_resnet")


def inception_resnet_block(x, width=32, scale=0.2, name="block"):
    r"""Three branches, stacked and brought back to the channels of the input, scaled, and added to it.

    $$y = \max\big(0,\; x + s\, W [b_1(x), b_2(x), b_3(x)]\big)$$

    The branches are a 1 x 1 convolution; 1 x 1 and 3 x 3; and 1 x 1, 3 x 3 and 3 x 3, which together see 5 x 5 pixels.
    W is a 1 x 1 convolution without activation: the branches make fewer channels than the input has, and only maps of
    equal shape can be added.

    Args:
        x: maps (B, H, W, C), zero or more.
        width: channels of each convolution in the branches.
        scale: s, a number from 0 to 1. The paper takes 0.1 to 0.3 where training is unstable otherwise.
        name: the layers' names begin with it.

    Returns:
        Maps (B, H, W, C).

    Raises:
        ValueError: scale is outside its range.

    Example:
        >>> inception_resnet_block(keras.Input((35, 35, 256))).shape
        (None, 35, 35, 256)

    Reference:
        Szegedy et al., 2016, section 3.2 and figure 10 (Inception-ResNet-A); the scaling is section 3.3 and figure 20.
        Batch normalisation follows each convolution but W, and not the sum, as section 3.2 says.
    """
    check_positive("width", width, "channels of each convolution", integer=True)
    if not 0 <= scale <= 1:
        raise ValueError(f"scale must be a number from 0 to 1, what the branches are multiplied by. Received {scale}.")
    one = _conv(x, width, 1, name=f"{name}_a1")
    two = _conv(_conv(x, width, 1, name=f"{name}_b1"), width, 3, name=f"{name}_b2")
    three = _conv(
        _conv(_conv(x, width, 1, name=f"{name}_c1"), width, 3, name=f"{name}_c2"), width, 3, name=f"{name}_c3"
    )
    branches = layers.Concatenate(name=f"{name}_stack")([one, two, three])
    branches = layers.Conv2D(x.shape[-1], 1, name=f"{name}_expand")(branches)
    branches = layers.Rescaling(scale, name=f"{name}_scale")(branches)
    return layers.ReLU(name=f"{name}_relu")(layers.Add(name=f"{name}_add")([x, branches]))


def _conv(x, width, size, strides=1, name=None):
    x = layers.Conv2D(width, size, strides=strides, padding="same", use_bias=False, name=name)(x)
    x = layers.BatchNormalization(momentum=_MOMENTUM, name=f"{name}_bn")(x)
    return layers.ReLU(name=f"{name}_relu")(x)
