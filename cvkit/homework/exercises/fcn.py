"""Exercises of lesson 15: stamping, mean IoU with a label to ignore, the weights of bilinear interpolation."""

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake


def stamp(values, kernel, stride):
    """Transposed convolution of one map (h, w) with one kernel (k, l): ((h - 1) stride + k, (w - 1) stride + l)."""
    return _stamp(values, kernel, stride)


def _stamp(values, kernel, stride, overwrite=False):
    values, kernel = np.asarray(values, "float64"), np.asarray(kernel, "float64")
    height, width = ((n - 1) * stride + k for n, k in zip(values.shape, kernel.shape, strict=True))
    result = np.zeros((height, width))
    for (i, j), value in np.ndenumerate(values):
        part = result[i * stride : i * stride + kernel.shape[0], j * stride : j * stride + kernel.shape[1]]
        part[:] = value * kernel + (0 if overwrite else part)
    return result


def _side_by_side(values, kernel, stride):
    return np.kron(values, kernel)


def _cut_off(values, kernel, stride):
    height, width = (n * stride for n in np.shape(values))
    return _stamp(values, kernel, stride)[:height, :width]


_VALUES = np.array([[1.0, 2.0, -1.0], [3.0, 0.5, 4.0]])
_KERNEL = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 5.0], [2.0, 4.0, 7.0]])
_WIDE = np.array([[1.0, 2.0, 3.0, 4.0], [0.5, -1.0, 2.0, 6.0]])

STAMP = Exercise(
    id="stamp",
    points=3,
    reference=stamp,
    cases=(
        (np.array([[10.0, 100.0]]), np.array([[1.0, 2.0, 3.0]]), 2),
        (_VALUES, _KERNEL, 2),
        (_VALUES, _KERNEL, 1),
        (_VALUES.T, _WIDE, 2),
        (_VALUES, _WIDE.T, 2),
    ),
    mistakes=(
        Mistake(
            lambda values, kernel, stride: _stamp(values, kernel, stride, overwrite=True),
            "Where stamps overlap, your later one replaces the earlier. They add up.",
        ),
        Mistake(
            _side_by_side,
            "You set the stamps side by side, a kernel's size apart. The next stamp begins `stride` further on, and "
            "may overlap.",
        ),
        Mistake(
            lambda values, kernel, stride: _stamp(values, np.asarray(kernel)[::-1, ::-1], stride),
            "Your kernel is turned by 180 degrees. Stamp it as it stands. (It is turned where the same is computed as "
            "an ordinary convolution.)",
        ),
        Mistake(
            lambda values, kernel, stride: _stamp(values, kernel, 1),
            "Your stamps lie one pixel apart, whatever the stride.",
        ),
        Mistake(
            _cut_off,
            "Your result ends `stride` pixels after the beginning of the last stamp. It must hold the whole of it: "
            "(h - 1) * stride + the kernel's height rows, and columns likewise.",
        ),
    ),
)


def mean_iou(targets, predictions, num_classes, ignore_label):
    """Mean over the classes of intersection over union, without the pixels whose target is `ignore_label`."""
    counted = np.asarray(targets) != ignore_label
    return _mean_iou(np.asarray(targets)[counted], np.asarray(predictions)[counted], num_classes)


def _mean_iou(targets, predictions, num_classes, absent=np.nan, union=None):
    union = union or (lambda true, said, both: true + said - both)
    values = []
    for k in range(num_classes):
        true, said, both = np.sum(targets == k), np.sum(predictions == k), np.sum((targets == k) & (predictions == k))
        whole = union(true, said, both)
        values.append(both / whole if whole else absent)
    return np.nanmean(values)


def _known(function):
    """The same of the pixels that count."""

    def of_counted(targets, predictions, num_classes, ignore_label):
        counted = np.asarray(targets) != ignore_label
        return function(np.asarray(targets)[counted], np.asarray(predictions)[counted], num_classes)

    return of_counted


