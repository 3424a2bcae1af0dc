"""VGG: nothing but 3x3 convolutions, deeper and deeper."""

import keras
from keras import layers

from cvkit.layers import LocalResponseNormalization

# Table 1 of the paper: a column a line, five blocks, and after each block "maxpool". conv3-64 is a 3x3 convolution with
# 64 filters. Three dense layers follow: FC-4096, FC-4096, FC-1000.
VGG_TABLE = {
    "A": (["conv3-64"], ["conv3-128"], ["conv3-256"] * 2, ["conv3-512"] * 2, ["conv3-512"] * 2),
    "A-LRN": (["conv3-64", "LRN"], ["conv3-128"], ["conv3-256"] * 2, ["conv3-512"] * 2, ["conv3-512"] * 2),
    "B": (["conv3-64"] * 2, ["conv3-128"] * 2, ["conv3-256"] * 2, ["conv3-512"] * 2, ["conv3-512"] * 2),
    "C": (
        ["conv3-64"] * 2,
        ["conv3-128"] * 2,
        ["conv3-256", "conv3-256", "conv1-256"],
        ["conv3-512", "conv3-512", "conv1-512"],
        ["conv3-512", "conv3-512", "conv1-512"],
    ),
    "D": (["conv3-64"] * 2, ["conv3-128"] * 2, ["conv3-256"] * 3, ["conv3-512"] * 3, ["conv3-512"] * 3),
    "E": (["conv3-64"] * 2, ["conv3-128"] * 2, ["conv3-256"] * 4, ["conv3-512"] * 4, ["conv3-512"] * 4),
}


def vgg(config="D", num_classes=1000, dropout=0.5, input_shape=(224, 224, 3)):
    """A VGG network: a column of the paper's table.

    Args:
        config: ``"A"``, ``"A-LRN"``, ``"B"``, ``"C"``, ``"D"`` (VGG-16) or ``"E"`` (VGG-19).
        num_classes: classes of the output.
        dropout: share of the outputs of each hidden dense layer that training sets to zero, from 0 to below 1.
        input_shape: (height, width, channels), at least 32 pixels on a side. With 224 x 224 x 3 and 1,000 classes D has
            138,357,544 parameters and E 143,667,240.

    Returns:
        A functional `keras.Model` from images (B, H, W, C), with the training set's mean colour taken off, to logits
        (B, num_classes). Layers are named as in `keras.applications.VGG16`.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> vgg("A", num_classes=10, input_shape=(32, 32, 3)).get_layer("block5_pool").output.shape
        (None, 1, 1, 512)

    Reference:
        Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2014, arXiv
        1409.1556, table 1. The paper starts deep columns from A's trained weights; here they start as Keras starts
        them.
    """
    if config not in VGG_TABLE:
        raise ValueError(f"config must be one of {', '.join(VGG_TABLE)}. Received {config!r}.")
    if min(input_shape[:2]) < 32:
        raise ValueError(
            f"input_shape must be at least 32 pixels on a side, or no map is left. Received {input_shape}."
        )
    x = inputs = keras.Input(input_shape, name="image")
    for block, entries in enumerate(VGG_TABLE[config], 1):
        for number, entry in enumerate(entries, 1):
            if entry == "LRN":
                x = LocalResponseNormalization(name=f"block{block}_norm")(x)
                continue
            size, filters = (int(part) for part in entry.removeprefix("conv").split("-"))
            name = f"block{block}_conv{number}"
            x = layers.Conv2D(filters, size, padding="same", activation="relu", name=name)(x)
        x = layers.MaxPooling2D(2, name=f"block{block}_pool")(x)
    x = layers.Flatten(name="flatten")(x)  # 7 x 7 x 512 = 25,088 from 224 x 224 pixels
    for name in ("fc1", "fc2"):
        x = layers.Dense(4096, activation="relu", name=name)(x)
        x = layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return keras.Model(inputs, layers.Dense(num_classes, name="predictions")(x), name=f"vgg_{config}".lower())
