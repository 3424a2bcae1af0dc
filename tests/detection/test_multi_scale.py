"""Scenes at another size, and batches each at one of several."""

import numpy as np
import pytest

from cvkit.detection import MultiScale, resize_scene
from cvkit.detection.batches import DetectionBatches
from tests.support import assert_close, raises

TARGET = {"boxes": [[1, 2, 11, 12], [0, 0, 30, 40]], "labels": [2, 0], "names": ["a", "b"]}


def test_boxes_grow_with_the_image():
    # 40 x 30 pixels become 80 x 60: all corners twice as far from the upper left one.
    image, target = resize_scene(np.full((40, 30, 3), 7, "uint8"), TARGET, 80)
    assert image.shape == (80, 60, 3)
    assert image.dtype == target["boxes"].dtype == np.float32
    assert_close(image, np.full((80, 60, 3), 7.0))
    assert target["boxes"].tolist() == [[2, 4, 22, 24], [0, 0, 60, 80]]
    assert (target["labels"], target["names"]) == ([2, 0], ["a", "b"])
    assert TARGET["boxes"][0] == [1, 2, 11, 12]


def test_sides_that_do_not_come_out_even_are_rounded_and_boxes_follow_each_on_its_own():
    # 40 x 30 with a longer side of 50: 50 x 37.5, so 50 x 38; x grows by 38/30 and y by 50/40.
    image, target = resize_scene(np.zeros((40, 30, 3)), TARGET, 50)
    assert image.shape == (50, 38, 3)
    assert_close(target["boxes"], [[38 / 30, 2.5, 11 * 38 / 30, 15], [0, 0, 38, 50]])


def test_what_is_in_a_box_stays_in_it():
    image = np.zeros((32, 48, 3), "float32")
    image[8:24, 12:36] = 255
    for side in (24, 96):
        large, target = resize_scene(image, {"boxes": [[12, 8, 36, 24]], "labels": [0]}, side)
        x1, y1, x2, y2 = target["boxes"][0].astype(int)
        assert large[y1 + 1 : y2 - 1, x1 + 1 : x2 - 1].min() > 250
        assert large[: y1 - 1].max(initial=0) < 5
        assert large[:, x2 + 1 :].max(initial=0) < 5


def test_the_same_size_changes_nothing():
    image = np.random.default_rng(0).uniform(0, 255, (20, 40, 3)).astype("float32")
    same, target = resize_scene(image, {"boxes": np.zeros((0, 4)), "labels": []}, 40)
    assert (same == image).all()
    assert target["boxes"].shape == (0, 4)


@pytest.mark.parametrize("side", [0, 32.0])
def test_the_side_is_checked(side):
    with raises("side must be a positive integer"):
        resize_scene(np.zeros((8, 8, 3)), TARGET, side)


def test_each_batch_takes_one_of_the_sides():
    images = [np.full((32, 32, 3), number, "uint8") for number in range(24)]
    target = {"boxes": [[8, 0, 16, 32]], "labels": [1]}
    batches = DetectionBatches(images, [target] * 24, ["a"], batch_size=2, augment=MultiScale((32, 64)))
    sides = []
    for index in range(len(batches)):
        inputs = batches[index][0]
        side = inputs["images"].shape[1]
        assert inputs["images"].shape == (2, side, side, 3)
        assert inputs["sizes"].tolist() == [[side, side]] * 2
        assert inputs["boxes"][:, 0].tolist() == [[side / 4, 0, side / 2, side]] * 2
        assert inputs["images"].max(axis=(1, 2, 3)).tolist() == batches.order[2 * index : 2 * index + 2].tolist()
        sides.append(side)
    assert set(sides) == {32, 64}
    again = MultiScale((32, 64))
    assert [again(images[:1], [target])[0][0].shape[0] for _ in sides] == sides


@pytest.mark.parametrize("sides", [(), (32, 0), (32.5,)])
def test_sides_are_checked(sides):
    with raises("sides must be a positive integer"):
        MultiScale(sides)
