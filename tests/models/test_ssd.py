"""SSD as a detector: it learns four scenes, and keeps what it learnt."""

import keras
import numpy as np
import pytest
from keras import ops

from cvkit import data
from cvkit.detection import default_boxes, encode_deltas, mean_average_precision
from cvkit.models import SSD
from tests.models.detecting import check_answers, check_batches, check_saved, small_backbone
from tests.support import BACKEND, assert_close, raises, to_numpy

SCENES = data.load("shapes", "train", image_size=64, num_objects=(1, 3), classes=3, num_train=4, num_test=1)
IMAGES, TARGETS = SCENES["images"], SCENES["objects"]
SCALES = (10, 16, 26)
STDS = (0.1, 0.1, 0.2, 0.2)


def ssd(**options):
    keras.utils.set_random_seed(0)
    return SSD(small_backbone(), 3, SCALES, width=32, **options)


@pytest.fixture(scope="module")
def trained():
    detector = ssd()
    return detector, detector.fit(IMAGES, TARGETS, epochs=60, batch_size=4, learning_rate=1e-2, verbose=0).history


def test_it_learns_four_scenes_by_heart_and_reports_its_terms(trained):
    detector, history = trained
    assert set(history) == {"class_loss", "box_loss", "loss"}
    assert_close(history["loss"], np.sum([history["class_loss"], history["box_loss"]], axis=0))
    assert history["loss"][-1] < 0.2 * history["loss"][0]
    assert mean_average_precision(detector.predict(IMAGES), TARGETS).ap50 == 1


def test_what_it_finds_has_the_form_that_is_promised(trained):
    found = check_answers(trained[0], [IMAGES[0][:50, :40], *IMAGES[1:]])  # of two sizes
    assert sum(len(result["scores"]) for result in found) >= 3


def test_an_answer_does_not_depend_on_the_batch(trained):
    check_batches(trained[0], IMAGES[:2])


def test_boxes_kept_for_one_size_do_not_reach_another(trained):
    for side in (64, 32, 64):
        grids = [ops.zeros((1, side // stride, side // stride, 32)) for stride in (4, 8)]
        assert_close(trained[0].kept_boxes(grids), trained[0].default_boxes(grids))


def test_weights_are_kept_in_a_file(trained, tmp_path):
    check_saved(trained[0], ssd(), IMAGES, tmp_path)


def test_it_reads_what_it_should_have_said():
    # The right answer for two objects: all default boxes near an object say its class and the way to its box.
    detector = ssd()
    boxes, labels = np.array([[4, 6, 14, 17], [28, 20, 50, 45]], "float32"), np.array([2, 0])
    maps = {"C2": (16, 4, SCALES[:2]), "C3": (8, 8, SCALES[1:])}
    answers = {}
    for tap, (side, stride, scales) in maps.items():
        defaults = to_numpy(default_boxes((side, side), stride, scales))
        grid = np.zeros((len(defaults), 8), "float32")
        near = np.abs((defaults[:, :2] + defaults[:, 2:]) / 2 - [[9, 11.5]]).max(axis=1) < 20
        grid[:, 4:] = to_numpy(encode_deltas(np.where(near[:, None], boxes[:1], boxes[1:]), defaults, STDS))
        grid[:, 0] = 20
        answers[tap] = grid
    losses_of = {}
    for tap, (side, _, _) in maps.items():
        answers[tap] = answers[tap].reshape(side, side, -1)
    inputs = ops.convert_to_tensor(boxes[None]), ops.convert_to_tensor(labels[None])
    for sure in (False, True):  # it says "background" everywhere, and then the class where an object is matched
        grids = [ops.convert_to_tensor(answers[tap][None]) for tap in maps]
        if sure:
            logits, _ = detector.split(grids)
            matched = matched_classes(detector, grids, boxes, labels)
            wanted = 20 * np.eye(4, dtype="float32")[matched]
            start = 0
            for tap, (side, _, _) in maps.items():
                grid = answers[tap].reshape(-1, 8)
                grid[:, :4] = wanted[start : start + len(grid)]
                start += len(grid)
                answers[tap] = grid.reshape(side, side, -1)
            grids = [ops.convert_to_tensor(answers[tap][None]) for tap in maps]
            assert logits.shape == (1, start, 4)
        losses_of[sure] = {name: to_numpy(term)[0] for name, term in detector.losses(*inputs, *grids).items()}
    assert losses_of[False]["class"] > 15
    np.testing.assert_allclose(losses_of[True]["class"], 0, atol=1e-4)
    np.testing.assert_allclose(losses_of[True]["box"], 0, atol=1e-4)
    found, scores, found_labels = detector.decode(answers, (64, 64))
    order = np.argsort(found_labels)
    assert_close(found[order], boxes[[1, 0]])
    assert found_labels[order].tolist() == [0, 2]
    assert_close(scores, [1, 1])


def matched_classes(detector, grids, boxes, labels):
    """0 or label + 1 of each default box, by the plain rule: IoU above 0.5, or the best of an object."""
    from cvkit.detection import iou

    overlaps = to_numpy(iou(detector.default_boxes(grids), boxes))
    matches = np.where(overlaps.max(axis=1) > 0.5, overlaps.argmax(axis=1), -1)
    matches[overlaps.argmax(axis=0)] = np.arange(len(boxes))
    return np.where(matches >= 0, labels[matches] + 1, 0)


def test_scales_are_shared_out_and_taps_are_chosen():
    detector = SSD(small_backbone(), 3, (4, 8, 16, 32, 64))
    assert detector.scales == {"C2": (4, 8, 16), "C3": (16, 32, 64)}
    assert {tap: x.shape[-1] for tap, x in detector.network.output.items()} == {"C2": 64, "C3": 64}  # 2 x 4 x 8
    detector = SSD(small_backbone(), 3, (8, 16), ratios=(1.0,), taps=("C3",))
    assert detector.scales == {"C3": (8, 16)}
    assert detector.network.output["C3"].shape[-1] == 2 * 8


def test_no_two_variables_share_a_name():
    paths = [variable.path for variable in ssd().training_network.variables]
    assert len(paths) == len(set(paths)) == 14  # Keras on PyTorch would never reset the gradient of the first


@pytest.mark.skipif(BACKEND != "tensorflow", reason="a training: on one backend is enough")
def test_images_of_several_sizes_and_without_objects_can_be_learnt():
    images = [IMAGES[0][:40], IMAGES[1][:, :33]]
    empty = {"boxes": np.zeros((0, 4), "float32"), "labels": np.zeros(0, "int64")}
    history = ssd().fit(images, [empty, empty], epochs=2, batch_size=1, verbose=0).history
    assert history["loss"] == [0, 0]  # no positives, so no negatives
    history = ssd(negatives=None).fit(IMAGES, TARGETS, epochs=3, batch_size=2, verbose=0).history
    assert history["class_loss"][-1] < history["class_loss"][0]


def test_what_does_not_fit_is_refused():
    with raises("tap must name one of the backbone's maps, C2, C3. Received 'C5'"):
        SSD(small_backbone(), 3, SCALES, taps=("C3", "C5"))
    with raises("scales must be rising positive numbers, a multiple of the number of taps, 2, and one more"):
        SSD(small_backbone(), 3, (10, 20))
    with raises("scales must be rising positive numbers"):
        SSD(small_backbone(), 3, (10, 20, 20))
    with raises("num_classes must be a positive integer"):
        SSD(small_backbone(), 0, SCALES)
    with raises("labels must be below num_classes = 3. Received a label 5"):
        ssd().fit(IMAGES[:1], [{"boxes": [[0, 0, 9, 9]], "labels": [5]}])
