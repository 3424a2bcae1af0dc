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


def corners(x, y, w, h):
    return np.array([x - w / 2, y - h / 2, x + w / 2, y + h / 2])


def squash(value):
    return np.exp(value) / (np.exp(value) + 1)


def swapped(t, row, column, stride, anchor):
    tx, ty, tw, th = t
    x, y = (row + squash(tx)) * stride, (column + squash(ty)) * stride
    return corners(x, y, anchor[0] * np.exp(tw), anchor[1] * np.exp(th))


def unsquashed(t, row, column, stride, anchor):
    tx, ty, tw, th = t
    return corners((column + tx) * stride, (row + ty) * stride, anchor[0] * np.exp(tw), anchor[1] * np.exp(th))


def few_pixels(t, row, column, stride, anchor):
    tx, ty, tw, th = t
    x, y = column * stride + squash(tx), row * stride + squash(ty)
    return corners(x, y, anchor[0] * np.exp(tw), anchor[1] * np.exp(th))


def no_power(t, row, column, stride, anchor):
    tx, ty, tw, th = t
    return corners((column + squash(tx)) * stride, (row + squash(ty)) * stride, anchor[0] * tw, anchor[1] * th)


def cell_stretched(t, row, column, stride, anchor):
    tx, ty, tw, th = t
    x, y = (column + squash(tx)) * stride, (row + squash(ty)) * stride
    return corners(x, y, stride * np.exp(tw), stride * np.exp(th))


def corner_first(t, row, column, stride, anchor):
    tx, ty, tw, th = t
    x, y = (column + squash(tx)) * stride, (row + squash(ty)) * stride
    return np.array([x, y, x + anchor[0] * np.exp(tw), y + anchor[1] * np.exp(th)])


def middle_and_size(t, row, column, stride, anchor):
    tx, ty, tw, th = t
    x, y = (column + squash(tx)) * stride, (row + squash(ty)) * stride
    return np.array([x, y, anchor[0] * np.exp(tw), anchor[1] * np.exp(th)])


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
    "anchor-box": [
        (swapped, "Row and column are swapped"),
        (unsquashed, "as they are"),
        (few_pixels, "number of pixels"),
        (no_power, "e to that power"),
        (cell_stretched, "stretched the cell"),
        (corner_first, "upper left corner"),
        (middle_and_size, "Return the corners"),
    ],
}
