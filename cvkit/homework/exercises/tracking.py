"""Exercises of lesson 14: a place that is followed through gaps, pairs by overlap, distance to a gallery."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from cvkit.homework.exercise import Exercise, Mistake


def follow_place(mean, variance, measured, drift, noise):
    """Mean and variance of a place in each frame, as an array (T, 2); `measured` (T,) is NaN where nothing is found."""
    return _follow(mean, variance, measured, drift, noise)


def _follow(mean, variance, measured, drift, noise, gain=lambda P, R: P / (P + R), shrink=True):
    rows = []
    for z in measured:
        variance = variance + drift
        if not np.isnan(z):
            share = gain(variance, noise)
            mean, variance = mean + share * (z - mean), (1 - share) * variance if shrink else variance
        rows.append((mean, variance))
    return np.array(rows)


def _other_order(mean, variance, measured, drift, noise, only_when_measured=False):
    rows = []
    for z in measured:
        if only_when_measured and not np.isnan(z):
            variance = variance + drift
        if not np.isnan(z):
            gain = variance / (variance + noise)
            mean, variance = mean + gain * (z - mean), (1 - gain) * variance
        rows.append((mean, variance if only_when_measured else variance + drift))
        variance = rows[-1][1]
    return np.array(rows)


_NAN = float("nan")

FOLLOW_PLACE = Exercise(
    id="follow-place",
    points=3,
    reference=follow_place,
    cases=(
        (10.0, 2.0, np.array([14.0, _NAN]), 1.0, 1.0),
        (0.0, 4.0, np.array([1.0, 3.0, _NAN, _NAN, 8.0]), 0.5, 2.0),
        (-2.0, 9.0, np.array([_NAN, _NAN, 1.0]), 1.5, 4.0),
        (5.0, 0.5, np.array([5.0, 7.0]), 0.25, 0.1),
    ),
    mistakes=(
        Mistake(
            lambda *case: _follow(*case, gain=lambda P, R: R / (P + R)),
            "Your gain is the wrong way round. The less sure the estimate (a large variance), the more of the surprise "
            "must be believed.",
        ),
        Mistake(
            lambda *case: _follow(*case, gain=lambda P, R: 0.5),
            "You took the plain average. The two count equally only if their variances are equal.",
        ),
        Mistake(
            lambda *case: _follow(*case, gain=lambda P, R: P**0.5 / (P**0.5 + R**0.5)),
            "You weighed by standard deviations. The gain is made of variances, their squares.",
        ),
        Mistake(
            lambda *case: _follow(*case, shrink=False),
            "The variance never shrinks. A measurement makes surer: multiply the variance by 1 - gain.",
        ),
        Mistake(
            lambda mean, variance, measured, drift, noise: _follow(mean, variance, measured, 0.0, noise),
            "Your variance does not grow from frame to frame. Add `drift` in each, measured or not.",
        ),
        Mistake(
            lambda *case: _other_order(*case, only_when_measured=True),
            "You added `drift` only in frames with a measurement. In a gap we grow unsurer, too.",
        ),
        Mistake(
            _other_order,
            "You added `drift` after the measurement. Predict first: the frame passes, and then something is measured.",
        ),
        Mistake(
            lambda mean, variance, measured, drift, noise: _follow(
                mean, variance, np.nan_to_num(measured), drift, noise
            ),
            "You took a missing measurement for one at place 0. Where `measured` is NaN there is no update.",
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


def _above_the_threshold(overlaps, iou_threshold=0.3):
    return _by_assignment(np.where(overlaps >= iou_threshold, overlaps - iou_threshold + 1e-5, 0))


def _most_pairs(overlaps, iou_threshold=0.3):
    return _by_assignment(np.where(overlaps >= iou_threshold, overlaps + 100, 0))


def _least(overlaps, iou_threshold=0.3):
    allowed = np.where(overlaps >= iou_threshold, overlaps, 0)
    return _by_assignment(-allowed, lambda value: value < 0)


_CROSSING = np.array([[0.9, 0.8], [0.8, 0.2]])  # the best pair first leaves the second track without
_THREE = np.array([[0.5, 0.6, 0.1], [0.0, 0.7, 0.4]])
_FAINT = np.array([[0.35, 0.29, 0.0], [0.25, 0.1, 0.0], [0.0, 0.0, 0.3]])
_LONELY = np.array([[0.9, 0.4], [0.4, 0.1]])  # one good pair is more than two middling ones
_TWO = np.array([[0.9, 0.5], [0.5, 0.0]])  # 0.5 + 0.5 > 0.9, but 0.2 + 0.2 < 0.6 above the threshold
_PUSHED = np.array([[0.4, 0.25], [0.29, 0.0]])  # 0.25 + 0.29 > 0.4, but both are below the threshold

PAIR_UP = Exercise(
    id="pair-up",
    points=3,
    reference=pair_up,
    cases=((_CROSSING,), (_THREE,), (_THREE.T,), (_FAINT,), (_PUSHED,), (_CROSSING, 0.85), (_LONELY,), (_TWO,)),
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
            _above_the_threshold,
            "You counted what each IoU has above the threshold, as `assign` does. Here the IoUs themselves are summed: "
            "a pair below the threshold is worth 0, not `iou_threshold`.",
        ),
        Mistake(
            _most_pairs,
            "You made as many pairs as can be. It is the sum that counts: one pair of a large IoU may be worth more.",
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

EXERCISES = (FOLLOW_PLACE, PAIR_UP, GALLERY_DISTANCE)
