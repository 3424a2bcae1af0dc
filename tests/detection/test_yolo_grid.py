"""YOLO's grid: how boxes are written down and read again, in v1 and with anchors, and which cell answers for which."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.detection import (
    anchor_grid,
    decode_yolo,
    decode_yolo_v1,
    encode_yolo,
    encode_yolo_v1,
    responsible_objects,
)
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
# A box of 64 x 64 pixels, the cell that its centre is in, the image's height and width, and a wide anchor.
BOX, CELL = np.array([[80, 8, 144, 72]], "float32"), np.array([[64, 0, 128, 64]], "float32")
SIZE, ANCHOR = np.array([[448, 896]], "float32"), np.array([[128, 16]], "float32")


def grid(height, width, stride):
    return to_numpy(anchor_grid((height, width), stride, (stride,), (1.0,))).astype("float64")


@st.composite
def boxes_in_cells(draw):
    """Boxes (6, 4) with the cell that each one's centre is in (6, 4), their anchors (6, 2), and the image's size."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    stride = draw(st.sampled_from([8, 16, 32]))
    cells = random.choice(grid(6, 9, stride), 6)
    centre = cells[:, :2] + random.uniform(0.01, 0.99, (6, 2)) * stride
    half = np.exp(random.uniform(math.log(2), math.log(60), (6, 2))) / 2
    anchors = np.exp(random.uniform(math.log(2), math.log(60), (6, 2)))
    return np.concatenate([centre - half, centre + half], axis=1), cells, anchors, np.array([6.0 * stride, 9 * stride])


encode_v1, decode_v1, encode, decode = (traced(f) for f in (encode_yolo_v1, decode_yolo_v1, encode_yolo, decode_yolo))


def test_v1_by_hand():
    # Centre (112, 40): 48/64 and 40/64 of the cell. 64 of 896 pixels wide and of 448 high.
    for _, run in ways_to_run(encode_yolo_v1):
        assert_close(run(BOX, CELL, SIZE), [[0.75, 0.625, 64 / 896, 64 / 448]])
    for _, run in ways_to_run(decode_yolo_v1):
        assert_close(run(np.array([[0.75, 0.625, 64 / 896, 64 / 448]], "float32"), CELL, SIZE), BOX)


def test_anchor_form_by_hand():
    # log(0.75 / 0.25) = log 3, log(0.625 / 0.375) = log(5/3); half as wide as the anchor, four times as high.
    answer = np.array([[math.log(3), math.log(5 / 3), -math.log(2), math.log(4)]], "float32")
    for _, run in ways_to_run(encode_yolo):
        assert_close(run(BOX, CELL, ANCHOR), answer)
    for _, run in ways_to_run(decode_yolo):
        assert_close(run(answer, CELL, ANCHOR), BOX)


@examples(200)  # of six boxes each
@given(boxes_in_cells())
def test_decoding_undoes_encoding(drawn):
    boxes, cells, anchors, size = drawn
    values = to_numpy(encode_v1(boxes, cells, size))
    assert ((values[:, :2] > 0) & (values[:, :2] < 1)).all()
    assert_close(decode_v1(values, cells, size), boxes, PRECISION)
    deltas = to_numpy(encode(boxes, cells, anchors))
    again = to_numpy(decode(deltas, cells, anchors))
    assert_close(again, boxes, PRECISION)
    if PRECISION == "float64":  # else the share of a cell has lost too many digits for its logarithm
        assert_close(encode(again, cells, anchors), deltas, PRECISION)


@given(boxes_in_cells(), st.floats(-30, 30), st.floats(-30, 30))
def test_a_predicted_centre_stays_in_its_cell_whatever_the_network_says(drawn, tx, ty):
    _, cells, anchors, _ = drawn
    boxes = to_numpy(decode_yolo(np.array([tx, ty, 0, 0]), cells, anchors))
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    assert ((centre > cells[:, :2] - 1e-3) & (centre < cells[:, 2:] + 1e-3)).all()


def test_a_centre_on_the_border_stays_finite_and_where_it_is():
    boxes = np.array([[56, -8, 72, 8], [120, 56, 136, 72]], "float32")  # centres (64, 0) and (128, 64)
    deltas = to_numpy(encode_yolo(boxes, CELL, ANCHOR))
    assert np.isfinite(deltas).all()
    np.testing.assert_allclose(to_numpy(decode_yolo(deltas, CELL, ANCHOR)), boxes, atol=1e-3)


def test_boxes_without_area_and_huge_answers_stay_finite():
    empty = np.zeros((1, 4), "float32")
    assert_close(encode_yolo(empty, CELL, ANCHOR), empty)
    assert np.isfinite(gradient(lambda b: encode_yolo(b, CELL, ANCHOR), empty)).all()
    grown = to_numpy(decode_yolo(np.array([[0, 0, 100, -100]], "float32"), CELL, ANCHOR))
    assert_close(grown, [[96 - 4000, 32, 96 + 4000, 32]])  # 128 * 62.5 = 8,000 wide


