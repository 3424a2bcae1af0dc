"""How much work a network does for one image."""

import math

from keras import layers

from cvkit.analysis.graph import trace


def count_multiply_adds(model, input_shape=None, rules=None):
    r"""Multiply-adds that a model spends on one image: products with a weight, each with its addition.

    A convolution with k × k kernels, C channels in and N out in G groups, on H × W output positions costs

    $$H W \, k^2 \, \frac{C}{G} \, N$$

    Convention: one multiply-add is one multiplication and one addition, so "FLOPs" are twice as many. Products with
    padding count. Biases, pooling, activations, normalisation and all else without a kernel count 0, as do products of
    two activations (attention). A layer that is called twice costs twice.

    Args:
        model: a built functional or Sequential `keras.Model`, channels last.
        input_shape: shape without the batch axis, for a model that takes images of any size; a list of shapes if it has
            several inputs.
        rules: for layers of your own, a dict {class: function(layer, input_shape, output_shape) -> int}. Shapes have
            the batch axis; of several inputs or outputs, a list. A layer with a method
            ``multiply_adds(input_shape, output_shape)`` answers for itself.

    Returns:
        An int.

    Raises:
        ValueError: a layer of unknown kind has weights, a size is unknown, or the model cannot be walked.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3)])
        >>> count_multiply_adds(model)  # 6 · 6 positions of 3 · 3 · 3 · 4 products
        3888

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, arXiv 1512.03385, table 1, counts in this way
        and calls the result FLOPs.
    """
    _, calls, _ = trace(model, input_shape)
    return sum(call_multiply_adds(call, rules) for call in calls)


def call_multiply_adds(call, rules=None):
    """Multiply-adds of one `LayerCall`, with the rules of `count_multiply_adds`.

    Example:
        >>> import keras
        >>> _, calls, _ = trace(keras.Sequential([keras.Input((5,)), layers.Dense(2)]))
        >>> [call_multiply_adds(call) for call in calls]
        [10]
    """
    layer = call.layer
    rule = next((rule for kind, rule in (rules or {}).items() if isinstance(layer, kind)), None)
    if rule is not None:
        return rule(layer, call.input_shape, call.output_shape)
    if hasattr(layer, "multiply_adds"):
        return layer.multiply_adds(call.input_shape, call.output_shape)
    if not getattr(layer, "weights", None) or isinstance(layer, _FREE):
        return 0
    for kinds, rule in _RULES.items():
        if isinstance(layer, kinds):
            return _known(call, rule)
    raise ValueError(
        f"Layer {call.name!r} of kind {type(layer).__name__} has weights, and how often it uses them is not known. "
        f"Pass rules={{{type(layer).__name__}: function(layer, input_shape, output_shape)}}, or give the class a "
        "method multiply_adds(input_shape, output_shape)."
    )


def _known(call, rule):
    sizes = (*call.input_shape[1:], *call.output_shape[1:])
    if None in sizes:
        raise ValueError(
            f"Layer {call.name!r} makes an output of unknown size, {call.output_shape}. "
            "Pass input_shape=(height, width, channels)."
        )
    return rule(call.layer, call.input_shape, call.output_shape)


def _convolution(layer, _, output_shape):
    # The kernel is (k, k, C / G, N), or (k, k, C, N) with N outputs for each of C channels if depthwise.
    return math.prod(layer.kernel.shape) * math.prod(output_shape[1:-1])


def _separable(layer, _, output_shape):
    weights = math.prod(layer.depthwise_kernel.shape) + math.prod(layer.pointwise_kernel.shape)
    return weights * math.prod(output_shape[1:-1])


def _transposed(layer, input_shape, _):
    return math.prod(layer.kernel.shape) * math.prod(input_shape[1:-1])  # each input is spread through the kernel


def _dense(layer, input_shape, output_shape):
    if input_shape[-1] != layer.kernel.shape[0]:
        raise ValueError(
            f"Dense layer {layer.name!r} takes {layer.kernel.shape[0]} numbers. Received {input_shape[-1]}. "
            "A model that flattens its features has one input size: leave out input_shape."
        )
    return math.prod(layer.kernel.shape) * math.prod(output_shape[1:-1])


_RULES = {
    (layers.Conv1D, layers.Conv2D, layers.Conv3D, layers.DepthwiseConv1D, layers.DepthwiseConv2D): _convolution,
    (layers.SeparableConv1D, layers.SeparableConv2D): _separable,
    (layers.Conv1DTranspose, layers.Conv2DTranspose, layers.Conv3DTranspose): _transposed,
    (layers.Dense,): _dense,
}

# Layers with weights that no kernel multiplies.
_FREE = (
    layers.BatchNormalization,
    layers.Embedding,
    layers.GroupNormalization,
    layers.LayerNormalization,
    layers.Normalization,
    layers.PReLU,
)
if hasattr(layers, "RMSNormalization"):
    _FREE += (layers.RMSNormalization,)
