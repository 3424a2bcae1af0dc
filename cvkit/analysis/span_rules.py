"""Which inputs each kind of Keras layer reads for one output position."""

from keras import Layer, layers

WHOLE = "whole image"


def span_rule(layer):
    """The rule for a layer, a function (layer, spans, input_shape, output_shape) -> spans, or None for unknown kinds.

    A layer with a method ``receptive_field`` answers for itself. `spans` is one `Span` an axis; a rule may also return
    ``WHOLE``.

    Example:
        >>> from cvkit.analysis.span import Span
        >>> pool = layers.MaxPooling2D(3, strides=2)
        >>> span_rule(pool)(pool, [Span(), Span()], (None, 9, 9, 1), (None, 4, 4, 1))[0].size
        3
    """
    if hasattr(layer, "receptive_field"):
        return lambda layer, *arguments: layer.receptive_field(*arguments)
    if not isinstance(layer, Layer):
        return _pointwise if type(layer).__name__ in _POINTWISE_FUNCTIONS else None
    return next((rule for kinds, rule in _RULES.items() if isinstance(layer, kinds)), None)


def _pointwise(layer, spans, input_shape, output_shape):
    return spans


def _whole(layer, spans, input_shape, output_shape):
    return WHOLE


def _along_channels(layer, spans, input_shape, output_shape):
    axes = layer.axis if isinstance(layer.axis, (list, tuple)) else [layer.axis]
    if all(axis in (-1, len(output_shape) - 1) for axis in axes):
        return spans
    if isinstance(layer, layers.Concatenate):
        raise ValueError("maps are joined side by side, so that positions see different places")
    return WHOLE  # a mean over positions


def _window(layer, spans, input_shape, output_shape):
    kernels, strides, dilations = _geometry(layer, len(spans))
    rows = zip(spans, kernels, strides, dilations, input_shape[1:-1], strict=True)
    return [s.slide(k, j, d, _padding(layer.padding, (k - 1) * d + 1, j, n)) for s, k, j, d, n in rows]


def _padding(padding, extent, stride, size):
    """Positions that Keras puts before the first: "same" makes ceil(size / stride) windows and puts less before."""
    if padding == "causal":
        return extent - 1
    if padding == "valid":
        return 0
    rest = stride if size is None or size % stride == 0 else size % stride
    return max(extent - rest, 0) // 2


def _transposed(layer, spans, input_shape, output_shape):
    kernels, strides, dilations = _geometry(layer, len(spans))
    rows = zip(spans, kernels, strides, dilations, input_shape[1:-1], output_shape[1:-1], strict=True)
    result = []
    for span, kernel, stride, dilation, size, outputs in rows:
        extent, cut = (kernel - 1) * dilation + 1, 0
        if layer.padding == "same":
            beyond = extent - stride if None in (size, outputs) else (size - 1) * stride + extent - outputs
            cut = max(beyond, 0) // 2
        result.append(span.spread(kernel, stride, dilation, cut))
    return result


def _geometry(layer, axes):
    """Kernel size, stride and dilation along each axis, of a convolution or a pooling layer."""
    kernels = layer.kernel_size if hasattr(layer, "kernel_size") else layer.pool_size
    values = kernels, layer.strides, getattr(layer, "dilation_rate", 1)
    return [(value,) * axes if isinstance(value, int) else tuple(value) for value in values]


def _upsampling(layer, spans, input_shape, output_shape):
    factors = (layer.size,) if isinstance(layer.size, int) else layer.size
    linear = getattr(layer, "interpolation", "nearest")
    if linear not in ("nearest", "bilinear"):
        raise ValueError(f"interpolation {linear!r} is not known, only 'nearest' and 'bilinear'")
    pairs = zip(spans, factors, strict=True)
    return [s.spread(f, f) if linear == "nearest" else s.interpolate(f) for s, f in pairs]


def _border(layer, spans, input_shape, output_shape):
    cropped = hasattr(layer, "cropping")
    borders = layer.cropping if cropped else layer.padding
    pairs = [borders] if isinstance(borders[0], int) else borders  # one axis: (before, after)
    befores = [-before if cropped else before for before, _ in pairs]
    return [span.slide(1, padding=before) for span, before in zip(spans, befores, strict=True)]


_RULES = {
    (layers.Conv1D, layers.Conv2D, layers.Conv3D, layers.DepthwiseConv1D, layers.DepthwiseConv2D): _window,
    (layers.SeparableConv1D, layers.SeparableConv2D): _window,
    (layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D): _window,
    (layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D): _window,
    (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose): _transposed,
    (layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D): _upsampling,
    (layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D): _border,
    (layers.Cropping1D, layers.Cropping2D, layers.Cropping3D): _border,
    (layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D, layers.GlobalAveragePooling3D): _whole,
    (layers.GlobalMaxPooling1D, layers.GlobalMaxPooling2D, layers.GlobalMaxPooling3D): _whole,
    (layers.Flatten, layers.GroupNormalization): _whole,
    (layers.Concatenate, layers.LayerNormalization, layers.Softmax, layers.UnitNormalization): _along_channels,
    (layers.Add, layers.Average, layers.Maximum, layers.Minimum, layers.Multiply, layers.Subtract): _pointwise,
    (layers.Activation, layers.ELU, layers.LeakyReLU, layers.PReLU, layers.ReLU): _pointwise,
    (layers.BatchNormalization, layers.Normalization, layers.Rescaling): _pointwise,
    (layers.Dropout, layers.GaussianDropout, layers.GaussianNoise): _pointwise,
    (layers.SpatialDropout1D, layers.SpatialDropout2D, layers.SpatialDropout3D): _pointwise,
    (layers.ActivityRegularization, layers.Dense, layers.Identity): _pointwise,
}

# Functions of keras.ops that act on each position alone, by the name of the operation that a functional model keeps.
_POINTWISE_FUNCTIONS = {
    *("Absolute", "Add", "Cast", "Clip", "Divide", "Exp", "Log", "Maximum", "Minimum", "Multiply", "Negative"),
    *("Power", "Sqrt", "Square", "Subtract", "TrueDivide"),
    *("Elu", "Gelu", "HardSigmoid", "HardSilu", "LeakyRelu", "Relu", "Relu6", "Sigmoid", "Silu", "Softplus", "Tanh"),
}
