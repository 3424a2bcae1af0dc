"""YOLO as a detector, with and without anchors: it learns four scenes, and keeps what it learnt."""

import keras
import numpy as np
import pytest
from keras import ops

from cvkit import data
from cvkit.detection import anchor_grid, encode_yolo, encode_yolo_v1, kmeans_anchors, mean_average_precision
from cvkit.models import YOLO, YOLOv1
from tests.models.detecting import check_answers, check_batches, check_saved, small_backbone
from tests.support import BACKEND, assert_close, raises, to_numpy

TERMS = ["place", "size", "object", "no_object", "class"]
SCENES = data.load("shapes", "train", image_size=64, num_objects=(1, 3), classes=3, num_train=4, num_test=1)
IMAGES, TARGETS = SCENES["images"], SCENES["objects"]
SIZES = np.concatenate([target["boxes"][:, 2:] - target["boxes"][:, :2] for target in TARGETS])
ANCHORS, _ = kmeans_anchors(SIZES, 2)


def v1(**options):
    keras.utils.set_random_seed(0)
    return YOLOv1(small_backbone(), 3, width=32, **options)


def two_heads(**options):
    keras.utils.set_random_seed(0)
    return YOLO(small_backbone(), 3, ANCHORS, taps=("C3", "C2"), width=32, **options)


@pytest.fixture(scope="module", params=[(v1, 80), (two_heads, 70)], ids=["v1", "two_heads"])
def trained(request):
    make, epochs = request.param
    detector = make()
    history = detector.fit(IMAGES, TARGETS, epochs=epochs, batch_size=4, learning_rate=1e-2, verbose=0)
    return make, detector, history.history


def test_it_learns_four_scenes_by_heart_and_reports_its_terms(trained):
    _, detector, history = trained
    assert {f"{term}_loss" for term in TERMS} | {"loss"} == set(history)
    assert_close(history["loss"], np.sum([history[f"{term}_loss"] for term in TERMS], axis=0))
    assert history["loss"][-1] < 0.2 * history["loss"][0]
    assert mean_average_precision(detector.predict(IMAGES), TARGETS).ap50 == 1


def test_what_it_finds_has_the_form_that_is_promised(trained):
    found = check_answers(trained[1], [IMAGES[0][:50, :40], *IMAGES[1:]])  # of two sizes
    assert sum(len(result["scores"]) for result in found) >= 3


def test_an_answer_does_not_depend_on_the_batch(trained):
    check_batches(trained[1], IMAGES[:2])


def test_weights_are_kept_in_a_file(trained, tmp_path):
    make, detector, _ = trained
    check_saved(detector, make(), IMAGES, tmp_path)


def test_the_threshold_and_the_limit_are_kept(trained):
    detector = trained[1]
    usual = detector.suppression
    detector.suppression = usual | {"max_output_size": 1, "score_threshold": 0.3}
    assert all(len(result["scores"]) == 1 and result["scores"][0] > 0.3 for result in detector.predict(IMAGES))
    detector.suppression = usual


def inputs_of(target):
    return ops.convert_to_tensor(target["boxes"][None]), ops.convert_to_tensor(target["labels"][None])


def test_v1_reads_what_it_should_have_said():
    # The right answer for an image of 48 x 64 pixels and two objects of one place each, cell by cell.
    detector, size = v1(), np.array([48, 64], "float32")
    cells = to_numpy(anchor_grid((6, 8), 8, (8,), (1.0,)))
    boxes, labels = np.array([[3, 5, 30, 20], [40, 10, 60, 44]], "float32"), np.array([2, 0])
    grid = np.zeros((6, 8, 13), "float32")
    for box, label in zip(boxes, labels, strict=True):
        row, column = int((box[1] + box[3]) / 16), int((box[0] + box[2]) / 16)
        x, y, w, h = to_numpy(encode_yolo_v1(box, cells[8 * row + column], size))
        grid[row, column, 5:10] = x, y, w**0.5, h**0.5, 0.8  # in the second of two boxes
        grid[row, column, 10 + label] = 0.5
    found, scores, found_labels = detector.decode({"grid": grid}, size)
    assert_close(found, boxes)
    assert_close(scores, [0.4, 0.4])
    assert found_labels.tolist() == labels.tolist()
    grid[..., 0] = 0.5  # the first box of each cell; it has no size and no IoU
    grid[:, :, 4] = 0
    target = inputs_of({"boxes": boxes, "labels": labels})
    terms = detector.losses(*target, size[None], grid[None])
    assert_close(terms["place"], [0])
    assert_close(terms["size"], [0])
    assert_close(terms["object"], [2 * 0.2**2])
    assert_close(terms["class"], [2 * 0.5**2])


