"""Exercises of lesson 07: unpooling with switches, three ways back through a ReLU, Grad-CAM, the share of the mass."""

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


def relu_backward(z, g, rule):
    """Slopes pass where the unit was active (gradient), where they are positive (deconvnet), or where both holds."""
    kept = {"gradient": z > 0, "deconvnet": g > 0, "guided": (z > 0) & (g > 0)}[str(rule)]
    return np.where(kept, g, 0.0)


_OTHER = {"gradient": "deconvnet", "deconvnet": "gradient", "guided": "guided"}
_Z, _G = np.array([-1.0, 2.0, 3.0, -4.0, 0.5]), np.array([5.0, 6.0, -7.0, -8.0, 0.25])

RELU_BACKWARD = Exercise(
    id="relu-backward",
    points=2,
    reference=relu_backward,
    cases=((_Z, _G, "gradient"), (_Z, _G, "deconvnet"), (_Z, _G, "guided")),
    mistakes=(
        Mistake(
            lambda z, g, rule: relu_backward(z, g, "guided"),
            "You always took the rule of guided backpropagation. The other two make one cut each: look at `rule`.",
        ),
        Mistake(
            lambda z, g, rule: relu_backward(z, g, _OTHER[rule]),
            "You swapped two rules. The gradient asks whether the unit was active, z > 0; the deconvnet whether the "
            "slope is positive, g > 0.",
        ),
        Mistake(
            lambda z, g, rule: relu_backward(z, g, "guided" if rule == "deconvnet" else rule),
            "Your deconvnet asks whether the unit was active, z > 0. It looks only at what arrives from above.",
        ),
        Mistake(
            lambda z, g, rule: np.where(relu_backward(z, g, rule) != 0, z, 0.0),
            "You passed the inputs on. What flows back are the slopes g.",
        ),
        Mistake(
            lambda z, g, rule: abs(g) * (z > 0) if rule == "guided" else relu_backward(z, g, rule),
            "For `guided` you took the size of the slopes. Negative ones are dropped, not turned round.",
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


def mass_share(maps, masks):
    """Share of each map's positive mass inside its mask; 0 for a map without any."""
    mass = np.maximum(maps, 0)
    total = mass.sum(axis=(1, 2))  # (N,)
    return (mass * masks).sum(axis=(1, 2)) / np.where(total > 0, total, 1)


def _chance_if_empty(maps, masks):
    empty = ~(maps > 0).any(axis=(1, 2))
    return np.where(empty, masks.mean(axis=(1, 2)), mass_share(maps, masks))


def _negative_in_the_total(maps, masks):
    mass, total = np.maximum(maps, 0), maps.sum(axis=(1, 2))
    return (mass * masks).sum(axis=(1, 2)) / np.where(total > 0, total, 1)


def _of_the_area(maps, masks):
    return (np.maximum(maps, 0) * masks).sum(axis=(1, 2)) / masks.sum(axis=(1, 2))


def _over_all_maps(maps, masks):
    mass = np.maximum(maps, 0)
    return (mass * masks).sum(axis=(1, 2)) / mass.sum()


MASS_SHARE = Exercise(
    id="mass-share",
    points=2,
    reference=mass_share,
    cases=(
        (
            np.array([[[1.0, 3.0], [-2.0, 0.0]], [[2.0, 2.0], [4.0, -1.0]], [[-1.0, 0.0], [0.0, -2.0]]]),
            np.array([[[False, True], [True, False]], [[True, False], [False, True]], [[True, False], [False, False]]]),
        ),
        (abs(_RNG.normal(size=(2, 3, 4))).round(1), _RNG.random((2, 3, 4)) > 0.5),
    ),
    mistakes=(
        Mistake(
            lambda maps, masks: mass_share(abs(maps), masks),
            "You took the size of negative values. They count as zero: such pixels speak against the class.",
        ),
        Mistake(
            _negative_in_the_total,
            "You cut negative values off inside the mask and not in the total. Cut first, then add up.",
        ),
        Mistake(_of_the_area, "You divided by the area of the mask. Divide by the mass of the whole map."),
        Mistake(_over_all_maps, "You divided by the mass of all maps together. Each map has its own total."),
        Mistake(
            _chance_if_empty,
            "You gave an empty map the share that it would have by chance. It found nothing, and gets 0.",
        ),
    ),
)

EXERCISES = (UNPOOL, RELU_BACKWARD, CLASS_ACTIVATION, MASS_SHARE)
