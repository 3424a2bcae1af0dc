"""Patches for DeepMask: where they are cut, and what is called an object."""

from importlib import import_module

import numpy as np
import pytest

from cvkit.detection import object_patches
from cvkit.segmentation import mask_boxes
from tests.support import assert_close, raises


def scene(size=48, box=(10, 14, 26, 22)):
    """Noise, and one object that fills its box."""
    image = np.random.default_rng(0).uniform(0, 255, (size, size, 3)).astype("float32")
    x1, y1, x2, y2 = box
    mask = np.zeros((1, size, size), bool)
    mask[0, y1:y2, x1:x2] = True
    return [image], [{"boxes": np.float32([box]), "masks": mask}]


def test_a_canonical_window_is_cut_out_as_it_is():
    # The longer side is 16, of 32 pixels of the patch as asked for: the window is 32 x 32 around (18, 18), unscaled.
    images, objects = scene()
    patches = object_patches(images, objects, 32, per_image=2, shift=0, object_size=16, octaves=0)
    assert patches["windows"][0].tolist() == [2, 2, 34, 34]
    assert_close(patches["images"][0], images[0][2:34, 2:34], "gradient")  # float32 with a grey taken off and put back
    expected = -np.ones((32, 32), "float32")
    expected[12:20, 8:24] = 1
    np.testing.assert_array_equal(patches["masks"][0], expected)


def test_the_papers_share_is_128_of_224():
    patches = object_patches(*scene(), 28, per_image=2, shift=0, octaves=0)
    x1, _, x2, _ = patches["windows"][0]
    assert_close(np.float32(x2 - x1), np.float32(16 * 224 / 128))


def test_beyond_the_border_is_grey_and_no_object():
    patches = object_patches(*scene(box=(0, 0, 16, 16)), 32, per_image=2, shift=0, object_size=16, octaves=0)
    assert patches["windows"][0].tolist() == [-8, -8, 24, 24]
    assert_close(patches["images"][0][:6], np.full((6, 32, 3), 127.5))  # bilinear: half a pixel or so belongs to both
    assert (patches["masks"][0][:7] == -1).all()


def test_labels_say_how_far_a_window_is_from_the_nearest_object():
    rng, images, objects = np.random.default_rng(3), [], []
    for _ in range(20):
        boxes = []
        for _ in range(3):
            x, y = rng.uniform(0, 40, 2).astype(int)
            w, h = rng.integers(8, 16, 2)
            boxes.append([x, y, x + w, y + h])
        masks = np.zeros((3, 64, 64), bool)
        for mask, (x1, y1, x2, y2) in zip(masks, boxes, strict=True):
            mask[y1:y2, x1:x2] = True
        images.append(np.zeros((64, 64, 3)))
        objects.append({"boxes": np.float32(boxes), "masks": masks})
    patches = object_patches(images, objects, 32, per_image=10, shift=3, object_size=16, seed=1)
    assert patches["labels"].reshape(20, 10).tolist() == [[1] * 5 + [-1] * 5] * 20
    for k, (window, label) in enumerate(zip(patches["windows"], patches["labels"], strict=True)):
        near = []
        for x1, y1, x2, y2 in objects[k // 10]["boxes"]:
            side = 2 * max(x2 - x1, y2 - y1)
            scale = (window[2] - window[0]) / side
            off = max(abs(window[0] + window[2] - x1 - x2), abs(window[1] + window[3] - y1 - y2)) / 2 * 32 / side
            near.append((off, abs(np.log2(scale))))
        if label == 1:
            assert any(off <= 3 * 2**0.25 + 1e-3 and octaves <= 0.25 + 1e-3 for off, octaves in near)
            x1, y1, x2, y2 = mask_boxes(patches["masks"][k : k + 1] > 0)[0]
            assert (
                max(abs(x1 + x2 - 32), abs(y1 + y2 - 32)) / 2 <= 3 + 1
            )  # the mask is that of the object in the middle
        else:
            assert all(off >= 6 - 1e-3 or octaves >= 1 - 1e-3 for off, octaves in near)


def test_the_same_seed_draws_the_same_and_images_without_objects_are_left_out():
    images, objects = scene()
    empty = {"boxes": np.zeros((0, 4)), "masks": np.zeros((0, 48, 48), bool)}
    first = object_patches(images * 2, [empty, *objects], 32, seed=5)
    again = object_patches(images * 2, [empty, *objects], 32, seed=5)
    other = object_patches(images * 2, [empty, *objects], 32, seed=6)
    assert len(first["labels"]) == 4
    np.testing.assert_array_equal(first["windows"], again["windows"])
    assert not np.allclose(first["windows"], other["windows"])


def test_a_full_image_still_has_a_window_that_is_no_objects(monkeypatch):
    monkeypatch.setattr(import_module("cvkit.detection.object_patches"), "_TRIES", 1)
    images, objects = scene(size=24, box=(4, 4, 20, 20))
    patches = object_patches(images, objects, 32, per_image=40, shift=100)
    sides = patches["windows"][20:, 2] - patches["windows"][20:, 0]
    assert (abs(np.log2(sides / (16 * 224 / 128))) >= 1 - 1e-6).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [(dict(per_image=3), "per_image must be even"), (dict(patch_size=0), "patch_size must be a positive integer")],
)
def test_arguments_are_checked(options, message):
    images, objects = scene()
    with raises(message):
        object_patches(images, objects, **(dict(patch_size=32) | options))


def test_there_must_be_something_to_cut_out():
    with raises("objects must have at least one box"):
        object_patches([np.zeros((8, 8, 3))], [{"boxes": np.zeros((0, 4)), "masks": np.zeros((0, 8, 8))}], 16)
