"""What anchors and regions learn: whom they are matched with, and how a sample of them is drawn."""

import keras
import numpy as np
import pytest

from cvkit.detection import anchor_grid, decode_deltas, iou, match_anchors
from cvkit.layers import AnchorTargets, RegionTargets
from cvkit.layers.region_targets import STDS
from tests.support import assert_close, to_numpy

ANCHORS = to_numpy(anchor_grid((6, 6), 8, (12, 20), (0.5, 1, 2)))  # (216, 4) on 48 pixels
BOXES = np.array(
    [
        [[3, 4, 17, 16], [20, 20, 44, 40], [0, 0, 0, 0]],
        [[10, 30, 22, 47], [0, 0, 0, 0], [0, 0, 0, 0]],
        np.zeros((3, 4)),
    ],
    "float32",
)
LABELS = np.array([[2, 0, -1], [1, -1, -1], [-1, -1, -1]], "int32")
SIZES = np.array([[48, 48], [48, 30], [48, 48]], "float32")


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(0)


def anchor_targets(num_samples):
    return [to_numpy(x) for x in AnchorTargets(num_samples)([ANCHORS, BOXES, LABELS, SIZES])]


def test_anchors_of_a_large_sample_are_all_that_match():
    targets, deltas = anchor_targets(1000)
    for row, boxes in enumerate(BOXES):
        real = boxes[LABELS[row] >= 0]
        centres = (ANCHORS[:, :2] + ANCHORS[:, 2:]) / 2
        inside = (centres < SIZES[row, ::-1]).all(axis=1)
        matches = to_numpy(match_anchors(ANCHORS, real, anchor_mask=inside))
        # At most half of the 1,000 are objects, which is more than there are.
        assert (targets[row] == np.select([matches >= 0, matches == -1], [1, 0], -1)).all()
        objects = targets[row] == 1
        assert_close(decode_deltas(deltas[row][objects], ANCHORS[objects]), real[matches[objects]])


def test_a_sample_of_anchors_is_half_objects_at_most():
    targets, _ = anchor_targets(4)
    for row in range(3):
        assert (targets[row] >= 0).sum() == 4
    assert (targets[0] == 1).sum() == 2
    assert (targets[2] == 1).sum() == 0  # no box, so all background
    assert (targets[1][(ANCHORS[:, 0] + ANCHORS[:, 2]) / 2 >= 30] == -1).all()  # the padding takes no part


def test_every_step_draws_another_sample():
    layer = AnchorTargets(8)
    first, second = (to_numpy(layer([ANCHORS, BOXES, LABELS, SIZES])[0]) for _ in range(2))
    assert (first != second).any()


def regions():
    """Proposals around the boxes of each image, some near, some far, and padding."""
    random = np.random.default_rng(0)
    near = np.repeat(BOXES[:, :1], 6, axis=1) + random.normal(0, 1.5, (3, 6, 4)).astype("float32")
    far = np.tile(np.array([[30, 0, 47, 12], [0, 25, 8, 47]], "float32"), (3, 1, 1))
    return np.concatenate([near, far, np.zeros((3, 2, 4), "float32")], axis=1)


def test_regions_have_the_class_of_the_box_they_overlap_most():
    rois, classes, deltas = (to_numpy(x) for x in RegionTargets(40)([regions(), BOXES, LABELS]))
    assert rois.shape == (3, 40, 4)
    for row, boxes in enumerate(BOXES):
        real = boxes[LABELS[row] >= 0]
        for roi, label, delta in zip(rois[row], classes[row], deltas[row], strict=True):
            overlaps = to_numpy(iou(roi[None], real))[0] if len(real) else np.zeros(1)
            if label < 0:
                continue
            assert (overlaps.max() >= 0.5) == (label > 0)
            if label > 0:
                assert label == LABELS[row, overlaps.argmax()] + 1
                assert_close(decode_deltas(delta, roi, STDS), real[overlaps.argmax()])


def test_the_true_boxes_join_the_proposals():
    rois, classes, _ = (to_numpy(x) for x in RegionTargets(8)([np.zeros((3, 1, 4), "float32"), BOXES, LABELS]))
    assert sorted(classes[0, :2]) == [1, 3]
    assert {tuple(roi) for roi in rois[0, :2]} == {tuple(box) for box in BOXES[0, :2]}
    assert (classes[0, 2:] == -1).all()
    assert (classes[2] == -1).all()


def test_a_quarter_of_the_regions_are_objects_at_most():
    _, classes, _ = (to_numpy(x) for x in RegionTargets(8)([regions(), BOXES, LABELS]))
    assert ((classes > 0).sum(axis=1) <= 2).all()
    assert (classes[0] > 0).sum() == 2
    assert (classes[2] <= 0).all()
