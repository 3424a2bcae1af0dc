import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cvkit.losses import smooth_l1_loss
from tests.support import assert_close, check_gradient, gradient, raises, to_numpy, ways_to_run

rows = hnp.arrays("float32", (5, 4), elements=st.floats(-8, 8, width=32))
TARGET = np.zeros((2, 4), "float32")
VALUES = np.array([[0.0, 0.5, -1.0, -3.0], [4.0, 0.25, 0.0, 0.0]], "float32")


def test_hand_worked_case():
    # beta 1: 0 + 0.5²/2 + (1 - 0.5) + (3 - 0.5) = 3.125; (4 - 0.5) + 0.25²/2 = 3.53125.
    assert_close(smooth_l1_loss(TARGET, VALUES), [3.125, 3.53125])
    # beta 0.5: 0 + (0.5 - 0.25) + (1 - 0.25) + (3 - 0.25) = 3.75; (4 - 0.25) + 0.25²/1 = 3.8125.
    assert_close(smooth_l1_loss(TARGET, VALUES, beta=0.5), [3.75, 3.8125])


@given(rows, rows, st.sampled_from([0.1, 1.0, 3.0]))
def test_equals_keras_huber_but_for_a_factor(targets, values, beta):
    expected = 4 / beta * to_numpy(keras.losses.huber(targets, values, delta=beta))
    assert_close(smooth_l1_loss(targets, values, beta), expected)


@given(rows, rows)
def test_lies_between_the_absolute_error_and_that_less_two(targets, values):
    absolute = abs(targets - values).sum(axis=1)
    loss = to_numpy(smooth_l1_loss(targets, values))
    assert (loss <= absolute + 1e-4).all()
    assert (loss >= absolute - 2 - 1e-4).all()


def test_slope_is_the_error_and_at_most_one():
    assert_close(gradient(lambda v: smooth_l1_loss(TARGET[0], v), VALUES[0]), [0.0, 0.5, -1.0, -1.0])
    check_gradient(lambda v: smooth_l1_loss(TARGET, v, 0.3), VALUES + 0.05)


def test_every_way_to_run_agrees_and_any_number_of_axes_is_taken():
    for _, run in ways_to_run(smooth_l1_loss):
        assert_close(run(TARGET, VALUES), [3.125, 3.53125])
    assert_close(smooth_l1_loss(TARGET[None], VALUES[None]), [[3.125, 3.53125]])
    assert tuple(smooth_l1_loss(np.zeros((0, 4)), np.zeros((0, 4))).shape) == (0,)


def test_half_precision_is_computed_in_float32():
    assert_close(smooth_l1_loss(np.zeros((1, 4), "float16"), np.full((1, 4), 30000, "float16")), [119998.0])


def test_what_does_not_fit_is_refused():
    with raises(r"values must have the shape of targets, \(2, 4\). Received shape \(4,\)"):
        smooth_l1_loss(TARGET, VALUES[0])
    with raises("at least one axis"):
        smooth_l1_loss(1.0, 2.0)


@pytest.mark.parametrize("beta", [0, -1, "1"])
def test_a_beta_that_is_not_positive_is_refused(beta):
    with raises("beta must be a positive number"):
        smooth_l1_loss(TARGET, VALUES, beta)
