import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import brentq
from sklearn import metrics

from cvkit.faces import (
    accept_rate_at,
    area_under_roc,
    equal_error_rate,
    error_rates,
    k_fold_accuracy,
    roc_curve,
    verification_scores,
)
from tests.support import assert_close, raises

# Five pairs of one person, five of two; ties on purpose.
SAME = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0], bool)
DISTANCES = np.array([0.1, 0.2, 0.2, 0.5, 0.9, 0.2, 0.6, 0.7, 0.9, 1.2])


@st.composite
def judged(draw):
    same = draw(hnp.arrays(bool, draw(st.integers(2, 30))).filter(lambda x: x.any() and not x.all()))
    return same, draw(hnp.arrays(float, len(same), elements=st.integers(0, 6).map(lambda n: n / 4)))


def test_error_rates_by_hand():
    # At 0.2: of two people 1 of 5 within, of one 3 of 5 within. At 0.19: 0 and 1. At 0.9: 4 and 5.
    far, frr = error_rates(SAME, DISTANCES, [0.19, 0.2, 0.9])
    assert_close(far, [0, 0.2, 0.8])
    assert_close(frr, [0.8, 0.4, 0])


@given(judged(), st.floats(-1, 3))
def test_error_rates_equal_counting(pairs, threshold):
    counts = {True: [0, 0], False: [0, 0]}
    for same, distance in zip(*pairs, strict=True):
        counts[bool(same)][int(distance <= threshold)] += 1
    far, frr = error_rates(*pairs, threshold)
    assert_close(far, counts[False][1] / sum(counts[False]), "float64")
    assert_close(frr, counts[True][0] / sum(counts[True]), "float64")


@given(judged())
def test_the_curve_and_its_area_are_those_of_scikit_learn(pairs):
    same, distances = pairs
    far, tar, thresholds = roc_curve(same, distances)
    expected = metrics.roc_curve(same, -distances, drop_intermediate=False)
    assert_close(far, expected[0], "float64")
    assert_close(tar, expected[1], "float64")
    assert_close(thresholds[1:], -expected[2][1:], "float64")
    assert thresholds[0] == -np.inf
    assert_close(area_under_roc(same, distances), metrics.roc_auc_score(same, -distances), "float64")


@given(judged())
def test_area_is_the_chance_that_one_person_is_closer(pairs):
    same, distances = pairs
    won = np.sign(distances[~same] - distances[same][:, None])
    assert_close(area_under_roc(same, distances), np.mean((won + 1) / 2), "float64")


@given(judged())
def test_equal_error_rate_lies_on_the_curve_where_it_meets_the_diagonal(pairs):
    same, distances = pairs
    rate, threshold = equal_error_rate(same, distances)
    far, tar, _ = metrics.roc_curve(same, -distances, drop_intermediate=False)
    # Along the curve, by its length, FAR - FRR rises from -1 to 1: the one zero of it.
    steps = np.concatenate([[0], np.cumsum(np.diff(far) + np.diff(tar))])
    place = brentq(lambda s: np.interp(s, steps, far) + np.interp(s, steps, tar) - 1, 0, 2)
    assert_close(rate, np.interp(place, steps, far), "float64")
    assert distances.min() <= threshold <= distances.max()


def test_equal_error_rate_by_hand():
    # The curve goes from (0.2, 0.6) at 0.2 to (0.2, 0.8) at 0.5, where FAR = 0.2 = FRR.
    assert_close(equal_error_rate(SAME, DISTANCES), [0.2, 0.5], "float64")
    assert equal_error_rate([1, 0], [0.0, 1.0])[0] == 0
    assert equal_error_rate([1, 0], [1.0, 0.0])[0] == 1
    assert equal_error_rate([1, 0], [1.0, 1.0]) == (0.5, 1.0)


@given(judged(), st.sampled_from([0.01, 0.1, 0.3, 0.5, 0.99]))
def test_accept_rate_keeps_to_the_wanted_rate_and_no_threshold_does_better(pairs, wanted):
    accepted, threshold = accept_rate_at(*pairs, wanted)
    far, frr = error_rates(*pairs, threshold)
    assert far <= wanted
    assert_close(1 - frr, accepted, "float64")
    others = [error_rates(*pairs, t) for t in np.unique(pairs[1])]
    assert all(1 - frr <= accepted + 1e-12 for far, frr in others if far <= wanted)


def test_accept_rate_by_hand():
    # Up to 0.1 no stranger is accepted, up to 0.5 (and below 0.6) one of five.
    assert accept_rate_at(SAME, DISTANCES, 0.1) == (0.2, 0.1)
    assert accept_rate_at(SAME, DISTANCES, 0.2) == (0.8, 0.5)
    assert accept_rate_at([1, 0], [1.0, 0.0], 0.5) == (0.0, -np.inf)


