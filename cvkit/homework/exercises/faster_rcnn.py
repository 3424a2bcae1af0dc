"""Exercises of lesson 11: the anchors of one position, which anchor learns what, a milder suppression."""

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake


def anchors_at(x, y, scales, ratios):
    """Anchors (A, 4) around a point: corners, scale by scale, each with all ratios (width over height)."""
    sizes = [(scale * np.sqrt(ratio), scale / np.sqrt(ratio)) for scale in scales for ratio in ratios]
    return _around(x, y, sizes)


def _around(x, y, sizes):
    half, centre = np.array(sizes) / 2, np.array([x, y])
    return np.concatenate([centre - half, centre + half], axis=1)


def _ratio_without_root(x, y, scales, ratios):
    return _around(x, y, [(scale * ratio, scale / ratio) for scale in scales for ratio in ratios])


def _corner_at_the_point(x, y, scales, ratios):
    sides = anchors_at(0, 0, scales, ratios)[:, 2:] * 2
    corner = np.array([x, y]) + np.zeros_like(sides)
    return np.concatenate([corner, corner + sides], axis=1)


def _centre_and_size(x, y, scales, ratios):
    sides = anchors_at(0, 0, scales, ratios)[:, 2:] * 2
    return np.concatenate([np.array([x, y]) + np.zeros_like(sides), sides], axis=1)


ANCHORS_AT = Exercise(
    id="anchors-at",
    points=2,
    reference=anchors_at,
    cases=(
        (50.0, 40.0, (16, 32), (0.25, 1.0, 4.0)),
        (28.0, 36.0, (12, 20, 32), (0.5, 1.0, 2.0)),
        (0.0, 8.0, (10,), (2.0,)),
    ),
    mistakes=(
        Mistake(
            _ratio_without_root,
            "Your anchors of ratio r are r² times as wide as high. Multiply and divide by the square root of the "
            "ratio: then the quotient is r, and the area stays the scale squared.",
        ),
        Mistake(
            lambda x, y, scales, ratios: _around(x, y, [(s * r, s) for s in scales for r in ratios]),
            "Your anchors have the right shape, but their areas depend on the ratio. The area is the scale squared, "
            "whatever the ratio.",
        ),
        Mistake(
            lambda x, y, scales, ratios: anchors_at(y, x, scales, ratios)[:, [1, 0, 3, 2]],
            "Width and height are swapped: the ratio is width over height, so a ratio of 2 is a wide box.",
        ),
        Mistake(
            lambda x, y, scales, ratios: _around(
                x, y, [(s * np.sqrt(r), s / np.sqrt(r)) for r in ratios for s in scales]
            ),
            "The anchors are right and their order is not: first the first scale with all ratios, then the second.",
        ),
        Mistake(
            _corner_at_the_point,
            "Your anchors begin at the point. It is their centre: go half a width to the left and half to the right.",
        ),
        Mistake(
            _centre_and_size,
            "You returned centre, width and height. The answer should be the corners x1, y1, x2, y2.",
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
            "Of several anchors that overlap with a box equally well, you took only the first. All of them are as much "
            "as any does.",
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

EXERCISES = (ANCHORS_AT, LABEL_ANCHORS, SOFT_NMS)
