"""Exercises of lesson 17: the triplet loss, the semi-hard negative, chi-square, recognition with rejection."""

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake


def triplet_losses(anchors, positives, negatives, margin=0.2):
    """Loss (N,) of each triplet of embeddings (N, D), on squared distances."""
    return np.maximum(_gaps(anchors, positives, negatives) + margin, 0)


def _gaps(anchors, positives, negatives, power=1.0):
    near = np.sum((anchors - positives) ** 2, axis=1) ** power
    return near - np.sum((anchors - negatives) ** 2, axis=1) ** power


_ANCHORS = np.array([[0.0, 0.0], [1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [2.0, 1.0]])
_POSITIVES = np.array([[0.6, 0.0], [0.8, 0.6], [0.6, 0.8], [1.0, 0.0], [2.0, 0.5]])
_NEGATIVES = np.array([[0.0, 0.7], [0.0, 1.0], [0.8, 0.6], [0.6, 0.8], [0.0, 0.0]])

TRIPLET_LOSSES = Exercise(
    id="triplet-losses",
    points=3,
    reference=triplet_losses,
    cases=(
        (_ANCHORS, _POSITIVES, _NEGATIVES),
        (_ANCHORS, _POSITIVES, _NEGATIVES, 1.0),
        (_ANCHORS, _POSITIVES, _NEGATIVES, 0.1),
    ),
    mistakes=(
        Mistake(
            lambda a, p, n, margin=0.2: np.minimum(_gaps(a, p, n) + margin, 0),
            "You took the minimum with 0, as the slide prints it. Then triplets in order have a loss below 0 and those "
            "out of order none. Take the maximum.",
        ),
        Mistake(
            lambda a, p, n, margin=0.2: np.maximum(_gaps(a, p, n), 0),
            "The margin is missing: a negative that is only just farther than the positive still costs something.",
        ),
        Mistake(
            lambda a, p, n, margin=0.2: np.maximum(_gaps(a, p, n, 0.5) + margin, 0),
            "You took plain distances. Here they are squared: leave out the root.",
        ),
        Mistake(
            lambda a, p, n, margin=0.2: np.maximum(-_gaps(a, p, n) + margin, 0),
            "Positive and negative are swapped: the loss grows with the distance to the positive.",
        ),
        Mistake(
            lambda a, p, n, margin=0.2: np.maximum(_gaps(a, p, n) - margin, 0),
            "You subtracted the margin. It is added: the negative must be farther by that much.",
        ),
        Mistake(
            lambda a, p, n, margin=0.2: _gaps(a, p, n) + margin,
            "Your losses go below 0. A triplet that keeps the margin costs nothing, however far its negative is.",
        ),
        Mistake(
            lambda a, p, n, margin=0.2: triplet_losses(a, p, n, margin).mean(),
            "You took the mean. One loss for each triplet is asked for, an array (N,).",
        ),
    ),
)


def semi_hard_negative(distances, people, positive):
    """Place of the nearest picture of another person that is farther than the positive; if none is, of the farthest."""
    distances, is_other = np.asarray(distances), np.asarray(people) != people[positive]
    return _nearest_of(distances, is_other & (distances > distances[positive]), _farthest_of(distances, is_other))


def _nearest_of(distances, allowed, otherwise):
    return int(np.argmin(np.where(allowed, distances, np.inf))) if np.any(allowed) else otherwise


def _farthest_of(distances, allowed):
    return int(np.argmax(np.where(allowed, distances, -np.inf)))


def _nearest_other(distances, people, positive):
    return _nearest_of(distances, people != people[positive], -1)


def _also_own_person(distances, people, positive):
    return _nearest_of(distances, distances > distances[positive], int(np.argmax(distances)))


def _as_far_will_do(distances, people, positive):
    is_other = people != people[positive]
    return _nearest_of(distances, is_other & (distances >= distances[positive]), _farthest_of(distances, is_other))


def _always_the_farthest(distances, people, positive):
    return _farthest_of(distances, people != people[positive])


def _nearest_if_none(distances, people, positive):
    is_farther = (people != people[positive]) & (distances > distances[positive])
    return _nearest_of(distances, is_farther, _nearest_other(distances, people, positive))


def _no_fallback(distances, people, positive):
    return int(np.argmin(np.where((people != people[positive]) & (distances > distances[positive]), distances, np.inf)))


def _place_among_others(distances, people, positive):
    return int(np.sum((people != people[positive])[: semi_hard_negative(distances, people, positive)]))


# distances from the anchor, the first; the positive is at 0.5, one negative just as far, one of the own person beyond
_BATCH = np.array([0.0, 0.5, 0.5625, 0.25, 0.625, 0.5, 1.0, 2.0]), np.array([5, 5, 5, 8, 8, 3, 3, 9])
_NONE_FARTHER = np.array([0.25, 0.0, 1.5, 0.75, 3.0, 0.125]), np.array([1, 4, 1, 7, 4, 7])

SEMI_HARD_NEGATIVE = Exercise(
    id="semi-hard-negative",
    points=2,
    reference=semi_hard_negative,
    cases=((*_BATCH, 1), (*_BATCH, 2), (*_NONE_FARTHER, 4)),
    mistakes=(
        Mistake(
            _nearest_other,
            "You took the nearest picture of another person, which is the hard negative. The semi-hard one is farther "
            "than the positive.",
        ),
        Mistake(
            _also_own_person,
            "You took pictures of the anchor's own person too. A negative shows somebody else.",
        ),
        Mistake(
            _as_far_will_do,
            "You took a negative that is just as far as the positive. It must be farther.",
        ),
        Mistake(
            _always_the_farthest,
            "You took the farthest picture of another person. That is right only where none is farther than the "
            "positive; else take the nearest of those that are.",
        ),
        Mistake(
            _nearest_if_none,
            "Where no negative is farther than the positive you took the nearest. Then the farthest is taken.",
        ),
        Mistake(
            _no_fallback,
            "Where no negative is farther than the positive you returned a place all the same, without a choice: the "
            "smallest of nothing but infinities. Then the farthest picture of other people is taken.",
        ),
        Mistake(
            _place_among_others,
            "You returned the place among the pictures of other people only. Asked for is the place in the batch.",
        ),
    ),
)


def chi_square_distance(first, second, weights):
    """Weighted chi-square distance, a number, of two embeddings (D,), zero or more."""
    return _chi_square(first, second, weights, np.asarray(first) + np.asarray(second))


def _chi_square(first, second, weights, denominators, power=2):
    safe = np.where(denominators > 0, denominators, 1)
    return np.sum(np.asarray(weights) * np.abs(np.asarray(first) - np.asarray(second)) ** power / safe)


def _root_of_the_sum(first, second, weights):
    return np.sqrt(chi_square_distance(first, second, weights))


_FIRST, _SECOND = np.array([0.1, 0.8, 0.5, 0.0]), np.array([0.3, 0.9, 0.5, 0.4])
_ONE_ZERO = np.array([0.0, 0.2, 0.7, 0.1]), np.array([0.0, 0.6, 0.1, 0.1])
_WEIGHTS = np.array([1.0, 2.0, 0.5, 3.0])

CHI_SQUARE_DISTANCE = Exercise(
    id="chi-square-distance",
    points=2,
    reference=chi_square_distance,
    cases=((_FIRST, _SECOND, _WEIGHTS), (_FIRST, _SECOND, np.ones(4)), (*_ONE_ZERO, _WEIGHTS)),
    mistakes=(
        Mistake(
            lambda x, y, w: _chi_square(x, y, w, x + np.sum(y)),
            "You divided by the first number plus the sum of the second embedding: the slide's denominator lacks its "
            "index. It is the same feature's, x_i + y_i.",
        ),
        Mistake(
            lambda x, y, w: np.sum(w * (x - y) ** 2) / np.sum(x + y),
            "You divided once, by the sum over all features. Each feature has a denominator of its own.",
        ),
        Mistake(
            lambda x, y, w: _chi_square(x, y, w, x + y, power=1),
            "The differences are not squared.",
        ),
        Mistake(
            lambda x, y, w: _chi_square(x, y, np.ones(len(w)), x + y),
            "You left out the weights.",
        ),
        Mistake(
            lambda x, y, w: np.sum(w * (x - y) ** 2),
            "You left out the denominator: this is a weighted squared distance.",
        ),
        Mistake(_root_of_the_sum, "You took a root. The chi-square distance is the sum itself."),
    ),
)


def recognise(gallery, people, probe, threshold):
    """The person, an integer, whose embedding in the gallery (N, D) is nearest to the probe (D,), or -1."""
    distances = np.sum((gallery - probe) ** 2, axis=1)
    nearest = np.argmin(distances)
    return people[nearest] if distances[nearest] <= threshold else -1


def _never_rejects(gallery, people, probe, threshold):
    return recognise(gallery, people, probe, np.inf)


def _plain_distance(gallery, people, probe, threshold):
    return recognise(gallery, people, probe, threshold**2)


def _row_for_person(gallery, people, probe, threshold):
    return recognise(gallery, np.arange(len(people)), probe, threshold)


def _first_within(gallery, people, probe, threshold):
    within = np.flatnonzero(np.sum((gallery - probe) ** 2, axis=1) <= threshold)
    return people[within[0]] if len(within) else -1


def _farthest(gallery, people, probe, threshold):
    distances = np.sum((gallery - probe) ** 2, axis=1)
    return people[np.argmax(distances)] if distances.max() <= threshold else -1


def _strict(gallery, people, probe, threshold):
    distances = np.sum((gallery - probe) ** 2, axis=1)
    return people[np.argmin(distances)] if distances.min() < threshold else -1


def _mean_of_each_person(gallery, people, probe, threshold):
    names = np.unique(people)
    return recognise(np.stack([gallery[people == name].mean(axis=0) for name in names]), names, probe, threshold)


_GALLERY = np.array([[0.0, 0.5], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
_PEOPLE = np.array([30, 12, 7, 12])
_PROBES = ([0.0, 0.875], [0.75, 0.0], [0.25, 0.25], [2.0, 2.0], [0.5, 0.0], [-1.0, -0.75])

RECOGNISE = Exercise(
    id="recognise",
    points=3,
    reference=recognise,
    cases=(
        *((_GALLERY, _PEOPLE, np.array(probe), 0.25) for probe in _PROBES),
        (_GALLERY, _PEOPLE, np.array([2.0, 2.0]), 9.0),
    ),
    mistakes=(
        Mistake(
            _never_rejects,
            "You always name somebody. Where even the nearest is beyond the threshold the answer is -1: a stranger.",
        ),
        Mistake(
            _plain_distance,
            "You compared the plain distance with the threshold, which is one of squared distances.",
        ),
        Mistake(
            _row_for_person,
            "You returned the row of the gallery. Asked for is the person's number, from `people`.",
        ),
        Mistake(
            _first_within,
            "You named the first within the threshold. It must be the nearest.",
        ),
        Mistake(_farthest, "You named the farthest. A small distance means alike."),
        Mistake(
            _strict,
            "You rejected a distance that equals the threshold. Recognised is a distance of at most the threshold.",
        ),
        Mistake(
            _mean_of_each_person,
            "You averaged the embeddings of a person. Somebody with two images is as near as the nearest of them.",
        ),
    ),
)

EXERCISES = (TRIPLET_LOSSES, SEMI_HARD_NEGATIVE, CHI_SQUARE_DISTANCE, RECOGNISE)
