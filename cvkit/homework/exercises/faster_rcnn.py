"""Exercises of lesson 11: between the cells of a map, which anchor learns what, a milder suppression."""

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake


def between_cells(feature_map, y, x):
    """Value of a map (H, W) at the point (y, x), in cells from its corner; a cell's number belongs to its middle."""
    return _weighted(feature_map, y - 0.5, x - 0.5, lambda u: (1 - u, u))


def _weighted(feature_map, y, x, weights):
    """Weighted sum over the four cells around a point, given in cells from the middle of the first one."""
    rows, columns = feature_map.shape
    y, x = np.clip(y, 0, rows - 1), np.clip(x, 0, columns - 1)
    top, left = int(y), int(x)
    window = feature_map[np.ix_([top, min(top + 1, rows - 1)], [left, min(left + 1, columns - 1)])]
    return weights(y - top) @ window @ np.array(weights(x - left))


def _corners_for_middles(feature_map, y, x):
    return _weighted(feature_map, y, x, lambda u: (1 - u, u))


def _wrong_way_round(feature_map, y, x):
    return _weighted(feature_map, y - 0.5, x - 0.5, lambda u: (u, 1 - u))


def _plain_mean(feature_map, y, x):
    return _weighted(feature_map, y - 0.5, x - 0.5, lambda u: (0.5, 0.5))


def _the_cell_it_lies_in(feature_map, y, x):
    rows, columns = feature_map.shape
    return feature_map[min(int(y), rows - 1), min(int(x), columns - 1)]


def _zero_outside(feature_map, y, x):
    return between_cells(np.pad(feature_map, 1), y + 1, x + 1)


def _first_from_the_other_side(feature_map, y, x):
    last = np.pad(feature_map, ((1, 0), (1, 0)), mode="wrap")
    return between_cells(last, y + 1, x + 1)


_MAP = np.array([[0.0, 8.0, 4.0, 1.0], [16.0, 2.0, 32.0, 5.0], [1.0, 64.0, 3.0, 9.0]])

BETWEEN_CELLS = Exercise(
    id="between-cells",
    points=3,
    reference=between_cells,
    cases=(
        (_MAP, 1.25, 1.75),
        (_MAP, 1.9, 2.6),
        (_MAP, 1.5, 2.5),
        (_MAP, 0.2, 1.3),
        (_MAP, 0.9, 0.1),
        (_MAP, 2.8, 3.9),
    ),
    mistakes=(
        Mistake(
            _corners_for_middles,
            "You took the number of cell (i, j) to stand at (i, j), the cell's corner. It belongs to its middle, half "
            "a cell further down and to the right.",
        ),
        Mistake(
            _wrong_way_round,
            "Your weights are the wrong way round: the nearer a middle, the larger must be its weight.",
        ),
        Mistake(
            _plain_mean,
            "You gave the four cells equal weights. Then the point could move without being noticed; give each the "
            "more weight the nearer it is.",
        ),
        Mistake(
            _the_cell_it_lies_in,
            "You read the one cell that the point lies in. That is rounding, which RoIAlign does not do.",
        ),
        Mistake(
            lambda feature_map, y, x: between_cells(feature_map.T, y, x),
            "Rows and columns are swapped: y counts rows, the first index, and x columns.",
        ),
        Mistake(
            _zero_outside,
            "You took the map for zero outside. Nearer to the border than any middle, the border's cells count as if "
            "they went on.",
        ),
        Mistake(
            _first_from_the_other_side,
            "At the upper and left border you read the last row or column: -1 is an index in Python, too. Move the "
            "point to the nearest place between middles first.",
        ),
    ),
)


def label_anchors(overlaps, positive=0.7, negative=0.3):
    """Labels (N,) of anchors from their IoU (N, M) with the boxes: 1 positive, 0 negative, -1 ignored."""
    best = overlaps.max(axis=0)  # (M,)
    return _labels(overlaps, positive, negative, np.any((overlaps == best) & (best > 0), axis=1))


def _labels(overlaps, positive, negative, forced):
    most = overlaps.max(axis=1)  # (N,)
    labels = np.where(most < negative, 0, -1)
    labels[(most >= positive) | forced] = 1
    return labels


def _threshold_only(overlaps, positive=0.7, negative=0.3):
    return _labels(overlaps, positive, negative, np.zeros(len(overlaps), bool))


def _none_ignored(overlaps, positive=0.7, negative=0.3):
    return np.maximum(label_anchors(overlaps, positive, negative), 0)


def _forced_where_nothing_touches(overlaps, positive=0.7, negative=0.3):
    return _labels(overlaps, positive, negative, np.any(overlaps == overlaps.max(axis=0), axis=1))


def _one_best_only(overlaps, positive=0.7, negative=0.3):
    forced = np.zeros(len(overlaps), bool)
    forced[overlaps.argmax(axis=0)] = overlaps.max(axis=0) > 0
    return _labels(overlaps, positive, negative, forced)


def _the_best_of_all(overlaps, positive=0.7, negative=0.3):
    return _labels(overlaps, positive, negative, (overlaps.max(axis=1) == overlaps.max()) & (overlaps.max() > 0))


