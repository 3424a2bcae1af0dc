"""R-CNN: crops, features, machines and regressors, on drawn rectangles."""

from functools import partial

import keras
import numpy as np
import pytest
from keras import layers

from cvkit.detection import iou
from cvkit.models import RCNN
from cvkit.models.linear_machines import hard_negative_machine, support_vector_machine
from tests.support import assert_close, raises, to_numpy


def small_backbone():
    """Mean colour of each 8 x 8 pixels: enough to tell red from green, and where they are."""
    images = keras.Input((None, None, 3))
    return keras.Model(images, {"C3": layers.AveragePooling2D(8)(layers.Rescaling(1 / 255)(images))})


def scene(random):
    """A red and a green rectangle on grey, with proposals: near them, far from them and at random."""
    image, boxes = np.full((64, 64, 3), 60, "uint8"), []
    for label, left in enumerate(random.permutation([2, 36])):
        width, height = random.integers(14, 24, 2)
        x, y = left + random.integers(0, 4), random.integers(2, 38)
        image[y : y + height, x : x + width, label] = 250
        boxes.append([x, y, x + width, y + height])
    boxes = np.array(boxes, "float32")
    near = np.repeat(boxes, 10, axis=0) + random.normal(0, 2.5, (20, 4))
    corners = random.uniform(0, 44, (30, 2))
    far = np.concatenate([corners, corners + random.uniform(8, 20, (30, 2))], axis=1)
    proposals = np.concatenate([near, far]).clip(0, 64).astype("float32")
    return image, {"boxes": boxes, "labels": np.arange(2)}, proposals


RANDOM = np.random.default_rng(0)
IMAGES, TARGETS, PROPOSALS = zip(*[scene(RANDOM) for _ in range(24)], strict=True)
TRAIN, TEST = slice(0, 16), slice(16, 24)


def build(**options):
    usual = {"machine": partial(hard_negative_machine, c=0.01), "ridge": 1.0}
    return RCNN(small_backbone(), 2, crop_size=32, context=4, **(usual | options))


@pytest.fixture(scope="module")
def trained():
    return build().fit(IMAGES[TRAIN], TARGETS[TRAIN], PROPOSALS[TRAIN])


def best_overlaps(found):
    """IoU of each true box with the surest box of its class."""
    overlaps = []
    for result, target in zip(found, TARGETS[TEST], strict=True):
        for box, label in zip(target["boxes"], target["labels"], strict=True):
            own = result["boxes"][result["labels"] == label][:1]
            overlaps.append(float(iou(box[None], own)[0, 0]) if len(own) else 0.0)
    return np.array(overlaps)


def test_a_crop_shows_the_box_with_its_context():
    # The box is all of a 32 x 32 checkerboard of 4 x 4; with a context of 8 the middle 16 x 16 of the crop show it.
    image = np.kron(np.indices((4, 4)).sum(axis=0) % 2 * 200, np.ones((8, 8)))[..., None].repeat(3, axis=2)
    crop = RCNN(small_backbone(), 2, crop_size=32, context=8).crops(image, [[0, 0, 32, 32]])[0]
    assert crop.shape == (32, 32, 3)
    inner = crop[8:24, 8:24, 0].reshape(4, 4, 4, 4)[:, 1:3, :, 1:3].mean(axis=(1, 3))
    assert_close(inner, np.indices((4, 4)).sum(axis=0) % 2 * 200.0)
    assert_close(crop[:4, :4, 0], np.full((4, 4), 100.0))  # far outside lies the mean


def test_it_finds_rectangles_it_has_not_seen(trained):
    overlaps = best_overlaps(trained.predict(IMAGES[TEST], PROPOSALS[TEST]))
    assert (overlaps > 0.5).mean() > 0.9


def test_regressors_move_boxes_nearer(trained):
    trained.regress = False
    without = best_overlaps(trained.predict(IMAGES[TEST], PROPOSALS[TEST]))
    trained.regress = True
    assert best_overlaps(trained.predict(IMAGES[TEST], PROPOSALS[TEST])).mean() > without.mean()


def test_what_it_finds_has_the_form_that_is_promised(trained):
    for result in trained.predict(IMAGES[TEST], PROPOSALS[TEST]):
        count = len(result["scores"])
        assert result["boxes"].shape == (count, 4)
        assert result["labels"].shape == (count,)
        assert (np.diff(result["scores"]) <= 0).all()
        assert (result["scores"] > -1).all()
    empty = trained.predict(IMAGES[:1], [np.zeros((0, 4))])[0]
    assert empty["boxes"].shape == (0, 4)


