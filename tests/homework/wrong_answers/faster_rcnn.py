"""Wrong answers to the exercises of lesson 11."""

import numpy as np


def boxes_around(x, y, shapes):
    return np.array([[x - w / 2, y - h / 2, x + w / 2, y + h / 2] for w, h in shapes])


def no_root(x, y, scales, ratios):
    return boxes_around(x, y, [(s * r, s / r) for s in scales for r in ratios])


def only_wider(x, y, scales, ratios):
    return boxes_around(x, y, [(s * r, s) for s in scales for r in ratios])


def height_over_width(x, y, scales, ratios):
    return boxes_around(x, y, [(s / r**0.5, s * r**0.5) for s in scales for r in ratios])


def ratios_first(x, y, scales, ratios):
    return boxes_around(x, y, [(s * r**0.5, s / r**0.5) for r in ratios for s in scales])


def centre_and_sides(x, y, scales, ratios):
    return np.array([[x, y, s * r**0.5, s / r**0.5] for s in scales for r in ratios])


def by_threshold(overlaps, positive=0.7, negative=0.3):
    labels = np.full(len(overlaps), -1)
    labels[overlaps.max(1) < negative] = 0
    labels[overlaps.max(1) >= positive] = 1
    return labels


def with_best(overlaps, positive=0.7, negative=0.3):
    labels = by_threshold(overlaps, positive, negative)
    for column in overlaps.T:
        labels[column == column.max()] = 1
    return labels


def nobody_ignored(overlaps, positive=0.7, negative=0.3):
    labels = np.zeros(len(overlaps), int)
    labels[overlaps.max(1) >= positive] = 1
    for column in overlaps.T:
        if column.max() > 0:
            labels[column == column.max()] = 1
    return labels


def one_each(overlaps, positive=0.7, negative=0.3):
    labels = by_threshold(overlaps, positive, negative)
    for column in overlaps.T:
        if column.max() > 0:
            labels[np.argmax(column)] = 1
    return labels


def in_rounds(overlaps, scores, threshold, change, again=True):
    scores = np.array(scores, float)
    order = list(np.argsort(-scores))
    while order:
        if again:
            order.sort(key=lambda k: -scores[k])
        best = order.pop(0)
        for k in order:
            if overlaps[best, k] > threshold:
                scores[k] = change(scores[k], overlaps[best, k])
    return scores


def struck_out(overlaps, scores, threshold=0.3):
    return in_rounds(overlaps, scores, threshold, lambda score, overlap: 0.0)


def times_overlap(overlaps, scores, threshold=0.3):
    return in_rounds(overlaps, scores, threshold, lambda score, overlap: score * overlap)


def never_sorted_again(overlaps, scores, threshold=0.3):
    return in_rounds(overlaps, scores, threshold, lambda score, overlap: score * (1 - overlap), again=False)


def no_threshold(overlaps, scores, threshold=0.3):
    return in_rounds(overlaps, scores, -1, lambda score, overlap: score * (1 - overlap))


WRONG = {
    "anchors-at": [
        (no_root, "square root of the"),
        (only_wider, "areas depend on the ratio"),
        (height_over_width, "Width and height are swapped"),
        (ratios_first, "their order is not"),
        (centre_and_sides, "centre, width and height"),
    ],
    "label-anchors": [
        (by_threshold, "second line of the rule"),
        (with_best, "none of them touches"),
        (nobody_ignored, "ignored none"),
        (one_each, "only the first"),
    ],
    "soft-nms": [
        (struck_out, "ordinary suppression"),
        (times_overlap, "multiplied by the IoU"),
        (never_sorted_again, "scores they started with"),
        (no_threshold, "lowered every score"),
    ],
}
