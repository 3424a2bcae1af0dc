"""A network layer by layer: shape, parameters, multiply-adds, receptive field."""

from dataclasses import dataclass
from html import escape

from cvkit.analysis.graph import trace
from cvkit.analysis.multiply_adds import call_multiply_adds
from cvkit.analysis.parameters import count_weights
from cvkit.analysis.receptive_field import Unknown, size_of, trace_fields

_HEAD = ("layer", "kind", "output", "parameters", "multiply-adds", "field", "jump")


@dataclass(frozen=True)
class LayerRow:
    """One call of one layer.

    Attributes:
        name: the layer's name, with those of the models around it.
        kind: name of its class.
        output_shape: shape of the first output without the batch axis.
        parameters: int; 0 where an earlier row has counted the same weights.
        multiply_adds: int, for one image.
        receptive_field: int, (height, width), or None where it cannot be told.
        jump: pixels between neighbouring positions, a `fractions.Fraction` or a tuple of them; None after the positions
            have been given up (flattening, global pooling).
    """

    name: str
    kind: str
    output_shape: tuple
    parameters: int
    multiply_adds: int
    receptive_field: object
    jump: object


@dataclass(frozen=True)
class LayerTable:
    """Rows of a network, shown as text by `print` and as a table in a notebook.

    Attributes:
        rows: list of `LayerRow`, in the order in which the layers run.
    """

    rows: list

    def __str__(self):
        cells = [_HEAD, *map(_cells, self.rows), self._total()]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = ["  ".join(_aligned(row, widths)).rstrip() for row in cells]
        rule = "-" * max(map(len, lines))
        return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])

    __repr__ = __str__

    def _repr_html_(self):
        rows = [_html_row(_cells(row), "td") for row in self.rows]
        head, total = _html_row(_HEAD, "th"), _html_row(self._total(), "th")
        return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody><tfoot>{total}</tfoot></table>"

    def _total(self):
        parameters, work = (sum(getattr(row, name) for row in self.rows) for name in ("parameters", "multiply_adds"))
        return ("total", "", "", f"{parameters:,}", f"{work:,}", "", "")


def layer_table(model, input_shape=None, rules=None):
    """What each layer of a model makes, costs and sees.

    A shared layer has a row for each call, and its parameters are in the first. Models inside the model are opened.

    Args:
        model: a built functional or Sequential `keras.Model`, channels last.
        input_shape: shape without the batch axis, for a model that takes images of any size; a list of shapes if it has
            several inputs.
        rules: how many multiply-adds layers of your own take, as in `count_multiply_adds`.

    Returns:
        A `LayerTable`.

    Raises:
        ValueError: a layer of unknown kind has weights, a size is unknown, or the model cannot be walked.

    Example:
        >>> import keras
        >>> conv, pool = keras.layers.Conv2D(6, 5, name="C1"), keras.layers.MaxPooling2D(name="S2")
        >>> print(layer_table(keras.Sequential([keras.Input((32, 32, 1)), conv, pool])))
        layer  kind          output       parameters  multiply-adds  field  jump
        ------------------------------------------------------------------------
        C1     Conv2D        28 × 28 × 6         156        117,600      5     1
        S2     MaxPooling2D  14 × 14 × 6           0              0      6     2
        ------------------------------------------------------------------------
        total                                    156        117,600
    """
    inputs, calls, _ = trace(model, input_shape)
    fields = trace_fields(inputs, calls)
    rows, counted = [], set()
    for call in calls:
        weights = [weight for weight in getattr(call.layer, "weights", []) if id(weight) not in counted]
        counted.update(map(id, weights))
        field = fields[id(call.outputs[0])]
        size = size_of(field, inputs)
        rows.append(
            LayerRow(
                name=call.name,
                kind=type(call.layer).__name__,
                output_shape=tuple(call.outputs[0].shape[1:]),
                parameters=count_weights(weights),
                multiply_adds=call_multiply_adds(call, rules),
                receptive_field=None if isinstance(size, Unknown) else size,
                jump=_jump(field) if isinstance(field, list) else None,
            )
        )
    return LayerTable(rows)


def _jump(spans):
    jumps = tuple(span.jump for span in spans)
    return jumps[0] if len(set(jumps)) == 1 else jumps


def _cells(row):
    shape = _times(row.output_shape)
    costs = f"{row.parameters:,}", f"{row.multiply_adds:,}"
    return (row.name, row.kind, shape, *costs, _times(row.receptive_field), _times(row.jump))


def _times(value):
    values = value if isinstance(value, tuple) else (value,)
    return " × ".join("?" if value is None else str(value) for value in values)


def _aligned(row, widths):
    for i, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.ljust(width) if i < 3 else cell.rjust(width)


def _html_row(cells, tag):
    sides = ["left"] * 3 + ["right"] * (len(cells) - 3)
    pairs = zip(cells, sides, strict=True)
    return "<tr>" + "".join(f'<{tag} style="text-align: {side}">{escape(c)}</{tag}>' for c, side in pairs) + "</tr>"
