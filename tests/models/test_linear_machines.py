"""Linear machines: means, margins, and the negatives that matter."""

import numpy as np
import pytest
from sklearn.svm import LinearSVC

from cvkit.models.linear_machines import (
    choose_negatives,
    hard_negative_machine,
    linear_scores,
    nearest_mean,
    support_vector_machine,
)
from tests.support import assert_close


@pytest.fixture(scope="module")
def groups():
    """Two groups in ten dimensions that touch, thirty negatives for each positive."""
    random = np.random.default_rng(1)
    return random.normal(0.8, 1, (20, 10)), random.normal(0, 1, (600, 10))


def test_scores_hand_worked():
    # (1, 2) . (3, 1) - 2 = 3 and (1, 2) . (0, -1) + 5 = 3; (0, 1) gives 1 - 2 = -1 and -1 + 5 = 4.
    scores = linear_scores(np.array([[1.0, 2], [0, 1]]), np.array([[3.0, 1, -2], [0, -1, 5]]))
    assert_close(scores, np.array([[3.0, 3], [-1, 4]]), "float64")


def test_nearest_mean_is_a_difference_of_squared_distances(groups):
    positives, negatives = groups
    points = np.random.default_rng(2).normal(size=(7, 10))
    to_rest, to_class = (((points - group.mean(axis=0)) ** 2).sum(axis=1) for group in (negatives, positives))
    assert_close(linear_scores(points, nearest_mean(positives, negatives)), to_rest - to_class, "float64")


def test_the_margin_hand_worked():
    # Classes at x = 3 and x = -1: the middle is x = 1, and scores of 1 and -1 at a distance of 2 need w = 1/2.
    machine = support_vector_machine(np.array([[3.0, 5], [3, -5]]), np.array([[-1.0, 2], [-1, 1]]), c=1e6)
    assert_close(machine.round(2), np.array([0.5, 0, -0.5]))


def test_a_machine_makes_its_cost_small(groups):
    positives, negatives = groups
    machine = support_vector_machine(positives, negatives, c=0.5)

    def cost(weights):  # with b / 10 among the numbers that shall be small, as scikit-learn has it
        margins = np.append(linear_scores(positives, weights), -linear_scores(negatives, weights))
        small = (weights[:-1] ** 2).sum() + (weights[-1] / 10) ** 2
        return small / 2 + 0.5 * (np.maximum(0, 1 - margins) ** 2).sum()

    moves = np.random.default_rng(3).normal(0, 0.01, (50, 11))
    assert all(cost(machine) < cost(machine + move) for move in moves)


def test_hard_negatives_give_the_machine_of_all(groups):
    positives, negatives = groups
    positives = positives + 2  # few negatives are hard
    chosen = choose_negatives(positives, negatives, np.random.default_rng(0), c=1.0)
    assert len(chosen) < 0.7 * len(negatives)
    by_all = support_vector_machine(positives, negatives, c=1.0)
    left_out = np.delete(negatives, chosen, axis=0)
    assert (linear_scores(left_out, by_all) < -1).all()  # they have no say, so that the machine is the same
    by_hard = hard_negative_machine(positives, negatives, np.random.default_rng(0), c=1.0)
    assert abs(by_hard - by_all).max() < 0.01 * abs(by_all).max()


def test_hard_are_those_above_minus_one(groups):
    positives, negatives = groups
    chosen = choose_negatives(positives, negatives, np.random.default_rng(5), c=0.1)
    first = np.random.default_rng(5).permutation(len(negatives))[:100]  # five a positive
    truth = np.repeat([1, 0], [20, 100])
    other = LinearSVC(C=0.1, intercept_scaling=10, max_iter=5000, random_state=0)
    other.fit(np.concatenate([positives, negatives[first]]), truth)
    hard = np.flatnonzero(other.decision_function(negatives) > -1)
    assert chosen.tolist() == sorted(set(first) | set(hard))
    assert len(set(hard) - set(first)) > 0
