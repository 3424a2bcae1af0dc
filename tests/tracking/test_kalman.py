import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.tracking import KalmanFilter
from tests.support import assert_close, raises
from tests.tracking.slow import gaussian_posterior

POINT = dict(x=[0, 0], P=[[1, 0], [0, 4]], F=[[1, 1], [0, 1]], H=[[1, 0]], Q=[[0, 0], [0, 0]], R=[[1]])


def random_problem(rng, n, m):
    def covariance(size):
        root = rng.normal(size=(size, size))
        return root @ root.T + 0.1 * np.eye(size)

    return dict(
        x=rng.normal(size=n),
        P=covariance(n),
        F=rng.normal(size=(n, n)) / np.sqrt(n),
        H=rng.normal(size=(m, n)),
        Q=covariance(n),
        R=covariance(m),
    )


def test_hand_worked_case():
    # Position 0 ± 1 and velocity 0 ± 2. After a second, position + velocity has variance 1 + 4 = 5, and 4 in common
    # with the velocity. S = 5 + 1 = 6, K = (5/6, 4/6). Measured 3: x = (5/2, 2),
    # P = [[5 - 25/6, 4 - 20/6], [4 - 20/6, 4 - 16/6]].
    point = KalmanFilter(**POINT)
    point.predict()
    assert_close(point.P, [[5, 4], [4, 4]], "float64")
    expected, S = point.measurement()
    assert_close(expected, [0], "float64")
    assert_close(S, [[6]], "float64")
    assert_close(point.distance([[3], [-6], [0]]), [9 / 6, 36 / 6, 0], "float64")
    point.update([3])
    assert_close(point.x, [5 / 2, 2], "float64")
    assert_close(point.P, [[5 / 6, 4 / 6], [4 / 6, 8 / 6]], "float64")
    point.predict()
    assert_close(point.x, [9 / 2, 2], "float64")


def test_a_random_walk_settles_at_the_golden_ratio():
    # F = H = Q = R = 1: p = p - p²/(p + 1) + 1, so p² = p + 1. A textbook's steady state; the gain is 1/phi.
    walk = KalmanFilter([0], [[100]], [[1]], [[1]], [[1]], [[1]])
    for _ in range(60):
        walk.update([0])
        walk.predict()
    golden = (1 + 5**0.5) / 2
    assert_close(walk.P, [[golden]], "float64")
    walk.x = np.zeros(1)
    walk.update([1])
    assert_close(walk.x, [1 / golden], "float64")


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 3), st.integers(0, 5))
def test_equals_the_posterior_of_one_joint_gaussian(seed, n, m, steps):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, n, m)
    measurements = rng.normal(size=(steps, m))
    kalman = KalmanFilter(**problem)
    for z in measurements:
        kalman.predict()
        kalman.update(z)
    mean, covariance = gaussian_posterior(**problem, measurements=measurements)
    np.testing.assert_allclose(kalman.x, mean, rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(kalman.P, covariance, rtol=1e-7, atol=1e-7)


def test_without_motion_or_prior_it_is_the_mean_of_the_measurements():
    z = np.random.default_rng(0).normal(size=7)
    kalman = KalmanFilter([0], [[1e12]], [[1]], [[1]], [[0]], [[2]])
    for value in z:
        kalman.predict()
        kalman.update([value])
    assert_close(kalman.x, [z.mean()], "float64")
    assert_close(kalman.P, [[2 / 7]], "float64")


@given(st.integers(0, 2**32 - 1))
def test_a_measurement_makes_surer_and_waiting_less_sure(seed):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, 3, 2)
    kalman = KalmanFilter(**(problem | {"F": np.eye(3)}))
    before = kalman.P
    kalman.update(rng.normal(size=2))
    updated = kalman.P
    assert np.linalg.eigvalsh(before - updated).min() > -1e-9
    assert np.linalg.eigvalsh(updated).min() > -1e-9
    kalman.predict()
    assert np.linalg.eigvalsh(kalman.P - updated).min() > 0


def test_the_distance_counts_standard_deviations():
    rng = np.random.default_rng(0)
    kalman = KalmanFilter(**random_problem(rng, 4, 4))
    expected, S = kalman.measurement()
    z = rng.multivariate_normal(expected, S, 20000)
    # 95 per cent of chi-square with 4 degrees of freedom are below 9.4877: of 20,000 draws 19,000 ± 31
    assert abs((kalman.distance(z) <= 9.4877).sum() - 19000) < 150
    slow = [(row - expected) @ np.linalg.inv(S) @ (row - expected) for row in z[:5]]
    assert_close(kalman.distance(z[:5]), slow, "float64")


def test_noise_may_be_replaced():
    point = KalmanFilter(**POINT)
    point.predict()
    point.R = np.array([[1e12]])
    point.update([3])
    assert abs(point.x).max() < 1e-10


def test_it_keeps_what_it_was_given():
    x = np.zeros(2)
    point = KalmanFilter(**(POINT | {"x": x}))
    point.predict()
    point.update([3])
    assert x.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"x": [[0, 0]]}, r"x must have shape \(n,\)"),
        ({"H": [1, 0]}, r"H must have shape \(m, 2\)"),
        ({"H": [[1]]}, r"H must have shape \(m, 2\): a row for each number that is measured\. Received shape \(1, 1\)"),
        ({"P": [[1]]}, r"P must have shape \(2, 2\): x has 2 numbers and H 1 rows"),
        ({"F": np.eye(3)}, r"F must have shape \(2, 2\)"),
        ({"Q": [0, 0]}, r"Q must have shape \(2, 2\)"),
        ({"R": np.eye(2)}, r"R must have shape \(1, 1\)"),
        ({"P": [[np.nan, 0], [0, 1]]}, "P must be finite"),
    ],
)
def test_matrices_that_do_not_fit_are_refused(changed, words):
    with raises(words):
        KalmanFilter(**(POINT | changed))


def test_measurements_that_do_not_fit_are_refused():
    point = KalmanFilter(**POINT)
    with raises(r"z must have shape \(1,\): a number for each row of H\. Received shape \(2,\)"):
        point.update([1, 2])
    with raises(r"z must have shape \(k, 1\)"):
        point.distance([1])
    with raises("z must be finite.*Without a measurement only predict"):
        point.update([np.nan])
