"""Exercises of lesson 13: hard negatives, the matching of default boxes, the focal loss."""

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


def match_boxes(overlaps, threshold=0.5):
    """Integers (N,): the object that each box learns, or -1, from the IoU (N, M) of N boxes with M objects."""
    return _second_step(overlaps, _first_step(overlaps), threshold)


def _first_step(overlaps):
    left = np.array(overlaps, "float64")
    matches = np.full(len(left), -1)
    for _ in range(left.shape[1]):
        box, owner = np.unravel_index(np.argmax(left), left.shape)
        matches[box] = owner
        left[box], left[:, owner] = -1, -1
    return matches


def _second_step(overlaps, matches, threshold):
    overlaps = np.asarray(overlaps)
    is_close = (matches < 0) & (overlaps.max(axis=1) > threshold)
    return np.where(is_close, overlaps.argmax(axis=1), matches)


def _threshold_alone(overlaps, threshold=0.5):
    return _second_step(overlaps, np.full(len(overlaps), -1), threshold)


def _nothing_struck_out(overlaps, threshold=0.5):
    matches = np.full(len(overlaps), -1)
    matches[np.argmax(overlaps, axis=0)] = np.arange(np.shape(overlaps)[1])
    return _second_step(overlaps, matches, threshold)


def _object_by_object(overlaps, threshold=0.5):
    left = np.array(overlaps, "float64")
    matches = np.full(len(left), -1)
    for owner in range(left.shape[1]):
        box = np.argmax(left[:, owner])
        matches[box] = owner
        left[box] = -1
    return _second_step(overlaps, matches, threshold)


def _second_step_overwrites(overlaps, threshold=0.5):
    return np.where(np.max(overlaps, axis=1) > threshold, np.argmax(overlaps, axis=1), _first_step(overlaps))


_OF_THE_TASK = np.array([[0.8, 0.6], [0.3, 0.0], [0.6, 0.55], [0.1, 0.4], [0.52, 0.51]])
_ONLY_A_POOR_BOX = np.array([[0.9, 0.7], [0.6, 0.0], [0.0, 0.1], [0.2, 0.3]])
_SECOND_OBJECT_FITS_BETTER = np.array([[0.7, 0.9], [0.6, 0.2], [0.2, 0.3], [0.05, 0.1]])
_THREE_OBJECTS = np.array(
    [[0.1, 0.65, 0.2], [0.45, 0.3, 0.0], [0.55, 0.15, 0.7], [0.0, 0.62, 0.75], [0.35, 0.42, 0.1], [0.05, 0.0, 0.44]]
)

MATCH_BOXES = Exercise(
    id="match-boxes",
    points=3,
    reference=match_boxes,
    cases=(
        (_OF_THE_TASK,),
        (_ONLY_A_POOR_BOX,),
        (_SECOND_OBJECT_FITS_BETTER,),
        (_THREE_OBJECTS,),
        (_THREE_OBJECTS, 0.4),
        (_OF_THE_TASK[:, :1],),
    ),
    mistakes=(
        Mistake(
            _threshold_alone,
            "You used the threshold alone. Then an object that no box fits well is learned by none: give every object "
            "one box first.",
        ),
        Mistake(
            lambda overlaps, threshold=0.5: _first_step(overlaps),
            "You stopped after the first step. The other boxes above the threshold learn an object, too.",
        ),
        Mistake(
            _nothing_struck_out,
            "Two objects took the same box, and the later one kept it. Strike out the box and the object that are "
            "matched before you look for the next pair.",
        ),
        Mistake(
            _object_by_object,
            "You let the objects choose in the order of their columns. The largest number of the whole table comes "
            "first, whichever object it belongs to.",
        ),
        Mistake(
            _second_step_overwrites,
            "Your second step changed boxes that the first had matched. It is for the boxes that are still free.",
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

EXERCISES = (CHOOSE_NEGATIVES, MATCH_BOXES, FOCAL_LOSS)
