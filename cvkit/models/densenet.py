"""DenseNet: each layer reads the maps of all layers before it, side by side."""

import keras
from keras import layers

from cvkit.validation import check_positive

DENSENET_BLOCKS = {121: (6, 12, 24, 16), 169: (6, 12, 32, 32), 201: (6, 12, 48, 32)}  # layers in each dense block


def densenet(depth=121, num_classes=1000, input_shape=(224, 224, 3)):
    """DenseNet for ImageNet: four dense blocks of growth rate 32, with bottlenecks and halving transitions.

    Args:
        depth: 121, 169 or 201. It counts the layers with kernels: one at the start, two in each layer of a dense block,
            one in each of three transitions, and the classifier.
        num_classes: classes of the output.
        input_shape: (height, width, channels), at least 32 pixels on a side.

    Returns:
        A functional `keras.Model` from images (B, H, W, C) to logits (B, num_classes). DenseNet-121 has 7,978,856
        trainable parameters with 1,000 classes.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> densenet(120)
        Traceback (most recent call last):
        ValueError: depth must be one of 121, 169, 201. Received 120. For others take densenet_cifar.

    Reference:
        Huang et al., "Densely Connected Convolutional Networks", 2016, arXiv 1608.06993, table 1.
    """
    if depth not in DENSENET_BLOCKS:
        known = ", ".join(map(str, DENSENET_BLOCKS))
        raise ValueError(f"depth must be one of {known}. Received {depth!r}. For others take densenet_cifar.")
    _check_sides(input_shape, 32)
    x = inputs = keras.Input(input_shape, name="image")
    x = layers.ZeroPadding2D(3, name="stem_padding")(x)
    x = layers.Conv2D(64, 7, 2, use_bias=False, kernel_initializer="he_normal", name="stem")(x)  # 112 x 112
    x = _normalise_and_rectify(x, "stem")
    x = layers.ZeroPadding2D(1, name="stem_pool_padding")(x)
    x = layers.MaxPooling2D(3, 2, name="stem_pool")(x)  # 56 x 56
    x = _dense_blocks(x, DENSENET_BLOCKS[depth], growth_rate=32, bottleneck=True, compression=0.5)
    return keras.Model(inputs, _classify(x, num_classes), name=f"densenet{depth}")


def densenet_cifar(
    depth=40, growth_rate=12, bottleneck=False, compression=1.0, num_classes=10, input_shape=(32, 32, 3)
):
    """DenseNet for small images: three dense blocks of equal length on maps of full, half and quarter size.

    Args:
        depth: 3n + 4 with n layers in each block, or 6n + 4 with bottlenecks, where a layer has two convolutions.
        growth_rate: maps that each layer adds, k.
        bottleneck: whether a 1 x 1 convolution to 4k maps comes before each 3 x 3 convolution.
        compression: share of the maps that a transition keeps, above 0 and at most 1.
        num_classes: classes of the output.
        input_shape: (height, width, channels), at least 8 pixels on a side.

    Returns:
        A functional `keras.Model` from images (B, H, W, C) to logits (B, num_classes). DenseNet-40-12 has 1,019,722
        trainable parameters, the paper's 1.0 M. DenseNet-BC-100-12 is
        ``densenet_cifar(100, bottleneck=True, compression=0.5)``.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> densenet_cifar(10, growth_rate=4).get_layer("block1").output.shape[-1]  # 16 + 2 * 4 maps
        24

    Reference:
        Huang et al., "Densely Connected Convolutional Networks", 2016, arXiv 1608.06993, section 3, "Implementation
        Details": 16 maps to begin with, or 2k in DenseNet-BC, the form with bottlenecks and compression. The paper
        adds dropout where it trains without augmentation; we leave it out.
    """
    check_positive("growth_rate", growth_rate, "maps that each layer adds", integer=True)
    per_layer = 2 if bottleneck else 1
    if isinstance(depth, bool) or not isinstance(depth, int) or depth < 7 or (depth - 4) % (3 * per_layer):
        form = f"{3 * per_layer}n + 4 with n layers in each of three blocks"
        raise ValueError(f"depth must be {form}, such as {3 * per_layer * 6 + 4}. Received {depth!r}.")
    _check_sides(input_shape, 8)
    filters = 2 * growth_rate if bottleneck and compression < 1 else 16
    x = inputs = keras.Input(input_shape, name="image")
    x = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name="stem")(x)
    num_layers = (depth - 4) // (3 * per_layer)
    x = _dense_blocks(x, [num_layers] * 3, growth_rate, bottleneck, compression)
    return keras.Model(inputs, _classify(x, num_classes), name=f"densenet{depth}_{growth_rate}")


