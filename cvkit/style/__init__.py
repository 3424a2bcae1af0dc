"""Neural style transfer: an image with the content of one picture and the style of another."""

from cvkit.style.colours import match_colours
from cvkit.style.export import export_style_net
from cvkit.style.fast_style import fit_style_net, photo_crops
from cvkit.style.objective import StyleObjective
from cvkit.style.stylize import StyleResult, resize_to_cover, stylize

__all__ = [
    "StyleObjective",
    "StyleResult",
    "export_style_net",
    "fit_style_net",
    "match_colours",
    "photo_crops",
    "resize_to_cover",
    "stylize",
]
