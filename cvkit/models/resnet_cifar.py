"""The deep and narrow networks for small images, residual and plain: 20, 32, 44, 56, 110 layers."""

import keras
from keras import layers

from cvkit.models.residual_block import basic_block, normalized_convolution
from cvkit.validation import check_positive


def resnet_cifar(
    depth,
    num_classes=10,
    residual=True,
    width=16,
    input_shape=(32, 32, 3),
    shortcut="padded",
    zero_init=False,
):
    """A network of 6 n + 2 layers: a convolution, three stages of 2 n convolutions, a dense layer.

    Args:
        depth: 8, 14, 20, 26, ...: number of layers, 6 n + 2.
        num_classes: classes of the output.
        residual: False for the plain network: the same layers without shortcuts.
        width: channels of the first stage; the second has twice, the third four times as many.
        input_shape: (height, width, channels); the stages see it in full, at a half and at a quarter.
        shortcut: where the shape changes, ``"padded"`` (option A, as the paper has it here) or ``"projection"``.
        zero_init: let each block's last normalisation start with a scale of 0; for residual networks only.

    Returns:
        A functional `keras.Model` from images (B, H, W, C), normalised, to logits (B, num_classes).

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> from cvkit.analysis import count_parameters
        >>> count_parameters(resnet_cifar(20), trainable=True)
        269722

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, arXiv 1512.03385, section 4.2.
    """
    if isinstance(depth, bool) or not isinstance(depth, int) or depth < 8 or depth % 6 != 2:
        raise ValueError(f"depth must be 6 n + 2 with n = 1, 2, ...: 8, 14, 20, 26, ... Received {depth!r}.")
    if zero_init and not residual:
        raise ValueError("zero_init needs residual=True: without shortcuts a scale of 0 lets nothing through.")
    check_positive("num_classes", num_classes, "classes of the output", integer=True)
    check_positive("width", width, "channels of the first stage", integer=True)
    options = dict(shortcut=shortcut, zero_init=zero_init, residual=residual)
    x = inputs = keras.Input(input_shape, name="image")
    x = normalized_convolution(x, width, 3, name="stem")
    for stage in (1, 2, 3):
        for block in range(1, depth // 6 + 1):
            stride = 2 if stage > 1 and block == 1 else 1
            x = basic_block(x, width * 2 ** (stage - 1), stride, name=f"stage{stage}_block{block}", **options)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    kind = "resnet_cifar" if residual else "plain_cifar"
    return keras.Model(inputs, layers.Dense(num_classes, name="output")(x), name=f"{kind}{depth}")
