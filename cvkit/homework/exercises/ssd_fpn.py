"""Exercises of lesson 13: hard negatives, the way down a pyramid, the focal loss."""

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake


def choose_negatives(losses, is_object, ratio=3):
    """Bool (N,): the negatives of one image with the largest losses (N,), `ratio` for each object."""
    return _hardest(losses, is_object, ratio * np.sum(is_object))


def _hardest(losses, is_object, number):
    ranked = np.where(is_object, -np.inf, losses)
    chosen = np.zeros(len(losses), bool)
    chosen[np.argsort(-ranked, kind="stable")[: int(number)]] = True
    return chosen & ~np.asarray(is_object)


def _easiest(losses, is_object, ratio=3):
    return _hardest(-np.asarray(losses), is_object, ratio * np.sum(is_object))


def _ranked_with_positives(losses, is_object, ratio=3):
    chosen = np.zeros(len(losses), bool)
    chosen[np.argsort(-np.asarray(losses), kind="stable")[: int(ratio * np.sum(is_object))]] = True
    return chosen


def _positives_lost_from_the_ranking(losses, is_object, ratio=3):
    return _ranked_with_positives(losses, is_object, ratio) & ~np.asarray(is_object)


def _positives_too(losses, is_object, ratio=3):
    return choose_negatives(losses, is_object, ratio) | is_object


_LOSSES = np.array([0.1, 2.5, 0.7, 0.3, 1.9, 0.2, 3.1, 0.9])
_ONE = np.array([False, True, False, False, False, False, False, False])
_TWO = np.array([False, True, False, False, False, False, True, False])
_MANY = np.array([True, True, False, True, False, False, True, False])

CHOOSE_NEGATIVES = Exercise(
    id="choose-negatives",
    points=3,
    reference=choose_negatives,
    cases=((_LOSSES, _ONE), (_LOSSES, _TWO, 2), (_LOSSES, _MANY), (_LOSSES, np.zeros(8, bool)), (_LOSSES, _TWO, 1)),
    mistakes=(
        Mistake(
            _easiest,
            "You took the negatives with the smallest losses. Those are the easy ones, which the network has already "
            "learned.",
        ),
        Mistake(
            _ranked_with_positives,
            "Among those you chose are default boxes that learn an object. Rank the negatives only.",
        ),
        Mistake(
            _positives_lost_from_the_ranking,
            "You ranked all default boxes and then struck out those that learn an object, so that too few negatives "
            "are left. Rank the negatives only.",
        ),
        Mistake(
            _positives_too,
            "You marked the boxes that learn an object as well. Asked for are the negatives that take part.",
        ),
        Mistake(
            lambda losses, is_object, ratio=3: _hardest(losses, is_object, ratio),
            "You took `ratio` negatives in all. It is `ratio` for each box that learns an object; without any there is "
            "no negative either.",
        ),
        Mistake(
            lambda losses, is_object, ratio=3: ~np.asarray(is_object),
            "You took all negatives. Only the hardest ones take part, `ratio` for each box that learns an object.",
        ),
    ),
)


def way_down(lateral, above):
    """Sum of a map (2H, 2W, C) and the coarser one (H, W, C), each number of which is repeated 2 × 2 times."""
    return lateral + np.repeat(np.repeat(above, 2, axis=0), 2, axis=1)


def _with_zeros_between(lateral, above):
    result = np.array(lateral, "float64")
    result[::2, ::2] += above
    return result


_RANDOM = np.random.default_rng(0)


def _maps(height, width, channels):
    shapes = (2 * height, 2 * width, channels), (height, width, channels)
    return tuple(_RANDOM.integers(-9, 10, shape).astype("float64") for shape in shapes)


