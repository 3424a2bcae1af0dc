"""Pictures: each function draws on a given Axes and returns it."""

from cvkit.plots.block_diagram import block_diagram
from cvkit.plots.boxes import boxes
from cvkit.plots.curves import curves
from cvkit.plots.gif import to_gif
from cvkit.plots.images import image_grid
from cvkit.plots.matrix import matrix
from cvkit.plots.number_colour import number_colour
from cvkit.plots.numbers_over_time import numbers_over_time
from cvkit.plots.outlined import outlined
from cvkit.plots.png import to_png
from cvkit.plots.sliding import sliding_kernel

__all__ = [
    "block_diagram",
    "boxes",
    "curves",
    "image_grid",
    "matrix",
    "number_colour",
    "numbers_over_time",
    "outlined",
    "sliding_kernel",
    "to_gif",
    "to_png",
]
