"""RPN, Fast R-CNN and Faster R-CNN: they learn, they keep what they learnt, and they say what does not fit."""

import keras
import numpy as np
import pytest
from keras import layers

import cvkit
from cvkit import backbones
from cvkit.detection import BoxAugmentation, iou
from cvkit.models import RPN, FasterRCNN, FastRCNN
from tests.models.detecting import check_answers, check_batches, check_saved
from tests.support import BACKEND, assert_close, raises, to_numpy

RANDOM = np.random.default_rng(0)
LOSSES = ["rpn_class_loss", "rpn_box_loss", "class_loss", "box_loss"]
SCALES = (10, 18)


def small_backbone():
    """Three convolutions of stride 2, so the map is C3."""
    x = images = keras.Input((None, None, 3))
    x = layers.Rescaling(1 / 32, offset=-2)(x)
    for filters in (8, 16, 32):
        x = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    return keras.Model(images, {"C3": x})


def scene(height, width, boxes, labels):
    """An image with a red or a green rectangle for each box."""
    image = np.full((height, width, 3), 60, "uint8")
    for (x1, y1, x2, y2), label in zip(boxes, labels, strict=True):
        image[y1:y2, x1:x2, label] = 250
    return image, {"boxes": np.array(boxes, "float32").reshape(-1, 4), "labels": np.array(labels, "int64")}


SCENES = [
    scene(48, 64, [[4, 6, 20, 20], [36, 20, 56, 44]], [0, 1]),
    scene(64, 40, [[10, 30, 30, 48]], [1]),
    scene(40, 40, [], []),
    scene(56, 48, [[20, 8, 38, 30]], [0]),
]
IMAGES, TARGETS = zip(*SCENES, strict=True)
OPTIONS = dict(pool_size=4, width=32, num_samples=16)


def test_no_two_variables_share_a_name():
    detector = FasterRCNN(small_backbone(), 2, SCALES, pool_size=4, width=16)
    paths = [variable.path for variable in detector.training_network.trainable_variables]
    assert len(paths) == len(set(paths))  # else Keras on PyTorch would never reset the gradient of the first


def faster(**options):
    keras.utils.set_random_seed(0)
    rpn = dict(width=32, num_proposals=12, num_samples=32)
    return FasterRCNN(small_backbone(), 2, SCALES, rpn=rpn, **(OPTIONS | options))


@pytest.fixture(scope="module")
def trained():
    detector = faster(pooling="align")
    history = detector.fit(IMAGES, TARGETS, epochs=50, batch_size=1, learning_rate=3e-3, verbose=0)
    return detector, history.history


def found_all(found):
    for result, target in zip(found, TARGETS, strict=True):
        if not len(target["labels"]):
            assert not len(result["scores"])
            continue
        close = to_numpy(iou(target["boxes"], result["boxes"])) > 0.5  # (objects, boxes), the surest box first
        assert close.any(axis=1).all()
        assert (result["labels"][close.argmax(axis=1)] == target["labels"]).all()


def test_it_learns_four_images_by_heart_and_reports_four_losses(trained):
    detector, history = trained
    assert set(LOSSES) | {"loss"} == set(history)
    assert_close(history["loss"], np.sum([history[name] for name in LOSSES], axis=0))
    for name in ("rpn_class_loss", "class_loss", "loss"):
        assert history[name][-1] < 0.4 * history[name][0]
    found_all(detector.predict(IMAGES))


def test_what_it_finds_has_the_form_that_is_promised(trained):
    check_answers(trained[0], IMAGES)


def test_an_answer_does_not_depend_on_the_size_of_the_batch(trained):
    check_batches(trained[0], IMAGES[:2])  # both fill up to 64 pixels


def test_weights_are_kept_in_a_file(trained, tmp_path):
    check_saved(trained[0], faster(pooling="align"), IMAGES, tmp_path)


def test_the_threshold_of_the_suppression_can_be_changed_afterwards(trained):
    detector = trained[0]
    usual = detector.fast.suppression
    detector.fast.suppression = usual | {"max_output_size": 1}
    assert all(len(result["scores"]) <= 1 for result in detector.predict(IMAGES))
    detector.fast.suppression = usual


def test_proposals_cover_the_objects(trained):
    for boxes, target in zip(trained[0].propose(IMAGES), TARGETS, strict=True):
        if len(target["boxes"]):
            assert (to_numpy(iou(target["boxes"], boxes)).max(axis=1) > 0.5).all()


