"""Exercises of lesson 09: overlap of two boxes, non-maximum suppression a class, boxes in a mirror, the GIoU loss."""

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake


def box_iou(a, b):
    """Intersection over union of two boxes x1, y1, x2, y2."""
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    return width * height / (_area(a) + _area(b) - width * height)


def _area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


def _without_clipping(a, b):
    overlap = (min(a[2], b[2]) - max(a[0], b[0])) * (min(a[3], b[3]) - max(a[1], b[1]))
    return overlap / (_area(a) + _area(b) - overlap)


def _overlap(a, b):
    return box_iou(a, b) * (_area(a) + _area(b)) / (1 + box_iou(a, b))


def _last_pixel_counts(a, b):
    return box_iou([a[0], a[1], a[2] + 1, a[3] + 1], [b[0], b[1], b[2] + 1, b[3] + 1])


def _as_width_and_height(a, b):
    return box_iou([a[0], a[1], a[0] + a[2], a[1] + a[3]], [b[0], b[1], b[0] + b[2], b[1] + b[3]])


BOX_IOU = Exercise(
    id="box-iou",
    points=2,
    reference=box_iou,
    cases=(
        ([0.0, 0.0, 4.0, 2.0], [3.0, 1.0, 5.0, 3.0]),
        ([2.0, 1.0, 8.0, 9.0], [3.0, 4.0, 5.0, 6.0]),
        ([0.0, 0.0, 2.0, 2.0], [3.0, 4.0, 6.0, 7.0]),
        ([0.0, 0.0, 3.0, 3.0], [5.0, 1.0, 6.0, 2.0]),
    ),
    mistakes=(
        Mistake(
            _without_clipping,
            "You did not stop at zero: for boxes that do not overlap, the right edge minus the left one is negative, "
            "and two negative numbers make a positive area.",
        ),
        Mistake(
            lambda a, b: _overlap(a, b) / (_area(a) + _area(b)),
            "You divided by the sum of the areas. It counts the overlap twice; the union counts it once.",
        ),
        Mistake(
            lambda a, b: _overlap(a, b) / min(_area(a), _area(b)),
            "You divided by the smaller area. Then a small box inside a large one would score 1.",
        ),
        Mistake(
            _last_pixel_counts,
            "You added one pixel to each width and height, as old programs did. Here coordinates are real numbers, and "
            "a width is x2 - x1.",
        ),
        Mistake(
            _as_width_and_height,
            "You read the last two numbers as width and height. Here they are the lower right corner.",
        ),
    ),
)


def suppress_by_class(boxes, scores, classes, threshold):
    """Indices of the boxes kept, in order of falling score; boxes of different classes leave each other alone."""
    return _suppress(boxes, classes, threshold, np.argsort(-scores, kind="stable"))


def _suppress(boxes, classes, threshold, order, strikes=np.greater):
    order, kept = list(order), []
    while order:
        best = order.pop(0)
        kept.append(best)
        order = [k for k in order if not _struck(boxes, classes, best, k, threshold, strikes)]
    return kept


def _struck(boxes, classes, best, k, threshold, strikes=np.greater):
    return classes[k] == classes[best] and strikes(box_iou(boxes[best], boxes[k]), threshold)


def _least_sure_first(boxes, scores, classes, threshold):
    return _suppress(boxes, classes, threshold, np.argsort(scores, kind="stable"))


def _last_of_equals_first(boxes, scores, classes, threshold):
    return _suppress(boxes, classes, threshold, np.argsort(scores, kind="stable")[::-1])


def _any_class(boxes, scores, classes, threshold):
    return suppress_by_class(boxes, scores, np.zeros(len(boxes)), threshold)


def _from_the_threshold_on(boxes, scores, classes, threshold):
    order = np.argsort(-scores, kind="stable")
    return _suppress(boxes, classes, threshold, order, strikes=np.greater_equal)


def _struck_ones_strike(boxes, scores, classes, threshold):
    order = np.argsort(-scores, kind="stable")
    return [
        k
        for place, k in enumerate(order)
        if not any(_struck(boxes, classes, surer, k, threshold) for surer in order[:place])
    ]


def _by_index(boxes, scores, classes, threshold):
    return sorted(suppress_by_class(boxes, scores, classes, threshold))


def _places(boxes, scores, classes, threshold):
    order = np.argsort(-scores, kind="stable")
    return suppress_by_class(boxes[order], scores[order], classes[order], threshold)


# Steps of 4 pixels: boxes of 12 x 6 that overlap by 8, 4 or 0 columns, so IoU 1/2, 1/5 or 0.
_ROW = np.array([[x, 0.0, x + 12.0, 6.0] for x in (0, 4, 8, 40, 44)])
_ROW_SCORES = np.array([0.7, 0.8, 0.9, 0.6, 0.95])
_SAME = np.zeros(5, "int64")

