"""Put the small masks that a network says for boxes to their places in the image."""

import numpy as np
from keras import ops

from cvkit.validation import check_shape


def paste_masks(masks, boxes, size, threshold=0.5):
    r"""Stretch each mask over its box, interpolated bilinearly, and keep the pixels where it reaches the threshold.

    A pixel with its centre at $(x + 1/2, y + 1/2)$, in a box from $x_1$ to $x_2$, reads an m × m mask at the column

    $$u = m\, \frac{x + 1/2 - x_1}{x_2 - x_1} - \frac12$$

    between the columns whose centres lie around it, and at a row likewise. Outside of the box nothing is set.

    Args:
        masks: float array (n, m, m), probabilities from 0 to 1.
        boxes: float array (n, 4), xyxy in pixels; they may reach outside of the image.
        size: (height, width) of the image in pixels.
        threshold: least probability of a pixel that is set.

    Returns:
        Bool array (n, height, width).

    Raises:
        ValueError: a shape does not fit.

    Example:
        >>> paste_masks([[[1.0, 0.0], [1.0, 0.0]]], [[1, 1, 5, 3]], size=(4, 6))[0].astype(int)
        array([[0, 0, 0, 0, 0, 0],
               [0, 1, 1, 0, 0, 0],
               [0, 1, 1, 0, 0, 0],
               [0, 0, 0, 0, 0, 0]])

    Reference:
        He et al., "Mask R-CNN", 2017, arXiv 1703.06870, section 3.1, "Inference".
    """
    masks, boxes = (np.asarray(ops.convert_to_numpy(value), "float64") for value in (masks, boxes))
    check_shape("masks", masks, ("n", "m", "m"), "a mask for each box")
    check_shape("boxes", boxes, (len(masks), 4), "a box for each mask, x1, y1, x2, y2 in pixels")
    if len(size) != 2:
        raise ValueError(f"size must be (height, width) of the image in pixels. Received {size!r}.")
    pasted = np.zeros((len(masks), *(int(side) for side in size)), bool)
    for image, mask, (x1, y1, x2, y2) in zip(pasted, masks, boxes, strict=True):
        rows = _weights(y1, y2, image.shape[0], mask.shape[0])  # (H, m)
        columns = _weights(x1, x2, image.shape[1], mask.shape[1])  # (W, m)
        inside = np.outer(rows.any(1), columns.any(1))
        image[:] = inside & (rows @ mask @ columns.T >= threshold)
    return pasted


def _weights(start, end, length, cells):
    """The weights (length, m) of a mask's cells along one axis for each pixel; zeros outside of the box."""
    centres = np.arange(length) + 0.5
    places = (cells * (centres - start) / max(end - start, 1e-9) - 0.5).clip(0, cells - 1)  # (length,)
    weights = (1 - abs(places[:, None] - np.arange(cells))).clip(0)
    return np.where(((centres >= start) & (centres < end))[:, None], weights, 0)
