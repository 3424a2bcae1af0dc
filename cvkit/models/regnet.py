"""RegNetX: a network from four numbers and a group width."""

from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from cvkit.validation import check_positive

# The paper's networks: what it calls d, w_0, w_a, w_m and g, with the digits that its authors' configurations give.
REGNETX = {
    "200MF": dict(depth=13, w0=24, wa=36.44, wm=2.49, group_width=8),
    "400MF": dict(depth=22, w0=24, wa=24.48, wm=2.54, group_width=16),
    "600MF": dict(depth=16, w0=48, wa=36.97, wm=2.24, group_width=24),
    "800MF": dict(depth=16, w0=56, wa=35.73, wm=2.28, group_width=16),
    "1.6GF": dict(depth=18, w0=80, wa=34.01, wm=2.25, group_width=24),
    "3.2GF": dict(depth=25, w0=88, wa=26.31, wm=2.25, group_width=48),
    "4.0GF": dict(depth=23, w0=96, wa=38.65, wm=2.43, group_width=40),
    "6.4GF": dict(depth=17, w0=184, wa=60.83, wm=2.07, group_width=56),
    "8.0GF": dict(depth=23, w0=80, wa=49.56, wm=2.88, group_width=120),
    "12GF": dict(depth=19, w0=168, wa=73.36, wm=2.37, group_width=112),
    "16GF": dict(depth=22, w0=216, wa=55.59, wm=2.1, group_width=128),
    "32GF": dict(depth=23, w0=320, wa=69.86, wm=2.0, group_width=168),
}


class RegNetWidths(NamedTuple):
    """What `regnet_widths` returns.

    Attributes:
        line: NumPy array (depth,), the line u_j, in channels.
        steps: NumPy array (depth,), the line moved to the nearest power of w_m.
        stages: list of (width, blocks), both integers: the widths to build, from the first stage to the last.
    """

    line: np.ndarray
    steps: np.ndarray
    stages: list


def regnet_widths(w0, wa, wm, depth, group_width=8):
    r"""Width of each block of a RegNet: a straight line, quantised to a few steps.

    $$u_j = w_0 + w_a\, j, \qquad w_j = w_0\, w_m^{\lfloor s_j \rceil} \quad\text{with}\quad u_j = w_0\, w_m^{s_j}$$

    for block j = 0 to depth - 1. The step is rounded to a multiple of 8. Blocks of one width make a stage, whose width
    is then rounded to a multiple of the group width (of itself, where it is narrower than a group).

    Args:
        w0: width of the first block, a positive multiple of 8.
        wa: slope of the line, channels a block, zero or more.
        wm: ratio of neighbouring steps, above 1.
        depth: blocks in all, at least 1.
        group_width: channels in each group of the 3 x 3 convolutions.

    Returns:
        A `RegNetWidths`.

    Raises:
        ValueError: a number is out of its range.

    Example:
        >>> regnet_widths(w0=24, wa=36.44, wm=2.49, depth=13, group_width=8).stages  # RegNetX-200MF
        [(24, 1), (56, 1), (152, 4), (368, 7)]

    Reference:
        Radosavovic et al., "Designing Network Design Spaces", 2020, arXiv 2003.13678, section 3.3, equations 2 to 4;
        figure 16 lists the results. Widths and groups are made to fit as in the authors' code: a half is rounded to
        even, so with groups of 16, 392 channels become 384. Torchvision makes 400 of them, and has another
        RegNetX-400MF.
    """
    check_positive("w0", w0, "width of the first block", integer=True)
    check_positive("depth", depth, "blocks of the network", integer=True)
    check_positive("group_width", group_width, "channels in a group", integer=True)
    if w0 % 8:
        raise ValueError(f"w0 must be a multiple of 8, as all widths are. Received {w0}.")
    if not wa >= 0:
        raise ValueError(f"wa must be zero or more: channels that each block adds. Received {wa!r}.")
    if not wm > 1:
        raise ValueError(f"wm must be above 1: the ratio of neighbouring widths. Received {wm!r}.")
    line = w0 + wa * np.arange(depth)  # (depth,)
    exponents = np.log(line / w0) / np.log(wm)
    steps = w0 * wm ** np.round(exponents)  # (depth,)
    widths, blocks = np.unique(8 * np.round(steps / 8).astype(int), return_counts=True)
    stages = [(_fit(int(width), group_width), int(count)) for width, count in zip(widths, blocks, strict=True)]
    return RegNetWidths(line, steps, stages)


