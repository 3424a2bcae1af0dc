"""The losses of YOLO, with and without anchors: by hand, against slow loops, and what must not matter."""

import numpy as np
import pytest
from keras import ops

from cvkit.losses import yolo_loss, yolo_v1_loss
from tests import reference
from tests.support import BACKEND, assert_close, finite_differences, gradient, raises, to_numpy, ways_to_run

TERMS = ["place", "size", "object", "no_object", "class"]


def v1_example(seed=0):
    """Two images, the second not as high as its 5 x 6 cells; two boxes a cell, three classes."""
    random = np.random.default_rng(seed)
    classes = np.where(random.random((2, 30)) < 0.3, random.integers(0, 3, (2, 30)), -1)
    targets = random.uniform(0.05, 0.9, (2, 30, 4)).astype("float32")
    boxes = np.concatenate([random.uniform(0, 1, (2, 30, 2, 2)), random.normal(0.5, 0.3, (2, 30, 2, 2))], axis=-1)
    confidences, scores = random.normal(size=(2, 30, 2)), random.normal(size=(2, 30, 3))
    answers = (x.astype("float32") for x in (boxes, confidences, scores))
    return classes, targets, np.array([[5, 6], [4.5, 6]], "float32"), *answers


def anchor_example(seed=0):
    random = np.random.default_rng(seed)
    classes = np.where(random.random((2, 40)) < 0.3, random.integers(0, 3, (2, 40)), -1)
    overlaps = random.uniform(0, 1, (2, 40)).astype("float32")
    floats = (random.normal(size=(2, 40, *rest)).astype("float32") for rest in ((4,), (4,), (), (3,)))
    targets, *answers = floats
    return classes, targets, overlaps, *answers


EXAMPLES = [(yolo_v1_loss, v1_example, reference.yolo_v1_loss), (yolo_loss, anchor_example, reference.yolo_loss)]


def test_v1_by_hand():
    # One image, two cells side by side, so a cell is as high as the image and half as wide. The object is in the first,
    # its centre in the middle, a quarter of the image wide and all of it high. Box 1 has its place right and the roots
    # 0.6 and 1.0: 0.36 wide, IoU 0.25 / 0.36. Box 2 is at (0.1, 0.5) with roots 0.5, 1: shifted by 0.4 cells, 0.2 of
    # the image, so the IoU is 0.05 / 0.45. Box 1 is responsible.
    targets = np.array([[[0.5, 0.5, 0.25, 1], [0, 0, 0, 0]]], "float32")
    boxes = np.array([[[[0.5, 0.5, 0.6, 1], [0.1, 0.5, 0.5, 1]], [[9, 9, 9, 9], [9, 9, 9, 9]]]], "float32")
    confidences = np.array([[[0.9, 0.2], [0.1, 0.4]]], "float32")
    scores = np.array([[[0.7, 0.2], [5, 5]]], "float32")
    terms = yolo_v1_loss([[0, -1]], targets, [[1, 2]], boxes, confidences, scores)
    assert_close(terms["place"], [0])
    assert_close(terms["size"], [5 * 0.1**2])
    assert_close(terms["object"], [(0.9 - 25 / 36) ** 2])
    assert_close(terms["no_object"], [0.5 * (0.2**2 + 0.1**2 + 0.4**2)])
    assert_close(terms["class"], [0.3**2 + 0.2**2])
    boxes[0, 0, 0, 0] = 0.8  # moved by 0.3 cells, 0.15 of the image: IoU (0.25 / 2 + 0.18 - 0.15) / (0.61 - that)
    terms = yolo_v1_loss([[0, -1]], targets, [[1, 2]], boxes, confidences, scores)
    assert_close(terms["place"], [5 * 0.3**2])
    assert_close(terms["object"], [(0.9 - 0.155 / 0.455) ** 2])


def test_anchor_form_by_hand():
    # Anchor 1 has an object of class 1: sigmoid(0) = 1/2 against sigmoid(log 3) = 3/4, twice; sizes off by 1 and 2.
    # Objectness 0: log 2. Classes with logits 0 and log 3: -log(1/2) - log(3/4).
    # Anchor 2 has none: -log(1 - sigmoid(log 3)) = log 4, halved. Anchor 3 has none but an overlap of 0.6.
    targets = np.zeros((1, 3, 4), "float32")
    deltas = np.array([[[np.log(3), -np.log(3), 1, -2], [9, 9, 9, 9], [9, 9, 9, 9]]], "float32")
    objectness = np.array([[0, np.log(3), 7]], "float32")
    logits = np.array([[[0, np.log(3)], [9, 9], [9, 9]]], "float32")
    terms = yolo_loss([[1, -1, -1]], targets, [[0.1, 0.5, 0.6]], deltas, objectness, logits)
    assert_close(terms["place"], [5 * 2 / 16])
    assert_close(terms["size"], [5 * 5])
    assert_close(terms["object"], [np.log(2)])
    assert_close(terms["no_object"], [np.log(4) / 2])
    assert_close(terms["class"], [np.log(2) + np.log(4 / 3)])


@pytest.mark.parametrize(("function", "example", "slow"), EXAMPLES)
def test_equal_to_a_slow_loop_in_every_way_to_run(function, example, slow):
    inputs = example()
    expected = [slow(*(x[row] for x in inputs)) for row in range(2)]
    for _, run in ways_to_run(function):
        found = run(*inputs)
        assert sorted(found) == sorted(TERMS)
        for name in TERMS:
            assert_close(found[name], [row[name] for row in expected])


