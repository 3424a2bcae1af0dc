"""How much of the image one output position can see."""

from dataclasses import dataclass
from functools import reduce

import keras

from cvkit.analysis.graph import trace
from cvkit.analysis.span import Span
from cvkit.analysis.span_rules import WHOLE, span_rule


def receptive_field(model, input_shape=None, rules=None):
    r"""Receptive field of a model: the width in pixels of what one output position can depend on.

    Layer l with kernel k and stride s, after layers of strides s_1 to s_{l-1}, widens it by

    $$r_l = r_{l-1} + (k_l - 1) \prod_{i<l} s_i$$

    Where paths meet (residual, inception) it reaches from the first pixel that any of them sees to the last; for
    centred paths that is the largest. It is not cut off at the image's border: ResNet-50 has 483 on images of 224.
    Flattening and global pooling see the whole image, and so does everything after them. Positions differ after a
    transposed convolution or upsampling; the largest field counts. Layers that normalise over the batch count as acting
    on each position alone.

    Args:
        model: a built functional or Sequential `keras.Model`, channels last. Inputs without spatial axes are ignored.
        input_shape: shape without the batch axis, for a model that takes images of any size; a list of shapes if it has
            several inputs. Without it, unknown sizes count as divisible by every stride ("same" padding asks).
        rules: for layers of your own, a dict {class: function(layer, spans, input_shape, output_shape) -> spans}, with
            one `Span` an axis. A layer with a method ``receptive_field(spans, input_shape, output_shape)`` answers for
            itself.

    Returns:
        An int where height and width agree, else a tuple (height, width). For a model with several outputs, one answer
        for each, in the structure of ``model.output``.

    Raises:
        ValueError: a layer on the way is of unknown kind, paths of different strides meet, the output sees the whole of
            an image of unknown size, or the model cannot be walked.

    Example:
        >>> layers = keras.layers
        >>> model = keras.Sequential([keras.Input((32, 32, 1)), layers.Conv2D(6, 5), layers.MaxPooling2D(2)])
        >>> receptive_field(model)  # 5, and one more pixel for the pooling
        6

    Reference:
        Araujo et al., "Computing Receptive Fields of Convolutional Neural Networks", Distill, 2019,
        doi 10.23915/distill.00021.
    """
    inputs, calls, outputs = trace(model, input_shape)
    fields = trace_fields(inputs, calls, rules)
    results = [size_of(fields[id(tensor)], inputs) for tensor in outputs]
    for result in results:
        if isinstance(result, Unknown):
            raise ValueError(result.reason)
    return keras.tree.pack_sequence_as(model.output, results) if len(results) > 1 else results[0]


@dataclass
class Unknown:
    """A field that cannot be told, and why."""

    reason: str


def trace_fields(inputs, calls, rules=None):
    """What each tensor of a walked model sees.

    Returns:
        Dict {id(tensor): field}, where a field is a list of `Span`, one an axis; or ``WHOLE``; or `Unknown`; or None
        for a tensor that comes from no image.
    """
    fields = {id(tensor): [Span()] * (len(tensor.shape) - 2) or None for tensor in inputs}
    for call in calls:
        field = _call_field(call, [fields[id(tensor)] for tensor in call.inputs], rules or {})
        fields.update({id(tensor): field for tensor in call.outputs})
    return fields


def size_of(field, inputs):
    """Size in pixels of a field of `trace_fields`: int, tuple or `Unknown`."""
    if isinstance(field, Unknown):
        return field
    if field is None:
        return Unknown("The output depends on no input with spatial axes (batch, height, width, channels).")
    images = [tuple(tensor.shape[1:-1]) for tensor in inputs if len(tensor.shape) > 2]
    sizes = max(images, key=lambda s: [n or 0 for n in s]) if field == WHOLE else tuple(span.size for span in field)
    if None in sizes:
        return Unknown(
            "The output sees the whole image (flattening or global pooling), whose size is unknown. "
            "Pass input_shape=(height, width, channels)."
        )
    return sizes[0] if len(set(sizes)) == 1 else sizes


def _call_field(call, fields, rules):
    sizes = {tuple(x.shape[1:-1]) for x, field in zip(call.inputs, fields, strict=True) if field is not None}
    fields = [field for field in fields if field is not None]
    for field in fields:
        if isinstance(field, Unknown):
            return field
    if not fields or WHOLE in fields:
        return WHOLE if fields else None
    layer = call.layer
    rule = next((rule for kind, rule in rules.items() if isinstance(layer, kind)), None) or span_rule(layer)
    if rule is None:
        return Unknown(
            f"Layer {call.name!r} of kind {type(layer).__name__}: which inputs an output depends on is not known. "
            f"Pass rules={{{type(layer).__name__}: function(layer, spans, input_shape, output_shape)}}, give the class "
            "a method receptive_field(spans, input_shape, output_shape), or ask about the model up to this layer."
        )
    try:
        if len(sizes) > 1:
            raise ValueError(f"maps of different sizes meet, {' and '.join(map(str, sorted(sizes, key=str)))}")
        spans = [reduce(Span.join, axis) for axis in zip(*fields, strict=True)]
        return rule(layer, spans, call.input_shape, call.output_shape)
    except ValueError as error:
        return Unknown(f"Layer {call.name!r} of kind {type(layer).__name__}: {error}.")
