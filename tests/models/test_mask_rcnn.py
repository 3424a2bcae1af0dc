"""Mask R-CNN learns four images by heart, keeps what it learnt, and says what does not fit."""

import keras
import numpy as np
import pytest

from cvkit.detection import mean_average_precision
from cvkit.models import MaskRCNN, mask_head, stored_backbone, stored_maps
from tests.models.test_detectors import OPTIONS, SCALES, small_backbone
from tests.support import BACKEND, assert_close, raises, to_numpy


def scene(height, width, objects):
    """An image with red discs (label 0) and green triangles, the lower left half of their box (label 1)."""
    image = np.full((height, width, 3), 60, "uint8")
    rows, columns = np.mgrid[:height, :width] + 0.5
    boxes, masks = [], []
    for label, x, y, side in objects:
        u, v = (columns - x) / side, (rows - y) / side
        disc = (u - 0.5) ** 2 + (v - 0.5) ** 2 <= 0.25
        mask = [disc, (u >= 0) & (v <= 1) & (u <= v)][label]
        image[mask, label] = 250
        masks.append(mask)
        boxes.append([x, y, x + side, y + side])
    labels = np.array([label for label, *_ in objects], "int64")
    masks = np.array(masks, bool).reshape(-1, height, width)
    return image, {"boxes": np.array(boxes, "float32").reshape(-1, 4), "labels": labels, "masks": masks}


SCENES = [
    scene(48, 64, [(0, 4, 6, 16), (1, 34, 20, 22)]),
    scene(64, 40, [(1, 8, 30, 20)]),
    scene(40, 40, []),
    scene(56, 48, [(0, 20, 8, 20)]),
]
IMAGES, TARGETS = zip(*SCENES, strict=True)


def detector(body=None, **options):
    keras.utils.set_random_seed(0)
    rpn = dict(width=32, num_proposals=12, num_samples=32)
    masks = dict(mask_pool_size=6, mask_width=16, mask_convolutions=2, mask_samples=8)
    return MaskRCNN(body or small_backbone(), 2, SCALES, rpn=rpn, **(OPTIONS | masks | options))


@pytest.fixture(scope="module")
def trained():
    model = detector()
    history = model.fit(IMAGES, TARGETS, epochs=60, batch_size=1, learning_rate=3e-3, verbose=0)
    return model, history.history


def test_it_learns_masks_by_heart_and_reports_five_losses(trained):
    model, history = trained
    names = ["rpn_class_loss", "rpn_box_loss", "class_loss", "box_loss", "mask_loss"]
    assert {"loss", *names} == set(history)
    assert_close(history["loss"], np.sum([history[name] for name in names], axis=0))
    assert history["mask_loss"][-1] < 0.3 * history["mask_loss"][0]
    found = model.predict(IMAGES)
    scores = mean_average_precision(found, TARGETS, 0.5, iou_of="masks")
    assert scores.mean > 0.9
    # Boxes alone would not do: a triangle fills half of its box.
    full = []
    for result in found:
        masks = np.zeros_like(result["masks"])
        for mask, (x1, y1, x2, y2) in zip(masks, result["boxes"].round().astype(int), strict=True):
            mask[y1:y2, x1:x2] = True
        full.append(result | {"masks": masks})
    assert mean_average_precision(full, TARGETS, 0.7, iou_of="masks").mean < scores.mean


def test_what_it_finds_has_the_form_that_is_promised(trained):
    for result, image in zip(trained[0].predict(IMAGES), IMAGES, strict=True):
        assert list(result) == ["boxes", "scores", "labels", "masks"]
        assert result["masks"].shape == (len(result["scores"]), *image.shape[:2])
        assert result["masks"].dtype == bool
    assert trained[0].predict([]) == []


def test_weights_of_all_heads_are_kept_in_a_file(trained, tmp_path):
    model = trained[0]
    model.save(tmp_path / "found.weights.h5")
    again = detector().load(tmp_path / "found.weights.h5")
    for a, b in zip(model.predict(IMAGES), again.predict(IMAGES), strict=True):
        np.testing.assert_array_equal(a["masks"], b["masks"])
        assert_close(a["scores"], b["scores"])


def test_it_says_the_same_of_stored_maps_and_learns_from_them(trained):
    model = trained[0]
    scenes = [scene(64, 64, [(0, 4, 6, 16), (1, 34, 20, 22)]), scene(64, 64, [(1, 20, 30, 20)])]
    images, targets = zip(*scenes, strict=True)
    maps = stored_maps(model.backbone, images)
    again = detector(stored_backbone(model.backbone))
    weights = {variable.path: variable for variable in model.training_network.trainable_variables}
    for variable in again.training_network.trainable_variables:
        variable.assign(to_numpy(weights[variable.path]))
    for a, b in zip(model.predict(images), again.predict(maps), strict=True):
        assert len(a["boxes"])
        assert_close(a["scores"], b["scores"])
        np.testing.assert_array_equal(a["masks"], b["masks"])
    history = again.fit(maps, targets, epochs=2, batch_size=2, verbose=0).history
    assert np.isfinite(history["mask_loss"]).all()


def test_no_two_variables_share_a_name():
    paths = [variable.path for variable in detector().training_network.trainable_variables]
    assert len(paths) == len(set(paths))


def test_both_heads_cut_out_regions_in_the_same_way():
    for name, layer in (("pool", "ROIPooling"), ("align", "ROIAlign")):
        model = detector(pooling=name)
        assert [type(pool).__name__ for pool in model.mask_pooling.values()] == [layer]
    assert type(detector().mask_pooling["C3"]).__name__ == "ROIAlign"


@pytest.mark.skipif(BACKEND != "tensorflow", reason="one more network: on one backend is enough")
def test_regions_may_come_from_the_maps_of_a_pyramid():
    features = keras.Input((None, None, 3))
    maps = {f"C{k}": keras.layers.Conv2D(8, 3, strides=2**k, padding="same")(features) for k in (2, 3)}
    rpn, masks = dict(width=8, num_proposals=6), dict(mask_pool_size=4, mask_width=8)
    options = dict(pool_size=4, width=8, canonical_side=64)
    model = MaskRCNN(keras.Model(features, maps), 2, SCALES, tap=("C2", "C3"), rpn=rpn, **masks, **options)
    assert sorted(model.training_network.output) == ["box", "class", "mask", "rpn_box", "rpn_class"]
    for result, image in zip(model.predict(IMAGES[:2]), IMAGES, strict=False):
        assert result["masks"].shape == (len(result["boxes"]), *image.shape[:2])


def test_the_papers_head():
    # Figure 4: four convolutions of 3 x 3 x 256, a transposed one of 2 x 2 x 256, and 80 masks of 28 x 28.
    head = mask_head(14, 256, 80)
    assert head.output_shape == (None, 28, 28, 80)
    assert head.count_params() == 4 * (9 * 256 + 1) * 256 + (4 * 256 + 1) * 256 + 257 * 80


def test_what_does_not_fit_is_refused():
    with raises("tap must name one of the backbone's maps, C3. Received 'C5'"):
        detector(tap="C5")
    with raises("pooling must be one of pool, align"):
        detector(pooling="max")
    plain = [{name: target[name] for name in ("boxes", "labels")} for target in TARGETS]
    with raises(r"targets\[0\] must have masks of shape \(2, 48, 64\)"):
        detector().fit(IMAGES, plain)
