"""Exercises of lesson 14: a Kalman update in one dimension, pairs by overlap, distance to a gallery."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from cvkit.homework.exercise import Exercise, Mistake


def kalman_update(mean, variance, measured, noise):
    """Mean and variance after a measurement of the variance `noise`, as an array (2,)."""
    return _updated(mean, variance, measured, variance / (variance + noise))


def _updated(mean, variance, measured, gain):
    return np.array([mean + gain * (measured - mean), (1 - gain) * variance])


def _roots(mean, variance, measured, noise):
    return _updated(mean, variance, measured, variance**0.5 / (variance**0.5 + noise**0.5))


KALMAN_UPDATE = Exercise(
    id="kalman-update",
    points=3,
    reference=kalman_update,
    cases=((10.0, 3.0, 14.0, 1.0), (10.0, 1.0, 14.0, 3.0), (-2.0, 9.0, 1.0, 4.0), (5.0, 0.5, 5.0, 2.0)),
    mistakes=(
        Mistake(
            lambda mean, variance, measured, noise: _updated(mean, variance, measured, noise / (variance + noise)),
            "Your gain is the wrong way round. The less sure the estimate (a large `variance`), the more of the "
            "surprise must be believed.",
        ),
        Mistake(
            lambda mean, variance, measured, noise: _updated(mean, variance, measured, 0.5),
            "You took the plain average. The two count equally only if their variances are equal.",
        ),
        Mistake(
            _roots,
            "You weighed by standard deviations. The gain is made of variances, their squares.",
        ),
        Mistake(
            lambda mean, variance, measured, noise: np.array(
                [kalman_update(mean, variance, measured, noise)[0], variance]
            ),
            "The mean is right, but the variance stayed as it was. A measurement makes surer: multiply it by 1 - gain.",
        ),
        Mistake(
            lambda mean, variance, measured, noise: np.array(
                [kalman_update(mean, variance, measured, noise)[0], variance + noise]
            ),
            "You added the variances. Uncertainty adds up when time passes; a measurement takes some of it away.",
        ),
    ),
)


def pair_up(overlaps, iou_threshold=0.3):
    """For each track (row) the number of its detection (column), or -1, so that the sum of the IoUs is largest."""
    return _by_assignment(np.where(overlaps >= iou_threshold, overlaps, 0))


def _by_assignment(values, keep=lambda value: value > 0):
    partner = np.full(len(values), -1)
    for row, column in zip(*linear_sum_assignment(values, maximize=True), strict=True):
        if keep(values[row, column]):
            partner[row] = column
    return partner


def _greedy(overlaps, iou_threshold=0.3):
    partner, left = np.full(len(overlaps), -1), np.array(overlaps, "float64")
    while left.size and left.max() >= iou_threshold:
        row, column = np.unravel_index(left.argmax(), left.shape)
        partner[row] = column
        left[row], left[:, column] = -1, -1
    return partner


def _each_its_best(overlaps, iou_threshold=0.3):
    return np.where(overlaps.max(axis=1) >= iou_threshold, overlaps.argmax(axis=1), -1)


def _least(overlaps, iou_threshold=0.3):
    allowed = np.where(overlaps >= iou_threshold, overlaps, 0)
    return _by_assignment(-allowed, lambda value: value < 0)


_CROSSING = np.array([[0.9, 0.8], [0.8, 0.2]])  # the best pair first leaves the second track without
_THREE = np.array([[0.5, 0.6, 0.1], [0.0, 0.7, 0.4]])
_FAINT = np.array([[0.35, 0.29, 0.0], [0.25, 0.1, 0.0], [0.0, 0.0, 0.3]])
_PUSHED = np.array([[0.4, 0.25], [0.29, 0.0]])  # 0.25 + 0.29 > 0.4, but both are below the threshold

PAIR_UP = Exercise(
    id="pair-up",
    points=3,
    reference=pair_up,
    cases=((_CROSSING,), (_THREE,), (_THREE.T,), (_FAINT,), (_PUSHED,), (_CROSSING, 0.85)),
    mistakes=(
        Mistake(
            _greedy,
            "You took the best pair first, the greedy way. That may leave a bad pair, or none, for the rest: ask "
            "`linear_sum_assignment` for the largest sum.",
        ),
        Mistake(
            _each_its_best,
            "Each track took the detection it overlaps most, so two tracks may share one. A detection belongs to one "
            "track at most.",
        ),
        Mistake(
            lambda overlaps, iou_threshold=0.3: _by_assignment(overlaps, lambda value: True),
            "Some of your pairs have an IoU below the threshold. `linear_sum_assignment` pairs all it can: take out "
            "such pairs.",
        ),
        Mistake(
            lambda overlaps, iou_threshold=0.3: _by_assignment(overlaps, lambda value: value >= iou_threshold),
            "You looked for the largest sum first and threw bad pairs away afterwards. By then they may have pushed "
            "aside a good one: set what is below the threshold to 0 beforehand.",
        ),
        Mistake(
            _least,
            "You made the sum of the IoUs as small as can be. `linear_sum_assignment` takes costs; give it 1 - IoU, or "
            "`maximize=True`.",
        ),
    ),
)


def gallery_distance(gallery, features):
    """Smallest cosine distance (N,) of features (N, D) to any row of a gallery (G, D)."""
    return _cosine_distances(gallery, features).min(axis=0)


def _cosine_distances(gallery, features):
    return 1 - _unit(gallery) @ _unit(features).T  # (G, N)


def _unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


_GALLERY = np.array([[3.0, 4.0], [1.0, 0.0], [0.0, 0.5]])
_FEATURES = np.array([[6.0, 8.0], [-2.0, 0.0], [1.0, 1.0], [0.2, 0.1]])
_LONG = np.array([[1.0, 2.0, 2.0], [0.0, -3.0, 1.0]])

GALLERY_DISTANCE = Exercise(
    id="gallery-distance",
    points=3,
    reference=gallery_distance,
    cases=((_GALLERY, _FEATURES), (_FEATURES, _GALLERY), (_LONG, _LONG[::-1] * 2 + 1), (_GALLERY[:1], _FEATURES)),
    mistakes=(
        Mistake(
            lambda gallery, features: (1 - gallery @ features.T).min(axis=0),
            "Your vectors are not normalised. The dot product is a cosine only between vectors of length 1: divide "
            "each row by its length first.",
        ),
        Mistake(
            lambda gallery, features: (1 - _unit(gallery) @ features.T).min(axis=0),
            "You normalised the gallery only. The features must have length 1, too.",
        ),
        Mistake(
            lambda gallery, features: _cosine_distances(gallery, features).mean(axis=0),
            "You averaged over the gallery. One good likeness is enough: take the smallest distance.",
        ),
        Mistake(
            lambda gallery, features: _cosine_distances(gallery, features).max(axis=0),
            "You took the least similar of the gallery. It is the most similar that counts: the smallest distance.",
        ),
        Mistake(
            lambda gallery, features: 1 - gallery_distance(gallery, features),
            "You returned the similarity, the cosine itself. The distance is one minus it: 0 for the same direction.",
        ),
        Mistake(
            lambda gallery, features: _cosine_distances(gallery, features).min(axis=1),
            "You took the smallest over the features, one a row of the gallery. It must be one a feature.",
        ),
        Mistake(
            lambda gallery, features: (
                1 - (gallery / np.linalg.norm(gallery)) @ (features / np.linalg.norm(features)).T
            ).min(axis=0),
            "You divided by the length of the whole table. Each row has a length of its own: `axis=1, keepdims=True`.",
        ),
    ),
)

EXERCISES = (KALMAN_UPDATE, PAIR_UP, GALLERY_DISTANCE)
