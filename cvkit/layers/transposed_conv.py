"""Transposed convolution: every input pixel stamps the kernel onto a larger output."""

import keras
from keras import ops

from cvkit.validation import as_float, check_positive, check_shape


def transposed_conv2d(inputs, kernel, strides=1, padding="valid"):
    r"""Transposed convolution, as an ordinary one over the input with zeros between its pixels.

    Pixel $(i, j)$ adds the kernel, times its value, to the output at $(s i, s j)$:

    $$Y_{s i + a,\; s j + b,\; d} \mathrel{+}= \sum_c K_{a,b,d,c}\, X_{i,j,c}$$

    Seen from the output, that is a convolution of stride 1, with the kernel turned by 180 degrees, over the input whose
    pixels stand $s$ apart. As a matrix it is the transpose of the convolution that has the same kernel and stride.

    Args:
        inputs: float tensor (B, H, W, C).
        kernel: float tensor (kh, kw, D, C), output channels before input channels, as in Conv2DTranspose.
        strides: s, the enlargement along both axes.
        padding: ``"valid"`` keeps all that was stamped, H s + max(kh - s, 0) rows; ``"same"`` cuts it to H s rows.

    Returns:
        Float tensor (B, H', W', D).

    Raises:
        ValueError: a shape or an argument does not fit.

    Example:
        >>> stamped = transposed_conv2d([[[[1.0], [2.0]]]], ops.ones((1, 3, 1, 1)), strides=2)
        >>> stamped[0, 0, :, 0].numpy()  # 1 1 1 . . and . . 2 2 2, added
        array([1., 1., 3., 2., 2.], dtype=float32)

    Reference:
        Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016, arXiv 1603.07285, chapter 4.
        Same numbers as `keras.layers.Conv2DTranspose` (whose ``output_padding`` and ``dilation_rate`` are left out).
    """
    inputs, kernel = as_float(inputs), as_float(kernel)
    check_shape("inputs", inputs, ("B", "H", "W", "C"), "a batch of images or feature maps, channels last")
    kernel = ops.cast(kernel, inputs.dtype)
    check_shape("kernel", kernel, ("kh", "kw", "D", inputs.shape[-1]), "the last axis is that of the input's channels")
    _check_arguments(strides, padding)
    batch, height, width, channels = ops.shape(inputs)
    spread = ops.reshape(inputs, (batch, height, 1, width, 1, channels))
    spread = ops.pad(spread, [[0, 0], [0, 0], [0, strides - 1], [0, 0], [0, strides - 1], [0, 0]])  # (B, H, s, W, s, C)
    spread = ops.reshape(spread, (batch, height * strides, width * strides, channels))
    rows, columns = (_paddings(size, strides, padding) for size in kernel.shape[:2])
    spread = ops.pad(spread, [[0, 0], rows, columns, [0, 0]])
    turned = ops.transpose(ops.flip(kernel, axis=(0, 1)), (0, 1, 3, 2))  # (kh, kw, C, D)
    return ops.conv(spread, turned, padding="valid")


def _paddings(size, strides, padding):
    """Zeros before and after the spread input along one axis, so that the convolution leaves the right output."""
    surplus = max(size - strides, 0)  # what stands out of H * strides
    cut = surplus // 2 if padding == "same" else 0  # pixels that "same" drops at the start
    total = size - 1 + (0 if padding == "same" else surplus)
    before = size - 1 - cut
    return [before, total - before]


def _check_arguments(strides, padding):
    check_positive("strides", strides, "the enlargement along both axes", integer=True)
    if padding not in ("valid", "same"):
        raise ValueError(f'padding must be "valid" or "same". Received {padding!r}.')


@keras.saving.register_keras_serializable(package="cvkit")
class TransposedConv2D(keras.layers.Layer):
    """`transposed_conv2d` as a layer with weights, written to be read; the same numbers as Conv2DTranspose.

    Args:
        filters: output channels.
        kernel_size: height and width of the kernel, one integer.
        strides: enlargement along both axes.
        padding: ``"valid"`` or ``"same"``.
        use_bias: whether a bias is added for each output channel.
        kernel_initializer: a Keras initialiser.
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> TransposedConv2D(8, kernel_size=4, strides=2, padding="same")(ops.ones((1, 5, 6, 3))).shape
        TensorShape([1, 10, 12, 8])

    Reference:
        Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016, arXiv 1603.07285, chapter 4.
    """

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        use_bias=True,
        kernel_initializer="glorot_uniform",
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_positive("filters", filters, "output channels", integer=True)
        check_positive("kernel_size", kernel_size, "height and width of the kernel", integer=True)
        _check_arguments(strides, padding)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape):
        """Make the kernel (k, k, filters, C) and the bias (filters,)."""
        shape = (self.kernel_size, self.kernel_size, self.filters, input_shape[-1])
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=self.kernel_initializer)
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")

    def call(self, inputs):
        """Enlarge a batch of feature maps."""
        outputs = transposed_conv2d(inputs, self.kernel, self.strides, self.padding)
        return outputs + ops.cast(self.bias, outputs.dtype) if self.use_bias else outputs

    def compute_output_shape(self, input_shape):
        """(B, H', W', filters); an unknown side stays unknown."""
        batch, height, width, _ = input_shape
        surplus = max(self.kernel_size - self.strides, 0) if self.padding == "valid" else 0
        sides = [None if side is None else side * self.strides + surplus for side in (height, width)]
        return (batch, *sides, self.filters)

    def multiply_adds(self, input_shape, output_shape):
        """Multiply-adds for one input: each input pixel stamps the whole kernel once."""
        _, height, width, channels = input_shape
        return height * width * channels * self.kernel_size**2 * self.filters

    def receptive_field(self, spans, input_shape, output_shape):
        """That of the pixels whose stamps meet; see `cvkit.analysis.receptive_field`."""
        cut = max(self.kernel_size - self.strides, 0) // 2 if self.padding == "same" else 0
        return [span.spread(self.kernel_size, self.strides, 1, cut) for span in spans]

    def get_config(self):
        """Arguments that rebuild the layer."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }
