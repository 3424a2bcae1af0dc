"""Exercises of lesson 09: overlap of boxes, their number, boxes in a mirror, dense weights as a kernel."""

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


def count_boxes(height, width, smallest=1):
    """Boxes with whole-pixel corners in an image, sides at least `smallest`."""

    def places(side):
        return sum(side - size + 1 for size in range(smallest, side + 1))

    return places(height) * places(width)


COUNT_BOXES = Exercise(
    id="count-boxes",
    points=2,
    reference=count_boxes,
    cases=((2, 3, 1), (5, 4, 2), (7, 7, 1), (6, 9, 3)),
    mistakes=(
        Mistake(
            lambda h, w, smallest=1: sum((h - b) * (w - a) for b in range(smallest, h) for a in range(smallest, w)),
            "You left out one position for each size: a box of width w fits into a row of W pixels at W - w + 1 "
            "places.",
        ),
        Mistake(
            lambda h, w, smallest=1: (h - smallest + 1) * (w - smallest + 1),
            "You counted the boxes of the smallest size only. Sum over all heights and widths.",
        ),
        Mistake(
            lambda h, w, smallest=1: sum((h - a + 1) * (w - a + 1) for a in range(smallest, min(h, w) + 1)),
            "You counted only squares. Height and width vary independently: it takes two sums.",
        ),
        Mistake(
            lambda h, w, smallest=1: count_boxes(h, w),
            "You started at size 1 whatever `smallest` says.",
        ),
        Mistake(
            lambda h, w, smallest=1: (h - smallest + 1) * (w - smallest + 1) * h * w,
            "You multiplied the number of sizes by the number of pixels. Large boxes have fewer places than small "
            "ones.",
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


def dense_to_kernel(weights, height, width):
    """Weights (height * width * channels, units) of a dense layer as a kernel (height, width, channels, units)."""
    return weights.reshape(height, width, -1, weights.shape[1])


_WEIGHTS = np.arange(2 * 3 * 4 * 5.0).reshape(24, 5)


def _channels_first(weights, height, width):
    return np.moveaxis(weights.reshape(-1, height, width, weights.shape[1]), 0, 2)


DENSE_TO_KERNEL = Exercise(
    id="dense-to-kernel",
    points=2,
    reference=dense_to_kernel,
    cases=((_WEIGHTS, 2, 3), (_WEIGHTS, 3, 2), (_WEIGHTS[:, :2], 4, 2)),
    mistakes=(
        Mistake(
            _channels_first,
            "You took the channels for the slowest axis. Keras flattens maps (height, width, channels), so the channel "
            "changes fastest.",
        ),
        Mistake(
            lambda weights, h, w: weights.reshape(w, h, -1, weights.shape[1]),
            "Height and width are swapped. The first axis of a kernel is its height.",
        ),
        Mistake(
            lambda weights, h, w: dense_to_kernel(weights, h, w)[::-1, ::-1],
            "You turned the kernel over. Keras' convolution does not: it multiplies where it lies.",
        ),
        Mistake(
            lambda weights, h, w: weights.T.reshape(h, w, -1, weights.shape[1]),
            "You transposed the weights first. They are already (inputs, units), with the units last as in a kernel.",
        ),
    ),
)

EXERCISES = (BOX_IOU, COUNT_BOXES, MIRROR_BOXES, DENSE_TO_KERNEL)
