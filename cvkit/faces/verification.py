"""Verification: two images, one distance, one threshold; and how often that goes wrong."""

from dataclasses import dataclass

import numpy as np

from cvkit.validation import check_positive


@dataclass(frozen=True)
class VerificationScores:
    """What `verification_scores` found; all but the thresholds from 0 to 1.

    Attributes:
        area_under_roc: chance that a pair of one person is closer than a pair of two; 0.5 is guessing.
        equal_error_rate: where false accepts and false rejects are equally frequent.
        equal_error_threshold: the distance at which that is so.
        accuracy: share of right answers, the threshold chosen on other folds; its mean over the folds.
        standard_error: of that mean.
        true_accept_rate: share of the pairs of one person that is accepted, at the wanted rate of false accepts.
        threshold: the largest distance that keeps to that rate.
    """

    area_under_roc: float
    equal_error_rate: float
    equal_error_threshold: float
    accuracy: float
    standard_error: float
    true_accept_rate: float
    threshold: float


def verification_scores(same, distances, folds=10, false_accept_rate=1e-3):
    """All the numbers of verification at once.

    Args:
        same: bool array (M,), True where both images of the pair show one person.
        distances: float array (M,), of the pairs' embeddings; small means alike.
        folds: as for `k_fold_accuracy`.
        false_accept_rate: as for `accept_rate_at`.

    Returns:
        A `VerificationScores`.

    Raises:
        ValueError: the arrays do not fit, a distance is not finite, or there are no pairs of one kind.

    Example:
        >>> scores = verification_scores([True, True, False, False], [0.1, 0.3, 0.2, 0.9], folds=2)
        >>> scores.area_under_roc, scores.equal_error_rate
        (0.75, 0.5)
    """
    accept, threshold = accept_rate_at(same, distances, false_accept_rate)
    equal, equal_threshold = equal_error_rate(same, distances)
    accuracy, error = k_fold_accuracy(same, distances, folds)
    area = area_under_roc(same, distances)
    return VerificationScores(area, equal, equal_threshold, accuracy, error, accept, threshold)


def error_rates(same, distances, thresholds):
    r"""False accepts and false rejects of "accept if the distance is at most the threshold".

    $$\mathrm{FAR}(\tau) = \frac{|\{\text{different},\ d \le \tau\}|}{|\{\text{different}\}|}, \qquad
      \mathrm{FRR}(\tau) = \frac{|\{\text{same},\ d > \tau\}|}{|\{\text{same}\}|}$$

    Args:
        same: bool array (M,), True where both images of the pair show one person.
        distances: float array (M,).
        thresholds: numbers, an array of any shape.

    Returns:
        Two float arrays of the thresholds' shape: false accept rate, false reject rate.

    Raises:
        ValueError: as `verification_scores`.

    Example:
        >>> far, frr = error_rates([True, True, False, False], [0.1, 0.3, 0.2, 0.9], [0.0, 0.2, 1.0])
        >>> far.tolist(), frr.tolist()
        ([0.0, 0.5, 1.0], [1.0, 0.5, 0.0])

    Reference:
        Lecture L1, "Verification", says that the threshold balances "accuracy and precision"; it is these two rates.
    """
    same, distances = _check(same, distances)
    far, tar = (_share_within(distances[kind], np.asarray(thresholds)) for kind in (~same, same))
    return far, 1 - tar


def roc_curve(same, distances):
    """The curve of true accepts over false accepts, as the threshold goes through all distances.

    Args:
        same: bool array (M,), True where both images of the pair show one person.
        distances: float array (M,).

    Returns:
        Float arrays false accept rate, true accept rate and thresholds, all (T,) and rising: the first threshold, minus
        infinity, accepts nobody; the others are the different distances.

    Raises:
        ValueError: as `verification_scores`.

    Example:
        >>> [values.tolist() for values in roc_curve([True, False], [0.2, 0.7])]
        [[0.0, 0.0, 1.0], [0.0, 1.0, 1.0], [-inf, 0.2, 0.7]]
    """
    same, distances = _check(same, distances)
    thresholds = np.concatenate([[-np.inf], np.unique(distances)])
    far, tar = (_share_within(distances[kind], thresholds) for kind in (~same, same))
    return far, tar, thresholds


def area_under_roc(same, distances):
    """Area under `roc_curve` (AUC): the chance that a pair of one person is closer than a pair of two; ties count half.

    Args:
        same: bool array (M,).
        distances: float array (M,).

    Returns:
        Float from 0 to 1.

    Raises:
        ValueError: as `verification_scores`.

    Example:
        >>> area_under_roc([True, True, False, False], [0.1, 0.3, 0.2, 0.9])
        0.75
    """
    far, tar, _ = roc_curve(same, distances)
    return float(np.sum(np.diff(far) * (tar[1:] + tar[:-1]) / 2))


def equal_error_rate(same, distances):
    """Where the false accept rate equals the false reject rate, on a straight line between points of `roc_curve`.

    Args:
        same: bool array (M,).
        distances: float array (M,).

    Returns:
        Tuple (rate, threshold), floats.

    Raises:
        ValueError: as `verification_scores`.

    Example:
        >>> equal_error_rate([True, True, False, False], [0.1, 0.3, 0.2, 0.9])
        (0.5, 0.2)
    """
    far, tar, thresholds = roc_curve(same, distances)
    gap = far + tar - 1  # FAR - FRR, which rises from -1 to 1
    after = int(np.argmax(gap >= 0))  # from 1 on
    share = -gap[after - 1] / (gap[after] - gap[after - 1])
    low = thresholds[after - 1] if after > 1 else thresholds[after]
    rate = far[after - 1] + share * (far[after] - far[after - 1])
    return float(rate), float(low + share * (thresholds[after] - low))


