"""Which track goes with which detection: overlaps, and the assignment that costs least."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from cvkit.tracking.frames import read_boxes


def pairwise_iou(boxes1, boxes2):
    """Intersection over union of every pair: `cvkit.detection.iou` in NumPy and float64, without a tensor's overhead.

    Args:
        boxes1: float array (N, 4), corners x1, y1, x2, y2 in pixels, with x1 < x2 and y1 < y2.
        boxes2: float array (M, 4), likewise.

    Returns:
        float64 (N, M).

    Raises:
        ValueError: an input is no such array.

    Example:
        >>> pairwise_iou([[0, 0, 2, 2]], [[0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 6]]).round(3)
        array([[1.   , 0.143, 0.   ]])
    """
    boxes1, boxes2 = read_boxes("boxes1", boxes1), read_boxes("boxes2", boxes2)
    corner1 = np.maximum(boxes1[:, None, :2], boxes2[None, :, :2])  # (N, M, 2)
    corner2 = np.minimum(boxes1[:, None, 2:], boxes2[None, :, 2:])  # (N, M, 2)
    intersection = (corner2 - corner1).clip(0).prod(-1)  # (N, M)
    area1, area2 = ((boxes[:, 2:] - boxes[:, :2]).prod(1) for boxes in (boxes1, boxes2))
    return intersection / (area1[:, None] + area2 - intersection)


def assign(cost, max_cost, most_pairs=False):
    r"""Pair rows with columns, each at most once, so that the sum of the costs is least.

    $$\min_{\text{pairings}} \; \sum_{(i, j)} c_{ij} + c_{\max} \cdot (\text{rows or columns left without a partner})$$

    whichever of rows and columns are fewer. A pair above `max_cost` is never made: leaving both alone costs less. The
    greedy way, best pair first, may leave a bad pair to the end; this is the optimum, which SciPy finds.

    Args:
        cost: float array (N, M); infinity or NaN where a pair is out of the question.
        max_cost: the largest cost of a pair. Equal is enough.
        most_pairs: first make as many pairs as can be, and only then at the least cost, as tracking metrics do.

    Returns:
        int64 (K, 2): row and column of each pair, by rows.

    Raises:
        ValueError: `cost` is no matrix, or `max_cost` is not a finite number.

    Example:
        >>> cost = [[0.1, 0.2], [0.2, 0.9]]  # greedy takes the 0.1, and pays 0.9 for the rest
        >>> assign(cost, max_cost=1).tolist()
        [[0, 1], [1, 0]]
        >>> assign(cost, max_cost=0.15).tolist()
        [[0, 0]]

    Reference:
        Kuhn, "The Hungarian Method for the Assignment Problem", 1955; the cost of no pair is that of DeepSORT's code.
        SORT and DeepSORT (arXiv 1602.00763, 1703.07402) are written as an assignment whose bad pairs are then thrown
        away; there a bad pair may still have pushed aside a good one.
    """
    cost = np.asarray(cost, "float64")
    if cost.ndim != 2:
        raise ValueError(f"cost must have shape (N, M), a row for each track. Received shape {cost.shape}.")
    if not np.isfinite(max_cost):
        raise ValueError(f"max_cost must be a finite number. Received {max_cost!r}.")
    allowed = cost <= max_cost
    if not allowed.any():
        return np.zeros((0, 2), "int64")
    price = max_cost + 1e-5  # a pair just at the limit is better than none
    if most_pairs:  # more than all pairs that it could make cheaper are worth
        price = 2 * min(cost.shape) * (np.abs(cost[allowed]).max() + 1) + 1
    rows, columns = linear_sum_assignment(np.where(allowed, cost, price))
    made = allowed[rows, columns]
    return np.stack([rows[made], columns[made]], axis=1)
