"""Calibration patterns: of a few ways in which a window may be off, a network says which, and the window is mended."""

import itertools

import numpy as np

from cvkit.validation import check_shape

CALIBRATION_PATTERNS = np.array(
    list(itertools.product((0.83, 0.91, 1.0, 1.10, 1.21), (-0.17, 0.0, 0.17), (-0.17, 0.0, 0.17)))
)


def mend_boxes(boxes, patterns):
    r"""Boxes after calibration: each is moved and scaled as its pattern (s, a, b) says.

    $$x' = x - \frac{a\,w}{s}, \qquad y' = y - \frac{b\,h}{s}, \qquad w' = \frac{w}{s}, \qquad h' = \frac{h}{s}$$

    x and y are the upper left corner, w and h width and height.

    Args:
        boxes: float array (N, 4), corners x1, y1, x2, y2 in pixels.
        patterns: float array (N, 3), rows s, a, b, or one row for all.

    Returns:
        Float array (N, 4).

    Raises:
        ValueError: boxes is not (N, 4).

    Example:
        >>> mend_boxes([[10, 10, 20, 20]], [[0.5, 0.2, 0.0]])
        array([[ 6., 10., 26., 30.]])

    Reference:
        Li et al., "A Convolutional Neural Network Cascade for Face Detection", CVPR 2015, section 3.2, equations 1, 2.
    """
    corner, size, scale, move = _parts(boxes, patterns)
    corner = corner - move * size / scale
    return np.concatenate([corner, corner + size / scale], axis=1)


def spoil_boxes(boxes, patterns):
    """The boxes that `mend_boxes` with these patterns would turn into the ones given: to train calibration on.

    Args, Returns, Raises:
        as for `mend_boxes`.

    Example:
        >>> spoil_boxes([[6, 10, 26, 30]], [[0.5, 0.2, 0.0]])
        array([[10., 10., 20., 20.]])
    """
    corner, size, scale, move = _parts(boxes, patterns)
    corner = corner + move * size
    return np.concatenate([corner, corner + size * scale], axis=1)


def average_pattern(probabilities, threshold=0.1):
    r"""Mean of the patterns that are likely enough, for each box.

    $$[s, a, b] = \frac{1}{Z} \sum_n [s_n, a_n, b_n]\; I(c_n > t), \qquad Z = \sum_n I(c_n > t)$$

    Args:
        probabilities: float array (N, 45), c, how likely each of `CALIBRATION_PATTERNS` is.
        threshold: t. Where no pattern is above it, the likeliest one is taken.

    Returns:
        Float array (N, 3), rows s, a, b.

    Raises:
        ValueError: probabilities is not (N, 45).

    Example:
        >>> sure = np.zeros((1, 45))
        >>> sure[0, [22, 31]] = 0.6, 0.4  # patterns 22 and 31 are (1, 0, 0) and (1.1, 0, 0)
        >>> average_pattern(sure).round(3)
        array([[1.05, 0.  , 0.  ]])

    Reference:
        Li et al., CVPR 2015, section 3.2, equations 3, 4. They do not say what becomes of a box without any.
    """
    probabilities = np.asarray(probabilities)
    check_shape("probabilities", probabilities, ("N", len(CALIBRATION_PATTERNS)), "one for each pattern")
    chosen = probabilities > threshold
    chosen |= ~chosen.any(axis=1, keepdims=True) & (probabilities == probabilities.max(axis=1, keepdims=True))
    return chosen @ CALIBRATION_PATTERNS / chosen.sum(axis=1, keepdims=True)


def _parts(boxes, patterns):
    boxes = np.asarray(boxes, "float64")
    check_shape("boxes", boxes, ("N", 4), "corners x1, y1, x2, y2", "Pass boxes[None] for one.")
    patterns = np.broadcast_to(np.asarray(patterns, "float64"), (len(boxes), 3))
    return boxes[:, :2], boxes[:, 2:] - boxes[:, :2], patterns[:, :1], patterns[:, 1:]
