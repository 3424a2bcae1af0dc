"""The tight frame around each mask."""

import numpy as np

from cvkit.validation import check_shape


def mask_boxes(masks):
    """Boxes around masks, as narrow as can be.

    Args:
        masks: bool array (n, H, W).

    Returns:
        float32 array (n, 4): xyxy in pixels, so that a single pixel at row 0 and column 0 has 0, 0, 1, 1. An empty mask
        has a box of zeros.

    Raises:
        ValueError: masks are not (n, H, W).

    Example:
        >>> mask_boxes(np.array([[[0, 1, 1], [0, 0, 1]], [[0, 0, 0], [0, 0, 0]]], bool))
        array([[1., 0., 3., 2.],
               [0., 0., 0., 0.]], dtype=float32)
    """
    masks = np.asarray(masks)
    check_shape("masks", masks, ("n", "H", "W"), "a mask for each object", "Pass masks[None] for one.")
    boxes = np.zeros((len(masks), 4), "float32")
    for box, mask in zip(boxes, masks, strict=True):
        rows, columns = mask.any(axis=1).nonzero()[0], mask.any(axis=0).nonzero()[0]
        if len(rows):
            box[:] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return boxes
