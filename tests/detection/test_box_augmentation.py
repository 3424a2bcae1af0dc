"""Random changes of images that their boxes follow: the pixels say where the objects are."""

import numpy as np
import pytest

from cvkit.detection import BoxAugmentation
from cvkit.detection.batches import DetectionBatches
from tests.support import raises

NOTHING = {"flip": False, "scale": 0, "shift": 0, "colour": 0}


def rectangles(count, height=48, width=80, seed=0):
    """Black images with a rectangle each, of a grey of its own: its label is the image's number."""
    random = np.random.default_rng(seed)
    images, targets = np.zeros((count, height, width, 3), "float32"), []
    for label, image in enumerate(images):
        w, h = random.integers(8, 30), random.integers(8, 20)
        x, y = random.integers(0, width - w), random.integers(0, height - h)
        image[y : y + h, x : x + w] = grey(label)
        targets.append({"boxes": np.array([[x, y, x + w, y + h]], "float32"), "labels": np.array([label])})
    return images, targets


def grey(label):
    return 100 + 5 * label


def seen(image, label):
    """The box around the pixels that are at least half object, or None; with bilinear interpolation, edges are soft."""
    rows, columns = np.nonzero(image[..., 0] >= grey(label) / 2)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1] if len(rows) else None


def test_a_mirrored_box():
    """Width 80: x from 10 to 30 becomes 80 - 30 = 50 to 80 - 10 = 70; y stays."""
    target = {"boxes": [[10, 5, 30, 45]], "labels": [3]}
    augment = BoxAugmentation(**NOTHING | {"flip": True})
    found = {tuple(augment([np.zeros((48, 80, 3))], [target])[1][0]["boxes"][0].tolist()) for _ in range(12)}
    assert found == {(10, 5, 30, 45), (50, 5, 70, 45)}


@pytest.mark.parametrize(
    "change", [{"flip": True}, {"scale": 0.4}, {"shift": 0.3}, {"flip": True, "scale": 0.3, "shift": 0.3}]
)
def test_a_box_lies_around_the_pixels_of_its_object(change):
    images, targets = rectangles(24)
    changed, moved = BoxAugmentation(**NOTHING | change, seed=1)(images, targets)
    kept = 0
    for label, (image, target) in enumerate(zip(changed, moved, strict=True)):
        found = seen(image, label)
        if len(target["labels"]):
            kept += 1
            assert target["labels"].tolist() == [label]
            np.testing.assert_allclose(target["boxes"][0], found, atol=1)  # a pixel is in or out
        elif found:  # dropped, as its centre is outside: at most half of it is left, in width or in height
            sides = np.subtract(found[2:], found[:2]) / (
                targets[label]["boxes"][0, 2:] - targets[label]["boxes"][0, :2]
            )
            largest = 1 / (1 - change.get("scale", 0))
            assert min(sides) <= largest / 2 + 1 / 8  # a pixel of the smallest side
    assert kept > 12
    assert (changed != images).any(axis=(1, 2, 3)).sum() >= 8  # a flip leaves half of the images alone


def test_scales_keep_to_their_limits_and_differ():
    images, targets = rectangles(40)
    for target in targets:
        target["boxes"][:] = [30, 18, 50, 30]  # central: it stays inside
    moved = BoxAugmentation(**NOTHING | {"scale": 0.5})(images, targets)[1]
    width, height = np.array([target["boxes"][0, 2:] - target["boxes"][0, :2] for target in moved]).T / [[20], [12]]
    np.testing.assert_allclose(width, height, rtol=1e-3)
    assert 1 / 1.5 - 1e-3 <= width.min() < 0.8
    assert 1.4 < width.max() <= 1 / 0.5 + 1e-3


def test_scale_and_shift_are_independent():
    images, targets = rectangles(200)
    for target in targets:
        target["boxes"][:] = [38, 22, 42, 26]
    moved = BoxAugmentation(**NOTHING | {"scale": 0.3, "shift": 0.2})(images, targets)[1]
    boxes = np.concatenate([target["boxes"] for target in moved])
    assert len(boxes) == 200
    across, down = ((boxes[:, side] + boxes[:, side + 2]) / 2 for side in (0, 1))
    together = np.corrcoef([boxes[:, 2] - boxes[:, 0], across, down])
    assert abs(together[np.triu_indices(3, 1)]).max() < 0.25  # three and a half standard errors of 200 draws


