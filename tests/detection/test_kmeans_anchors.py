import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.detection import kmeans_anchors
from cvkit.detection.kmeans_anchors import mean_best_iou
from tests import reference
from tests.support import assert_close, raises


@st.composite
def some_sizes(draw):
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return np.exp(random.normal(3, 0.7, (draw(st.integers(6, 40)), 2)))


def test_hand_worked_case():
    # Two clusters. Means (11, 10) and (30, 55). IoU of 10 x 10 with 11 x 10: 100/110; of 12 x 10: 110/120;
    # of 30 x 60 with 30 x 55: 55/60; of 30 x 50: 50/55.
    anchors, mean = kmeans_anchors([[30, 60], [10, 10], [30, 50], [12, 10]], 2)
    assert_close(anchors, [[11, 10], [30, 55]], "float64")
    assert mean == pytest.approx((10 / 11 + 11 / 12 + 55 / 60 + 50 / 55) / 4)


def test_it_is_not_the_euclidean_distance_that_counts():
    # 200 x 200 is 40 away from 160 x 200 and 19 x 1 only 18 from 1 x 1; but the IoUs are 0.8 and 1/19.
    sizes = [[1, 1], [19, 1], [160, 200], [200, 200]]
    assert_close(kmeans_anchors(sizes, 3)[0], [[1, 1], [19, 1], [180, 200]], "float64")


@given(some_sizes(), st.integers(1, 5))
def test_mean_iou_and_the_end_equal_a_slow_loop(sizes, k):
    anchors, mean = kmeans_anchors(sizes, k)
    corners, shapes = (np.concatenate([np.zeros_like(x), x], axis=1) for x in (sizes, anchors))
    overlaps = reference.iou(corners, shapes)
    assert mean == pytest.approx(overlaps.max(axis=1).mean())
    assert mean_best_iou(sizes, anchors) == pytest.approx(mean)
    assert_close(reference.kmeans_round(sizes, anchors), anchors, "float64")  # it has come to rest


@given(some_sizes(), st.integers(1, 5))
def test_anchors_are_sorted_and_do_not_depend_on_the_order_or_the_unit(sizes, k):
    anchors, mean = kmeans_anchors(sizes, k, seed=3)
    assert anchors.shape == (k, 2)
    assert (np.diff(anchors.prod(axis=1)) >= 0).all()
    again = kmeans_anchors(sizes[::-1], k, seed=3)
    assert (again[0] == anchors).all()
    assert again[1] == pytest.approx(mean)
    assert_close(kmeans_anchors(4 * sizes, k, seed=3)[0], 4 * anchors, "float64")


@given(some_sizes())
def test_one_anchor_is_the_mean_and_as_many_as_boxes_are_the_boxes(sizes):
    assert_close(kmeans_anchors(sizes, 1)[0], sizes.mean(axis=0)[None], "float64")
    anchors, mean = kmeans_anchors(sizes, len(sizes))
    assert mean == pytest.approx(1)
    assert_close(anchors, sizes[np.argsort(sizes.prod(axis=1))], "float64")


def test_it_finds_the_groups_that_boxes_were_drawn_from():
    random = np.random.default_rng(0)
    true = np.array([[10, 24], [40, 20], [60, 90]])
    sizes = np.concatenate([shape * random.uniform(0.9, 1.1, (50, 2)) for shape in true])
    for seed in range(3):
        anchors, mean = kmeans_anchors(sizes, 3, seed)
        assert (abs(anchors / true - 1) < 0.05).all()
        assert mean > 0.85


def test_what_does_not_fit_is_refused():
    with raises(r"sizes must have shape \(N, 2\).*Received shape \(2, 4\)"):
        kmeans_anchors(np.ones((2, 4)), 1)
    with raises(r"sizes must be positive numbers. Received \[3.0, 0.0\]: leave boxes without area out"):
        kmeans_anchors([[1, 2], [3, 0]], 1)
    with raises("k must be at most the number of different sizes, 2. Received 3"):
        kmeans_anchors([[1, 2], [3, 4], [1, 2]], 3)
    with raises("k must be a positive integer"):
        kmeans_anchors([[1, 2]], 0)
    with raises("k must be at most the number of different sizes, 0. Received 1"):
        kmeans_anchors(np.zeros((0, 2)), 1)
