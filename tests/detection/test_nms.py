import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import ops

from cvkit.detection import nms
from cvkit.detection.suppression import keep_best, round_down
from tests import reference
from tests.support import examples, gradient, raises, to_numpy, traced, ways_to_run

# Sides of 10: A and B overlap by 9 of 11 columns (IoU 90 / 110 = 0.82), B and C by 5 of 15 (0.33), A and C by 4 of 16.
A, B, C, FAR = [0, 0, 10, 10], [1, 0, 11, 10], [6, 0, 16, 10], [40, 40, 50, 50]
BOXES, SCORES = np.array([A, B, C, FAR], "float32"), np.array([0.6, 0.9, 0.8, 0.1], "float32")
LENGTHS = (0, 1, 2, 7, 24)  # few lengths, so that a backend that compiles does so a few times


@st.composite
def scored_boxes(draw):
    """Boxes on a coarse grid, so that scores and overlaps are often equal; some empty, some with corners swapped."""
    length, spread, seed = draw(st.sampled_from(LENGTHS)), draw(st.integers(2, 12)), draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, spread, (length, 2))
    boxes = np.concatenate([corner, corner + rng.integers(-1, 8, (length, 2))], axis=1)
    return boxes.astype("float32"), rng.integers(0, 4, length).astype("float32")


thresholds = st.sampled_from([0.0, 0.2, 0.25, 1 / 3, 0.5, 0.6, 0.7, 0.8, 1.0])  # ratios that small boxes do have


def portable(boxes, scores, iou_threshold, max_output_size):
    """The code of all backends, whichever this one prefers."""
    boxes, scores = ops.convert_to_tensor(boxes), ops.convert_to_tensor(scores)
    return keep_best(boxes, scores, ops.zeros(boxes.shape[0], "int32"), iou_threshold, max_output_size)


def check(found, expected, size):
    indices, num_valid = (to_numpy(value) for value in found)
    expected = list(expected)[:size]
    assert indices.dtype == num_valid.dtype == np.int32
    np.testing.assert_array_equal(indices, expected + [-1] * (size - len(expected)))
    assert num_valid == len(expected)


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [(0.5, [1, 2, 3]), (0.3, [1, 3]), (0.82, [1, 2, 0, 3]), (0.81, [1, 2, 3])],
)
def test_hand_worked_case(threshold, expected):
    check(nms(BOXES, SCORES, threshold, 6), expected, 6)


def test_every_way_to_run_agrees():
    for function in (nms, portable):
        for _, run in ways_to_run(lambda b, s, function=function: function(b, s, 0.5, 6)):
            check(run(BOXES, SCORES), [1, 2, 3], 6)


def test_a_suppressed_box_suppresses_none():
    # B is suppressed by A, and C, which only B overlaps by more than 0.3, is kept.
    check(nms(BOXES[:3], np.array([0.9, 0.8, 0.7], "float32"), 0.3, 3), [0, 2], 3)


@examples(2000)
@given(scored_boxes(), thresholds, st.sampled_from([1, 5, 24]))
def test_equals_the_rule_also_with_ties(case, threshold, size):
    check(nms(*case, threshold, size), reference.nms(*case, threshold), size)


@given(scored_boxes(), thresholds, st.sampled_from([1, 5, 24]))
def test_the_code_of_all_backends_equals_the_rule(case, threshold, size):
    check(portable(*case, threshold, size), reference.nms(*case, threshold), size)


@pytest.mark.parametrize("function", [nms, portable])
@pytest.mark.parametrize("grid", [1.0, 0.01])
def test_more_boxes_than_one_block_holds(function, grid):
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 100, (700, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(1, 40, (700, 2))], axis=1)
    boxes, scores = (np.round(boxes / grid) * grid).astype("float32"), rng.integers(0, 50, 700).astype("float32")
    expected = reference.nms(boxes, scores, 0.4)
    assert 128 < len(expected) < 600
    check(function(boxes, scores, 0.4, 700), expected, 700)
    check(traced(lambda b, s: function(b, s, 0.4, 100))(boxes, scores), expected, 100)


def test_a_chain_of_boxes_that_each_suppress_the_next():
    corner = np.arange(300.0)
    boxes = np.stack([corner, 0 * corner, corner + 3, 0 * corner + 1], axis=1).astype("float32")  # neighbours: 2 / 4
    scores = np.linspace(1, 0, 300).astype("float32")
    for function in (nms, portable):
        check(function(boxes, scores, 0.4, 300), range(0, 300, 2), 300)


@given(scored_boxes(), thresholds)
def test_what_is_kept_does_not_overlap_and_is_kept_again(case, threshold):
    boxes, scores = case
    indices, num_valid = (to_numpy(value) for value in nms(boxes, scores, threshold, max_output_size=None))
    assert len(indices) == len(boxes)
    kept = indices[:num_valid]
    assert (np.diff(scores[kept]) <= 0).all()
    overlap = reference.iou(boxes[kept], boxes[kept])[np.triu_indices(len(kept), 1)]
    assert (overlap <= threshold + 1e-6).all()
    if len(kept) in LENGTHS:
        check(nms(boxes[kept], scores[kept], threshold, None), range(len(kept)), len(kept))


