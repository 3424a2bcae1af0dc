import numpy as np
import pytest

from cvkit.tracking import numbers_over_time, tracking_scores
from tests.support import raises

LEFT, RIGHT, SHIFTED = [0, 0, 10, 10], [50, 0, 60, 10], [2, 0, 12, 10]


def frame(**boxes):
    """A frame from numbers with a letter in front: a1=[...]."""
    return {"boxes": list(boxes.values()), "ids": [int(name[1:]) for name in boxes]}


def test_hand_worked():
    truths = [frame(t5=LEFT), frame(t9=RIGHT, t5=LEFT), frame(t5=LEFT), frame()]
    tracks = [frame(n1=LEFT), frame(n3=RIGHT, n2=SHIFTED), frame(n4=RIGHT), frame(n4=RIGHT)]
    ids, table = numbers_over_time(tracks, truths)  # IoU of LEFT and SHIFTED: 80 / 120
    assert ids.tolist() == [5, 9]
    assert np.array_equal(table, [[1, 2, 0, np.nan], [np.nan, 3, np.nan, np.nan]], equal_nan=True)
    assert numbers_over_time(tracks, truths, iou_threshold=0.7)[1][0].tolist()[:3] == [1, 0, 0]


def test_the_pairing_is_the_best_of_all_and_not_the_best_pair_first():
    # A overlaps with 1 fully and with 2 by 2/3; B with 1 by 2/3 and with 2 not at all: greedy would leave B alone.
    a, b, other = [0, 0, 10, 10], [2, 0, 12, 10], [-2, 0, 8, 10]
    _, table = numbers_over_time([frame(n1=a, n2=other)], [frame(t1=a, t2=b)])
    assert table[:, 0].tolist() == [2, 1]


@pytest.mark.parametrize("seed", range(3))
def test_counts_agree_with_the_scores_where_boxes_are_far_apart(seed):
    rng = np.random.default_rng(seed)
    truths, tracks = [], []
    for _ in range(30):
        there = np.flatnonzero(rng.random(4) < 0.8)
        boxes = np.stack([100 * there, 0 * there, 100 * there + 10, 0 * there + 10], axis=1)
        found = rng.random(len(there)) < 0.8
        truths.append({"boxes": boxes, "ids": there + 1})
        tracks.append({"boxes": boxes[found], "ids": (there + 1 + 10 * (rng.random(len(there)) < 0.2))[found]})
    _, table = numbers_over_time(tracks, truths)
    scores = tracking_scores(tracks, truths)
    assert np.sum(table > 0) == scores.matches
    assert np.sum(table == 0) == scores.misses
    rows = [row[row > 0] for row in table]
    assert sum(np.sum(row[1:] != row[:-1]) for row in rows) == scores.switches


def test_nothing_at_all():
    ids, table = numbers_over_time([frame()], [frame()])
    assert (ids.shape, table.shape) == ((0,), (0, 1))
    ids, table = numbers_over_time([], [])
    assert (ids.shape, table.shape) == ((0,), (0, 0))


def test_what_it_refuses():
    with raises("tracks and truths must have as many frames. Received 1 and 2"):
        numbers_over_time([frame()], [frame()] * 2)
    with raises("tracks must have numbers from 1, as 0 stands for none. Received 0"):
        numbers_over_time([frame(n0=LEFT)], [frame()])
    with raises("iou_threshold must be above 0"):
        numbers_over_time([frame()], [frame()], iou_threshold=0)
