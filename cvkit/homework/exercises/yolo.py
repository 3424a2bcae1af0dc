"""Exercises of lesson 12: which cell answers for which object, the loss of one cell, the box of an anchor."""

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake


def who_answers(boxes, side, S):
    """Index (S, S) of the object of each cell, -1 for none; the largest of several, of equally large ones the first."""
    return _owners(boxes, (boxes[:, :2] + boxes[:, 2:]) / 2, side, S)


def _owners(boxes, points, side, S, larger_is_better=True):
    owners = np.full((S, S), -1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    for k in np.argsort(-areas if larger_is_better else areas, kind="stable"):
        column, row = np.minimum((points[k] * S / side).astype(int), S - 1)
        if owners[row, column] == -1:
            owners[row, column] = k
    return owners


def _rounded(boxes, side, S):
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    return _owners(boxes, np.round(centres * S / side) * side / S, side, S)


def _last_of_several(boxes, side, S):
    owners = np.full((S, S), -1)
    for k, (x, y) in enumerate((boxes[:, :2] + boxes[:, 2:]) / 2):
        owners[int(y * S / side), int(x * S / side)] = k
    return owners


def _first_of_several(boxes, side, S):
    order = np.arange(len(boxes))[::-1]
    owners = _last_of_several(boxes[order], side, S)
    return np.where(owners >= 0, len(boxes) - 1 - owners, -1)


def _every_cell_it_touches(boxes, side, S):
    owners = np.full((S, S), -1)
    for k in np.argsort(-(boxes[:, 2:] - boxes[:, :2]).prod(axis=1), kind="stable"):
        x1, y1, x2, y2 = boxes[k] * S / side
        block = owners[int(y1) : int(np.ceil(y2)), int(x1) : int(np.ceil(x2))]
        block[block == -1] = k
    return owners


_SCENE = np.array([[2.0, 4, 14, 12], [20, 1, 30, 9], [3, 2, 12, 13], [17, 18, 31, 30], [16, 3, 30, 14]])
_PAIR = np.array([[1.0, 1, 5, 5], [2, 2, 6, 6], [8, 9, 24, 23]])
_THREE_IN_ONE = np.array([[2.0, 2, 10, 10], [4, 4, 9, 9], [1, 1, 14, 14]])  # middle, small, large
_NEAR = np.array([[1.0, 9, 11, 13], [9, 20, 20, 30], [24, 2, 31, 9]])

WHO_ANSWERS = Exercise(
    id="who-answers",
    points=3,
    reference=who_answers,
    cases=(
        (_SCENE, 32, 2),
        (_SCENE[::-1].copy(), 32, 4),
        (_PAIR, 32, 4),
        (_THREE_IN_ONE, 32, 2),
        (_THREE_IN_ONE[[2, 1, 0]], 32, 2),
        (_NEAR, 32, 4),
        (_NEAR[:1], 32, 8),
    ),
    mistakes=(
        Mistake(
            lambda boxes, side, S: who_answers(boxes, side, S).T,
            "Rows and columns are swapped: the first index is the row, and the row comes from y.",
        ),
        Mistake(
            lambda boxes, side, S: _owners(boxes, boxes[:, :2], side, S),
            "You took the upper left corner of the box. The cell under its centre is responsible.",
        ),
        Mistake(
            _rounded,
            "You rounded to the nearest line of the grid. The cell that a centre lies in is found by rounding down.",
        ),
        Mistake(
            lambda boxes, side, S: _owners(boxes, (boxes[:, :2] + boxes[:, 2:]) / 2, side, S, False),
            "Of several objects in one cell you kept the smallest. Keep the one with the largest area.",
        ),
        Mistake(
            _last_of_several,
            "Of several objects in one cell you kept the last in the list. Keep the one with the largest area.",
        ),
        Mistake(
            _first_of_several,
            "Of several objects in one cell you kept the first in the list. Keep the one with the largest area.",
        ),
        Mistake(
            _every_cell_it_touches,
            "You gave an object every cell that it touches. Only the one under its centre is responsible.",
        ),
    ),
)


def cell_loss(target, boxes, confidences, overlaps, probabilities, label):
    """Place, size, object, no object and class (5,) of a cell with an object, as in YOLOv1."""
    return _terms(target, boxes, confidences, overlaps, probabilities, label)


def _terms(target, boxes, confidences, overlaps, probabilities, label, best=None, roots=np.sqrt, aim=None):
    best = np.argmax(overlaps) if best is None else best
    place = 5 * np.sum((boxes[best, :2] - target[:2]) ** 2)
    size = 5 * np.sum((boxes[best, 2:] - roots(target[2:])) ** 2)
    seen = (confidences[best] - (overlaps[best] if aim is None else aim)) ** 2
    unseen = 0.5 * np.sum(np.delete(confidences, best) ** 2)
    wanted = np.arange(len(probabilities)) == label
    return np.array([place, size, seen, unseen, np.sum((probabilities - wanted) ** 2)])


def _all_boxes_learn(target, boxes, confidences, overlaps, probabilities, label):
    parts = [_terms(target, boxes, confidences, overlaps, probabilities, label, k) for k in range(len(boxes))]
    terms = np.sum(parts, axis=0)
    terms[3:] = 0, parts[0][4]
    return terms


def _roots_twice(target, boxes, *rest):
    return cell_loss(target, np.concatenate([boxes[:, :2], np.sqrt(boxes[:, 2:])], axis=1), *rest)


def _responsible_is_told_off_too(target, boxes, confidences, *rest):
    terms = cell_loss(target, boxes, confidences, *rest)
    terms[3] = 0.5 * np.sum(confidences**2)
    return terms


def _no_weights(*arguments):
    return cell_loss(*arguments) / [5, 5, 1, 0.5, 1]


def _true_class_only(target, boxes, confidences, overlaps, probabilities, label):
    terms = cell_loss(target, boxes, confidences, overlaps, probabilities, label)
    terms[4] = (probabilities[label] - 1) ** 2
    return terms


_TARGET = np.array([0.5, 0.5, 0.25, 0.36])
_BOXES = np.array([[0.5, 0.6, 0.4, 0.6], [0.7, 0.5, 0.5, 0.5]])
_CLASSES = np.array([0.6, 0.3, 0.1])
_THREE = np.array([[0.2, 0.3, 0.3, 0.9], [0.9, 0.1, 0.6, 0.2], [0.4, 0.2, 0.8, 0.7]])

CELL_LOSS = Exercise(
    id="cell-loss",
    points=4,
    reference=cell_loss,
    cases=(
        (_TARGET, _BOXES, np.array([0.3, 0.4]), np.array([0.57, 0.49]), _CLASSES, 0),
        (_TARGET, _BOXES, np.array([0.8, 0.1]), np.array([0.2, 0.49]), _CLASSES, 2),
        (np.array([0.1, 0.3, 0.49, 0.64]), _THREE, np.array([0.5, 0.9, 0.2]), np.array([0.1, 0.3, 0.7]), _CLASSES, 1),
        (_TARGET, _BOXES[:1], np.array([0.3]), np.array([0.0]), np.array([0.2, 0.9]), 0),
        (_TARGET, _BOXES, np.array([0.3, 0.4]), np.array([0.5, 0.5]), _CLASSES, 1),
    ),
    mistakes=(
        Mistake(
            lambda *arguments: _terms(*arguments, best=int(np.argmax(arguments[2]))),
            "You took the surest box for the responsible one. It is the box with the highest IoU, sure or not.",
        ),
        Mistake(
            lambda *arguments: _terms(*arguments, roots=lambda sizes: sizes),
            "You compared roots with sizes. The network says roots; take the root of the target's width and height.",
        ),
        Mistake(
            _roots_twice,
            "You took roots of what the network says. Its numbers are roots already; only the target needs them.",
        ),
        Mistake(
            lambda *arguments: _terms(*arguments, aim=1.0),
            "You asked the responsible box for a confidence of 1. It should say its IoU with the object.",
        ),
        Mistake(
            _all_boxes_learn,
            "You let all boxes learn the object. Only the responsible one does; the others are told to be unsure.",
        ),
        Mistake(
            _responsible_is_told_off_too,
            "You counted the responsible box among those without an object, too. Leave it out of that sum.",
        ),
        Mistake(
            _no_weights,
            "The weights are missing: 5 for place and size, one half for the boxes without an object.",
        ),
        Mistake(
            _true_class_only,
            "You looked at the true class only. The others should be 0, and their squares count as well.",
        ),
    ),
)


def anchor_box(t, row, column, stride, anchor):
    """Corners (4,) of the box that an anchor's four numbers say."""
    return _box(_centre(t, row, column, stride), anchor * np.exp(t[2:]))


def _sigmoid(t):
    return 1 / (1 + np.exp(-t))


def _centre(t, row, column, stride, squash=_sigmoid):
    return stride * (np.array([column, row]) + squash(t[:2]))


def _box(centre, size):
    return np.concatenate([centre - size / 2, centre + size / 2])


def _offset_in_pixels(t, row, column, stride, anchor):
    return _box(stride * np.array([column, row]) + _sigmoid(t[:2]), anchor * np.exp(t[2:]))


def _from_the_corner(t, row, column, stride, anchor):
    corner = _centre(t, row, column, stride)
    return np.concatenate([corner, corner + anchor * np.exp(t[2:])])


def _whole_to_each_side(t, row, column, stride, anchor):
    return _box(_centre(t, row, column, stride), 2 * anchor * np.exp(t[2:]))


def _centre_and_size(t, row, column, stride, anchor):
    return np.concatenate([_centre(t, row, column, stride), anchor * np.exp(t[2:])])


_T = np.log([3.0, 3, 1.2, 1])
_SQUARE = np.array([20.0, 20])

ANCHOR_BOX = Exercise(
    id="anchor-box",
    points=3,
    reference=anchor_box,
    cases=(
        (_T, 3, 2, 8, _SQUARE),
        (np.zeros(4), 0, 5, 16, np.array([30.0, 12])),
        (np.array([-1.5, 0.4, 0.3, -0.7]), 6, 1, 8, np.array([15.0, 21])),
        (np.array([2.0, -2, -0.2, 0.5]), 2, 2, 32, np.array([60.0, 90])),
    ),
    mistakes=(
        Mistake(
            lambda t, row, column, stride, anchor: anchor_box(t, column, row, stride, anchor),
            "Row and column are swapped: x counts from the left, so it comes from the column, and y from the row.",
        ),
        Mistake(
            lambda t, row, column, stride, anchor: _box(
                _centre(t, row, column, stride, squash=np.asarray), anchor * np.exp(t[2:])
            ),
            "You took t_x and t_y as they are. The offset in the cell is their sigmoid.",
        ),
        Mistake(
            _offset_in_pixels,
            "You added the sigmoid as a number of pixels. It is a share of the cell: multiply it by the stride.",
        ),
        Mistake(
            lambda t, row, column, stride, anchor: _box(_centre(t, row, column, stride), anchor * t[2:]),
            "You multiplied the anchor by t_w and t_h. It is to be stretched by e to that power.",
        ),
        Mistake(
            lambda t, row, column, stride, anchor: _box(_centre(t, row, column, stride), stride * np.exp(t[2:])),
            "You stretched the cell. Width and height are those of the anchor, stretched.",
        ),
        Mistake(
            _from_the_corner,
            "You took the centre for the upper left corner. Half of the width and of the height go to each side of it.",
        ),
        Mistake(
            _whole_to_each_side,
            "The box is twice as large as it should be: half of the width and of the height go to each side.",
        ),
        Mistake(
            _centre_and_size,
            "You returned the centre and the size. Return the corners: x1, y1, x2, y2.",
        ),
    ),
)

EXERCISES = (WHO_ANSWERS, CELL_LOSS, ANCHOR_BOX)
