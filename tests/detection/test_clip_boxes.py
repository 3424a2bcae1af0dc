import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.detection import clip_boxes
from tests.support import assert_close, check_gradient, examples, raises, to_numpy, traced, ways_to_run

SIZE = (80, 100)  # high, wide


def test_hand_worked_case():
    boxes = np.array([[-5, 10, 20, 90], [90, -3, 130, 40], [10, 20, 30, 40], [120, 10, 140, 20]], "float32")
    expected = [[0, 10, 20, 80], [90, 0, 100, 40], [10, 20, 30, 40], [100, 10, 100, 20]]
    for _, run in ways_to_run(lambda b: clip_boxes(b, SIZE)):
        assert_close(run(boxes), expected)


clip = traced(lambda b, height, width: clip_boxes(b, (height, width)))


@examples(400)  # of five boxes each
@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.integers(1, 300))
def test_equals_the_loop_and_a_second_time_nothing_changes(seed, height, width):
    boxes = np.random.default_rng(seed).uniform(-400, 400, (5, 4)).astype("float32")
    clipped = to_numpy(clip(boxes, np.int32(height), np.int32(width)))
    expected = [[min(max(v, 0), (width, height)[i % 2]) for i, v in enumerate(box)] for box in boxes]
    assert_close(clipped, expected)
    np.testing.assert_array_equal(to_numpy(clip(clipped, np.int32(height), np.int32(width))), clipped)


def test_any_number_of_axes_is_taken_also_none():
    assert tuple(clip_boxes(np.zeros((2, 0, 4)), SIZE).shape) == (2, 0, 4)
    assert_close(clip_boxes([-1.0, 0, 200, 200], SIZE), [0, 0, 100, 80])


def test_the_size_may_be_known_only_when_it_runs():
    boxes = np.array([[-5.0, 10, 200, 90]], "float32")
    for _, run in ways_to_run(lambda b, h, w: clip_boxes(b, (h, w))):
        assert_close(run(boxes, np.int32(80), np.int32(100)), [[0, 10, 100, 80]])


def test_gradient():
    check_gradient(lambda b: clip_boxes(b, SIZE) ** 2, np.array([[-5.0, 2, 3, 4]], "float32"))


def test_boxes_that_do_not_fit_are_refused():
    with raises(r"boxes must have shape \(..., 4\): four numbers a box. Received shape \(1, 5\)"):
        clip_boxes(np.zeros((1, 5)), SIZE)


@pytest.mark.parametrize("size", [64, (64,), (0, 64), (64, -1.0)])
def test_sizes_that_do_not_fit_are_refused(size):
    with raises(r"image_size must be \(height, width\) in pixels, two positive numbers. Received"):
        clip_boxes(np.zeros((1, 4)), size)
