"""ZFNet: AlexNet with a smaller first kernel that moves in smaller steps."""

import keras
from keras import layers

from cvkit.layers import LocalResponseNormalization


def zfnet(num_classes=1000, dropout=0.5, input_shape=(224, 224, 3)):
    """ZFNet, five convolutions and three dense layers; the first kernels are 7 x 7 with stride 2.

    AlexNet's are 11 x 11 with stride 4. Zeiler and Fergus looked at what they had learned, found few middle frequencies
    and, one layer up, aliasing from the large stride, and made both smaller.

    Args:
        num_classes: classes of the output.
        dropout: share of the outputs of each hidden dense layer that training sets to zero, from 0 to below 1.
        input_shape: (height, width, channels), at least 53 pixels on a side. With 224 x 224 x 3 and 1,000 classes the
            network has 62,357,608 parameters.

    Returns:
        A functional `keras.Model` from images (B, H, W, C), with the training set's mean image taken off, to logits
        (B, num_classes).

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> zfnet(num_classes=10, input_shape=(53, 53, 3)).get_layer("pool5").output.shape
        (None, 1, 1, 256)

    Reference:
        Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2013, arXiv 1311.2901, figure 3 and
        section 4.1. The figure gives the sizes 110, 55, 26, 13 and 6 and no padding; ours follows from the sizes. Its
        "contrast normalisation across feature maps" is taken to be AlexNet's, and comes after pooling.
    """
    if min(input_shape[:2]) < 53:
        raise ValueError(
            f"input_shape must be at least 53 pixels on a side, or no map is left. Received {input_shape}."
        )
    x = inputs = keras.Input(input_shape, name="image")
    x = layers.ZeroPadding2D(1, name="padding")(x)
    x = layers.Conv2D(96, 7, strides=2, activation="relu", name="conv1")(x)  # 110 x 110 x 96
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="pool1")(x)  # 55 x 55 x 96
    x = LocalResponseNormalization(name="norm1")(x)
    x = layers.Conv2D(256, 5, strides=2, activation="relu", name="conv2")(x)  # 26 x 26 x 256
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="pool2")(x)  # 13 x 13 x 256
    x = LocalResponseNormalization(name="norm2")(x)
    for name, filters in (("conv3", 384), ("conv4", 384), ("conv5", 256)):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=name)(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool5")(x)  # 6 x 6 x 256
    x = layers.Flatten(name="flatten")(x)  # 9,216
    for name in ("fc6", "fc7"):
        x = layers.Dense(4096, activation="relu", name=name)(x)
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return keras.Model(inputs, layers.Dense(num_classes, name="fc8")(x), name="zfnet")