_TARGETS = np.array([[0, 0, 1, 1], [0, 9, 1, 2], [9, 0, 2, 2]])
_SAID = np.array([[0, 1, 1, 1], [0, 1, 0, 2], [2, 0, 2, 1]])
_NO_TWO = np.array([[0, 0, 1], [1, 9, 9]]), np.array([[0, 1, 1], [1, 1, 0]])
_ONLY_SAID = np.array([[0, 0, 1], [1, 9, 1]]), np.array([[0, 2, 1], [1, 2, 1]])

MEAN_IOU = Exercise(
    id="mean-iou",
    points=3,
    reference=mean_iou,
    cases=((_TARGETS, _SAID, 3, 9), (*_NO_TWO, 3, 9), (*_ONLY_SAID, 3, 9), (_TARGETS % 9, _SAID, 3, 255)),
    mistakes=(
        Mistake(
            lambda targets, predictions, num_classes, ignore_label: _mean_iou(
                np.asarray(targets), np.asarray(predictions), num_classes
            ),
            "Pixels without a label count in your unions: what was said there makes them larger. Leave these pixels "
            "out before you count anything.",
        ),
        Mistake(
            _known(lambda targets, predictions, num_classes: _mean_iou(targets, predictions, num_classes, absent=0.0)),
            "A class that is neither true nor said anywhere counts as 0 in your mean. It has no IoU: leave it out.",
        ),
        Mistake(
            _known(
                lambda targets, predictions, num_classes: _mean_iou(
                    targets, predictions, num_classes, union=lambda true, said, both: true
                )
            ),
            "You divided by the pixels of the class. That is the share of them that was found; the union also holds "
            "the pixels that were said to be of the class and are not.",
        ),
        Mistake(
            _known(
                lambda targets, predictions, num_classes: _mean_iou(
                    targets, predictions, num_classes, union=lambda true, said, both: true + said
                )
            ),
            "Your union counts the pixels twice that are in both sets. Subtract the intersection.",
        ),
        Mistake(
            _known(lambda targets, predictions, num_classes: np.mean(targets == predictions)),
            "That is the pixel accuracy. Ask each class by itself, and take the mean over the classes.",
        ),
    ),
)


def bilinear_weights(size, factor):
    """Weights of `size` pixels in a row `factor` times as long, by bilinear interpolation: (factor * size, size)."""
    return _hats((np.arange(factor * size) + 0.5) / factor - 0.5, size)


def _hats(places, size, clip=True):
    places = np.clip(places, 0, size - 1) if clip else places
    return np.maximum(0.0, 1 - np.abs(places[:, None] - np.arange(size)))


def _nearest(size, factor):
    return np.repeat(np.eye(size), factor, axis=0)


BILINEAR_WEIGHTS = Exercise(
    id="bilinear-weights",
    points=2,
    reference=bilinear_weights,
    cases=((2, 3), (2, 2), (4, 2), (3, 4), (5, 1), (1, 3)),
    mistakes=(
        Mistake(
            lambda size, factor: _hats((np.arange(factor * size) + 0.5) / factor - 0.5, size, clip=False),
            "Your weights in the first and last rows do not add up to 1: the places there lie outside of the centres. "
            "Clip x to the range from 0 to size - 1.",
        ),
        Mistake(
            lambda size, factor: _hats(np.arange(factor * size) / factor, size),
            "You divided the pixel's number by the factor. A pixel's centre lies half a pixel further, in the large "
            "map and in the small one: x = (i + 1/2) / factor - 1/2.",
        ),
        Mistake(
            lambda size, factor: _hats(np.arange(factor * size) * (size - 1) / max(factor * size - 1, 1), size),
            "You set the first and the last centres of both maps on each other. Here the maps' *borders* agree, and "
            "the centres lie half a pixel inside.",
        ),
        Mistake(
            _nearest,
            "You repeat the nearest pixel. Between two centres both pixels count, each the more the closer it is.",
        ),
        Mistake(
            lambda size, factor: bilinear_weights(size, factor).T,
            "Your matrix is transposed. It has a row for each *large* pixel and a column for each small one.",
        ),
    ),
)

EXERCISES = (STAMP, MEAN_IOU, BILINEAR_WEIGHTS)
