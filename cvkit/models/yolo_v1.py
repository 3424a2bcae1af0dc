"""The network of YOLOv1, and its fast form: one pass from the image to all boxes."""

import math
import re

import keras
from keras import layers

from cvkit.validation import check_positive

# Figure 3 of the paper, a column a line: 7x7x64-s-2 is a 7x7 convolution with 64 filters and stride 2.
YOLO_V1_TABLE = (
    *("7x7x64-s-2", "maxpool"),
    *("3x3x192", "maxpool"),
    *("1x1x128", "3x3x256", "1x1x256", "3x3x512", "maxpool"),
    *("1x1x256", "3x3x512") * 4,
    *("1x1x512", "3x3x1024", "maxpool"),
    *("1x1x512", "3x3x1024") * 2,
    *("3x3x1024", "3x3x1024-s-2"),
    *("3x3x1024", "3x3x1024"),
)
FAST_YOLO_TABLE = (
    *("3x3x16", "maxpool", "3x3x32", "maxpool", "3x3x64", "maxpool"),
    *("3x3x128", "maxpool", "3x3x256", "maxpool", "3x3x512", "maxpool"),
    *("3x3x1024",) * 3,
)
STRIDE = 64  # of both: from 448 pixels to 7 cells


def yolo_v1(num_classes=20, num_boxes=2, fast=False, dropout=0.5, input_shape=(448, 448, 3)):
    """YOLOv1: 24 convolutions and two dense layers; or fast YOLO, with nine convolutions.

    The dense layers see the whole image, so each cell can know what surrounds it; in return the size is fixed.

    Args:
        num_classes: C.
        num_boxes: B, boxes of each cell.
        fast: True for fast YOLO, which has fewer filters and a dense layer of 256 units in front of that of 4,096.
        dropout: share of the outputs of the dense layer of 4,096 units that training sets to zero, from 0 to below 1.
        input_shape: (height, width, channels), height and width multiples of 64. With 448 x 448 x 3, 20 classes and two
            boxes the network has 271,703,550 parameters, the fast one 45,089,374.

    Returns:
        A functional `keras.Model` from images (B, H, W, C) to (B, H // 64, W // 64, 5 * num_boxes + num_classes), with
        the defaults 7 x 7 x 30: for each cell x, y, sqrt(w), sqrt(h) and the confidence of each box, then a number for
        each class. All are linear.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> yolo_v1(num_classes=3, fast=True, input_shape=(64, 128, 3)).output.shape
        (None, 1, 2, 13)

    Reference:
        Redmon et al., "You Only Look Once", 2015, arXiv 1506.02640, section 2.1 and figure 3. The first 20 convolutions
        were first trained to classify ImageNet at 224 x 224 pixels. Of fast YOLO the paper says "9 convolutional layers
        [...] and fewer filters"; the numbers are those of the authors' configuration file, yolo-tiny.cfg.
    """
    check_positive("num_classes", num_classes, "classes of the output", integer=True)
    check_positive("num_boxes", num_boxes, "boxes of each cell", integer=True)
    if any(side < STRIDE or side % STRIDE for side in input_shape[:2]):
        raise ValueError(f"input_shape must have a height and width of multiples of 64. Received {input_shape}.")
    x = inputs = keras.Input(input_shape, name="image")
    number = 0
    for entry in FAST_YOLO_TABLE if fast else YOLO_V1_TABLE:
        if entry == "maxpool":
            x = layers.MaxPooling2D(2, name=f"pool_after_{number}")(x)
            continue
        number += 1
        size, filters, stride = (
            int(part or 1) for part in re.fullmatch(r"(\d+)x\d+x(\d+)(?:-s-(\d))?", entry).groups()
        )
        x = layers.Conv2D(filters, size, strides=stride, padding="same", name=f"conv{number}")(x)
        x = layers.LeakyReLU(0.1, name=f"leaky{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    if fast:
        x = layers.Dense(256, name="dense0")(x)
    x = layers.Dense(4096, name="dense1")(x)
    x = layers.LeakyReLU(0.1, name="leaky_dense1")(x)
    x = layers.Dropout(dropout, name="dropout")(x)
    shape = input_shape[0] // STRIDE, input_shape[1] // STRIDE, 5 * num_boxes + num_classes
    x = layers.Dense(math.prod(shape), name="dense2")(x)
    return keras.Model(inputs, layers.Reshape(shape, name="grid")(x), name="fast_yolo" if fast else "yolo_v1")
