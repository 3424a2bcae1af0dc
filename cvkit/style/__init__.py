"""Neural style transfer: an image with the content of one picture and the style of another."""

from cvkit.style.colours import match_colours
from cvkit.style.objective import StyleObjective
from cvkit.style.stylize import StyleResult, resize_to_cover, stylize

__all__ = ["StyleObjective", "StyleResult", "match_colours", "resize_to_cover", "stylize"]