def test_a_mosaic_shows_four_images_and_the_boxes_of_what_is_left_of_each():
    """Each pixel says where it comes from: its image, its column, its row."""
    targets = rectangles(30)[1]
    images = np.stack(np.broadcast_arrays(*np.ogrid[:30, :48, :80]), axis=-1)[..., [0, 2, 1]]
    changed, moved = BoxAugmentation(**NOTHING, mosaic=1)(images, targets)
    dropped = 0
    for number, (image, target) in enumerate(zip(changed, moved, strict=True)):
        boxes, labels = [], []
        for row, column in ((0, 0), (0, 79), (47, 0), (47, 79)):
            source, x, y = image[row, column].astype(int)
            x0, y0, x1, y1 = targets[source]["boxes"][0] + [column - x, row - y, column - x, row - y]
            if 0 < (x0 + x1) / 2 < 80 and 0 < (y0 + y1) / 2 < 48:
                boxes.append([max(x0, 0), max(y0, 0), min(x1, 80), min(y1, 48)])
                labels.append(source)
        assert image[0, 0, 0] == number  # the upper left one is the image itself
        assert target["labels"].tolist() == labels
        assert target["boxes"].tolist() == boxes
        dropped += 4 - len(boxes)
    assert 30 < dropped < 90  # of 120; a window shows a quarter of the quilt


def test_colours_change_and_nothing_moves():
    images, targets = rectangles(6)
    changed, moved = BoxAugmentation(**NOTHING | {"colour": 0.5})(images + 10, targets)
    assert all((image != before).any() for image, before in zip(changed, images + 10, strict=True))
    assert min(image.min() for image in changed) >= 0
    assert max(image.max() for image in changed) <= 255
    assert all((after["boxes"] == before["boxes"]).all() for after, before in zip(moved, targets, strict=True))


def test_nothing_to_do_changes_nothing():
    images, targets = rectangles(3)
    changed, moved = BoxAugmentation(**NOTHING)(images.astype("uint8"), targets)
    np.testing.assert_array_equal(changed, images)
    assert [target["boxes"].tolist() for target in moved] == [target["boxes"].tolist() for target in targets]


def test_images_of_several_sizes_some_without_objects():
    large, targets = rectangles(2)
    small, more = rectangles(2, height=32, width=40, seed=5)
    images = [large[0], small[0], small[1], large[1]]
    before = [image.copy() for image in images]
    empty = {"boxes": np.zeros((0, 4)), "labels": np.zeros(0, int)}
    given = [targets[0], empty, more[1], empty]
    changed, moved = BoxAugmentation(**NOTHING | {"flip": True}, mosaic=0.5, seed=3)(images, given)
    assert [image.shape for image in changed] == [image.shape for image in images]
    assert [target["boxes"].shape[1:] for target in moved] == [(4,)] * 4
    assert all((image == same).all() for image, same in zip(images, before, strict=True))
    assert given[0]["boxes"].shape == (1, 4)
    assert BoxAugmentation()(small[:1], [empty])[1][0]["labels"].shape == (0,)


def test_the_seed_decides():
    images, targets = rectangles(4)
    first, second = BoxAugmentation(mosaic=0.5, seed=7), BoxAugmentation(mosaic=0.5, seed=7)
    once = first(images, targets)[0]
    np.testing.assert_array_equal(once, second(images, targets)[0])
    assert (np.array(once) != first(images, targets)[0]).any()
    assert (np.array(once) != BoxAugmentation(mosaic=0.5, seed=8)(images, targets)[0]).any()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"scale": 1}, "scale must be from 0 to below 1. Received 1."),
        ({"shift": -0.1}, "shift must be from 0 to 1. Received -0.1."),
        ({"colour": 2}, "colour must be from 0 to 1. Received 2."),
        ({"mosaic": float("nan")}, "mosaic must be from 0 to 1. Received nan."),
    ],
)
def test_a_number_out_of_its_range(wrong, words):
    with raises(words):
        BoxAugmentation(**wrong)


def test_wrong_images_and_targets():
    images, targets = rectangles(2)
    with raises("targets must hold one dict for each of 2 images. Received 1."):
        BoxAugmentation()(images, targets[:1])
    with raises(r"Received one of shape \(48, 80\)."):
        BoxAugmentation()(images[..., 0], targets)


def test_batches_are_changed_and_have_room_for_the_objects_of_four_images():
    images, targets = rectangles(8)
    batches = DetectionBatches(images, targets, ["loss"], 4, augment=BoxAugmentation(mosaic=0.5))
    inputs, zeros = batches[0]
    assert inputs["images"].shape == (4, 64, 96, 3)
    assert inputs["boxes"].shape == (4, 4, 4)
    assert zeros["loss"].shape == (4,)
    again = batches[0][0]
    assert (inputs["images"] != again["images"]).any()
    with raises("proposals stay where they are when augment moves the objects: use one of the two."):
        DetectionBatches(images, targets, ["loss"], proposals=[np.zeros((1, 4))] * 8, augment=BoxAugmentation())
