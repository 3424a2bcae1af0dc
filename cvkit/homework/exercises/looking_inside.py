"""Exercises of lesson 07: unpooling with switches, guided backpropagation's ReLU, Grad-CAM."""

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake


def unpool(values, switches, height, width):
    """Each value at the position of its switch, zero elsewhere; values that meet are added."""
    result = np.zeros((height, width))
    for value, switch in zip(values.flat, switches.flat, strict=True):
        result[switch // width, switch % width] += value
    return result


def _overwritten(values, switches, height, width):
    result = np.zeros(height * width)
    result[switches.ravel()] = values.ravel()
    return result.reshape(height, width)


def _column_by_column(values, switches, height, width):
    return unpool(values, switches, width, height).T


def _counted_from_one(values, switches, height, width):
    return unpool(values, np.maximum(switches - 1, 0), height, width)


def _in_the_corners(values, switches, height, width):
    result = np.zeros((height, width))
    result[:: height // len(values), :: width // len(values[0])] = values
    return result


UNPOOL = Exercise(
    id="unpool",
    points=2,
    reference=unpool,
    cases=(
        (np.array([[5.0, 8], [7, 9]]), np.array([[1, 6], [8, 11]]), 4, 4),
        (np.array([[3.0, 4, 1]]), np.array([[7, 7, 3]]), 2, 6),
    ),
    mistakes=(
        Mistake(
            _overwritten,
            "Where two switches name the same position you kept one value. Windows overlap there: add the values. "
            "With `result[switches] += values` NumPy adds only once; use a loop or `np.add.at`.",
        ),
        Mistake(
            _column_by_column,
            "You counted the positions column by column. A switch counts line by line: row = switch // width.",
        ),
        Mistake(_counted_from_one, "You counted the positions from 1. The first position of a map is number 0."),
        Mistake(
            lambda values, switches, height, width: (
                _in_the_corners(values, switches, height, width)
                if height % len(values) == width % len(values[0]) == 0
                else None
            ),
            "You put each value into the first position of its window. Its switch says where in the window it belongs.",
        ),
    ),
)


def guided_relu(x, g):
    """Slopes pass where the unit was active and where they are positive."""
    return np.where((x > 0) & (g > 0), g, 0.0)


GUIDED_RELU = Exercise(
    id="guided-relu",
    points=2,
    reference=guided_relu,
    cases=(
        (np.array([-1.0, 2.0, 3.0, -4.0, 0.5]), np.array([5.0, 6.0, -7.0, -8.0, 0.25])),
        (np.array([[1.0, -1.0], [2.0, -2.0]]), np.array([[-1.0, 3.0], [4.0, -5.0]])),
    ),
    mistakes=(
        Mistake(
            lambda x, g: g * (x > 0),
            "That is the plain gradient: it passes negative slopes too. Guided backpropagation cuts them off.",
        ),
        Mistake(
            lambda x, g: np.maximum(g, 0),
            "That is the deconvnet's rule: it does not ask whether the unit was active, x > 0.",
        ),
        Mistake(
            lambda x, g: np.maximum(x, 0) * (g > 0),
            "You passed the inputs on. What flows back are the slopes g.",
        ),
        Mistake(
            lambda x, g: np.abs(g) * (x > 0),
            "You took the size of the slopes. Negative ones are dropped, not turned round.",
        ),
    ),
)


def class_activation(maps, slopes):
    """Maps weighted by their mean slope, summed, cut off at zero."""
    weights = slopes.mean(axis=(0, 1))  # (K,)
    return np.maximum((maps * weights).sum(axis=-1), 0)


_RNG = np.random.default_rng(7)

CLASS_ACTIVATION = Exercise(
    id="class-activation",
    points=3,
    reference=class_activation,
    cases=(
        (np.array([[[1.0, 2.0], [3.0, 0.0]]]), np.array([[[1.0, -3.0], [2.0, 1.0]]])),
        (_RNG.normal(size=(3, 2, 4)).round(1), _RNG.normal(size=(3, 2, 4)).round(1)),
    ),
    mistakes=(
        Mistake(
            lambda maps, slopes: maps @ slopes.mean(axis=(0, 1)),
            "You left out the last step: cut the sum off at zero, so that only evidence for the class stays.",
        ),
        Mistake(
            lambda maps, slopes: np.maximum((maps * slopes).sum(axis=-1), 0),
            "You multiplied position by position. Grad-CAM gives each map one weight, its mean slope.",
        ),
        Mistake(
            lambda maps, slopes: np.maximum(maps * slopes.mean(axis=(0, 1)), 0).sum(axis=-1),
            "You cut each weighted map off before adding them. Add first: evidence against the class counts, too.",
        ),
        Mistake(
            lambda maps, slopes: np.maximum(maps @ slopes.sum(axis=(0, 1)), 0),
            "You added the slopes of a map up. Take their mean.",
        ),
        Mistake(
            lambda maps, slopes: maps @ np.maximum(slopes.mean(axis=(0, 1)), 0),
            "You cut the weights off at zero. It is the weighted sum that is cut off.",
        ),
    ),
)

EXERCISES = (UNPOOL, GUIDED_RELU, CLASS_ACTIVATION)