def test_gradient():
    check_gradient(
        lambda v: (decode_yolo_v1(v, CELL / 64, SIZE / 448)) ** 2, np.array([[0.3, 0.6, 0.2, 0.4]], "float32")
    )
    check_gradient(lambda t: decode_yolo(t, CELL / 64, ANCHOR / 64) ** 2, np.array([[0.3, -0.6, 0.2, 0.4]], "float32"))


def test_the_owner_by_hand():
    # Cells of 16 pixels, two in a row, each with a wide and a high anchor.
    cells = np.repeat(grid(1, 2, 16), 2, axis=0)
    anchors = np.array([[20, 5], [5, 20]] * 2)
    boxes = np.array(
        [
            [2, 6, 14, 10],  # wide, centre (8, 8)
            [0, 5, 16, 11],  # wide, centre (8, 8), and larger
            [6, 0, 10, 16],  # high, the same centre: another anchor
            [14, 2, 18, 14],  # high, centre (16, 8): the border belongs to the second cell
            [30, 2, 40, 14],  # centre (35, 8): in no cell
        ]
    )
    for _, run in ways_to_run(responsible_objects):
        assert to_numpy(run(boxes, cells, anchors)).tolist() == [1, 2, -1, 3]
    assert to_numpy(responsible_objects(boxes, grid(1, 2, 16))).tolist() == [1, 3]
    mask = np.array([True, False, True, False, True])
    assert to_numpy(responsible_objects(boxes, cells, anchors, mask)).tolist() == [0, 2, -1, -1]


def test_of_equally_large_objects_the_first_is_kept():
    boxes = np.array([[2, 6, 14, 10], [6, 2, 10, 14], [4, 5, 12, 11]])  # 48 square pixels each, centre (8, 8)
    assert to_numpy(responsible_objects(boxes, grid(1, 1, 16))).tolist() == [0]


@st.composite
def images(draw):
    """Boxes (12, 4), of which some are real, and the places of two grids: cells (N, 4) and anchors (N, 2)."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    centre = random.integers(0, 96, (12, 2))
    half = random.uniform(2, 30, (len(centre), 2)).round(1)
    shapes = random.uniform(4, 60, (2, 3, 2)).round(1)
    cells = [np.repeat(grid(side, side, 96 // side), 3, axis=0) for side in (6, 3)]
    anchors = [np.tile(shape, (len(cell) // 3, 1)) for shape, cell in zip(shapes, cells, strict=True)]
    boxes = np.concatenate([centre - half, centre + half], axis=1)
    boxes[draw(st.integers(0, 12)) :] = 0
    return boxes.astype("float32"), np.concatenate(cells), np.concatenate(anchors).astype("float32")


owners = traced(responsible_objects)


@examples(100)
@given(images())
def test_owners_equal_a_slow_loop(image):
    boxes, cells, anchors = image
    real = boxes[boxes[:, 2] > boxes[:, 0]]
    assert to_numpy(owners(boxes, cells, anchors)).tolist() == reference.responsible_objects(real, cells, anchors)
    coarse = cells[-27::3]  # each cell once
    assert to_numpy(owners(boxes, coarse)).tolist() == reference.responsible_objects(real, coarse)


@given(images())
def test_each_object_has_one_place_at_most_and_the_largest_has_one(image):
    boxes, cells, anchors = image
    found = to_numpy(owners(boxes, cells, anchors))
    found = found[found >= 0].tolist()
    assert len(found) == len(set(found))
    assert not boxes.any() or int(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1).argmax()) in found


def test_an_image_without_objects_has_no_owner():
    assert to_numpy(responsible_objects(np.zeros((2, 4)), grid(2, 2, 8))).tolist() == [-1] * 4


@pytest.mark.parametrize("function", [encode_yolo_v1, decode_yolo_v1, encode_yolo, decode_yolo])
def test_shapes_that_do_not_fit_are_refused(function):
    name = "boxes" if function in (encode_yolo, encode_yolo_v1) else "deltas" if function is decode_yolo else "values"
    with raises(rf"{name} must have shape \(..., 4\). Received shape \(1, 5\)"):
        function(np.zeros((1, 5)), CELL, SIZE)
    with raises(r"cells must have shape \(..., 4\). Received shape \(1, 2\)"):
        function(BOX, SIZE, SIZE)
    with raises(r"(image_sizes|anchors) must have shape \(..., 2\). Received shape \(1, 4\)"):
        function(BOX, CELL, CELL)


def test_owners_of_what_does_not_fit_are_refused():
    with raises(r"boxes must have shape \(M, 4\).*Received shape \(1, 2, 4\). Call it once for each image"):
        responsible_objects(np.zeros((1, 2, 4)), CELL)
    with raises(r"cells must have shape \(N, 4\)"):
        responsible_objects(BOX, SIZE)
    with raises(r"anchors must have shape \(1, 2\).*Received shape \(2, 2\)"):
        responsible_objects(BOX, CELL, np.ones((2, 2)))
