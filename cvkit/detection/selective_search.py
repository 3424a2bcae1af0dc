"""Selective search: boxes that may hold an object, from regions that grow together."""

from itertools import product

import numpy as np
from skimage.color import rgb2hsv, rgb2lab
from skimage.segmentation import felzenszwalb

from cvkit.detection.region_grouping import MEASURES, describe_regions, group_regions
from cvkit.validation import check_positive

_NO_COLOUR = ("texture", "size", "fill")
# mode: colour spaces, sums of similarities, k of the segmentation (section 5, table 5). Every combination is run.
SELECTIVE_SEARCH_MODES = {
    "single": (("HSV",), (MEASURES,), (100,)),
    "fast": (("HSV", "Lab"), (MEASURES, _NO_COLOUR), (50, 100)),
    "quality": (("HSV", "Lab", "rgI", "H", "I"), (MEASURES, _NO_COLOUR, ("fill",), ("size",)), (50, 100, 150, 300)),
}
_SIGMA = 0.8  # smoothing before the segmentation, as the authors do


def selective_search(image, mode="fast", min_size=8, seed=0):
    """Propose boxes that may hold an object, of any class.

    The image is cut into small regions of one colour (Felzenszwalb and Huttenlocher). Then the two neighbours that are
    most alike merge, until the whole image is one region; the box of every region on the way is a proposal. What
    "alike" means, the colours and the first regions vary, because no single choice suits all objects: each combination
    is a strategy of its own, and all their boxes are taken together.

    Args:
        image: uint8 array (H, W, 3), RGB, or float array of it with values from 0 to 1; at least 2 pixels a side.
        mode: "single" (one strategy), "fast" (8) or "quality" (80, about ten times as slow).
        min_size: boxes narrower or lower than so many pixels are left out.
        seed: for the order.

    Returns:
        Float32 array (N, 4), xyxy in pixels, all different, the more promising first: the rank of a box is its place in
        its hierarchy, 1 for the whole image, times a random number from 0 to 1. Take the first n where n are enough.

    Raises:
        ValueError: the image has another shape, type or range, there is no such mode, or min_size is not positive.

    Example:
        >>> image = np.zeros((40, 60, 3), "uint8")
        >>> image[10:30, 20:50] = 255
        >>> boxes = selective_search(image, mode="single")
        >>> [20, 10, 50, 30] in boxes.tolist(), len(boxes)  # and the image, and the square with its blurred border
        (True, 3)

    Reference:
        Uijlings et al., "Selective Search for Object Recognition", International Journal of Computer Vision, 2013,
        sections 3 and 5. Texture is measured by differences of the smoothed image along eight directions.
    """
    image = _check(image, mode, min_size)
    spaces, similarities, scales = SELECTIVE_SEARCH_MODES[mode]
    rng = np.random.default_rng(seed)
    boxes, ranks = [], []
    for space, k in product(spaces, scales):
        channels = colour_space(image, space)  # (H, W, C)
        regions = describe_regions(felzenszwalb(channels, k, _SIGMA, min_size=k, channel_axis=-1), channels)
        for measures in similarities:
            hierarchy = group_regions(regions, measures)[::-1]  # the whole image first
            boxes.append(hierarchy)
            ranks.append(rng.random(len(hierarchy)) * np.arange(1, len(hierarchy) + 1))
    boxes = np.concatenate(boxes)[np.argsort(np.concatenate(ranks))]
    boxes = boxes[np.sort(np.unique(boxes, axis=0, return_index=True)[1])]  # of equal boxes the first one
    large = (boxes[:, 2:] - boxes[:, :2]).min(-1) >= min_size
    return boxes[large].astype("float32")


def colour_space(image, name):
    """Write an image in another colour space, every channel scaled to 0 to 1.

    Args:
        image: float array (H, W, 3), RGB, values from 0 to 1.
        name: "HSV", "Lab", "rgI" (the shares of red and green, and intensity), "H" (hue) or "I" (intensity).

    Returns:
        Float64 array (H, W, C), C = 3 or 1.

    Example:
        >>> colour_space(np.array([[[0.2, 0.6, 0.0]]]), "rgI").round(3)
        array([[[0.25 , 0.75 , 0.267]]])
    """
    if name == "Lab":
        low, high = np.array([0, -128, -128]), np.array([100, 127, 127])
        return ((rgb2lab(image) - low) / (high - low)).clip(0, 1)
    if name in ("HSV", "H"):
        return rgb2hsv(image)[..., : len(name)]
    total = image.sum(-1, keepdims=True)  # (H, W, 1)
    if name == "I":
        return total / 3
    shares = np.where(total > 0, image[..., :2] / np.where(total > 0, total, 1), 1 / 3)
    return np.concatenate([shares, total / 3], -1)


def _check(image, mode, min_size):
    if mode not in SELECTIVE_SEARCH_MODES:
        raise ValueError(f"mode must be one of {', '.join(SELECTIVE_SEARCH_MODES)}. Received {mode!r}.")
    check_positive("min_size", min_size, "the smallest width and height of a box in pixels")
    image = np.asarray(image)
    if image.ndim != 3 or image.shape[-1] != 3 or min(image.shape[:2]) < 2:
        raise ValueError(
            "image must have shape (H, W, 3): one RGB image of at least 2 x 2 pixels. "
            f"Received shape {image.shape}. For a grey image pass np.stack([image] * 3, axis=-1)."
        )
    if image.dtype == "uint8":
        return image / 255
    if not np.issubdtype(image.dtype, np.floating):
        raise ValueError(f"image must be uint8, or float with values from 0 to 1. Received type {image.dtype}.")
    if not (image.min() >= 0 and image.max() <= 1):
        raise ValueError(
            "image must have values from 0 to 1 where it is float; for pixels from 0 to 255 pass uint8. "
            f"Received values from {image.min():g} to {image.max():g}."
        )
    return image.astype("float64")
