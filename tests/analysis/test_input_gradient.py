import numpy as np
from keras import ops

from cvkit.analysis import gradient_function, input_gradient
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
