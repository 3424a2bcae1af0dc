"""Default boxes: the anchors of SSD, of one scale a map and so of many scales together."""

import itertools
import math

from keras import ops

from cvkit.detection.anchor_grid import anchor_grid
from cvkit.validation import check_positive


def default_box_scales(num_maps, smallest=0.2, largest=0.9):
    r"""The scales of SSD's maps, as shares of the image's side: evenly spaced, and one more beyond the last.

    $$s_k = s_{\min} + \frac{s_{\max} - s_{\min}}{m - 1} (k - 1), \qquad k = 1, \dots, m + 1$$

    Args:
        num_maps: m, two or more.
        smallest: s_min, the scale of the finest map, a positive number.
        largest: s_max, that of the coarsest map, larger.

    Returns:
        List of m + 1 numbers. The last one serves for the larger square of the coarsest map only.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> [round(scale, 3) for scale in default_box_scales(6)]
        [0.2, 0.34, 0.48, 0.62, 0.76, 0.9, 1.04]

    Reference:
        Liu et al., "SSD", 2015, arXiv 1512.02325, equation 4. Their code rounds the step to whole per cents and gives
        the first map of SSD300 a scale of its own, half the smallest.
    """
    check_positive("num_maps", num_maps, "maps with default boxes", integer=True)
    if num_maps < 2 or not 0 < smallest < largest:
        raise ValueError(
            "num_maps must be 2 or more, and 0 < smallest < largest. "
            f"Received num_maps={num_maps!r}, smallest={smallest!r}, largest={largest!r}."
        )
    step = (largest - smallest) / (num_maps - 1)
    return [smallest + step * k for k in range(num_maps + 1)]


def default_boxes(feature_size, stride, scales, ratios=(1.0, 2.0, 0.5)):
    r"""The default boxes of one map: those of `anchor_grid`, and between two scales one more square.

    $$w = s \sqrt{a}, \qquad h = s / \sqrt{a}, \qquad \text{and} \qquad w = h = \sqrt{s_k s_{k+1}}$$

    Args:
        feature_size: (height, width) of the map in cells, as for `anchor_grid`.
        stride: pixels from one cell to the next, a positive number.
        scales: two or more rising numbers in pixels. Each but the last has a box of every ratio; and for each but the
            last there is the square between it and the next. SSD has two scales a map, its own and the next one's.
        ratios: widths over heights, positive numbers.

    Returns:
        Float tensor (H * W * A, 4), corners in pixels, with A = (len(scales) - 1) * (len(ratios) + 1). The order is
        row, column, scale, ratio, the square between after the ratios.

    Raises:
        ValueError: the scales do not rise, or an argument does not fit `anchor_grid`.

    Example:
        >>> default_boxes((1, 1), stride=8, scales=(4, 9), ratios=(1.0,)).numpy()  # 4 × 4; and √(4 · 9) = 6
        array([[2., 2., 6., 6.],
               [1., 1., 7., 7.]], dtype=float32)

    Reference:
        Liu et al., "SSD", 2015, arXiv 1512.02325, section 2.2, "choosing scales and aspect ratios for default boxes".
        There scales are shares of the image, which is always resized to 300 or 512 pixels.
    """
    scales = list(scales)
    if len(scales) < 2 or any(a >= b for a, b in itertools.pairwise(scales)):
        raise ValueError(f"scales must be two or more rising numbers in pixels. Received {scales!r}.")
    parts = []
    for scale, following in itertools.pairwise(scales):
        of_ratios = anchor_grid(feature_size, stride, (scale,), ratios)
        between = anchor_grid(feature_size, stride, (math.sqrt(scale * following),), (1.0,))
        parts += [ops.reshape(of_ratios, (-1, len(ratios), 4)), ops.reshape(between, (-1, 1, 4))]
    return ops.reshape(ops.concatenate(parts, axis=1), (-1, 4))
