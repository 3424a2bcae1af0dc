"""AlexNet: LeNet grown deeper and larger, with ReLU, overlapping pooling, normalisation and dropout."""

import keras
from keras import layers

from cvkit.layers import LocalResponseNormalization


def alexnet(num_classes=1000, towers=1, lrn=True, dropout=0.5, input_shape=(227, 227, 3)):
    """AlexNet, five convolutions and three dense layers.

    Args:
        num_classes: classes of the output.
        towers: 1; or 2 for the paper's two halves, one on each graphics card: the second, fourth and fifth convolution
            see only the maps of their own half (``groups=2``).
        lrn: whether local response normalisation follows the first two convolutions.
        dropout: share of the outputs of each hidden dense layer that training sets to zero, from 0 to below 1.
        input_shape: (height, width, channels), at least 67 pixels on a side. With 227 x 227 x 3 and 1,000 classes the
            network has 62,378,344 parameters, and 60,965,224 with two towers.

    Returns:
        A functional `keras.Model` from images (B, H, W, C), with the training set's mean image taken off, to logits
        (B, num_classes).

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> alexnet(num_classes=10, input_shape=(67, 67, 3)).get_layer("pool5").output.shape
        (None, 1, 1, 256)

    Reference:
        Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012,
        section 3. The paper says 224 x 224 pixels; its 55 x 55 maps need 227, or padding. It draws weights from a
        normal distribution of standard deviation 0.01 and starts some biases at 1 (section 5); here they start as Keras
        starts them. Normalisation divides as the paper says, see `cvkit.layers.LocalResponseNormalization`.
    """
    if towers not in (1, 2):
        raise ValueError(f"towers must be 1 or 2. Received {towers!r}.")
    if min(input_shape[:2]) < 67:
        raise ValueError(
            f"input_shape must be at least 67 pixels on a side, or no map is left. Received {input_shape}."
        )
    normalize = LocalResponseNormalization if lrn else layers.Identity
    same = dict(padding="same", activation="relu")
    x = inputs = keras.Input(input_shape, name="image")
    x = layers.Conv2D(96, 11, strides=4, activation="relu", name="conv1")(x)  # 55 x 55 x 96
    x = normalize(name="norm1")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)  # 27 x 27 x 96: windows of 3 every 2 pixels overlap
    x = layers.Conv2D(256, 5, groups=towers, name="conv2", **same)(x)
    x = normalize(name="norm2")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool2")(x)  # 13 x 13 x 256
    x = layers.Conv2D(384, 3, name="conv3", **same)(x)  # both towers see all maps here
    x = layers.Conv2D(384, 3, groups=towers, name="conv4", **same)(x)
    x = layers.Conv2D(256, 3, groups=towers, name="conv5", **same)(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool5")(x)  # 6 x 6 x 256
    x = layers.Flatten(name="flatten")(x)  # 9,216
    for name in ("fc6", "fc7"):
        x = layers.Dense(4096, activation="relu", name=name)(x)
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return keras.Model(inputs, layers.Dense(num_classes, name="fc8")(x), name="alexnet")
