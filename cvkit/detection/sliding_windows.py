"""Sliding windows: every place of a box of one size in an image."""

import numpy as np
from keras import ops

from cvkit.validation import check_positive


def sliding_windows(image_size, window, stride):
    r"""Boxes of one size, a stride apart, that lie wholly inside the image.

    $$n = \Big\lfloor \frac{H - h}{s} \Big\rfloor + 1 \quad\text{rows, and so many columns with } W \text{ and } w$$

    Args:
        image_size: (height, width) of the image in pixels, positive integers.
        window: (height, width) of the boxes, positive integers, or one integer for both.
        stride: pixels from one box to the next, a positive integer, or a pair (down, across).

    Returns:
        Float tensor (N, 4), corners, row by row. A window larger than the image fits nowhere: (0, 4). For several sizes
        and shapes join the boxes of several calls.

    Raises:
        ValueError: an argument is not one or two positive integers.

    Example:
        >>> sliding_windows((3, 4), window=(3, 2), stride=1).numpy()
        array([[0., 0., 2., 3.],
               [1., 0., 3., 3.],
               [2., 0., 4., 3.]], dtype=float32)

    Reference:
        Sermanet et al., "OverFeat", 2013, arXiv 1312.6229, section 3; a convolution with "valid" padding has as many
        positions.
    """
    (height, width), (window_height, window_width), (down, across) = (
        _pair(*argument) for argument in (("image_size", image_size), ("window", window), ("stride", stride))
    )
    top, left = np.meshgrid(
        np.arange(0, height - window_height + 1, down), np.arange(0, width - window_width + 1, across), indexing="ij"
    )  # (rows, columns) each
    boxes = np.stack([left, top, left + window_width, top + window_height], axis=-1)  # (rows, columns, 4)
    return ops.convert_to_tensor(boxes.reshape(-1, 4), dtype="float32")


def _pair(name, value):
    one = isinstance(value, int) and name != "image_size"
    pair = (value, value) if one else value
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ValueError(f"{name} must be (height, width) in pixels. Received {value!r}.")
    for side in pair:
        check_positive(name, side, "pixels", integer=True)
    return pair
