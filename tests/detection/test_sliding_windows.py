import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.detection import sliding_windows
from tests.support import assert_close, examples, raises, to_numpy

pairs = st.tuples(st.integers(1, 12), st.integers(1, 12))


def test_hand_worked_case():
    # 5 high, 4 wide; windows of 3 x 2, two down and one across: rows at 0 and 2, columns at 0, 1 and 2.
    expected = [[x, y, x + 2, y + 3] for y in (0, 2) for x in (0, 1, 2)]
    assert_close(sliding_windows((5, 4), (3, 2), (2, 1)), expected)


@examples(2000)
@given(pairs, pairs, pairs)
def test_equals_the_loops(image_size, window, stride):
    (height, width), (h, w), (down, across) = image_size, window, stride
    expected = [[x, y, x + w, y + h] for y in range(0, height - h + 1, down) for x in range(0, width - w + 1, across)]
    found = to_numpy(sliding_windows(image_size, window, stride))
    assert found.dtype == "float32"
    np.testing.assert_array_equal(found, np.reshape(expected, (-1, 4)))


def test_one_number_stands_for_both():
    assert_close(sliding_windows((9, 8), 3, 2), to_numpy(sliding_windows((9, 8), (3, 3), (2, 2))))


def test_a_window_larger_than_the_image_fits_nowhere():
    assert tuple(sliding_windows((9, 8), (10, 2), 1).shape) == (0, 4)


@pytest.mark.parametrize("wrong", [(4,), "ab", (2, 0), (2.5, 3), None])
def test_what_does_not_fit_is_refused(wrong):
    for name in ("image_size", "window", "stride"):
        arguments = {"image_size": (9, 8), "window": 3, "stride": 1, name: wrong}
        with raises(f"{name} must be"):
            sliding_windows(**arguments)


def test_an_image_of_one_number_is_refused():
    with raises(r"image_size must be \(height, width\) in pixels. Received 9"):
        sliding_windows(9, 3, 1)
