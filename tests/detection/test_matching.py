import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from cvkit.detection import match_anchors
from tests import reference
from tests.support import examples, raises, to_numpy, traced, ways_to_run

# Against the box (0, 0, 10, 10): IoU 1, 0.7, 0.5, 0.2, 0; against (20, 0, 30, 10) only the fourth has any: 4 / 26.
ANCHORS = np.array([[0, 0, 10, 10], [0, 0, 10, 7], [0, 0, 10, 5], [0, 0, 10, 2], [50, 0, 60, 10]], "float32")
BOX = np.array([[0, 0, 10, 10]], "float32")


@st.composite
def scenes(draw):
    """Anchors (7, 4) and boxes (M, 4) on a coarse grid, so that overlaps are often equal; some boxes are empty."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spread, num_boxes = draw(st.integers(1, 8)), draw(st.integers(0, 3))
    corner, size = rng.integers(0, spread, (10, 2)), rng.integers(0, 6, (10, 2))
    boxes = np.concatenate([corner, corner + size], axis=1).astype("float32")
    return boxes[:7], boxes[7 : 7 + num_boxes]


def check(found, expected):
    found = to_numpy(found)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, expected)


def test_hand_worked_case():
    for _, run in ways_to_run(match_anchors):
        check(run(ANCHORS, BOX), [0, 0, -2, -1, -1])  # 0.7 is enough; 0.5 is neither; 0.2 is below 0.3
    check(match_anchors(ANCHORS, BOX, positive=0.5, negative=0.5), [0, 0, 0, -1, -1])


def test_the_best_anchor_of_a_box_is_positive_however_little_it_overlaps():
    boxes = np.array([[0, 0, 10, 10], [44, 0, 54, 10]], "float32")  # the second: 4 of 16 columns of the last anchor
    check(match_anchors(ANCHORS, boxes), [0, 0, -2, -1, 1])
    check(match_anchors(ANCHORS, boxes, force_best=False), [0, 0, -2, -1, -1])
    twice = np.concatenate([ANCHORS, ANCHORS[4:], [[38, 0, 48, 10]]]).astype("float32")  # the same from both sides
    check(match_anchors(twice, boxes), [0, 0, -2, -1, 1, 1, 1])


def test_an_anchor_that_is_the_best_of_two_boxes_is_matched_with_the_one_it_overlaps_most():
    boxes = np.array([[0, 0, 10, 3], [0, 0, 10, 9]], "float32")
    check(match_anchors(ANCHORS[:1], boxes), [1])


def test_a_box_that_no_anchor_touches_stays_without():
    check(match_anchors(ANCHORS, [[100.0, 100, 110, 110]]), [-1] * 5)


@functools.cache
def match(positive, negative, force_best):
    def padded(anchors, boxes, box_mask, anchor_mask):
        return match_anchors(anchors, boxes, positive, negative, force_best, box_mask, anchor_mask)

    return traced(padded)


@examples(2000)
@given(scenes(), st.sampled_from([(0.7, 0.3), (0.5, 0.5)]), st.booleans(), st.integers(0, 127))
def test_equals_the_loop_and_what_fills_up_changes_nothing(scene, thresholds, force_best, taking_part):
    anchors, boxes = scene
    part = np.array([bool(taking_part >> i & 1) for i in range(7)])
    overlap = reference.iou(anchors[part], boxes).astype("float32")
    expected = np.full(7, -2)
    expected[part] = reference.match_anchors(overlap, *thresholds, force_best)
    filling = 3 - len(boxes)  # with boxes that look real, but are masked
    boxes, mask = np.concatenate([boxes, anchors[:filling]]), np.arange(3) < len(boxes)
    check(match(*thresholds, force_best)(anchors, boxes, mask, part), expected)


@given(scenes())
def test_without_masks_all_take_part(scene):
    anchors, boxes = scene
    overlap = reference.iou(anchors, boxes).astype("float32")
    check(match_anchors(anchors, boxes), reference.match_anchors(overlap, 0.7, 0.3, True))


def test_an_image_without_boxes_has_negative_anchors_only():
    check(match_anchors(ANCHORS, np.zeros((0, 4))), [-1] * 5)
    check(match_anchors(ANCHORS, np.zeros((0, 4)), anchor_mask=[True, False, True, True, True]), [-1, -2, -1, -1, -1])
    check(match_anchors(np.zeros((0, 4)), BOX), [])


def test_a_batch_by_way_of_map():
    boxes = np.stack([np.concatenate([BOX, BOX]), np.concatenate([BOX + 1, BOX])])
    mask = np.array([[False, True], [False, False]])
    found = ops.map(lambda image: match_anchors(ANCHORS, image[0], box_mask=image[1]), (boxes, mask))
    check(found, [[1, 1, -2, -1, -1], [-1] * 5])


@pytest.mark.parametrize(("positive", "negative"), [(0.3, 0.7), (1.2, 0.3), (0.7, -0.1), (0, 0)])
def test_thresholds_that_do_not_fit_are_refused(positive, negative):
    with raises(r"0 <= negative <= positive <= 1, and positive > 0. Received negative=.*, positive="):
        match_anchors(ANCHORS, BOX, positive, negative)


def test_shapes_that_do_not_fit_are_refused():
    with raises(r"boxes must have shape \(M, 4\).*Received shape \(2, 1, 4\). Call it once for each image"):
        match_anchors(ANCHORS, np.stack([BOX, BOX]))
    with raises(r"anchors must have shape \(N, 4\)"):
        match_anchors(ANCHORS[0], BOX)
    with raises("box_mask must hold one value for each of the 1 boxes. Received 2"):
        match_anchors(ANCHORS, BOX, box_mask=[True, True])
    with raises(r"anchor_mask must have shape \(N,\): True for each that takes part. Received shape \(1, 5\)"):
        match_anchors(ANCHORS, BOX, anchor_mask=np.ones((1, 5), "bool"))
