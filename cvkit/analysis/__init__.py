"""What a network costs, what it sees, and what it looks at."""

from cvkit.analysis.activation_maximisation import activation_maximisation
from cvkit.analysis.deconvnet import deconvnet
from cvkit.analysis.depth import count_layers
from cvkit.analysis.footprint import gradient_footprint
from cvkit.analysis.grad_cam import grad_cam
from cvkit.analysis.guided_backpropagation import guided_backpropagation, guided_model
from cvkit.analysis.input_gradient import gradient_function, input_gradient, value_and_gradient_function
from cvkit.analysis.layer_table import LayerTable, layer_table
from cvkit.analysis.map_scores import mass_inside, pointing_game
from cvkit.analysis.multiply_adds import count_multiply_adds
from cvkit.analysis.occlusion import occlusion_map
from cvkit.analysis.on_paper import on_paper
from cvkit.analysis.parameters import count_parameters
from cvkit.analysis.receptive_field import receptive_field
from cvkit.analysis.saliency import saliency
from cvkit.analysis.span import Span

__all__ = [
    "LayerTable",
    "Span",
    "activation_maximisation",
    "count_layers",
    "count_multiply_adds",
    "count_parameters",
    "deconvnet",
    "grad_cam",
    "gradient_footprint",
    "gradient_function",
    "guided_backpropagation",
    "guided_model",
    "input_gradient",
    "layer_table",
    "mass_inside",
    "occlusion_map",
    "on_paper",
    "pointing_game",
    "receptive_field",
    "saliency",
    "value_and_gradient_function",
]
