"""Batches of images of several sizes with any number of objects."""

import numpy as np
import pytest

from cvkit.detection.batches import DetectionBatches, check_proposals, pad_boxes, pad_images, pad_targets
from tests.support import raises

IMAGES = [np.full((40, 30, 3), 5, "uint8"), np.full((20, 50, 3), 7, "uint8"), np.full((64, 64, 3), 9, "uint8")]
TARGETS = [
    {"boxes": [[1, 2, 11, 12], [0, 0, 30, 40]], "labels": [2, 0]},
    {"boxes": [], "labels": []},
    {"boxes": np.array([[5.5, 5, 20, 20]]), "labels": np.array([1])},
]


def test_images_are_padded_right_and_below_to_a_multiple_of_32():
    batch = pad_images(IMAGES[:2])
    assert batch["images"].shape == (2, 64, 64, 3)
    assert batch["images"].dtype == batch["sizes"].dtype == np.float32
    assert batch["sizes"].tolist() == [[40, 30], [20, 50]]
    assert (batch["images"][0, :40, :30] == 5).all()
    assert batch["images"][0].sum() == 5 * 40 * 30 * 3
    assert pad_images(IMAGES[2:])["images"].shape == (1, 64, 64, 3)


def test_targets_and_boxes_are_padded():
    batch = pad_targets(TARGETS, 3)
    assert batch["labels"].tolist() == [[2, 0, -1], [-1, -1, -1], [1, -1, -1]]
    assert batch["boxes"][0, 0].tolist() == [1, 2, 11, 12]
    assert not batch["boxes"][1].any()
    assert pad_boxes([np.ones((2, 4)), np.zeros((0, 4))]).tolist() == [[[1] * 4] * 2, [[0] * 4] * 2]
    assert pad_boxes([[]]).shape == (1, 1, 4)


def test_each_epoch_shows_every_image_once_in_a_new_order():
    images = [np.full((32, 32, 3), number, "uint8") for number in range(10)]
    batches = DetectionBatches(images, [TARGETS[0]] * 10, ["a", "b"], batch_size=4, seed=1)

    def order():
        return [int(number) for index in range(len(batches)) for number in batches[index][0]["images"][:, 0, 0, 0]]

    first = order()
    assert len(batches) == 3
    assert sorted(first) == list(range(10))
    batches.on_epoch_end()
    assert sorted(order()) == list(range(10))
    assert order() != first
    again = DetectionBatches(images, [TARGETS[0]] * 10, ["a", "b"], batch_size=4, seed=1)
    assert again.order.tolist() == first


def test_a_batch_holds_what_belongs_together():
    proposals = [np.full((number, 4), number, "float32") for number in (1, 2, 3)]
    batches = DetectionBatches(IMAGES, TARGETS, ["a", "b"], batch_size=3, proposals=proposals)
    inputs, zeros = batches[0]
    assert sorted(inputs) == ["boxes", "images", "labels", "rois", "sizes"]
    assert {name: values.tolist() for name, values in zeros.items()} == {"a": [0, 0, 0], "b": [0, 0, 0]}
    for row, index in enumerate(batches.order):
        assert inputs["sizes"][row].tolist() == list(IMAGES[index].shape[:2])
        assert (inputs["labels"][row] >= 0).sum() == len(TARGETS[index]["labels"])
        assert inputs["rois"][row].max() == index + 1
        assert inputs["rois"].shape == (3, 3, 4)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"boxes": []}, r"targets\[2\] must have the keys boxes and labels. It lacks labels"),
        ({"boxes": [[0, 0, 5, 5]], "labels": []}, r"targets\[2\] has 1 boxes and 0 labels"),
        ({"boxes": [[0, 0, 5, 5]], "labels": [-1]}, r"targets\[2\] has a label -1: labels count from 0"),
        ({"boxes": [[3, 0, 3, 5]], "labels": [0]}, r"targets\[2\] has a box without area, \[3.0, 0.0, 3.0, 5.0\]"),
    ],
)
def test_a_target_that_does_not_fit_is_named(target, message):
    with raises(message):
        DetectionBatches(IMAGES, [*TARGETS[:2], target], ["a"])


def test_what_does_not_fit_is_refused():
    with raises("targets must hold one dict for each of 3 images. Received 2"):
        DetectionBatches(IMAGES, TARGETS[:2], ["a"])
    with raises("proposals must hold boxes for each of 3 images. Received 1"):
        check_proposals(IMAGES, [[]])
    with raises("batch_size must be a positive integer"):
        DetectionBatches(IMAGES, TARGETS, ["a"], batch_size=0)
    with raises(r"sequence of at least one array \(height, width, 3\). Received one of shape \(40, 30\)"):
        pad_images([IMAGES[0][..., 0]])
    with raises("Received none"):
        pad_images([])


def test_batches_have_one_shape_whatever_is_in_them():
    """Thirty small images, then a tall and a wide one: in whichever batch they come."""
    images = [np.ones((32, 32, 3))] * 30 + [np.ones((64, 32, 3)), np.ones((32, 90, 3))]
    proposals = [np.zeros((1, 4))] * 31 + [np.zeros((5, 4))]
    batches = DetectionBatches(images, [TARGETS[1]] * 32, ["loss"], 2, proposals=proposals)
    shapes = {(batches[k][0]["images"].shape, batches[k][0]["rois"].shape) for k in range(len(batches))}
    assert shapes == {((2, 64, 96, 3), (2, 5, 4))}


def test_images_that_change_their_size_are_not_padded_to_the_old_one():
    def halve(images, targets):
        return [image[::2, ::2] for image in images], targets

    batches = DetectionBatches([np.ones((64, 128, 3))] * 2, [TARGETS[1]] * 2, ["loss"], 2, augment=halve)
    assert batches[0][0]["images"].shape == (2, 32, 64, 3)
