"""Residual blocks: a few convolutions, and a shortcut that is added to what they make."""

from keras import layers

from cvkit.layers.padded_shortcut import PaddedShortcut

SHORTCUTS = ("projection", "padded")


def basic_block(x, filters, stride, shortcut="projection", zero_init=False, residual=True, name="block"):
    r"""Two 3 x 3 convolutions, and the input added to the result.

    $$y = \max(0,\; F(x) + s(x)), \qquad F = \text{norm}\,\text{conv}\,\text{ReLU}\,\text{norm}\,\text{conv}$$

    Args:
        x: symbolic maps (B, H, W, C).
        filters: channels of the output.
        stride: 1, or 2 to halve height and width, in the first convolution.
        shortcut: what s is where the shape changes, see `shortcut_path`; else it is the identity.
        zero_init: let the last normalisation start with a scale of 0, so that the block starts as max(0, s(x)).
        residual: False leaves the shortcut out: the plain pair of layers.
        name: prefix of the layers' names.

    Returns:
        Symbolic maps (B, ceil(H / stride), ceil(W / stride), filters), zero or more.

    Example:
        >>> import keras
        >>> basic_block(keras.Input((32, 32, 64)), 128, stride=2).shape
        (None, 16, 16, 128)

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, arXiv 1512.03385, figure 5 left. `zero_init`:
        Goyal et al., "Accurate, Large Minibatch SGD", 2017, arXiv 1706.02677, section 5.1.
    """
    y = normalized_convolution(x, filters, 3, stride, name=f"{name}_1")
    y = normalized_convolution(y, filters, 3, relu=False, zero_init=zero_init, name=f"{name}_2")
    return _join(x, y, filters, stride, shortcut, residual, name)


def bottleneck_block(x, filters, stride, shortcut="projection", zero_init=False, stride_in="3x3", name="block"):
    r"""A 1 x 1 convolution down to a quarter of the channels, a 3 x 3, a 1 x 1 back up, and the input added.

    Args:
        x: symbolic maps (B, H, W, C).
        filters: channels of the output, a multiple of 4.
        stride: 1, or 2 to halve height and width.
        shortcut: as for `basic_block`.
        zero_init: as for `basic_block`.
        stride_in: which convolution has the stride, ``"3x3"`` or the first, ``"1x1"``.
        name: prefix of the layers' names.

    Returns:
        Symbolic maps (B, ceil(H / stride), ceil(W / stride), filters), zero or more.

    Example:
        >>> import keras
        >>> bottleneck_block(keras.Input((56, 56, 256)), 512, stride=2).shape
        (None, 28, 28, 512)

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, arXiv 1512.03385, figure 5 right. The paper
        and Keras put the stride into the first 1 x 1 convolution, which skips three positions of four; torchvision puts
        it into the 3 x 3.
    """
    first, second = (stride, 1) if stride_in == "1x1" else (1, stride)
    y = normalized_convolution(x, filters // 4, 1, first, name=f"{name}_1")
    y = normalized_convolution(y, filters // 4, 3, second, name=f"{name}_2")
    y = normalized_convolution(y, filters, 1, relu=False, zero_init=zero_init, name=f"{name}_3")
    return _join(x, y, filters, stride, shortcut, True, name)


def normalized_convolution(x, filters, kernel_size, stride=1, relu=True, zero_init=False, name="layer"):
    """Convolution without bias (the normalisation has one), batch normalisation, ReLU; padded by half the kernel.

    Example:
        >>> import keras
        >>> normalized_convolution(keras.Input((224, 224, 3)), 64, 7, stride=2).shape
        (None, 112, 112, 64)

    Reference:
        He et al., 2015, section 3.4. Momentum and epsilon are those of PyTorch and Caffe, 0.9 and 1e-5, and not those
        of Keras, 0.99 and 1e-3: a short training leaves averages of 0.99 behind.
    """
    padding = "same"
    if stride > 1 and kernel_size > 1:  # "same" with a stride pads more at the end than at the start
        x, padding = layers.ZeroPadding2D(kernel_size // 2, name=f"{name}_pad")(x), "valid"
    options = dict(padding=padding, use_bias=False, kernel_initializer="he_normal")
    x = layers.Conv2D(filters, kernel_size, stride, name=f"{name}_conv", **options)(x)
    gamma = "zeros" if zero_init else "ones"
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, gamma_initializer=gamma, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x) if relu else x


def shortcut_path(x, filters, stride, kind="projection", name="shortcut"):
    """The input in the shape of the block's output.

    Args:
        x: symbolic maps (B, H, W, C).
        filters: channels of the output.
        stride: steps in pixels.
        kind: where the shape changes, ``"projection"`` is a normalised 1 x 1 convolution (the paper's option B) and
            ``"padded"`` appends channels of zeros (option A). Where it does not, `x` itself is returned.
        name: prefix of the layers' names.

    Returns:
        Symbolic maps (B, ceil(H / stride), ceil(W / stride), filters).

    Raises:
        ValueError: there is no such kind.

    Example:
        >>> import keras
        >>> x = keras.Input((56, 56, 64))
        >>> shortcut_path(x, 64, 1) is x, shortcut_path(x, 128, 2).shape
        (True, (None, 28, 28, 128))

    Reference:
        He et al., 2015, section 3.3 and table 3.
    """
    if kind not in SHORTCUTS:
        raise ValueError(f'shortcut must be "projection" (option B) or "padded" (option A). Received {kind!r}.')
    if stride == 1 and x.shape[-1] == filters:
        return x
    if kind == "padded":
        return PaddedShortcut(filters, stride, name=name)(x)
    return normalized_convolution(x, filters, 1, stride, relu=False, name=name)


def _join(x, y, filters, stride, shortcut, residual, name):
    if residual:
        y = layers.Add(name=f"{name}_add")([shortcut_path(x, filters, stride, shortcut, f"{name}_shortcut"), y])
    return layers.ReLU(name=name)(y)