def accept_rate_at(same, distances, false_accept_rate=1e-3):
    """True accept rate at the largest threshold whose false accept rate is not above a wanted one (TAR at a fixed FAR).

    A rate of 0.001 means something only where there are a few thousand pairs of two people.

    Args:
        same: bool array (M,).
        distances: float array (M,).
        false_accept_rate: above 0 and below 1.

    Returns:
        Tuple (true accept rate, threshold), floats; the threshold is minus infinity if not even the closest pair may be
        accepted.

    Raises:
        ValueError: as `verification_scores`, or the rate is out of its range.

    Example:
        >>> accept_rate_at([True, True, False, False], [0.1, 0.3, 0.2, 0.9], 0.1)
        (0.5, 0.1)

    Reference:
        Schroff et al., 2015, arXiv 1503.03832, section 4, "VAL" and "FAR".
    """
    if isinstance(false_accept_rate, bool) or not 0 < false_accept_rate < 1:
        raise ValueError(f"false_accept_rate must lie between 0 and 1. Received {false_accept_rate!r}.")
    far, tar, thresholds = roc_curve(same, distances)
    last = np.flatnonzero(far <= false_accept_rate)[-1]
    return float(tar[last]), float(thresholds[last])


def k_fold_accuracy(same, distances, folds=10):
    r"""Share of right answers, with the threshold always chosen on the other folds.

    The best threshold of nine folds (halfway to the next distance) decides the tenth, each in its turn:

    $$\hat\mu = \frac{1}{k} \sum_i p_i, \qquad S_E = \sqrt{\frac{1}{k - 1} \sum_i (p_i - \hat\mu)^2} \Big/ \sqrt{k}$$

    A threshold chosen on the pairs that it is judged by would look better than it is.

    Args:
        same: bool array (M,).
        distances: float array (M,).
        folds: k, at least 2: then the pairs of each kind are dealt out in turn. Or integers (M,), the fold of each
            pair: that way nobody need occur in two folds, as in LFW.

    Returns:
        Tuple (mean accuracy, its standard error), floats.

    Raises:
        ValueError: as `verification_scores`, there are not two folds, or one lacks pairs of one kind.

    Example:
        >>> k_fold_accuracy([True, True, False, False], [0.1, 0.2, 0.8, 0.9], folds=2)
        (1.0, 0.0)

    Reference:
        Huang et al., "Labeled Faces in the Wild", 2007, section on reporting ("View 2"): ten folds given with the set.
    """
    same, distances = _check(same, distances)
    dealt = _deal(same, folds) if np.ndim(folds) == 0 else np.asarray(folds)
    numbers = np.arange(folds) if np.ndim(folds) == 0 else np.unique(dealt)
    complete = dealt.shape == same.shape and all({True, False} <= set(same[dealt == k].tolist()) for k in numbers)
    if len(numbers) < 2 or not complete:
        raise ValueError(
            f"folds must be at least 2, each with pairs of one person and of two. Received {len(numbers)} folds, for "
            f"{len(same)} pairs, {same.sum()} of them of one person."
        )
    accuracies = []
    for fold in numbers:
        here = dealt == fold
        threshold = _best_threshold(same[~here], distances[~here])
        accuracies.append(np.mean((distances[here] <= threshold) == same[here]))
    return float(np.mean(accuracies)), float(np.std(accuracies, ddof=1) / np.sqrt(len(numbers)))


def _deal(same, folds):
    check_positive("folds", folds, "parts of the pairs", integer=True)
    dealt = np.empty(len(same), int)
    for kind in (same, ~same):
        dealt[kind] = np.arange(kind.sum()) % folds
    return dealt


def _best_threshold(same, distances):
    far, tar, thresholds = roc_curve(same, distances)
    right = tar * np.sum(same) + (1 - far) * np.sum(~same)
    best = int(np.argmax(right))
    low, high = thresholds[best], thresholds[min(best + 1, len(thresholds) - 1)]
    return high - 1 if np.isinf(low) else (low + high) / 2


def _share_within(distances, thresholds):
    return np.searchsorted(np.sort(distances), thresholds, side="right") / len(distances)


def _check(same, distances):
    same, distances = np.asarray(same), np.asarray(distances, "float64")
    if same.ndim != 1 or same.shape != distances.shape:
        raise ValueError(
            f"same and distances must have one shape (M,), an entry a pair. Received {same.shape} and "
            f"{distances.shape}. Drop a last axis of 1."
        )
    if not np.isin(same, (0, 1)).all():
        raise ValueError("same must hold True for pairs of one person and False for pairs of two.")
    if not np.isfinite(distances).all():
        raise ValueError("distances must be finite. Did the training diverge?")
    same = same.astype(bool)
    if same.all() or not same.any():
        raise ValueError(f"There must be pairs of one person and pairs of two. Received {same.sum()} of {len(same)}.")
    return same, distances
