"""Wrong answers to the exercises of lesson 12."""

import numpy as np


def fill(boxes, side, S, place, better):
    grid = -np.ones((S, S), int)
    for k, box in enumerate(boxes):
        row, column = place(box, side / S)
        old = grid[row, column]
        if old < 0 or better(box, boxes[old]):
            grid[row, column] = k
    return grid


def area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


def under_centre(box, cell):
    return int((box[1] + box[3]) / 2 // cell), int((box[0] + box[2]) / 2 // cell)


def larger(new, old):
    return area(new) > area(old)


def x_first(boxes, side, S):
    return fill(boxes, side, S, lambda box, cell: under_centre(box, cell)[::-1], larger)


def corner(boxes, side, S):
    return fill(boxes, side, S, lambda box, cell: (int(box[1] // cell), int(box[0] // cell)), larger)


def to_nearest(boxes, side, S):
    def place(box, cell):
        row, column = np.round([(box[1] + box[3]) / 2 / cell, (box[0] + box[2]) / 2 / cell])
        return min(int(row), S - 1), min(int(column), S - 1)

    return fill(boxes, side, S, place, larger)


def the_last(boxes, side, S):
    return fill(boxes, side, S, under_centre, lambda new, old: True)


def the_first(boxes, side, S):
    return fill(boxes, side, S, under_centre, lambda new, old: False)


def the_smallest(boxes, side, S):
    return fill(boxes, side, S, under_centre, lambda new, old: area(new) < area(old))


def five(target, boxes, confidences, overlaps, probabilities, label, pick=None, roots=True, aim=None):
    j = int(np.argmax(overlaps if pick is None else pick))
    x, y, w, h = target
    if roots:
        w, h = w**0.5, h**0.5
    a, b, c, d = boxes[j]
    others = sum(confidences[k] ** 2 for k in range(len(boxes)) if k != j)
    truth = np.eye(len(probabilities))[label]
    aim = overlaps[j] if aim is None else aim
    return np.array(
        [
            5 * ((a - x) ** 2 + (b - y) ** 2),
            5 * ((c - w) ** 2 + (d - h) ** 2),
            (confidences[j] - aim) ** 2,
            others / 2,
            ((probabilities - truth) ** 2).sum(),
        ]
    )


def surest(target, boxes, confidences, overlaps, probabilities, label):
    return five(target, boxes, confidences, overlaps, probabilities, label, pick=confidences)


def no_roots(target, boxes, confidences, overlaps, probabilities, label):
    return five(target, boxes, confidences, overlaps, probabilities, label, roots=False)


def certain(target, boxes, confidences, overlaps, probabilities, label):
    return five(target, boxes, confidences, overlaps, probabilities, label, aim=1)


def without_weights(target, boxes, confidences, overlaps, probabilities, label):
    return five(target, boxes, confidences, overlaps, probabilities, label) * np.array([0.2, 0.2, 1, 2, 1])


def everyone_unsure(target, boxes, confidences, overlaps, probabilities, label):
    terms = five(target, boxes, confidences, overlaps, probabilities, label)
    terms[3] = (confidences**2).sum() / 2
    return terms


def one_class(target, boxes, confidences, overlaps, probabilities, label):
    terms = five(target, boxes, confidences, overlaps, probabilities, label)
    terms[4] = (1 - probabilities[label]) ** 2
    return terms


def k_means(sizes, anchors, likeness, empty=None):
    groups = [[] for _ in anchors]
    for size in sizes:
        values = [likeness(size, anchor) for anchor in anchors]
        groups[values.index(max(values))].append(size)
    return np.array(
        [
            np.mean(g, axis=0) if g else (anchor if empty is None else empty)
            for g, anchor in zip(groups, anchors, strict=True)
        ]
    )


def overlap(a, b):
    shared = min(a[0], b[0]) * min(a[1], b[1])
    return shared / (a[0] * a[1] + b[0] * b[1] - shared)


def euclid(sizes, anchors):
    return k_means(sizes, anchors, lambda a, b: -np.hypot(a[0] - b[0], a[1] - b[1]))


def shared_area(sizes, anchors):
    return k_means(sizes, anchors, lambda a, b: min(a[0], b[0]) * min(a[1], b[1]))


def farthest(sizes, anchors):
    return k_means(sizes, anchors, lambda a, b: -overlap(a, b))


def zero_when_empty(sizes, anchors):
    return k_means(sizes, anchors, overlap, empty=np.zeros(2))


WRONG = {
    "who-answers": [
        (x_first, "Rows and columns are swapped"),
        (corner, "upper left corner"),
        (to_nearest, "rounding down"),
        (the_last, "the last in the list"),
        (the_first, "the first in the list"),
        (the_smallest, "kept the smallest"),
    ],
    "cell-loss": [
        (surest, "surest box"),
        (no_roots, "compared roots with sizes"),
        (certain, "confidence of 1"),
        (without_weights, "weights are missing"),
        (everyone_unsure, "Leave it out"),
        (one_class, "true class only"),
    ],
    "anchor-round": [
        (euclid, "distance in pixels"),
        (shared_area, "areas shared"),
        (farthest, "lowest IoU"),
        (zero_when_empty, "stays as it was"),
    ],
}
