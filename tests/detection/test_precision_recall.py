import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cvkit.detection.precision_recall import RULES, average_precision, precision_recall
from tests.support import assert_close

rankings = st.lists(st.booleans(), max_size=12).map(lambda right: np.array(right, bool))


def test_hand_worked_curve():
    # Right, wrong, right of 4 objects: 1/1, 1/2, 2/3 and 1/4, 1/4, 2/4.
    precision, recall = precision_recall(np.array([True, False, True]), 4)
    assert_close(precision, [1, 1 / 2, 2 / 3], "float64")
    assert_close(recall, [1 / 4, 1 / 4, 1 / 2], "float64")


def test_eleven_recalls_are_compared_as_whole_numbers():
    # 3 of 10 objects reach the recalls 0, .1, .2 and .3: four elevenths. In floating point 3 * 0.1 > 3 / 10.
    right = np.array([True, True, True])
    assert 3 * 0.1 > 3 / 10
    assert_close(average_precision(right, ~right, 10, "voc07"), 4 / 11, "float64")


def test_what_is_neither_right_nor_wrong_is_as_if_it_were_not_there():
    right, wrong = np.array([False, True, False, False]), np.array([False, False, True, False])
    for rule in RULES:
        expected = average_precision(np.array([True, False]), np.array([False, True]), 2, rule)
        assert_close(average_precision(right, wrong, 2, rule), expected, "float64")


@given(rankings, rankings, st.integers(12, 30))
def test_rows_are_independent(right1, right2, num_objects):
    length = max(len(right1), len(right2))
    rows = np.zeros((2, length), bool)
    rows[0, : len(right1)], rows[1, : len(right2)] = right1, right2
    wrong = np.arange(length) < [[len(right1)], [len(right2)]]
    for rule in RULES:
        both = average_precision(rows, wrong & ~rows, num_objects, rule)
        for ap, right in zip(both, (right1, right2), strict=True):
            assert_close(ap, average_precision(right, ~right, num_objects, rule), "float64")
            assert 0 <= ap <= 1
