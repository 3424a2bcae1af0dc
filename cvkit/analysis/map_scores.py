"""How well heat maps find an object whose mask is known."""

import numpy as np
from keras import ops

from cvkit.validation import check_shape


def mass_inside(maps, masks):
    r"""Share of each map's mass that lies inside the mask.

    $$\frac{\sum_{y,x} \max(0, M_{yx})\, m_{yx}}{\sum_{y,x} \max(0, M_{yx})}$$

    By chance, for a map that is the same everywhere, it is the mask's share of the image. Negative values do not count.

    Args:
        maps: array (N, H, W).
        masks: bool array (N, H, W).

    Returns:
        NumPy array (N,) from 0 to 1; 0 for a map without any mass.

    Raises:
        ValueError: the shapes differ.

    Example:
        >>> mass_inside([[[1.0, 3.0], [-5.0, 0.0]]], [[[False, True], [True, True]]])
        array([0.75])
    """
    maps, masks = _check(maps, masks)
    mass = np.maximum(maps, 0)
    total = mass.sum(axis=(1, 2))  # (N,)
    return (mass * masks).sum(axis=(1, 2)) / np.where(total > 0, total, 1)


def pointing_game(maps, masks):
    """Whether each map's largest value lies inside the mask.

    Args:
        maps: array (N, H, W).
        masks: bool array (N, H, W).

    Returns:
        NumPy bool array (N,). Its mean is the accuracy of the pointing game; by chance it is the masks' mean share.

    Raises:
        ValueError: the shapes differ.

    Example:
        >>> pointing_game([[[1.0, 3.0], [5.0, 0.0]]], [[[False, True], [True, True]]])
        array([ True])

    Reference:
        Zhang et al., "Top-down Neural Attention by Excitation Backprop", 2016, arXiv 1608.00507, section 4.2. They
        allow a miss by 15 pixels; here none.
    """
    maps, masks = _check(maps, masks)
    places = maps.reshape(len(maps), -1).argmax(axis=1)
    return masks.reshape(len(masks), -1)[np.arange(len(masks)), places]


def _check(maps, masks):
    maps, masks = (np.asarray(ops.convert_to_numpy(x)) for x in (maps, masks))
    check_shape("maps", maps, ("N", "H", "W"), "one heat map an image")
    check_shape("masks", masks, maps.shape, "one mask for each map")
    return maps.astype("float64"), masks.astype(bool)
