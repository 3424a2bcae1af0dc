"""Precision and recall down a ranking, and the average precisions that are made of them. NumPy."""

import numpy as np

RULES = ("coco", "voc", "voc07")


def precision_recall(right, num_objects):
    r"""Precision and recall after each detection of a ranking.

    $$\mathrm{precision}_n = \frac{\mathrm{right}_n}{n}, \qquad
    \mathrm{recall}_n = \frac{\mathrm{right}_n}{\mathrm{objects}}$$

    Args:
        right: bool array (..., N): is the n-th detection, from the highest score down, right?
        num_objects: how many objects there were to find, at least 1.

    Returns:
        (precision, recall): float64 arrays (..., N).

    Example:
        >>> precision, recall = precision_recall(np.array([True, False, True]), 4)
        >>> precision.round(2), recall
        (array([1.  , 0.5 , 0.67]), array([0.25, 0.25, 0.5 ]))
    """
    found = np.cumsum(right, -1)
    return found / np.arange(1, right.shape[-1] + 1), found / num_objects


def average_precision(right, wrong, num_objects, rule):
    r"""Area under the curve of precision over recall, by one of three rules.

    Each averages, over a number of recalls r, the best precision at that recall or a higher one:

    $$\mathrm{AP} = \frac{1}{|R|} \sum_{r \in R} \max_{\tilde r \ge r} \mathrm{precision}(\tilde r)$$

    - "voc07": R = 0, 0.1, ..., 1 (eleven points; VOC 2007 to 2009).
    - "voc": every recall there can be, 1 / objects, 2 / objects, ..., 1. This is the area under it (VOC 2010 on).
    - "coco": R = 0, 0.01, ..., 1 (101 points).

    A recall that is not reached has precision zero.

    Args:
        right: bool array (..., N), along the last axis from the highest score down.
        wrong: bool array (..., N). A detection that is neither is ignored.
        num_objects: how many objects there were to find, at least 1.
        rule: "coco", "voc" or "voc07".

    Returns:
        Float64 array (...).

    Example:
        >>> right = np.array([True, False, True])
        >>> {rule: average_precision(right, ~right, 4, rule).round(3).item() for rule in RULES}
        {'coco': 0.422, 'voc': 0.417, 'voc07': 0.455}

    Reference:
        Everingham et al., "The PASCAL Visual Object Classes (VOC) Challenge", 2010, section 4.2; the VOC 2012
        development kit; Lin et al., "Microsoft COCO", 2014, arXiv 1405.0312. The eleven recalls are compared as whole
        numbers, so that 3 objects of 10 reach 0.3; in floating point 3 × 0.1 is a little more than that.
    """
    found = np.cumsum(right, -1)  # (..., N)
    precision = found / np.maximum(found + np.cumsum(wrong, -1), 1)
    best = np.maximum.accumulate(precision[..., ::-1], -1)[..., ::-1]  # at this recall or a higher one
    best = np.concatenate([best, np.zeros((*best.shape[:-1], 1))], -1)  # (..., N + 1): the last is for what is missed
    needed = _objects_needed(num_objects, rule)  # (R,)
    # One search for all rows: each is shifted beyond the end of the one before.
    rows, length = int(np.prod(found.shape[:-1])), found.shape[-1]
    shift = np.arange(rows)[:, None] * (length + 1)  # (rows, 1)
    reached = np.minimum(needed, length + 1) + shift  # (rows, R)
    if length == 0:
        return np.zeros(found.shape[:-1])
    flat = (found.reshape(rows, length) + shift).ravel()
    place = np.searchsorted(flat, reached) - np.arange(rows)[:, None] * length  # (rows, R), length where never
    return np.take_along_axis(best.reshape(rows, length + 1), place, 1).mean(-1).reshape(found.shape[:-1])


def _objects_needed(num_objects, rule):
    # How many objects must have been found for each recall of the rule; for recall 0 the first one.
    if rule == "voc":
        return np.arange(1, num_objects + 1)
    if rule == "voc07":
        return np.maximum(-(-np.arange(11) * num_objects // 10), 1)
    recalls = np.arange(num_objects + 1) / num_objects
    return np.maximum(np.searchsorted(recalls, np.linspace(0, 1, 101)), 1)