WAY_DOWN = Exercise(
    id="way-down",
    points=2,
    reference=way_down,
    cases=(_maps(2, 3, 1), _maps(3, 2, 4), _maps(2, 2, 2), _maps(1, 1, 3)),
    mistakes=(
        Mistake(
            lambda lateral, above: lateral + np.tile(above, (2, 2, 1)),
            "You laid the coarse map out four times (np.tile). Each of its numbers must be repeated in place, as "
            "np.repeat does: position (0, 0) becomes (0, 0), (0, 1), (1, 0) and (1, 1).",
        ),
        Mistake(
            _with_zeros_between,
            "You put zeros between the numbers of the coarse map. Repeat each of them instead.",
        ),
        Mistake(
            lambda lateral, above: np.concatenate(
                [lateral, np.repeat(np.repeat(above, 2, axis=0), 2, axis=1)], axis=-1
            ),
            "You laid the two maps side by side in the channels. The pyramid adds them.",
        ),
        Mistake(
            lambda lateral, above: (lateral + np.repeat(np.repeat(above, 2, axis=0), 2, axis=1)) / 2,
            "You took the mean. The pyramid takes the sum.",
        ),
        Mistake(
            lambda lateral, above: np.repeat(np.repeat(above, 2, axis=0), 2, axis=1),
            "You enlarged the coarse map and left out the fine one. The sum of both is asked for.",
        ),
    ),
)


def focal_loss(probabilities, is_object, gamma=2.0):
    """Focal loss (N,) of the probabilities (N,) that there is an object."""
    right = np.where(is_object, probabilities, 1 - np.asarray(probabilities))
    return _focal(right, 1 - right, gamma)


def _focal(right, factor, gamma):
    return -(factor**gamma) * np.log(right)


def _same_for_both(probabilities, is_object, gamma=2.0):
    return _focal(np.asarray(probabilities), 1 - np.asarray(probabilities), gamma)


def _right_to_the_power(probabilities, is_object, gamma=2.0):
    right = np.where(is_object, probabilities, 1 - np.asarray(probabilities))
    return _focal(right, right, gamma)


def _factor_of_objects_for_both(probabilities, is_object, gamma=2.0):
    right = np.where(is_object, probabilities, 1 - np.asarray(probabilities))
    return _focal(right, 1 - np.asarray(probabilities), gamma)


_PROBABILITIES = np.array([0.9, 0.6, 0.2, 0.05, 0.3, 0.8])
_OBJECTS = np.array([True, True, True, False, False, False])

FOCAL_LOSS = Exercise(
    id="focal-loss",
    points=3,
    reference=focal_loss,
    cases=((_PROBABILITIES, _OBJECTS), (_PROBABILITIES, ~_OBJECTS), (_PROBABILITIES, _OBJECTS, 0.5)),
    mistakes=(
        Mistake(
            _same_for_both,
            "You treated background as if it were an object. What counts is the probability of the right answer, which "
            "for background is one minus the number given.",
        ),
        Mistake(
            _right_to_the_power,
            "Your factor is large where the answer is right. It should be small there: one minus the probability of "
            "the right answer, to the power gamma.",
        ),
        Mistake(
            _factor_of_objects_for_both,
            "Your factor is that of an object for background, too. There it must be the number given itself, one minus "
            "the probability of the right answer.",
        ),
        Mistake(
            lambda probabilities, is_object, gamma=2.0: focal_loss(probabilities, is_object, 0.0),
            "That is the plain cross-entropy. Multiply it by one minus the probability of the right answer, to the "
            "power gamma.",
        ),
        Mistake(
            lambda probabilities, is_object, gamma=2.0: -focal_loss(probabilities, is_object, gamma),
            "The sign is wrong: a logarithm of a probability is negative, and a loss is not.",
        ),
        Mistake(
            lambda probabilities, is_object, gamma=2.0: focal_loss(probabilities, is_object, gamma).sum(),
            "You added the losses up. One for each default box is asked for, an array (N,).",
        ),
    ),
)

EXERCISES = (CHOOSE_NEGATIVES, WAY_DOWN, FOCAL_LOSS)