def dense_block(x, num_layers, growth_rate, bottleneck=True, name="block"):
    r"""A dense block: each layer adds its `growth_rate` maps to the stack that the next one reads.

    $$x_l = H_l([x_0, x_1, \dots, x_{l-1}]), \qquad r_l = k_0 + k\,(l - 1)$$

    with r_l the maps that layer l reads, of k_0 in front of the block. H_l is normalisation, ReLU and a 3 x 3
    convolution to k maps; with a bottleneck, normalisation, ReLU and a 1 x 1 convolution to 4k maps come first.

    Args:
        x: symbolic maps (B, H, W, k_0).
        num_layers: layers L of the block.
        growth_rate: maps k that each adds.
        bottleneck: whether each layer first narrows its input to 4k maps.
        name: prefix of the layers' names; the last one has this name.

    Returns:
        Symbolic maps (B, H, W, k_0 + k L).

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> dense_block(keras.Input((8, 8, 6)), num_layers=3, growth_rate=4).shape
        (None, 8, 8, 18)

    Reference:
        Huang et al., 2016, arXiv 1608.06993, equation 2 and section 3.
    """
    check_positive("num_layers", num_layers, "layers of the block", integer=True)
    check_positive("growth_rate", growth_rate, "maps that each layer adds", integer=True)
    for number in range(1, num_layers + 1):
        layer = f"{name}_{number}"
        y = x
        if bottleneck:
            y = _normalise_and_rectify(y, f"{layer}_narrow")
            y = _convolve(y, 4 * growth_rate, 1, f"{layer}_narrow")
        y = _normalise_and_rectify(y, layer)
        y = _convolve(y, growth_rate, 3, layer)
        x = layers.Concatenate(name=name if number == num_layers else f"{layer}_concat")([x, y])
    return x


def transition(x, compression=0.5, name="transition"):
    """Between two dense blocks: a 1 x 1 convolution keeps a share of the maps, 2 x 2 averages halve their sides.

    Args:
        x: symbolic maps (B, H, W, C).
        compression: share of the maps that is kept, above 0 and at most 1.
        name: prefix of the layers' names.

    Returns:
        Symbolic maps (B, H // 2, W // 2, floor(compression * C)).

    Raises:
        ValueError: the compression is out of range.

    Example:
        >>> transition(keras.Input((8, 8, 18)), compression=0.5).shape
        (None, 4, 4, 9)

    Reference:
        Huang et al., 2016, arXiv 1608.06993, section 3, "Pooling layers" and "Compression".
    """
    if not 0 < compression <= 1:
        raise ValueError(f"compression must be above 0 and at most 1, a share of the maps. Received {compression!r}.")
    x = _normalise_and_rectify(x, name)
    x = _convolve(x, int(compression * x.shape[-1]), 1, name)
    return layers.AveragePooling2D(2, name=f"{name}_pool")(x)


def _dense_blocks(x, blocks, growth_rate, bottleneck, compression):
    for number, num_layers in enumerate(blocks, 1):
        x = dense_block(x, num_layers, growth_rate, bottleneck, name=f"block{number}")
        if number < len(blocks):
            x = transition(x, compression, name=f"transition{number}")
    return x


def _classify(x, num_classes):
    x = _normalise_and_rectify(x, "head")
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return layers.Dense(num_classes, name="logits")(x)


def _normalise_and_rectify(x, name):
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _convolve(x, filters, size, name):
    options = dict(padding="same", use_bias=False, kernel_initializer="he_normal")
    return layers.Conv2D(filters, size, **options, name=f"{name}_conv")(x)


def _check_sides(input_shape, least):
    if len(input_shape) != 3 or min(input_shape[:2]) < least:
        raise ValueError(
            f"input_shape must be (height, width, channels), at least {least} pixels on a side, or no map is left. "
            f"Received {tuple(input_shape)}."
        )
