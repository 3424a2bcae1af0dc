"""Network in network: a small dense network at each pixel, and one averaged map for each class."""

import keras
from keras import layers

from cvkit.validation import check_positive


def nin(num_classes=10, input_shape=(32, 32, 3), width=192):
    """Network in network: three mlpconv layers, of which the last makes one map for each class, and their averages.

    Args:
        num_classes: classes of the output.
        input_shape: (height, width, channels). Nothing depends on height and width: None for either takes any size.
        width: channels of the widest layers, a multiple of 6. With 192, as in the authors' code, and ten classes the
            network has 966,986 parameters.

    Returns:
        A functional `keras.Model` from images (B, H, W, C), values near [-1, 1], to logits (B, num_classes).

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> nin().count_params()
        966986

    Reference:
        Lin et al., "Network In Network", 2013, arXiv 1312.4400, sections 3 and 4.1; widths and kernels are those of the
        authors' settings for CIFAR-10. There the class maps go through a rectifier as well; here they do not, so that a
        logit may be negative. Both poolings take the maximum, as in the paper.
    """
    check_positive("num_classes", num_classes, "classes of the output", integer=True)
    check_positive("width", width, "channels of the widest layers", integer=True)
    if width % 6:
        raise ValueError(f"width must be a multiple of 6, as layers of 5/6 and 1/2 of it follow. Received {width}.")
    x = inputs = keras.Input(input_shape, name="image")
    x = mlpconv(x, 5, (width, width * 5 // 6, width // 2), name="mlp1")
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="pool1")(x)
    x = layers.Dropout(0.5, name="drop1")(x)
    x = mlpconv(x, 5, (width, width, width), name="mlp2")
    x = layers.MaxPooling2D(3, strides=2, padding="same", name="pool2")(x)
    x = layers.Dropout(0.5, name="drop2")(x)
    x = mlpconv(x, 3, (width, width), name="mlp3")
    x = layers.Conv2D(num_classes, 1, name="class_maps")(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D(name="output")(x), name="nin")


def mlpconv(x, kernel_size, widths, name):
    """A convolution, and a dense network with the same weights at each pixel: 1 x 1 convolutions. ReLU after each.

    Args:
        x: maps (B, H, W, C).
        kernel_size: side of the first kernel in pixels.
        widths: channels after each of the layers.
        name: the layers are called name_1, name_2, ...

    Returns:
        Maps (B, H, W, widths[-1]).

    Example:
        >>> mlpconv(keras.Input((32, 32, 3)), 5, (192, 160, 96), name="mlp1").shape
        (None, 32, 32, 96)

    Reference:
        Lin et al., 2013, section 3.1.
    """
    for number, width in enumerate(widths, 1):
        size = kernel_size if number == 1 else 1
        x = layers.Conv2D(width, size, padding="same", activation="relu", name=f"{name}_{number}")(x)
    return x