@pytest.mark.parametrize(("function", "example", "slow"), EXAMPLES)
def test_weights_multiply_their_terms(function, example, slow):
    usual, heavy = function(*example()), function(*example(), lambda_coord=10.0, lambda_noobj=2.0)
    for name, factor in zip(TERMS, (2, 2, 1, 4, 1), strict=True):
        assert_close(heavy[name], factor * to_numpy(usual[name]))


@pytest.mark.parametrize(("function", "example", "slow"), EXAMPLES)
def test_what_takes_no_part_does_not_matter(function, example, slow):
    classes, targets, *rest = example()
    expected = function(classes, targets, *rest)
    targets[classes < 0] = -99
    for answer in (rest[1], *rest[3:]):  # boxes or deltas, and scores or logits
        answer[classes < 0] = 99
    for name, term in function(classes, targets, *rest).items():
        assert_close(term, to_numpy(expected[name]))


@pytest.mark.parametrize(("function", "example", "slow"), EXAMPLES)
def test_an_image_without_objects_has_only_background(function, example, slow):
    _, *rest = example()
    terms = function(np.full(rest[0].shape[:2], -1), *rest)
    for name in TERMS:
        assert (to_numpy(terms[name]) > 0).all() == (name == "no_object")


def perfect_v1():
    classes, targets, grid, _, confidences, _ = v1_example()
    boxes = np.repeat(np.concatenate([targets[..., :2], np.sqrt(targets[..., 2:])], axis=-1)[:, :, None], 2, axis=2)
    confidences = np.zeros_like(confidences)
    confidences[..., 0] = classes >= 0  # of two equal boxes the first is responsible
    return classes, targets, grid, boxes, confidences, np.eye(3, dtype="float32")[classes]


def test_a_perfect_answer_has_no_loss():
    for term in yolo_v1_loss(*perfect_v1()).values():
        np.testing.assert_allclose(to_numpy(term), 0, atol=1e-5)
    classes, targets, overlaps, *_ = anchor_example()
    sure = np.where(classes >= 0, 50, -50).astype("float32")
    logits = 100 * np.eye(3, dtype="float32")[classes] - 50
    for term in yolo_loss(classes, targets, overlaps, targets, sure, logits).values():
        np.testing.assert_allclose(to_numpy(term), 0, atol=1e-5)


def test_a_small_box_pays_more_for_the_same_error():
    def size_term(side):
        target = np.array([[[0.5, 0.5, side, side]]], "float32")
        box = np.array([[[[0.5, 0.5, np.sqrt(side + 0.05), np.sqrt(side)]]]], "float32")
        return float(yolo_v1_loss([[0]], target, [[7, 7]], box, [[[0.0]]], [[[0.0]]])["size"][0])

    assert size_term(0.05) > 5 * size_term(0.5)


def test_no_gradient_flows_through_the_overlap():
    classes, targets, grid, boxes, confidences, scores = v1_example()

    def loss(b):  # and a term of slope 1, since a gradient that does not exist is no array
        return yolo_v1_loss(classes, targets, grid, b, confidences, scores)["object"] + ops.sum(b, axis=(1, 2, 3))

    slope = gradient(loss, boxes)
    assert_close(slope, np.ones_like(boxes))


def test_gradients():
    classes, targets, grid, boxes, confidences, scores = v1_example()
    few = slice(0, 4)
    classes = np.array([[0, -1, 2, -1]] * 2)

    def v1(b):
        terms = yolo_v1_loss(classes, targets[:, few], grid, b, confidences[:, few], scores[:, few])
        return terms["place"] + terms["size"]  # "object" moves with the IoU, through which no gradient flows

    # Steps of 0.01 are far smaller than the differences between the two boxes of a cell.
    assert_close(gradient(v1, boxes[:, few]), finite_differences(v1, boxes[:, few]), "gradient")
    _, targets, overlaps, deltas, objectness, logits = (x[:, few] for x in anchor_example())
    for place, x in enumerate((deltas, objectness, logits)):

        def loss(x, place=place):
            answers = [deltas, objectness, logits]
            answers[place] = x
            return sum(yolo_loss(classes, targets, overlaps, *answers).values())

        if BACKEND == "tensorflow" or place == 0:
            assert_close(gradient(loss, x), finite_differences(loss, x), "gradient")


def test_gradients_of_boxes_without_size_are_finite():
    classes, targets, grid, boxes, confidences, scores = v1_example()
    targets[:, ::2], boxes[:] = 0, 0

    def loss(b):
        return sum(yolo_v1_loss(classes, targets, grid, b, confidences, scores).values())

    assert np.isfinite(gradient(loss, boxes)).all()


def test_what_does_not_fit_is_refused():
    classes, targets, grid, boxes, confidences, scores = v1_example()
    with raises(r"targets must have shape \(2, 30, 4\)"):
        yolo_v1_loss(classes, targets[:, 1:], grid, boxes, confidences, scores)
    with raises(r"grid_sizes must have shape \(2, 2\)"):
        yolo_v1_loss(classes, targets, grid[:1], boxes, confidences, scores)
    with raises(r"boxes must have shape \(2, 30, K, 4\)"):
        yolo_v1_loss(classes, targets, grid, boxes[:, :, 0], confidences, scores)
    with raises(r"confidences must have shape \(2, 30, 2\): one for each box"):
        yolo_v1_loss(classes, targets, grid, boxes, confidences[..., :1], scores)
    with raises(r"scores must have shape \(2, 30, C\)"):
        yolo_v1_loss(classes, targets, grid, boxes, confidences, scores[0])
    inputs = anchor_example()
    for place, name in enumerate(("targets", "overlaps", "deltas", "objectness", "logits"), start=1):
        wrong = list(inputs)
        wrong[place] = wrong[place][:, :7]
        with raises(rf"{name} must have shape \(2, 40"):
            yolo_loss(*wrong)
