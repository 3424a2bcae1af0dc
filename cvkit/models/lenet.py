"""LeNet-5: as it is built today, and as it was in 1998."""

import keras
from keras import layers, ops

from cvkit.layers import LENET_TABLE, RadialBasisOutput, Subsampling2D, TableConv2D, digit_patterns


def lenet5(num_classes=10, activation="relu", pooling="max", input_shape=(32, 32, 1)):
    """LeNet-5 as it is built today: every map of C3 sees every map below, pooling has no weights, the output is dense.

    Args:
        num_classes: classes of the output.
        activation: a Keras activation after each convolution and hidden dense layer.
        pooling: ``"max"`` or ``"average"``.
        input_shape: (height, width, channels), at least 16 pixels on a side. With 32 x 32 x 1 and ten classes the
            network has 61,706 parameters.

    Returns:
        A functional `keras.Model` from images (B, H, W, C), values in [0, 1], to logits (B, num_classes).

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> lenet5().count_params()
        61706

    Reference:
        LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998, section II.B.
    """
    pool = {"max": layers.MaxPooling2D, "average": layers.AveragePooling2D}.get(pooling)
    if pool is None:
        raise ValueError(f'pooling must be "max" or "average". Received {pooling!r}.')
    if min(input_shape[:2]) < 16:
        raise ValueError(
            f"input_shape must be at least 16 pixels on a side, or no map is left. Received {input_shape}."
        )
    x = inputs = keras.Input(input_shape, name="image")
    x = layers.Conv2D(6, 5, activation=activation, name="C1")(x)  # 28 x 28 x 6
    x = pool(2, name="S2")(x)  # 14 x 14 x 6
    x = layers.Conv2D(16, 5, activation=activation, name="C3")(x)  # 10 x 10 x 16
    x = pool(2, name="S4")(x)  # 5 x 5 x 16
    x = layers.Flatten(name="flatten")(x)  # 400
    x = layers.Dense(120, activation=activation, name="C5")(x)  # a 5 x 5 convolution over 5 x 5 maps is a dense layer
    x = layers.Dense(84, activation=activation, name="F6")(x)
    return keras.Model(inputs, layers.Dense(num_classes, name="output")(x), name="lenet5")


def lenet5_original():
    """LeNet-5 as it was in 1998: sparse C3, trainable subsampling, fixed patterns as output; 60,000 weights.

    Returns:
        A functional `keras.Model` from images (B, 32, 32, 1), values in [0, 1], to logits (B, 10).

    Example:
        >>> lenet5_original().count_params()
        60000

    Reference:
        LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998, section II.B and appendix A.
        There S2 and S4 go through the squashing function as well, and white is -0.1 and black 1.175, so that the mean
        input is near 0 and its variance near 1; the first layer here does the same to values in [0, 1].
    """
    x = inputs = keras.Input((32, 32, 1), name="image")
    x = layers.Rescaling(1.275, offset=-0.1, name="contrast")(x)
    x = layers.Conv2D(6, 5, activation=scaled_tanh, name="C1")(x)  # 28 x 28 x 6, 156 weights
    x = Subsampling2D(scaled_tanh, name="S2")(x)  # 14 x 14 x 6, 12
    x = TableConv2D(LENET_TABLE, 5, scaled_tanh, name="C3")(x)  # 10 x 10 x 16, 1,516
    x = Subsampling2D(scaled_tanh, name="S4")(x)  # 5 x 5 x 16, 32
    x = layers.Conv2D(120, 5, activation=scaled_tanh, name="C5")(x)  # 1 x 1 x 120, 48,120
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(84, activation=scaled_tanh, name="F6")(x)  # 10,164
    return keras.Model(inputs, RadialBasisOutput(digit_patterns(), name="output")(x), name="lenet5_original")


@keras.saving.register_keras_serializable(package="cvkit")
def scaled_tanh(x):
    """1.7159 tanh(2 x / 3), which maps 1 to 1 and -1 to -1.

    Example:
        >>> round(float(scaled_tanh(1.0)), 3)
        1.0

    Reference:
        LeCun et al., 1998, appendix A.
    """
    return 1.7159 * ops.tanh(2 / 3 * x)
