"""Mask AP: the evaluator of boxes, with pixels in their place; against pycocotools with its run-length codes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from cvkit.detection import mean_average_precision
from cvkit.detection.mask_overlaps import MaskOverlaps
from tests.detection.coco import check_against_coco
from tests.support import assert_close, raises


def masks_of(random, count, size):
    """Unions of two rectangles of one image, some of them empty."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    masks = np.zeros((count, *size), bool)
    for mask in masks:
        for _ in range(random.integers(0, 3)):
            (y1, x1), (y2, x2) = random.integers(0, size, (2, 2))
            mask |= (rows >= min(y1, y2)) & (rows <= max(y1, y2)) & (columns >= min(x1, x2)) & (columns <= max(x1, x2))
    return masks


@st.composite
def evaluations(draw):
    """Masks of a few images of different sizes; detections are objects with some pixels changed, or anything."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    num_labels = draw(st.integers(1, 2))
    predictions, targets = [], []
    for _ in range(draw(st.integers(1, 4))):
        size = tuple(random.integers(3, 50, 2).tolist())
        objects = masks_of(random, random.integers(0, 5), size)
        found = np.concatenate(
            [objects[random.random(len(objects)) < 0.8], masks_of(random, random.integers(0, 4), size)]
        )
        found ^= random.random(found.shape) < random.choice([0, 0.02, 0.2], (len(found), 1, 1))
        target = {"masks": objects, "labels": random.integers(0, num_labels, len(objects))}
        targets.append(target | {"crowd": random.random(len(objects)) < 0.2})
        labels = random.integers(0, num_labels, len(found))
        predictions.append({"masks": found, "labels": labels, "scores": random.integers(0, 4, len(found)) / 4})
    return predictions, targets


def test_hand_worked_case():
    # The object is 4 x 4 pixels. A mask of 4 x 3 of them has IoU 12 / 16 = .75, and one of all and four more 16 / 20
    # = .8. Their boxes would say the same; a frame around it does not: the box has IoU 1, the mask 12 / 16.
    target = np.zeros((1, 8, 8), bool)
    target[0, 2:6, 2:6] = True
    frame = target.copy()
    frame[0, 3:5, 3:5] = False
    box = {"boxes": [[2, 2, 6, 6]], "labels": [0]}
    found, truth = {**box, "masks": frame, "scores": [0.5]}, {**box, "masks": target}
    thresholds = [0.75, 0.8]
    assert mean_average_precision([found], [truth], thresholds).average_precision.ravel().tolist() == [1, 1]
    scores = mean_average_precision([found], [truth], thresholds, iou_of="masks")
    assert scores.average_precision.ravel().tolist() == [1, 0]
    assert mean_average_precision([found], [truth], thresholds, "voc", "masks").mean == 0.5
    # COCO's sizes go by the mask's area, 16 pixels, not by that of the box.
    assert scores.by_size["small"] == 0.5
    assert np.isnan(scores.by_size["medium"])


@given(evaluations())
def test_equals_pycocotools(case):
    check_against_coco(*case, iou_of="masks")


def test_equals_pycocotools_on_objects_of_all_sizes():
    random = np.random.default_rng(0)
    predictions, targets = [], []
    for _ in range(6):
        objects = masks_of(random, 6, (150, 160))
        found = np.repeat(objects, 2, axis=0)
        found = np.roll(found, 3, axis=1) & (random.random((12, 1, 160)) < 0.9)
        labels = random.integers(0, 2, 6)
        targets.append({"masks": objects, "labels": labels})
        predictions.append({"masks": found, "labels": labels.repeat(2), "scores": random.random(12)})
    scores = check_against_coco(predictions, targets, iou_of="masks")
    assert 0.05 < scores.mean < 0.95
    assert not np.isnan(list(scores.by_size.values())).any()


@given(evaluations())
def test_masks_that_are_boxes_score_as_boxes(case):
    """Full rectangles of pixels have the areas and overlaps of their boxes, by every rule."""
    for items in case:
        for item in items:
            corners = []
            for k, mask in enumerate(item["masks"]):
                inside = np.argwhere(mask)
                (y1, x1), (y2, x2) = (inside.min(0), inside.max(0) + 1) if len(inside) else ((0, 0), (0, 0))
                item["masks"][k, y1:y2, x1:x2] = True
                corners.append([x1, y1, x2, y2])
            item["boxes"] = np.array(corners, "float64").reshape(-1, 4)
    for rule in ("coco", "voc", "voc07"):
        boxes, masks = (mean_average_precision(*case, rule=rule, iou_of=kind) for kind in ("boxes", "masks"))
        assert_close(masks.average_precision, boxes.average_precision, "float64")
        assert_close([masks.recall, *masks.by_size.values()], [boxes.recall, *boxes.by_size.values()], "float64")


def test_shared_pixels_hand_worked():
    square = np.zeros((3, 4, 4), bool)
    square[0, :2, :2] = square[1, 1:3, 1:3] = square[2] = True
    none = np.zeros((0, 4, 4), bool)
    items = [{"masks": masks} for masks in (square, none, square[:2])]
    overlaps = MaskOverlaps(items, [{"masks": square[1:]}, {"masks": square}, {"masks": square[2:]}])
    assert overlaps.found_areas.tolist() == [4, 4, 16, 4, 4]
    assert overlaps.true_areas.tolist() == [4, 16, 4, 4, 16, 16]
    found, true = np.array([0, 0, 1, 2, 3, 4]), np.array([0, 1, 0, 0, 5, 5])
    assert overlaps.shared(found, true).tolist() == [1, 4, 4, 4, 4, 4]


def test_empty_images_tensors_and_numbers_are_taken():
    target = {"masks": np.ones((1, 2, 2), "uint8"), "labels": [1]}
    found = {"masks": ops.ones((1, 2, 2)), "labels": [1], "scores": [0.5]}
    none = {"masks": np.zeros((0, 2, 2)), "labels": [], "scores": []}
    assert mean_average_precision([found], [target], iou_of="masks").mean == 1
    assert mean_average_precision([{"masks": [], "labels": [], "scores": []}], [target], iou_of="masks").mean == 0
    assert np.isnan(mean_average_precision([none], [none], iou_of="masks").mean)
    assert np.isnan(mean_average_precision([], [], iou_of="masks").mean)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (dict(boxes=[[0, 0, 1, 1]]), r'predictions\[0\] must be a dict with masks, for iou_of="masks"'),
        (
            dict(masks=np.ones((2, 2))),
            r"\[0\]\['masks'\] must have shape \(N, H, W\).*Received shape \(2, 2\)",
        ),
        (dict(masks=np.full((1, 2, 2), 0.7)), "must be bool, or 0 and 1. Compare probabilities with 0.5 first"),
        (dict(masks=np.ones((1, 2, 3))), r"one height and width. Received \(2, 3\) in predictions and \(2, 2\)"),
        (dict(masks=np.ones((2, 2, 2))), r"\['scores'\] must have shape \(2,\)"),
    ],
)
def test_masks_are_checked(found, message):
    with raises(message):
        mean_average_precision(
            [{"labels": [0], "scores": [1.0], **found}], [{"masks": np.ones((1, 2, 2)), "labels": [0]}], iou_of="masks"
        )


def test_what_is_compared_is_checked():
    with raises('iou_of must be "boxes" or "masks". Received \'segm\''):
        mean_average_precision([], [], iou_of="segm")