SUPPRESS_BY_CLASS = Exercise(
    id="suppress-by-class",
    points=3,
    reference=suppress_by_class,
    cases=(
        (_ROW, _ROW_SCORES, _SAME, 0.3),
        (_ROW, _ROW_SCORES, np.array([0, 1, 0, 2, 2]), 0.1),
        (_ROW, _ROW_SCORES, _SAME, 0.5),
        (_ROW, np.array([0.9, 0.9, 0.9, 0.5, 0.5]), _SAME, 0.3),
        (np.zeros((0, 4)), np.zeros(0), np.zeros(0, "int64"), 0.5),
    ),
    mistakes=(
        Mistake(
            _least_sure_first,
            "You began with the least sure box. Each round keeps the surest one that is left: sort by falling score.",
        ),
        Mistake(
            _any_class,
            "A box struck out one of another class. Objects of two classes may well overlap: compare the classes, too.",
        ),
        Mistake(
            _from_the_threshold_on,
            "You struck out boxes whose IoU equals the threshold. Only those above it go.",
        ),
        Mistake(
            _last_of_equals_first,
            "Of boxes with equal scores you took the last one first. An ascending order read backwards does that; use "
            '`np.argsort(-scores, kind="stable")`.',
        ),
        Mistake(
            _struck_ones_strike,
            "A box that was struck out struck out others. Only boxes that are kept may: one that is gone says nothing.",
        ),
        Mistake(
            _by_index,
            "You kept the right boxes and sorted their indices. They must come in order of falling score.",
        ),
        Mistake(
            _places,
            "You returned places in the sorted order. Say which boxes these are: indices into `boxes` as it was given.",
        ),
    ),
)


def mirror_boxes(boxes, width):
    """Boxes x1, y1, x2, y2 after the image was mirrored, left for right."""
    x1, y1, x2, y2 = boxes.T
    return np.stack([width - x2, y1, width - x1, y2], axis=1)


_BOXES = np.array([[10.0, 20.0, 30.0, 60.0], [0.0, 5.0, 64.0, 6.0], [31.0, 0.0, 33.5, 64.0]])


def _last_pixel(boxes, width):
    return mirror_boxes(boxes, width - 1)


MIRROR_BOXES = Exercise(
    id="mirror-boxes",
    points=2,
    reference=mirror_boxes,
    cases=((_BOXES, 64.0), (_BOXES[:1], 100.0), (np.zeros((0, 4)), 64.0)),
    mistakes=(
        Mistake(
            lambda boxes, width: mirror_boxes(boxes, width)[:, [2, 1, 0, 3]],
            "Your left edges lie to the right of the right ones. After mirroring, the old right edge is the new left "
            "one: x1 becomes width - x2.",
        ),
        Mistake(
            lambda boxes, width: np.stack([boxes[:, 0], width - boxes[:, 3], boxes[:, 2], width - boxes[:, 1]], 1),
            "You turned the boxes upside down. Mirroring left for right changes x and leaves y.",
        ),
        Mistake(
            _last_pixel,
            "You subtracted from width - 1. That is right for the index of a pixel; edges of boxes lie between pixels, "
            "from 0 to width.",
        ),
        Mistake(
            lambda boxes, width: boxes.copy(),
            "You left the boxes where they were. The object has moved with the image.",
        ),
    ),
)


def giou_loss(truth, box):
    """One minus IoU, plus the share of the smallest box around both that neither of them covers."""
    union, around = _union(truth, box), _around(truth, box)
    return 1 - box_iou(truth, box) + (around - union) / around


def _union(a, b):
    return _area(a) + _area(b) - _overlap(a, b)


def _around(a, b):
    return (max(a[2], b[2]) - min(a[0], b[0])) * (max(a[3], b[3]) - min(a[1], b[1]))


GIOU_LOSS = Exercise(
    id="giou-loss",
    points=2,
    reference=giou_loss,
    cases=(
        ([0.0, 0.0, 2.0, 2.0], [8.0, 0.0, 10.0, 2.0]),
        ([0.0, 0.0, 4.0, 2.0], [3.0, 1.0, 5.0, 3.0]),
        ([0.0, 0.0, 8.0, 8.0], [2.0, 3.0, 4.0, 7.0]),
        ([0.0, 0.0, 2.0, 3.0], [5.0, 4.0, 6.0, 9.0]),
    ),
    mistakes=(
        Mistake(
            lambda a, b: 1 - box_iou(a, b),
            "That is the plain IoU loss. It is 1 for all boxes that do not touch; add the share of C that is empty.",
        ),
        Mistake(
            lambda a, b: box_iou(a, b) - (_around(a, b) - _union(a, b)) / _around(a, b),
            "You returned the GIoU itself, which is 1 for equal boxes. The loss is one minus that, and falls.",
        ),
        Mistake(
            lambda a, b: 1 - box_iou(a, b) - (_around(a, b) - _union(a, b)) / _around(a, b),
            "You subtracted the empty share. Then the loss falls as the boxes move apart.",
        ),
        Mistake(
            lambda a, b: 1 - box_iou(a, b) + (_around(a, b) - _union(a, b)) / _union(a, b),
            "You divided the empty part by the union. It is a share of C, the box around both.",
        ),
        Mistake(
            lambda a, b: 1 - box_iou(a, b) + (_around(a, b) - _overlap(a, b)) / _around(a, b),
            "You took the overlap off C. What is empty is all that neither box covers: C without the union.",
        ),
        Mistake(
            lambda a, b: 1 - box_iou(a, b) + (_around(a, b) - _area(a) - _area(b)) / _around(a, b),
            "You took the sum of both areas off C. Where the boxes overlap, it counts the overlap twice.",
        ),
    ),
)

EXERCISES = (BOX_IOU, SUPPRESS_BY_CLASS, MIRROR_BOXES, GIOU_LOSS)
