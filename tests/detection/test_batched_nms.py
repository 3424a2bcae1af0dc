import functools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cvkit.detection import batched_nms, nms
from tests import reference
from tests.detection.test_nms import BOXES, LENGTHS, SCORES, check, scored_boxes, thresholds
from tests.support import examples, raises, to_numpy, traced, ways_to_run


def test_hand_worked_case():
    # As in test_nms, where B (1) suppresses A (0); of another class it cannot, and C (2) overlaps with A by 4 / 16.
    for _, run in ways_to_run(lambda b, s, c: batched_nms(b, s, c, 0.3, 5)):
        check(run(BOXES, SCORES, np.array([0, 1, 0, 0])), [1, 2, 0, 3], 5)
        check(run(BOXES, SCORES, np.array([1, 1, 1, 1])), [1, 3], 5)


@functools.cache
def suppress(threshold, size):
    return traced(lambda b, s, c: batched_nms(b, s, c, threshold, size))


@examples(400)
@given(st.lists(scored_boxes(), min_size=5, max_size=5), st.integers(0, 2**32 - 1), st.sampled_from([0.25, 0.6]))
def test_equals_the_rule_class_by_class_in_five_images_side_by_side(images, seed, threshold):
    num_boxes = [len(boxes) for boxes, _ in images]
    image = np.repeat(range(5), num_boxes)
    label = np.random.default_rng(seed).integers(0, 3, len(image))
    boxes, scores = (np.concatenate(part) for part in zip(*images, strict=True))
    filling = 5 * LENGTHS[-1] - len(boxes)  # so that all cases have one shape, and are traced once
    padded = np.pad(boxes, [[0, filling], [0, 0]]), np.pad(scores, [0, filling], constant_values=-np.inf)
    indices, num_valid = suppress(threshold, 120)(*padded, np.pad(3 * image + label, [0, filling]))
    kept = to_numpy(indices)[: int(num_valid)]
    check((indices, num_valid), reference.nms(boxes, scores, threshold, 3 * image + label), 120)
    for i, start in enumerate(np.cumsum([0, *num_boxes[:-1]])):
        alone = reference.nms(*images[i], threshold, label[image == i])
        np.testing.assert_array_equal(kept[image[kept] == i] - start, alone)


@given(scored_boxes(), thresholds)
def test_one_class_is_nms_and_a_class_a_box_keeps_all(case, threshold):
    boxes, scores = case
    one, plain = batched_nms(boxes, scores, np.full(len(boxes), 7), threshold), nms(boxes, scores, threshold)
    for found, expected in zip(one, plain, strict=True):
        np.testing.assert_array_equal(to_numpy(found), to_numpy(expected))
    order = np.argsort(-scores, kind="stable")
    check(batched_nms(boxes, scores, np.arange(len(boxes)), threshold, None), order, len(boxes))


def test_large_coordinates_and_many_classes():
    # Class 79 moved by 79 times 4,001 would lie where float32 counts in steps of 1/32: a side of 10.01 becomes 10 or
    # 10.03. At home the two boxes have IoU 10.01 / 20 = 0.5005, or (with a side of 9.99) 0.4995.
    corner = np.float32(3900)
    classes = np.full(2, 79)
    for side, kept in ((10.01, [0]), (9.99, [0, 1])):
        boxes = corner + np.array([[0, 0, 20, 20], [0, 0, 20, side]], "float32")
        check(batched_nms(boxes, np.array([1, 0.5], "float32"), classes, 0.5, 2), kept, 2)
        moved = boxes + np.float32(79 * 4001)
        assert moved[1, 3] - moved[1, 1] in (10, np.float32(10.03125))


def test_classes_that_do_not_fit_are_refused():
    with raises("classes must hold one value for each of the 4 boxes. Received 3"):
        batched_nms(BOXES, SCORES, np.zeros(3, "int32"))
    with raises(r"classes must have shape \(N,\): one class a box. Received shape \(4, 1\)"):
        batched_nms(BOXES, SCORES, np.zeros((4, 1), "int32"))
    with raises("classes must be integers. Received .*float32.*: cast them"):
        batched_nms(BOXES, SCORES, np.zeros(4, "float32"))
