"""How well the outlines of a segmentation lie, which areas hardly show: the boundary F-score."""

from typing import NamedTuple

import numpy as np
from scipy.ndimage import binary_erosion, distance_transform_edt

from cvkit.segmentation.label_maps import read_label_maps
from cvkit.validation import check_positive


class BoundaryScore(NamedTuple):
    """F-score, precision and recall of a boundary, from 0 to 1; NaN where neither mask has one."""

    f: float
    precision: float
    recall: float


def boundary(mask, ignored=None):
    """Pixels of a mask that have a neighbour outside of it: above, below, on the left or on the right.

    Beyond the image's border nothing is known, so a mask that reaches the border has no boundary there. The same holds
    for pixels that are ignored: they are neither inside nor outside.

    Args:
        mask: bool array (H, W).
        ignored: bool array (H, W), or None.

    Returns:
        Bool array (H, W).

    Raises:
        ValueError: a shape does not fit.

    Example:
        >>> boundary(np.array([[0, 0, 0, 0], [1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0]], bool)).astype(int)
        array([[0, 0, 0, 0],
               [1, 1, 1, 0],
               [0, 0, 1, 0],
               [0, 0, 1, 0]])
    """
    mask = _mask("mask", mask)
    unknown = np.zeros_like(mask) if ignored is None else _mask("ignored", ignored, mask.shape)
    inside = binary_erosion(mask | unknown, border_value=1)
    return mask & ~unknown & ~inside


def boundary_f_score(target, prediction, tolerance=2, ignored=None):
    r"""Share of two masks' boundary pixels that lie close to each other.

    With $B_t$ and $B_p$ the boundary pixels of the true and of the predicted mask, and $\theta$ the tolerance:

    $$P = \frac{|\{p \in B_p : d(p, B_t) \le \theta\}|}{|B_p|}, \qquad
      R = \frac{|\{t \in B_t : d(t, B_p) \le \theta\}|}{|B_t|}, \qquad F = \frac{2 P R}{P + R}$$

    $d$ is the distance between pixels' centres, as the crow flies.

    Args:
        target: bool array (H, W).
        prediction: bool array (H, W).
        tolerance: $\theta$ in pixels, above 0. A common choice is 0.75 per cent of the image's diagonal, 4.5 pixels of
            480 × 360.
        ignored: bool array (H, W) of pixels that do not count, or None; see `boundary`.

    Returns:
        (f, precision, recall), floats, by these names too. All are NaN if neither mask has a boundary, and 0 if only
        one of them has.

    Raises:
        ValueError: a shape does not fit, or the tolerance is not positive.

    Example:
        >>> target, prediction = np.zeros((2, 8, 8), bool)
        >>> target[:, :4] = prediction[:, :6] = True  # two upright edges, two pixels apart
        >>> boundary_f_score(target, prediction, tolerance=1).f, boundary_f_score(target, prediction, tolerance=2).f
        (0.0, 1.0)

    Reference:
        Csurka et al., "What is a good evaluation measure for semantic segmentation?", BMVC 2013, section 3, with the
        tolerance above; Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation",
        CVPR 2016, section 4, take about 0.8 per cent and call it F. Here a boundary is the outermost pixels of a mask,
        and nothing is rounded.
    """
    check_positive("tolerance", tolerance, "a distance in pixels")
    target = _mask("target", target)
    edges = [boundary(target, ignored), boundary(_mask("prediction", prediction, target.shape), ignored)]
    if not any(edge.any() for edge in edges):
        return BoundaryScore(np.nan, np.nan, np.nan)
    if not all(edge.any() for edge in edges):
        return BoundaryScore(0.0, 0.0, 0.0)
    from_target, from_prediction = (distance_transform_edt(~edge) for edge in edges)
    precision = float((from_target[edges[1]] <= tolerance).mean())
    recall = float((from_prediction[edges[0]] <= tolerance).mean())
    f = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return BoundaryScore(f, precision, recall)


def boundary_f_scores(targets, predictions, num_classes, tolerance=2, ignore_label=None):
    """The boundary F-score of every class in every image.

    The mean over an image's classes, and then over images, is that of Csurka et al.; `np.nanmean(scores, axis=0)`
    gives a mean for each class.

    Args:
        targets: integer array (N, H, W), the true class of each pixel.
        predictions: integer array (N, H, W).
        num_classes: K; classes count from 0 to K - 1.
        tolerance: in pixels, above 0; see `boundary_f_score`.
        ignore_label: label of target pixels that do not count, or None.

    Returns:
        float64 array (N, K); NaN for a class that has no boundary in the image, neither a true nor a predicted one.

    Raises:
        ValueError: the shapes differ or are not (N, H, W), a label is out of range, or the tolerance is not positive.

    Example:
        >>> maps = np.array([[[0, 0, 1, 1], [0, 0, 1, 1]]])
        >>> boundary_f_scores(maps, maps, num_classes=3)
        array([[ 1.,  1., nan]])

    Reference:
        Csurka et al., "What is a good evaluation measure for semantic segmentation?", BMVC 2013, section 3.
    """
    check_positive("num_classes", num_classes, "classes of the pixels", integer=True)
    targets, predictions, counted = read_label_maps(targets, predictions, num_classes, ignore_label)
    if targets.ndim != 3:
        raise ValueError(f"targets must have shape (N, H, W). Received {targets.shape}. Pass targets[None] for one.")
    scores = np.full((len(targets), num_classes), np.nan)
    for n, (target, prediction, known) in enumerate(zip(targets, predictions, counted, strict=True)):
        for k in range(num_classes):
            scores[n, k] = boundary_f_score(target == k, prediction == k, tolerance, ~known).f
    return scores


def _mask(name, mask, shape=None):
    mask = np.asarray(mask)
    if mask.ndim != 2 or mask.dtype != bool or (shape is not None and mask.shape != shape):
        wanted = "(H, W)" if shape is None else shape
        raise ValueError(
            f"{name} must be a bool array of shape {wanted}. Received {mask.dtype} of shape {mask.shape}. "
            "For a map of class numbers pass maps == k."
        )
    return mask
