"""ResNet-18, 34, 50, 101 and 152."""

import keras
from keras import layers

from cvkit.models.residual_block import basic_block, bottleneck_block, normalized_convolution
from cvkit.validation import check_positive

RESNET_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
_STEMS = {"imagenet": ((224, 224, 3), 1000), "cifar": ((32, 32, 3), 10)}


def resnet(
    depth,
    stem="imagenet",
    num_classes=None,
    input_shape=None,
    shortcut="projection",
    stride_in="3x3",
    zero_init=False,
):
    """A residual network of four stages.

    Args:
        depth: 18 or 34 (basic blocks), 50, 101 or 152 (bottleneck blocks): convolutions and the dense layer, counted
            without projections.
        stem: ``"imagenet"`` (7 x 7 of stride 2, then 3 x 3 max pooling of stride 2) or ``"cifar"`` (3 x 3, no pooling).
        num_classes: classes of the output; by default 1000, or 10 with the second stem.
        input_shape: (height, width, channels), height and width may be None; by default 224 x 224 x 3, or 32 x 32 x 3
            with the second stem.
        shortcut: where the shape changes, ``"projection"`` (option B) or ``"padded"`` (option A).
        stride_in: which convolution of a bottleneck block has the stride, ``"3x3"`` (torchvision) or ``"1x1"`` (the
            paper and Keras).
        zero_init: let each block's last normalisation start with a scale of 0.

    Returns:
        A functional `keras.Model` from images (B, H, W, C), normalised, to logits (B, num_classes). The output of the
        third block of stage 2 is the layer ``"stage2_block3"``, and so on.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> from cvkit.analysis import count_parameters
        >>> count_parameters(resnet(18, stem="cifar"), trainable=True)
        11173962

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, arXiv 1512.03385, table 1. The stem
        ``"cifar"`` is not in the paper, whose networks for CIFAR-10 are `resnet_cifar`; it is customary for small
        images.
    """
    if depth not in RESNET_BLOCKS:
        raise ValueError(f"depth must be one of {', '.join(map(str, RESNET_BLOCKS))}. Received {depth!r}.")
    if stem not in _STEMS:
        raise ValueError(f'stem must be "imagenet" or "cifar". Received {stem!r}.')
    if stride_in not in ("3x3", "1x1"):
        raise ValueError(f'stride_in must be "3x3" or "1x1". Received {stride_in!r}.')
    default_shape, default_classes = _STEMS[stem]
    num_classes = default_classes if num_classes is None else num_classes
    check_positive("num_classes", num_classes, "classes of the output", integer=True)
    x = inputs = keras.Input(input_shape or default_shape, name="image")
    if stem == "imagenet":
        x = normalized_convolution(x, 64, 7, 2, name="stem")  # 112 x 112 x 64
        x = layers.ZeroPadding2D(1, name="stem_pool_pad")(x)  # zeros never win: after ReLU nothing is smaller
        x = layers.MaxPooling2D(3, 2, name="stem_pool")(x)  # 56 x 56 x 64
    else:
        x = normalized_convolution(x, 64, 3, name="stem")  # 32 x 32 x 64
    options = dict(shortcut=shortcut, zero_init=zero_init)
    for stage, repeats in enumerate(RESNET_BLOCKS[depth], 1):
        for block in range(1, repeats + 1):
            stride, name = 2 if stage > 1 and block == 1 else 1, f"stage{stage}_block{block}"
            if depth < 50:
                x = basic_block(x, 32 * 2**stage, stride, name=name, **options)  # 64, 128, 256, 512 channels
            else:
                x = bottleneck_block(x, 128 * 2**stage, stride, stride_in=stride_in, name=name, **options)  # 4 times
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, layers.Dense(num_classes, name="output")(x), name=f"resnet{depth}")
