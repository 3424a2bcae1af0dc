"""Anchors chosen from the data: k-means on the sizes of the true boxes, with the IoU as the measure."""

import numpy as np

from cvkit.validation import check_positive, check_shape

STARTS = 10  # times that it begins anew
ROUNDS = 300  # at most, each time


def kmeans_anchors(sizes, k, seed=0):
    r"""The k shapes that stand best for the boxes of a data set.

    Only shapes are compared: two boxes are laid on one corner. Their distance is

    $$d(A, B) = 1 - \mathrm{IoU}(A, B), \qquad
      \mathrm{IoU} = \frac{\min(w_a, w_b) \min(h_a, h_b)}{w_a h_a + w_b h_b - \min(w_a, w_b) \min(h_a, h_b)}$$

    With the Euclidean distance a large box that is a little off would count more than a small one that is wholly off.
    As in every k-means, each box goes to its nearest anchor and each anchor then to the mean of its boxes, until no box
    changes. It begins ten times with k of the boxes, and the best end is kept.

    Args:
        sizes: N pairs of width and height (N, 2), positive numbers, in pixels or any other unit.
        k: number of anchors, at most the number of different sizes.
        seed: of the boxes that it begins with.

    Returns:
        (anchors, mean_iou): float64 (k, 2), widths and heights, sorted by area; and the mean, over the boxes, of the
        IoU with their nearest anchor. The order of the sizes does not matter.

    Raises:
        ValueError: sizes is not (N, 2) positive numbers, or there are fewer different ones than anchors asked for.

    Example:
        >>> anchors, mean_iou = kmeans_anchors([[10, 10], [12, 10], [30, 60], [30, 50]], 2)
        >>> anchors.tolist(), round(mean_iou, 3)  # IoU 10/11, 11/12, 11/12 and 10/11
        ([[11.0, 10.0], [30.0, 55.0]], 0.913)

    Reference:
        Redmon and Farhadi, "YOLO9000", 2016, arXiv 1612.08242, section 2, "dimension clusters", and table 1: on VOC
        2007 a mean IoU of 0.61 with five anchors and 0.67 with nine. The paper does not say how it begins.
    """
    sizes = _checked(sizes, k)
    random = np.random.default_rng(seed)
    different = np.unique(sizes, axis=0)
    starts = [different[random.choice(len(different), k, replace=False)] for _ in range(STARTS)]
    ends = [_settle(sizes, anchors) for anchors in starts]
    anchors = max(ends, key=lambda end: mean_best_iou(sizes, end))
    order = np.lexsort((anchors[:, 0], anchors.prod(axis=1)))
    return anchors[order], mean_best_iou(sizes, anchors)


def mean_best_iou(sizes, anchors):
    """Mean over `sizes` (N, 2) of the IoU with the nearest of `anchors` (K, 2), all on one corner."""
    return float(_shape_iou(np.asarray(sizes, "float64"), np.asarray(anchors, "float64")).max(axis=1).mean())


def _settle(sizes, anchors):
    nearest = None
    for _ in range(ROUNDS):
        before, nearest = nearest, _shape_iou(sizes, anchors).argmax(axis=1)  # (N,)
        if np.array_equal(before, nearest):
            break
        members = nearest == np.arange(len(anchors))[:, None]  # (K, N)
        count = members.sum(axis=1, keepdims=True)  # (K, 1)
        anchors = np.where(count > 0, members @ sizes / np.maximum(count, 1), anchors)  # one without boxes stays
    return anchors


def _shape_iou(sizes, anchors):
    overlap = np.minimum(sizes[:, None], anchors).prod(axis=2)  # (N, K)
    return overlap / (sizes.prod(axis=1)[:, None] + anchors.prod(axis=1) - overlap)


def _checked(sizes, k):
    check_positive("k", k, "the number of anchors", integer=True)
    sizes = np.asarray(sizes, "float64")
    check_shape("sizes", sizes, ("N", 2), "width and height of each box")
    bad = sizes[~((sizes > 0) & np.isfinite(sizes)).all(axis=1)]
    if len(bad):
        raise ValueError(f"sizes must be positive numbers. Received {bad[0].tolist()}: leave boxes without area out.")
    different = len(np.unique(sizes, axis=0))
    if k > different:
        raise ValueError(f"k must be at most the number of different sizes, {different}. Received {k}.")
    return sizes[np.lexsort(sizes.T)]  # one order, so that sums of floats are the same too
