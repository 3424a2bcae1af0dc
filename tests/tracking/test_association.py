import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit import detection
from cvkit.tracking import assign, pairwise_iou
from tests import reference
from tests.support import assert_close, examples, raises


def boxes_of(rng, count):
    corner = rng.integers(0, 6, (count, 2))
    return np.concatenate([corner, corner + rng.integers(1, 5, (count, 2))], 1)


def test_iou_hand_worked():
    # 2 x 2 and 2 x 2 moved by (1, 1): 1 in common of 4 + 4 - 1. Boxes that touch have nothing in common.
    assert_close(pairwise_iou([[0, 0, 2, 2]], [[1, 1, 3, 3], [2, 0, 4, 2], [0, 0, 2, 2]]), [[1 / 7, 0, 1]], "float64")


@given(st.integers(0, 2**32 - 1), st.integers(0, 5), st.integers(0, 5))
def test_iou_equals_the_definition_and_that_of_the_detection_room(seed, n, m):
    rng = np.random.default_rng(seed)
    boxes1, boxes2 = boxes_of(rng, n), boxes_of(rng, m)
    overlap = pairwise_iou(boxes1, boxes2)
    assert overlap.dtype == np.float64
    assert_close(overlap, reference.iou(boxes1, boxes2), "float64")
    if n and m:
        assert_close(overlap.astype("float32"), detection.iou(boxes1.astype("float32"), boxes2.astype("float32")))


def test_wrong_boxes_are_refused():
    with raises(r"boxes1 must have shape \(N, 4\): .* Received shape \(4,\)"):
        pairwise_iou([0, 0, 1, 1], [])
    with raises(r"boxes2 must be finite and hold x1 < x2, y1 < y2\. Received \[0\.0, 0\.0, 0\.0, 1\.0\]"):
        pairwise_iou([], [[0, 0, 0, 1]])


def test_assign_hand_worked():
    # Greedy: .1 and .9, 1.0 in all. Best: .2 and .2. With .9 out of the question, .2 + .2 still beats .1 + .85, the
    # price of no pair.
    cost = [[0.1, 0.2], [0.2, 0.9]]
    assert assign(cost, 1).tolist() == [[0, 1], [1, 0]]
    assert assign(cost, 0.85).tolist() == [[0, 1], [1, 0]]
    # With the limit at .25, .1 alone costs .1 + .25 and two pairs .4; at .2 it is .1 + .2 against .4.
    assert assign(cost, 0.25).tolist() == [[0, 0]]
    assert assign(cost, 0.2).tolist() == [[0, 0]]
    assert assign(cost, 0.2, most_pairs=True).tolist() == [[0, 1], [1, 0]]


def test_a_bad_pair_does_not_push_aside_a_good_one():
    # One track has IoU .9 and .8 with the detections, the other .29 with the first. The least sum of 1 - IoU is that of
    # .2 and .71, not of .1 and 1; with .71 thrown away afterwards, the first track would be left with its second best.
    cost = 1 - np.array([[0.9, 0.8], [0.29, 0.0]])
    assert assign(cost, 0.7).tolist() == [[0, 0]]


def test_a_pair_at_the_limit_is_made_and_one_above_is_not():
    assert assign([[0.7]], 0.7).tolist() == [[0, 0]]
    assert assign([[0.7 + 1e-9]], 0.7).tolist() == []
    for nothing in (np.inf, np.nan):
        assert assign([[nothing, 0.1]], 0.7).tolist() == [[0, 1]]
        assert assign([[nothing]], 0.7).shape == (0, 2)
    for shape in ((0, 3), (3, 0), (0, 0)):
        assert assign(np.zeros(shape), 1).shape == (0, 2)


@examples(300)
@given(st.integers(0, 2**32 - 1), st.integers(0, 4), st.integers(0, 4), st.booleans())
def test_no_other_pairing_is_better(seed, n, m, most_pairs):
    rng = np.random.default_rng(seed)
    cost = rng.integers(0, 8, (n, m)) / 8  # ties abound
    cost[rng.random((n, m)) < 0.2] = np.inf
    limit = 0.6

    def worth(pairs):
        total = sum(cost[i, j] for i, j in pairs)
        missing = min(n, m) - len(pairs)
        return (missing, total) if most_pairs else total + (limit + 1e-5) * missing

    def pairings():
        for count in range(min(n, m) + 1):
            for rows in itertools.combinations(range(n), count):
                for columns in itertools.permutations(range(m), count):
                    pairs = list(zip(rows, columns, strict=True))
                    if all(cost[i, j] <= limit for i, j in pairs):
                        yield pairs

    made = [tuple(pair) for pair in assign(cost, limit, most_pairs).tolist()]
    assert len({i for i, _ in made}) == len({j for _, j in made}) == len(made)
    assert made == sorted(made)
    assert all(cost[i, j] <= limit for i, j in made)
    assert_close(worth(made), min(worth(pairs) for pairs in pairings()), "float64")


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_most_pairs_are_made_at_any_scale(scale):
    # Two pairs at 9 and 9 rather than one at 0.
    cost = scale * np.array([[0, 9], [9, np.inf]])
    assert assign(cost, 10 * scale, most_pairs=True).tolist() == [[0, 1], [1, 0]]


def test_what_is_no_matrix_is_refused():
    with raises(r"cost must have shape \(N, M\), a row for each track\. Received shape \(2,\)"):
        assign([1, 2], 1)
    with raises("max_cost must be a finite number. Received inf"):
        assign([[1]], np.inf)