@pytest.mark.skipif(BACKEND != "tensorflow", reason="four trainings: on one backend is enough")
def test_alternating_training_learns_too_and_leaves_the_backbone_as_trainable_as_it_was():
    detector = faster()
    frozen = detector.backbone.layers[2]
    frozen.trainable = False
    before = [to_numpy(weight) for weight in frozen.weights]
    histories = detector.fit(IMAGES, TARGETS, 6, batch_size=2, learning_rate=3e-3, scheme="alternating", verbose=0)
    assert [sorted(h.history) for h in histories] == 2 * [
        ["loss", "rpn_box_loss", "rpn_class_loss"],
        ["box_loss", "class_loss", "loss"],
    ]
    assert [layer.trainable for layer in detector.backbone.layers] == [
        layer is not frozen for layer in detector.backbone.layers
    ]
    for a, b in zip(before, frozen.weights, strict=True):
        assert_close(b, a)
    for first, second in (histories[:2], histories[2:]):
        assert first.history["rpn_class_loss"][-1] < first.history["rpn_class_loss"][0]
        assert second.history["class_loss"][-1] < histories[1].history["class_loss"][0]
    # The first training of a head begins where it was drawn; the second goes on from the first.
    assert histories[2].history["rpn_class_loss"][0] < histories[0].history["rpn_class_loss"][0]
    assert histories[3].history["class_loss"][0] < histories[1].history["class_loss"][0]


@pytest.mark.parametrize("pooling", ["pool", "align"])
def test_fast_rcnn_learns_from_proposals_of_any_number(pooling):
    keras.utils.set_random_seed(0)
    detector = FastRCNN(small_backbone(), 2, pooling=pooling, **OPTIONS)
    random = np.random.default_rng(0)
    corners = random.uniform(0, 30, (4, 12, 2)).astype("float32")
    proposals = list(np.concatenate([corners, corners + random.uniform(8, 20, (4, 12, 2)).astype("float32")], axis=2))
    proposals[3] = proposals[3][:0]
    history = detector.fit(IMAGES, TARGETS, proposals, epochs=8, batch_size=2, learning_rate=3e-3, verbose=0).history
    assert history["class_loss"][-1] < 0.7 * history["class_loss"][0]
    assert len(detector.predict(IMAGES, proposals)) == 4
    assert len(detector.predict(IMAGES[:1], [np.zeros((0, 4))])[0]["scores"]) == 0


def test_rpn_takes_any_labels_and_finds_objects():
    keras.utils.set_random_seed(0)
    rpn = RPN(small_backbone(), SCALES, width=16, num_proposals=5, num_samples=32)
    history = rpn.fit(IMAGES, TARGETS, epochs=8, batch_size=2, learning_rate=3e-3, verbose=0).history
    assert history["rpn_class_loss"][-1] < history["rpn_class_loss"][0]
    for result in rpn.predict(IMAGES):
        assert len(result["boxes"]) <= 5
        assert ((result["scores"] >= 0) & (result["scores"] <= 1)).all()
        assert (result["labels"] == 0).all()


@pytest.mark.skipif(BACKEND != "tensorflow", reason="a large network: on one backend is enough")
def test_a_network_of_the_papers_size_takes_800_pixels():
    resnet = backbones.backbone("ResNet50", weights=None, taps=("C4",))
    detector = FasterRCNN(resnet, 80, scales=(128, 256, 512), width=64, rpn=dict(num_proposals=300))
    assert detector.rpn.taps == ("C4",)
    answers = detector.network.predict_on_batch(
        {"images": np.zeros((1, 800, 1056, 3), "float32"), "sizes": np.array([[800, 1050]], "float32")}
    )
    assert {name: value.shape for name, value in answers.items()} == {
        "rois": (1, 300, 4),
        "logits": (1, 300, 81),
        "deltas": (1, 300, 80, 4),
    }


def test_what_does_not_fit_is_refused():
    with raises("tap must name one of the backbone's maps, C3. Received 'C5'"):
        RPN(small_backbone(), SCALES, tap="C5")
    with raises("of which it has none"):
        RPN(cvkit.models.lenet5(), SCALES)
    with raises("pooling must be one of pool, align. Received 'max'"):
        FastRCNN(small_backbone(), 2, pooling="max")
    detector = faster()
    with raises("scheme must be one of joint, alternating"):
        detector.fit(IMAGES, TARGETS, scheme="both")
    with raises("targets must hold one dict for each of 4 images"):
        detector.fit(IMAGES, TARGETS[:2])
    with raises("labels must be below num_classes = 2. Received a label 5"):
        detector.fit(IMAGES[:1], [{"boxes": [[0, 0, 9, 9]], "labels": [5]}])
    with raises("proposals must hold boxes for each of 4 images"):
        detector.fast.predict(IMAGES, [[]])
    augment = BoxAugmentation()
    with raises("augment moves the objects away from stored proposals"):
        detector.fit(IMAGES, TARGETS, scheme="alternating", augment=augment)
    with raises("proposals stay where they are when augment moves the objects"):
        detector.fast.fit(IMAGES, TARGETS, [[]] * 4, augment=augment)


def test_augmented_batches_reach_the_training():
    seen = []

    def augment(images, targets):
        seen.extend(np.asarray(target["labels"]).tolist() for target in targets)
        return BoxAugmentation(mosaic=0.5)(images, targets)

    history = faster().fit(IMAGES, TARGETS, 2, batch_size=2, augment=augment, verbose=0).history
    for target in TARGETS:
        labels = np.asarray(target["labels"]).tolist()
        assert seen.count(labels) >= 2, (
            labels
        )  # in each epoch; Keras looks at the first batch once more before it starts
    assert np.isfinite(history["loss"]).all()
