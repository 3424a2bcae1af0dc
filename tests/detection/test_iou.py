import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cvkit.detection import iou
from tests import reference
from tests.support import assert_close, check_gradient, examples, gradient, raises, to_numpy, ways_to_run

boxes = hnp.arrays("float32", st.tuples(st.integers(0, 5), st.just(4)), elements=st.integers(0, 40).map(float))


def test_hand_worked_case():
    # 4x2 box against the same moved by (2, 1): overlap 2*1 = 2, union 8 + 8 - 2 = 14.
    assert_close(iou([[0, 0, 4, 2]], [[2, 1, 6, 3]]), [[2 / 14]])


@examples(400)  # of up to 25 pairs each
@given(boxes, boxes)
def test_equals_the_loop(boxes1, boxes2):
    assert_close(iou(boxes1, boxes2), reference.iou(boxes1, boxes2))


@given(boxes, boxes)
def test_is_symmetric_and_bounded(boxes1, boxes2):
    forward, backward = to_numpy(iou(boxes1, boxes2)), to_numpy(iou(boxes2, boxes1))
    assert_close(forward, backward.T)
    assert ((forward >= 0) & (forward <= 1)).all()


@given(boxes)
def test_a_box_with_area_has_iou_one_with_itself(b):
    diagonal = np.diag(to_numpy(iou(b, b)))
    has_area = (b[:, 2] > b[:, 0]) & (b[:, 3] > b[:, 1])
    assert_close(diagonal, has_area.astype("float32"))


def test_empty_sets_of_boxes_give_empty_tables():
    assert tuple(iou(np.zeros((0, 4)), np.ones((3, 4))).shape) == (0, 3)


def test_every_way_to_run_agrees():
    rng = np.random.default_rng(0)
    boxes1, boxes2 = (
        rng.uniform(0, 30, (6, 4)).astype("float32"),
        rng.uniform(0, 30, (4, 4)).astype("float32"),
    )
    for _, run in ways_to_run(iou):
        assert_close(run(boxes1, boxes2), reference.iou(boxes1, boxes2))


def test_gradient():
    other = np.array([[1.0, 2.0, 8.0, 9.0], [3.0, 1.0, 5.0, 6.0]], "float32")
    check_gradient(lambda b: iou(b, other), np.array([[0.0, 0.0, 4.0, 5.0]], "float32"))


def test_gradient_is_finite_for_empty_boxes():
    assert np.isfinite(gradient(lambda b: iou(b, b), np.zeros((2, 4), "float32"))).all()


def test_one_box_without_its_axis_is_refused():
    with raises(r"boxes1 must have shape \(N, 4\).*Received shape \(4,\).*box\[None\]"):
        iou([0, 0, 1, 1], [[0, 0, 1, 1]])


def test_boxes_of_five_numbers_are_refused():
    with raises(r"boxes2 must have shape \(M, 4\).*Received shape \(2, 5\)"):
        iou([[0, 0, 1, 1]], np.zeros((2, 5)))