def test_the_anchor_form_reads_what_it_should_have_said():
    # C2 has 12 x 16 cells of 4 pixels and the small anchor, C3 6 x 8 of 8 and the large one.
    detector = two_heads()
    small, large = ANCHORS
    boxes = np.array([[10, 20, 10 + small[0], 21 + small[1]], [30, 9, 29 + large[0], 9 + large[1]]], "float32")
    answers = {"C2": np.full((12, 16, 8), -9, "float32"), "C3": np.full((6, 8, 8), -9, "float32")}
    for (tap, grid), box, label, anchor in zip(answers.items(), boxes, (1, 2), ANCHORS, strict=True):
        stride = 64 // grid.shape[1]
        row, column = int((box[1] + box[3]) / 2 / stride), int((box[0] + box[2]) / 2 / stride)
        cell = np.array([column, row, column + 1, row + 1], "float32") * stride
        answers[tap][row, column, :4] = to_numpy(encode_yolo(box, cell, anchor))
        answers[tap][row, column, [4, 5 + label]] = 9
    found, scores, labels = detector.decode(answers, (48, 64))
    order = np.argsort(labels)
    assert_close(found[order], boxes)
    assert labels[order].tolist() == [1, 2]
    assert_close(scores, 2 * [1 / (1 + np.exp(-9)) ** 2])
    target = inputs_of({"boxes": boxes, "labels": np.array([1, 2])})
    grids = [ops.convert_to_tensor(grid[None]) for grid in answers.values()]
    for name, term in detector.losses(*target, *grids).items():
        np.testing.assert_allclose(to_numpy(term), 0, atol=0.02, err_msg=name)


def test_a_place_that_sees_an_object_well_is_left_alone():
    # The neighbour of the responsible cell says the same box: it overlaps, so its objectness does no harm.
    detector = YOLO(small_backbone(), 3, ANCHORS[:1], taps=("C3",), width=8)
    box = np.array([8, 8, 8 + ANCHORS[0, 0], 8 + ANCHORS[0, 1]], "float32")
    target = inputs_of({"boxes": box[None], "labels": np.array([0])})
    grid = np.full((1, 4, 4, 8), -9, "float32")
    quiet = to_numpy(detector.losses(*target, ops.convert_to_tensor(grid))["no_object"])
    row, column = (int(c // 8) for c in ((box[1] + box[3]) / 2, (box[0] + box[2]) / 2))
    cell = np.array([column, row + 1, column + 1, row + 2], "float32") * 8
    grid[0, row + 1, column, :4] = to_numpy(encode_yolo(box, cell, ANCHORS[0]))  # centre at its upper border
    grid[0, row + 1, column, 4] = 9
    loud = to_numpy(detector.losses(*target, ops.convert_to_tensor(grid))["no_object"])
    assert loud < quiet
    grid[0, row + 1, column, 2:4] = -3  # now it is small and far from the object's shape
    assert to_numpy(detector.losses(*target, ops.convert_to_tensor(grid))["no_object"]) > quiet + 4


def test_an_untrained_network_expects_hardly_an_object():
    detector = YOLO(small_backbone(), 2, [[5, 5], [9, 9]], taps=("C3",), width=8)
    bias = to_numpy(detector.heads["C3"].get_layer("head_C3_grid").bias)
    assert_close(bias, 2 * [0, 0, 0, 0, -np.log(99), 0, 0], "float16")  # sigmoid(-log 99) = 1 / (1 + 99)


def test_no_two_variables_share_a_name():
    paths = [variable.path for variable in two_heads().training_network.variables]
    assert len(paths) == len(set(paths)) == 14  # Keras on PyTorch would never reset the gradient of the first


def test_anchors_are_shared_out_from_small_to_large():
    detector = two_heads()
    assert list(detector.anchors) == ["C2", "C3"]
    assert_close(detector.anchors["C2"], ANCHORS[:1].astype("float32"))
    assert {tap: x.shape[-1] for tap, x in detector.network.output.items()} == {"C2": 8, "C3": 8}
    shapes = YOLO(small_backbone(), 3, [[9, 9], [2, 2], [5, 5]]).anchors
    assert_close(shapes["C3"], [[2, 2], [5, 5], [9, 9]])


@pytest.mark.skipif(BACKEND != "tensorflow", reason="a training: on one backend is enough")
def test_images_without_objects_and_of_several_sizes_can_be_learnt():
    images = [IMAGES[0][:40], IMAGES[1][:, :33]]
    empty = {"boxes": np.zeros((0, 4), "float32"), "labels": np.zeros(0, "int64")}
    history = v1().fit(images, [empty, empty], epochs=3, batch_size=1, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert history["class_loss"] == [0, 0, 0]


def test_what_does_not_fit_is_refused():
    with raises("tap must name one of the backbone's maps, C2, C3. Received 'C5'"):
        YOLOv1(small_backbone(), 3, tap="C5")
    with raises("tap must name one of the backbone's maps, C2, C3. Received 'C1'"):
        YOLO(small_backbone(), 3, ANCHORS, taps=("C3", "C1"))
    with raises("num_boxes must be a positive integer"):
        YOLOv1(small_backbone(), 3, num_boxes=0)
    with raises("num_classes must be a positive integer"):
        YOLO(small_backbone(), 0, ANCHORS)
    with raises("anchors must be positive, and their number a multiple of that of the taps, 2"):
        YOLO(small_backbone(), 3, ANCHORS[:1], taps=("C2", "C3"))
    with raises("anchors must be positive"):
        YOLO(small_backbone(), 3, [[0, 4]])
    with raises(r"anchors must have shape \(A, 2\)"):
        YOLO(small_backbone(), 3, [1, 2])
    with raises("labels must be below num_classes = 3. Received a label 5"):
        v1().fit(IMAGES[:1], [{"boxes": [[0, 0, 9, 9]], "labels": [5]}])
