"""GoogLeNet: inception blocks, and two auxiliary heads that help only while it is trained."""

import keras
from keras import layers

from cvkit.layers import LocalResponseNormalization
from cvkit.validation import check_positive

# Channels of each block (the paper's table 1): of 1 x 1; before and of 3 x 3; before and of 5 x 5; after the pooling.
INCEPTION_WIDTHS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}

# What the losses of the outputs weigh in training: the main one, and the heads after 4a and 4d.
AUXILIARY_LOSS_WEIGHTS = [1.0, 0.3, 0.3]

_SMALLEST = {True: 65, False: 32}  # pixels: a head's 5 x 5 window must fit into the maps of 4a, 16 times smaller


def googlenet(num_classes=1000, input_shape=(224, 224, 3), reduced=True, auxiliary=True):
    """GoogLeNet, also called Inception v1: a stem, nine inception blocks, global average pooling, one dense layer.

    With `auxiliary` the model has three outputs, and each gets the same labels and a loss::

        model = googlenet()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("sgd", loss=[loss, loss, loss], loss_weights=AUXILIARY_LOSS_WEIGHTS)
        model.fit(images, [labels, labels, labels])
        classifier = keras.Model(model.input, model.outputs[0])  # the heads are dropped once training is over

    Args:
        num_classes: classes of the output.
        input_shape: (height, width, channels), at least 32 pixels on a side, with the heads at least 65.
        reduced: whether 1 x 1 convolutions come before the large kernels and after the pooling.
        auxiliary: whether to build the two heads.

    Returns:
        A functional `keras.Model` from images (B, H, W, C) with a mean near 0 to logits (B, num_classes), a list of
        three with `auxiliary`: output, auxiliary1, auxiliary2. With 1000 classes it has 6,998,552 parameters, with
        heads 13,378,280; with naive blocks and no heads 97,526,008.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> googlenet(auxiliary=False).count_params()
        6998552

    Reference:
        Szegedy et al., "Going Deeper with Convolutions", 2014, arXiv 1409.4842, section 5, table 1 and figure 3. The
        table gives 2.7 K weights for the first layer, as many as 1,176 depthwise and 1,536 of 1 x 1 would be; here it
        is a plain convolution of 9,408, as in later reimplementations. The paper gives no constants for the
        normalisation; these are AlexNet's. Weights start as Keras starts them.
    """
    check_positive("num_classes", num_classes, "classes of the output", integer=True)
    smallest = _SMALLEST[bool(auxiliary)]
    if min(input_shape[:2]) < smallest:
        raise ValueError(
            f"input_shape must be at least {smallest} pixels on a side with auxiliary={auxiliary}. "
            f"Received {input_shape}. For small images put inception_block behind a stem of your own."
        )
    inputs = keras.Input(input_shape, name="image")
    x = _stem(inputs)  # 28 x 28 x 192, all sizes for 224 x 224 pixels
    heads = []
    for name, widths in INCEPTION_WIDTHS.items():
        x = inception_block(x, widths, reduced, name)  # 28 x 28, from 4a on 14 x 14, from 5a on 7 x 7
        if name in ("4a", "4d") and auxiliary:
            heads.append(auxiliary_head(x, num_classes, name=f"auxiliary{len(heads) + 1}"))
        if name in ("3b", "4e"):
            x = layers.MaxPooling2D(3, strides=2, padding="same", name=f"pool{name[0]}")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)  # 1024
    x = layers.Dropout(0.4, name="dropout")(x)
    output = layers.Dense(num_classes, name="output")(x)
    return keras.Model(inputs, [output, *heads] if auxiliary else output, name="googlenet")


def inception_block(x, widths, reduced=True, name="inception"):
    """Kernels of 1 x 1, 3 x 3 and 5 x 5 pixels and max pooling side by side; their maps are stacked.

    Args:
        x: maps (B, H, W, C).
        widths: channels (n1, r3, n3, r5, n5, p): of the 1 x 1 kernels; before and of the 3 x 3; before and of the
            5 x 5; after the pooling.
        reduced: True for a block with dimension reduction; False for the naive one, which has no use for r3, r5 and p.
        name: the layers' names begin with it.

    Returns:
        Maps (B, H, W, n1 + n3 + n5 + p), naive (B, H, W, n1 + n3 + n5 + C).

    Raises:
        ValueError: there are not six widths.

    Example:
        >>> maps = keras.Input((28, 28, 192))
        >>> [inception_block(maps, INCEPTION_WIDTHS["3a"], reduced).shape for reduced in (True, False)]
        [(None, 28, 28, 256), (None, 28, 28, 416)]

    Reference:
        Szegedy et al., 2014, section 4 and figure 2: (a) naive, (b) with dimension reductions.
    """
    if len(widths) != 6:
        raise ValueError(f"widths must be six numbers (n1, r3, n3, r5, n5, p). Received {widths!r}.")
    n1, r3, n3, r5, n5, p = widths

    def conv(x, width, size, label):
        return layers.Conv2D(width, size, padding="same", activation="relu", name=f"{name}_{label}")(x)

    one = conv(x, n1, 1, "1x1")
    three = conv(conv(x, r3, 1, "3x3_reduce") if reduced else x, n3, 3, "3x3")
    five = conv(conv(x, r5, 1, "5x5_reduce") if reduced else x, n5, 5, "5x5")
    pooled = layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pool")(x)
    if reduced:
        pooled = conv(pooled, p, 1, "pool_project")
    return layers.Concatenate(name=f"{name}_stack")([one, three, five, pooled])


def auxiliary_head(x, num_classes, units=1024, name="auxiliary"):
    """A small classifier on maps from the middle of a network: average pooling, 1 x 1 convolution, two dense layers.

    Args:
        x: maps (B, H, W, C), at least 5 x 5.
        num_classes: classes of the output.
        units: units of the hidden dense layer; the convolution has an eighth as many channels.
        name: the output's name; the other layers' names begin with it.

    Returns:
        Logits (B, num_classes).

    Example:
        >>> auxiliary_head(keras.Input((14, 14, 512)), 1000).shape
        (None, 1000)

    Reference:
        Szegedy et al., 2014, section 5.
    """
    x = layers.AveragePooling2D(5, strides=3, name=f"{name}_pool")(x)  # 4 x 4
    x = layers.Conv2D(units // 8, 1, activation="relu", name=f"{name}_1x1")(x)
    x = layers.Flatten(name=f"{name}_flatten")(x)
    x = layers.Dense(units, activation="relu", name=f"{name}_hidden")(x)
    x = layers.Dropout(0.7, name=f"{name}_dropout")(x)
    return layers.Dense(num_classes, name=name)(x)


def _stem(x):
    relu = dict(padding="same", activation="relu")
    x = layers.Conv2D(64, 7, strides=2, name="conv1", **relu)(x)  # 112 x 112
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="pool1")(x)  # 56 x 56
    x = LocalResponseNormalization(name="norm1")(x)
    x = layers.Conv2D(64, 1, name="conv2_reduce", **relu)(x)
    x = layers.Conv2D(192, 3, name="conv2", **relu)(x)
    x = LocalResponseNormalization(name="norm2")(x)
    return layers.MaxPooling2D(3, strides=2, padding="same", name="pool2")(x)  # 28 x 28