def test_machines_get_the_objects_and_what_is_far_from_them():
    seen = []

    def remember(positives, negatives, random):
        seen.append((positives, negatives))
        return support_vector_machine(positives, negatives)

    detector = build(machine=remember).fit(IMAGES[:4], TARGETS[:4], PROPOSALS[:4])
    for label, (positives, negatives) in enumerate(seen):
        boxes = [target["boxes"][target["labels"] == label] for target in TARGETS[:4]]
        wanted = np.concatenate([detector.features(*pair) for pair in zip(IMAGES[:4], boxes, strict=True)])
        assert_close(positives, detector.scale * wanted)
        far = [to_numpy(iou(p, own)).max(axis=1) < 0.3 for p, own in zip(PROPOSALS[:4], boxes, strict=True)]
        chosen = [p[each] for p, each in zip(PROPOSALS[:4], far, strict=True)]
        wanted = np.concatenate([detector.features(*pair) for pair in zip(IMAGES[:4], chosen, strict=True)])
        assert_close(negatives, detector.scale * wanted)
        assert sum(len(each) - each.sum() for each in far) > 0  # some are neither
    assert len(seen) == 2


def test_features_may_be_computed_before(trained):
    boxes = [np.concatenate([target["boxes"], p]) for target, p in zip(TARGETS, PROPOSALS, strict=True)]
    features = [trained.features(*pair) for pair in zip(IMAGES, boxes, strict=True)]
    again = build()
    again.features = None  # not to be asked
    again.fit(IMAGES[TRAIN], TARGETS[TRAIN], PROPOSALS[TRAIN], features=features[TRAIN])
    assert_close(again.machines, trained.machines)
    assert_close(again.regressors, trained.regressors)
    own = [each[2:] for each in features[TEST]]
    expected = trained.predict(IMAGES[TEST], PROPOSALS[TEST])
    for a, b in zip(again.predict(IMAGES[TEST], PROPOSALS[TEST], own), expected, strict=True):
        for name in a:
            assert_close(a[name], b[name])
    with raises(r"those of the objects first. Expected shape \(52, 48\). Received \(50, 48\)"):
        build().fit(IMAGES[:1], TARGETS[:1], PROPOSALS[:1], features=own[:1])
    with raises("must hold a row for each box of 2 images"):
        trained.predict(IMAGES[:2], PROPOSALS[:2], own[:1])


def test_without_a_threshold_no_score_is_too_low(trained):
    every = build(score_threshold=None, iou_threshold=1.0)
    every.scale, every.machines, every.regressors = trained.scale, trained.machines, trained.regressors
    found = every.predict(IMAGES[:1], PROPOSALS[:1])[0]
    assert len(found["scores"]) == 2 * len(PROPOSALS[0])
    assert found["scores"].min() < -1


def test_a_training_can_be_repeated_and_kept(trained, tmp_path):
    again = build().fit(IMAGES[TRAIN], TARGETS[TRAIN], PROPOSALS[TRAIN])
    assert_close(again.machines, trained.machines)
    trained.save(tmp_path / "rcnn.npz")
    loaded = build().load(tmp_path / "rcnn.npz")
    for a, b in zip(trained.predict(IMAGES[:3], PROPOSALS[:3]), loaded.predict(IMAGES[:3], PROPOSALS[:3]), strict=True):
        for name in a:
            assert_close(a[name], b[name])


def test_what_does_not_fit_is_refused(trained, tmp_path):
    with raises("class 1 has no object in the training images"):
        one = [{"boxes": t["boxes"][:1], "labels": t["labels"][:1]} for t in TARGETS[:2]]
        build().fit(IMAGES[:2], one, PROPOSALS[:2])
    with raises("has not been trained: call fit, or load, first"):
        build().predict(IMAGES[:1], PROPOSALS[:1])
    with raises("nothing to save"):
        build().save(tmp_path / "none.npz")
    with raises("proposals must hold boxes for each of 2 images. Received 1"):
        trained.predict(IMAGES[:2], PROPOSALS[:1])
    with raises("context must be from 0 to below half of crop_size"):
        RCNN(small_backbone(), 2, crop_size=8, context=4)
    trained.save(tmp_path / "two.npz")
    with raises(r"must hold machines of shape \(3, 49\). It holds \(2, 49\)"):
        RCNN(small_backbone(), 3, crop_size=32).load(tmp_path / "two.npz")
