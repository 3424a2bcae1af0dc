import numpy as np
from keras import ops

from cvkit.analysis import gradient_function, input_gradient, value_and_gradient_function
from tests.support import assert_close


def test_hand_worked_case():
    # x0² x1 at (3, 5): slopes 2 · 3 · 5 and 3².
    assert_close(input_gradient(lambda x: x[0] ** 2 * x[1], np.array([3.0, 5.0], "float32")), [30, 9])


def test_one_function_serves_many_values_and_shapes():
    slope = gradient_function(lambda x: ops.sum(x**3))
    for values in ([1.0, 2.0], [4.0, -1.0], [5.0]):
        assert_close(slope(np.array(values, "float32")), 3 * np.square(values))


def test_what_does_not_depend_on_x_has_slope_zero():
    assert_close(input_gradient(lambda x: ops.sum(0 * x), np.ones(3, "float32")), np.zeros(3))


def test_values_come_with_the_gradient_of_their_sum():
    # (x0 x1, x0 + x1) at (3, 5): values 15 and 8, slopes 5 + 1 and 3 + 1.
    value, slope = value_and_gradient_function(lambda x: ops.stack([x[0] * x[1], x[0] + x[1]]))([3.0, 5.0])
    assert_close(value, np.array([15.0, 8.0], "float32"))
    assert_close(slope, np.array([6.0, 4.0], "float32"))
