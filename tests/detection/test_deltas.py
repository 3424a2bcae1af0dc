import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.detection import decode_deltas, encode_deltas
from tests import reference
from tests.support import (
    BACKEND,
    assert_close,
    check_gradient,
    examples,
    gradient,
    raises,
    to_numpy,
    traced,
    ways_to_run,
)

PRECISION = "float64" if BACKEND == "tensorflow" else "float32"
STDS = (0.1, 0.1, 0.2, 0.2)
# Anchor 20 wide, 10 high, centre (10, 5); box 10 wide, 20 high, centre (15, 15).
ANCHOR, BOX = np.array([[0, 0, 20, 10]], "float32"), np.array([[10, 5, 20, 25]], "float32")
DELTAS = np.array([[5 / 20, 10 / 10, -math.log(2), math.log(2)]], "float32")


@st.composite
def real_boxes(draw):
    """Boxes with an area, up to 62 times as long as each other, which is within the limit of `decode_deltas`."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    # In float32, which is all that JAX has, a coordinate of 2,000 leaves too few digits for a width of 1.
    reach = draw(st.sampled_from([1.0, 50.0, 2000.0] if BACKEND == "tensorflow" else [1.0]))
    corner, size = rng.uniform(-reach, reach, (2, 6, 2)), np.exp(rng.uniform(0, math.log(62), (2, 6, 2)))
    return np.concatenate([corner, corner + size], axis=-1)  # (2, 6, 4): boxes and anchors


def test_hand_worked_case():
    for _, run in ways_to_run(encode_deltas):
        assert_close(run(BOX, ANCHOR), DELTAS)
    for _, run in ways_to_run(decode_deltas):
        assert_close(run(DELTAS, ANCHOR), BOX)


def test_stds_divide_and_multiply():
    assert_close(encode_deltas(BOX, ANCHOR, STDS), DELTAS / np.array(STDS))
    assert_close(decode_deltas(DELTAS / np.array(STDS, "float32"), ANCHOR, STDS), BOX)


encode, decode = (traced(lambda v, a, f=f: f(v, a, STDS)) for f in (encode_deltas, decode_deltas))


@examples(400)  # of six pairs each
@given(real_boxes())
def test_equals_the_equations_and_decoding_undoes_encoding(both):
    boxes, anchors = both
    deltas = to_numpy(encode(boxes, anchors))
    expected = [reference.deltas(*pair, STDS) for pair in zip(boxes, anchors, strict=True)]
    assert_close(deltas, expected, PRECISION)
    decoded = to_numpy(decode(deltas, anchors))
    assert_close(decoded, boxes, PRECISION)
    assert_close(encode(decoded, anchors), deltas, PRECISION)


@given(real_boxes(), st.floats(0.25, 4), st.floats(-100, 100))
def test_moving_and_scaling_both_changes_nothing(both, scale, shift):
    deltas = to_numpy(encode_deltas(*both))
    assert_close(encode_deltas(*(both * scale)), deltas, PRECISION)
    if PRECISION == "float64":
        assert_close(encode_deltas(*(both + shift)), deltas, PRECISION)


def test_an_anchor_has_no_deltas_to_itself_and_zero_deltas_leave_it():
    assert_close(encode_deltas(ANCHOR, ANCHOR), np.zeros((1, 4)))
    assert_close(decode_deltas(np.zeros((1, 4), "float32"), ANCHOR), ANCHOR)


def test_growth_is_limited():
    grown = to_numpy(decode_deltas([[0, 0, 100.0, -100.0]], ANCHOR))
    assert_close(grown, [[10 - 625, 5, 10 + 625, 5]])  # 20 wide to 20 * 1000 / 16 = 1,250; the height goes to nothing
    assert_close(decode_deltas([[0, 0, 100.0, 0]], ANCHOR, clip=math.log(2)), [[-10, 0, 30, 10]])
    assert_close(decode_deltas([[0, 0, 100.0, 0]], ANCHOR, STDS, clip=math.log(2)), [[-10, 0, 30, 10]])


@pytest.mark.parametrize("empty", [[0, 0, 0, 0], [5, 5, 5, 9], [9, 0, 3, 4], [1e30, 0, 1e30, 1]])
def test_pairs_without_area_give_zeros_and_finite_gradients(empty):
    empty = np.array([empty], "float32")
    for pair in ((empty, ANCHOR), (ANCHOR, empty)):
        assert_close(encode_deltas(*pair), np.zeros((1, 4)))
    assert np.isfinite(gradient(lambda b: encode_deltas(b, ANCHOR), empty)).all()
    assert np.isfinite(gradient(lambda d: decode_deltas(d, ANCHOR), np.full((1, 4), 500, "float32"))).all()


def test_gradient():
    check_gradient(lambda b: encode_deltas(b, ANCHOR) ** 2, BOX)
    check_gradient(lambda d: decode_deltas(d, ANCHOR / 10) ** 2, DELTAS)


def test_anchors_are_broadcast_over_a_batch_also_of_none():
    boxes = np.stack([BOX, ANCHOR])  # (2, 1, 4)
    deltas = encode_deltas(boxes, ANCHOR)
    assert_close(deltas, np.stack([DELTAS, np.zeros((1, 4))]))
    assert_close(decode_deltas(deltas, ANCHOR), boxes)
    assert tuple(encode_deltas(np.zeros((2, 0, 4)), np.zeros((0, 4))).shape) == (2, 0, 4)


def test_types_may_differ():
    assert_close(encode_deltas(BOX.astype("float64"), ANCHOR.astype("float16")), DELTAS)


def test_half_precision_is_computed_in_float32():
    boxes = np.array([[0, 0, 4000, 3000]], "float16")
    assert_close(decode_deltas(np.zeros((1, 4), "float16"), boxes), [[0, 0, 4000, 3000]])


def test_what_does_not_fit_is_refused():
    with raises(r"boxes must have shape \(..., 4\): four numbers an anchor. Received shape \(1, 5\)"):
        encode_deltas(np.zeros((1, 5)), ANCHOR)
    with raises(r"deltas must have shape \(..., 4\).*Received shape \(\)"):
        decode_deltas(np.zeros(()), ANCHOR)
    with raises(r"anchors must have shape \(..., 4\).*Received shape \(4, 2\)"):
        encode_deltas(BOX, np.zeros((4, 2)))
    for stds in ((0.1, 0.2), (0.1, 0.1, 0.2, 0)):
        with raises("stds must be four positive numbers, for t_x, t_y, t_w and t_h. Received"):
            encode_deltas(BOX, ANCHOR, stds)
    with raises("clip must be a positive number: the largest logarithm of box over anchor. Received 0"):
        decode_deltas(DELTAS, ANCHOR, clip=0)
