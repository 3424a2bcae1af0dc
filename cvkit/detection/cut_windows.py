"""Cut windows out of an image, each scaled to one size."""

import math

import numpy as np
from PIL import Image

from cvkit.validation import check_positive, check_shape


def cut_windows(image, boxes, size):
    """Windows of an image, scaled to squares by a triangle filter as wide as the scaling asks for (Pillow's BILINEAR).

    What lies outside of the image continues its border.

    Args:
        image: uint8 array (H, W, 3).
        boxes: float array (N, 4), xyxy in pixels, with x1 < x2 and y1 < y2.
        size: side of the windows in pixels.

    Returns:
        uint8 array (N, size, size, 3).

    Raises:
        ValueError: boxes is not (N, 4), a box has no area, or size is not a positive integer.

    Example:
        >>> image = np.zeros((4, 6, 3), "uint8")
        >>> image[:, 3:] = 200
        >>> cut_windows(image, [[0, 0, 2, 2], [2, 1, 4, 3]], size=2)[..., 0].tolist()
        [[[0, 0], [0, 0]], [[0, 200], [0, 200]]]
    """
    check_positive("size", size, "pixels", integer=True)
    boxes = np.asarray(boxes, "float64")
    check_shape("boxes", boxes, ("N", 4), "windows as corners x1, y1, x2, y2", "Pass boxes[None] for one.")
    if (boxes[:, 2:] <= boxes[:, :2]).any():
        raise ValueError("boxes must have x1 < x2 and y1 < y2. Put the corners in order, or leave such boxes out.")
    if not len(boxes):
        return np.zeros((0, size, size, 3), "uint8")
    height, width = image.shape[:2]
    beyond = max(0, -boxes.min(), (boxes[:, 2] - width).max(), (boxes[:, 3] - height).max())
    margin = math.ceil(beyond)
    picture = Image.fromarray(np.pad(image, [(margin, margin), (margin, margin), (0, 0)], mode="edge"))
    cuts = (picture.resize((size, size), Image.Resampling.BILINEAR, box=tuple(box)) for box in boxes + margin)
    return np.stack([np.asarray(cut) for cut in cuts])