_OVERLAPS = np.array([[0.8, 0.1], [0.5, 0.2], [0.1, 0.25], [0.0, 0.05], [0.3, 0.0], [0.29, 0.1]])
_UNTOUCHED = np.array([[0.75, 0.0, 0.4], [0.2, 0.0, 0.45], [0.1, 0.0, 0.0], [0.0, 0.0, 0.3]])
_TIES = np.array([[0.25, 0.0], [0.25, 0.1], [0.1, 0.6], [0.0, 0.6]])

LABEL_ANCHORS = Exercise(
    id="label-anchors",
    points=3,
    reference=label_anchors,
    cases=((_OVERLAPS,), (_UNTOUCHED,), (_TIES,), (_OVERLAPS, 0.5, 0.2)),
    mistakes=(
        Mistake(
            _threshold_only,
            "You left out the second line of the rule. A box whose best anchor has an IoU below `positive` would have "
            "no anchor at all, and would never be learned.",
        ),
        Mistake(
            _none_ignored,
            "You ignored none. An anchor with an IoU between the two thresholds is neither object nor background; "
            "it gets -1.",
        ),
        Mistake(
            _forced_where_nothing_touches,
            "You made anchors positive for a box that none of them touches. There every anchor has the largest IoU, "
            "which is 0.",
        ),
        Mistake(
            _the_best_of_all,
            "You took the largest IoU of the whole table. Each box has a best anchor of its own: the maximum of its "
            "column.",
        ),
        Mistake(
            _one_best_only,
            "Of several anchors that overlap with a box equally well, you took only the first. The second line takes "
            "all that tie.",
        ),
        Mistake(
            lambda overlaps, positive=0.7, negative=0.3: np.where(
                overlaps.max(axis=1) <= negative, 0, label_anchors(overlaps, positive, negative)
            ),
            "You let the negative line overrule the others, or counted an IoU of exactly `negative` as below it. What "
            "is positive stays positive.",
        ),
    ),
)


def soft_nms(overlaps, scores, threshold=0.3):
    """Scores (N,) after a soft suppression; `overlaps` (N, N) holds the boxes' IoU with each other."""
    return _rounds(overlaps, scores, threshold, lambda overlap: 1 - overlap)


def _rounds(overlaps, scores, threshold, factor):
    scores, left = np.array(scores, "float64"), list(range(len(scores)))
    while left:
        best = max(left, key=lambda k: scores[k])
        left.remove(best)
        for other in left:
            if overlaps[best, other] > threshold:
                scores[other] *= factor(overlaps[best, other])
    return scores


def _order_of_the_start(overlaps, scores, threshold=0.3):
    order, result = np.argsort(-np.asarray(scores), kind="stable"), np.array(scores, "float64")
    for place, best in enumerate(order):
        for other in order[place + 1 :]:
            if overlaps[best, other] > threshold:
                result[other] *= 1 - overlaps[best, other]
    return result


def _all_at_once(overlaps, scores, threshold=0.3):
    scores = np.asarray(scores, "float64")
    counts = (scores[:, None] > scores[None, :]) & (overlaps > threshold)
    return scores * np.where(counts, 1 - overlaps, 1).min(axis=0)


_BOXES = np.array([[1, 0.6, 0.5, 0.0], [0.6, 1, 0.4, 0.2], [0.5, 0.4, 1, 0.35], [0.0, 0.2, 0.35, 1]])
_SCORES = np.array([0.9, 0.8, 0.7, 0.6])

SOFT_NMS = Exercise(
    id="soft-nms",
    points=3,
    reference=soft_nms,
    cases=(
        (_BOXES, _SCORES),
        (_BOXES, _SCORES[::-1].copy(), 0.45),
        (_BOXES[:2, :2], _SCORES[:2]),
        (_BOXES[:1, :1], _SCORES[:1]),
    ),
    mistakes=(
        Mistake(
            lambda overlaps, scores, threshold=0.3: _rounds(overlaps, scores, threshold, lambda overlap: 0),
            "You set the scores to zero: that is the ordinary suppression. Multiply them by one minus the IoU.",
        ),
        Mistake(
            lambda overlaps, scores, threshold=0.3: _rounds(overlaps, scores, threshold, lambda overlap: overlap),
            "You multiplied by the IoU. Then the boxes that overlap most keep most of their score; it should be one "
            "minus the IoU.",
        ),
        Mistake(
            _order_of_the_start,
            "You went through the boxes in the order of the scores they started with. After each round the scores have "
            "changed: take the highest as it stands then.",
        ),
        Mistake(
            lambda overlaps, scores, threshold=0.3: soft_nms(overlaps, scores, -1.0),
            "You lowered every score. A box whose IoU with the best one is at most `threshold` keeps its own.",
        ),
        Mistake(
            _all_at_once,
            "You compared every box with all others at once. A box can be lowered several times, and by the time it is "
            "its turn, it may have fallen behind.",
        ),
    ),
)

EXERCISES = (BETWEEN_CELLS, LABEL_ANCHORS, SOFT_NMS)