@pytest.mark.parametrize("function", [nms, portable])
def test_the_threshold_is_compared_as_torchvision_does(function):
    # IoU 3 / 5. In float32 that is 0.60000002, and so above 0.6; 1 / 4 is exact, and so not above 0.25.
    boxes, scores = np.array([[0, 0, 5, 1], [0, 0, 3, 1]], "float32"), np.array([1, 0], "float32")
    check(function(boxes, scores, 0.6, 2), [0], 2)
    check(function(boxes[:, [0, 1, 2, 3]] - [[0, 0, 1, 0], [0, 0, 2, 0]], scores, 0.25, 2), [0, 1], 2)


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.3, 0.6, 0.7, 1 / 3, 1.0])
def test_a_threshold_is_rounded_so_that_no_comparison_changes(threshold):
    limit = round_down(threshold, "float32")
    assert float(limit) <= threshold < float(np.nextafter(limit, np.float32(2)))


@pytest.mark.tensorflow_only  # JAX has float64 only when asked, and Keras' maximum on PyTorch returns float32
def test_float64_keeps_its_precision():
    boxes = np.array([[0, 0, 1, 1], [0, 0, 1, 0.5 + 1e-12]])
    check(nms(boxes, np.array([1.0, 0.5]), 0.5, 2), [0], 2)
    check(nms(boxes.astype("float32"), np.array([1.0, 0.5], "float32"), 0.5, 2), [0, 1], 2)


def test_half_precision_is_computed_in_float32():
    # Areas of 90,000 and 81,000 are beyond float16. Bits of scores: 1024 and 1025 are apart in float16, too.
    boxes = np.array([[0, 0, 300, 300], [0, 0, 270, 300]], "float16")
    check(nms(boxes, np.array([1024, 1025], "float16"), 0.5, 2), [1], 2)


def test_boxes_that_fill_up_a_batch_and_boxes_with_low_scores_are_left_out():
    padded = np.concatenate([BOXES, np.zeros((3, 4), "float32")])
    scores = np.concatenate([SCORES, np.full(3, -np.inf, "float32")])
    for function in (nms, portable):
        check(function(padded, scores, 0.5, 7), [1, 2, 3], 7)
    for _, run in ways_to_run(lambda b, s: nms(b, s, 0.5, 4, score_threshold=0.8)):
        check(run(BOXES, SCORES), [1], 4)  # 0.8 itself is not above 0.8
    assert float(np.float32(0.8)) > 0.8  # though as a float32 it is above the number


def test_no_boxes():
    for size in (3, None):
        check(nms(np.zeros((0, 4), "float32"), np.zeros(0, "float32"), max_output_size=size), [], size or 0)


@pytest.mark.tensorflow_only
@pytest.mark.parametrize("compiled", [False, True])
def test_the_number_of_boxes_may_be_known_only_when_it_runs(compiled):
    import tensorflow as tf

    specs = [tf.TensorSpec([None, 4]), tf.TensorSpec([None])]
    for size in (3, None):
        run = tf.function(lambda b, s, size=size: nms(b, s, 0.5, size), input_signature=specs, jit_compile=compiled)
        check(run(tf.constant(BOXES), tf.constant(SCORES)), [1, 2, 3], size or 4)
    assert run.get_concrete_function().structured_outputs[0].shape.as_list() == [None]


def test_no_gradient_flows_and_none_is_in_the_way():
    def score_of_kept(boxes):
        indices, _ = nms(boxes, ops.sum(boxes, axis=1), 0.5, 2)
        return ops.take(boxes, indices, axis=0)

    expected = np.zeros((4, 4))
    expected[[3, 2]] = 1  # the largest sums of coordinates
    for _, run in ways_to_run(score_of_kept):
        np.testing.assert_array_equal(gradient(run, BOXES), expected)


def test_a_batch_by_way_of_map():
    boxes, scores = np.stack([BOXES, BOXES[::-1]]), np.stack([SCORES, SCORES[::-1]])
    indices, num_valid = ops.map(lambda image: nms(*image, 0.5, 4), (ops.convert_to_tensor(boxes), scores))
    np.testing.assert_array_equal(to_numpy(indices), [[1, 2, 3, -1], [2, 1, 0, -1]])
    np.testing.assert_array_equal(to_numpy(num_valid), [3, 3])


def test_what_does_not_fit_is_refused():
    with raises(r"boxes must have shape \(N, 4\).*Received shape \(4,\). Call it once for each image"):
        nms(BOXES[0], SCORES)
    with raises(r"scores must have shape \(N,\).*Received shape \(4, 2\). Call it once for each class"):
        nms(BOXES, np.zeros((4, 2)))
    with raises("scores must hold one value for each of the 4 boxes. Received 3"):
        nms(BOXES, SCORES[:3])
    for threshold in (-0.1, 1.5, float("nan")):
        with raises("iou_threshold must be from 0 to 1. Received"):
            nms(BOXES, SCORES, threshold)
    for size in (0, 2.5, -1):
        with raises("max_output_size must be a positive integer: boxes to keep at most, or None for all. Received"):
            nms(BOXES, SCORES, max_output_size=size)