def regnet(w0, wa, wm, depth, group_width, num_classes=1000, input_shape=(224, 224, 3), stem_stride=2):
    """RegNetX: a stem, stages of residual blocks whose widths follow `regnet_widths`, and one dense layer.

    Args:
        w0, wa, wm, depth, group_width: see `regnet_widths`. The paper's networks are in `REGNETX`.
        num_classes: classes of the output.
        input_shape: (height, width, channels).
        stem_stride: stride of the first convolution; 2 in the paper, 1 for small images.

    Returns:
        A functional `keras.Model` from images (B, H, W, C) to logits (B, num_classes).

    Raises:
        ValueError: a number is out of its range.

    Example:
        >>> from cvkit.analysis import count_parameters
        >>> count_parameters(regnet(**REGNETX["200MF"]), trainable=True)
        2684792

    Reference:
        Radosavovic et al., "Designing Network Design Spaces", 2020, arXiv 2003.13678, sections 3.2 to 4, with the
        bottleneck ratio 1. They pad by one pixel on each side; "same" padding puts it below and to the
        right where the stride is 2.
    """
    stages = regnet_widths(w0, wa, wm, depth, group_width).stages
    x = inputs = keras.Input(input_shape, name="image")
    x = layers.ReLU(name="stem_relu")(_convolve(x, 32, 3, stem_stride, name="stem"))
    for stage, (width, blocks) in enumerate(stages, 1):
        for block in range(1, blocks + 1):
            x = regnet_block(x, width, group_width, 2 if block == 1 else 1, name=f"stage{stage}_{block}")
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(inputs, layers.Dense(num_classes, name="logits")(x), name="regnet")


def regnet_block(x, width, group_width, strides=1, name="block"):
    """A residual block of three convolutions, the middle one in groups: 1 x 1, 3 x 3, 1 x 1.

    Args:
        x: symbolic maps (B, H, W, C).
        width: channels of the output, a multiple of the group width (or narrower than it, which makes one group).
        group_width: channels in each group.
        strides: of the 3 x 3 convolution; with 2 the sides are halved.
        name: prefix of the layers' names; the last one has this name.

    Returns:
        Symbolic maps (B, ceil(H / strides), ceil(W / strides), width).

    Example:
        >>> regnet_block(keras.Input((8, 8, 16)), 24, group_width=8, strides=2).shape
        (None, 4, 4, 24)

    Reference:
        Radosavovic et al., 2020, arXiv 2003.13678, section 3.2 and figure 4: the block of ResNeXt.
    """
    groups = max(width // group_width, 1)
    y = layers.ReLU(name=f"{name}_relu1")(_convolve(x, width, 1, name=f"{name}_1"))
    y = layers.ReLU(name=f"{name}_relu2")(_convolve(y, width, 3, strides, groups, name=f"{name}_2"))
    y = _convolve(y, width, 1, name=f"{name}_3")
    if strides > 1 or x.shape[-1] != width:
        x = _convolve(x, width, 1, strides, name=f"{name}_shortcut")
    return layers.ReLU(name=name)(layers.Add(name=f"{name}_add")([x, y]))


def _convolve(x, filters, size, strides=1, groups=1, name=None):
    options = dict(strides=strides, padding="same", groups=groups, use_bias=False, kernel_initializer="he_normal")
    x = layers.Conv2D(filters, size, **options, name=f"{name}_conv")(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)


def _fit(width, group_width):
    group = min(group_width, width)
    return max(group, round(width / group) * group)
