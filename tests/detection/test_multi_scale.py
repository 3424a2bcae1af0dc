"""Scenes at another size, and batches each at one of several."""

import keras
import numpy as np
import pytest

from cvkit.detection import MultiScale, resize_scene
from cvkit.detection.batches import DetectionBatches
from cvkit.models import YOLO
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


def test_new_pixels_lie_between_the_old_ones():
    # Twice as wide, the new middles lie a quarter of an old pixel to the left and right of the old ones.
    image, _ = resize_scene(np.repeat([[[0.0], [100.0]]], 3, axis=2), {"boxes": [], "labels": []}, 4)
    assert_close(image[0, :, 0], [0, 25, 75, 100])


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


def test_each_batch_has_one_of_the_sides_and_each_comes_once_a_round():
    images = [np.full((32, 32, 3), number, "uint8") for number in range(24)]
    target = {"boxes": [[8, 0, 16, 32]], "labels": [1]}
    batches = DetectionBatches(images, [target] * 24, ["a"], batch_size=2, augment=MultiScale((32, 64, 96)))
    sides = []
    for index in range(len(batches)):
        inputs = batches[index][0]
        side = inputs["images"].shape[1]
        assert inputs["images"].shape == (2, side, side, 3)
        assert inputs["sizes"].tolist() == [[side, side]] * 2
        assert inputs["boxes"][:, 0].tolist() == [[side / 4, 0, side / 2, side]] * 2
        assert inputs["images"].max(axis=(1, 2, 3)).tolist() == batches.order[2 * index : 2 * index + 2].tolist()
        sides.append(side)
    rounds = [sides[start : start + 3] for start in range(0, 12, 3)]
    assert [sorted(each) for each in rounds] == [[32, 64, 96]] * 4
    assert len(set(map(tuple, rounds))) > 1  # in another order
    again = MultiScale((32, 64, 96))
    assert [again(images[:1], [target])[0][0].shape[0] for _ in sides] == sides


def test_a_detector_can_be_trained_with_it():
    # Keras on TensorFlow takes the shapes of the first two batches for those of all, where they agree.
    backbone = keras.Sequential([keras.Input((None, None, 3)), keras.layers.AveragePooling2D(8)])
    maps = keras.Model(backbone.inputs, {"C3": backbone.outputs[0]})
    target = {"boxes": [[8, 0, 16, 32]], "labels": [0]}
    detector = YOLO(maps, 1, [[8, 32]], width=2)
    for seed in range(2):
        change = MultiScale((32, 64), seed)
        options = dict(epochs=1, batch_size=2, augment=change, verbose=0)
        history = detector.fit([np.ones((32, 32, 3))] * 16, [target] * 16, **options)
        assert np.isfinite(history.history["loss"]).all()


@pytest.mark.parametrize("sides", [(), (32, 0), (32.5,), (48,), (64, 64)])
def test_sides_are_checked(sides):
    with raises("sides must be different positive multiples of 32"):
        MultiScale(sides)
