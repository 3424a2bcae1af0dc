"""What a network costs and what it sees: parameters, multiply-adds, receptive field."""

from cvkit.analysis.depth import count_layers
from cvkit.analysis.footprint import gradient_footprint
from cvkit.analysis.layer_table import LayerTable, layer_table
from cvkit.analysis.multiply_adds import count_multiply_adds
from cvkit.analysis.parameters import count_parameters
from cvkit.analysis.receptive_field import receptive_field
from cvkit.analysis.span import Span

__all__ = [
    "LayerTable",
    "Span",
    "count_layers",
    "count_multiply_adds",
    "count_parameters",
    "gradient_footprint",
    "layer_table",
    "receptive_field",
]