def test_accuracy_by_hand():
    # Fold A: same 0.1, different 0.9; fold B: same 0.4, 0.8, different 0.5.
    # Threshold of A: halfway from 0.1 to 0.9, 0.5: right in B are 0.4, and not 0.8, nor 0.5: 1/3.
    # Threshold of B: best is 0.4 (2 of 3 right), or 0.8 (2 of 3); the smaller, halfway to 0.5: 0.45, in A 2/2.
    # Mean 2/3; the two lie 1/3 from it: sqrt(2/9 / 1) / sqrt(2) = 1/3.
    same, distances, folds = [1, 0, 1, 1, 0], [0.1, 0.9, 0.4, 0.8, 0.5], [7, 7, 8, 8, 8]
    assert_close(k_fold_accuracy(same, distances, folds), [2 / 3, 1 / 3], "float64")


def test_the_threshold_never_comes_from_the_fold_it_is_judged_by():
    # In each fold a perfect threshold of its own exists; that of the other fold is always wrong for one pair.
    same, folds = np.array([1, 0, 1, 0]), np.array([0, 0, 1, 1])
    assert k_fold_accuracy(same, np.array([1.0, 2.0, 3.0, 4.0]), folds)[0] == 0.5


@given(judged().filter(lambda pairs: min(pairs[0].sum(), (~pairs[0]).sum()) >= 3))
def test_accuracy_of_folds_equals_trying_every_threshold(pairs):
    same, distances = pairs
    dealt = np.empty(len(same), int)
    for kind in (True, False):
        dealt[same == kind] = np.arange(np.sum(same == kind)) % 3
    shares = []
    for fold in range(3):
        rest, here = dealt != fold, dealt == fold
        tries = np.concatenate([[-1.0], np.unique(distances[rest])])
        right = [np.sum((distances[rest] <= t) == same[rest]) for t in tries]
        after = np.append(tries, tries[-1])[np.argmax(right) + 1]
        threshold = -1 if np.argmax(right) == 0 else (tries[np.argmax(right)] + after) / 2
        shares.append(np.mean((distances[here] <= threshold) == same[here]))
    assert_close(k_fold_accuracy(same, distances, 3)[0], np.mean(shares), "float64")
    assert_close(k_fold_accuracy(same, distances, dealt), list(k_fold_accuracy(same, distances, 3)), "float64")


def test_perfect_and_useless_distances():
    perfect = verification_scores(SAME, np.where(SAME, 0.1, 0.9), folds=5)
    assert (perfect.area_under_roc, perfect.equal_error_rate, perfect.accuracy, perfect.standard_error) == (1, 0, 1, 0)
    assert (perfect.true_accept_rate, perfect.threshold) == (1, 0.1)
    useless = verification_scores(SAME, np.ones(10), folds=5)
    assert (useless.area_under_roc, useless.equal_error_rate, useless.true_accept_rate) == (0.5, 0.5, 0)


def test_scores_are_those_of_the_single_functions():
    scores = verification_scores(SAME, DISTANCES, folds=5, false_accept_rate=0.2)
    assert (scores.equal_error_rate, scores.equal_error_threshold) == equal_error_rate(SAME, DISTANCES)
    assert (scores.accuracy, scores.standard_error) == k_fold_accuracy(SAME, DISTANCES, 5)
    assert (scores.true_accept_rate, scores.threshold) == accept_rate_at(SAME, DISTANCES, 0.2)
    assert scores.area_under_roc == area_under_roc(SAME, DISTANCES)


@pytest.mark.parametrize("function", [roc_curve, area_under_roc, equal_error_rate, verification_scores])
def test_pairs_that_cannot_be_judged_are_refused(function):
    with raises(r"one shape \(M,\), an entry a pair. Received \(2,\) and \(2, 1\)"):
        function([1, 0], [[0.1], [0.2]])
    with raises("pairs of one person and pairs of two. Received 2 of 2"):
        function([1, 1], [0.1, 0.2])
    with raises("distances must be finite"):
        function([1, 0], [0.1, np.nan])
    with raises("same must hold True for pairs of one person"):
        function([1, 7], [0.1, 0.2])


def test_rates_and_folds_out_of_range_are_refused():
    for wrong in (0, 1, -0.1, True):
        with raises("false_accept_rate must lie between 0 and 1. Received"):
            accept_rate_at(SAME, DISTANCES, wrong)
    with raises("folds must be a positive integer"):
        k_fold_accuracy(SAME, DISTANCES, 0)
    for wrong in (1, 6, np.arange(10), np.zeros(3)):
        with raises("folds must be at least 2, each with pairs of one person and of two"):
            k_fold_accuracy(SAME, DISTANCES, wrong)
