import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.data.shape_masks import SHAPE_CLASSES, shape_mask, shape_reach
from tests.data.shape_oracle import inside_shape
from tests.support import assert_close, raises


def drawn(name, x, y, side, turn, height, width):
    rows, columns, mask = shape_mask(name, x, y, side, turn, height, width)
    image = np.zeros((height, width), bool)
    image[rows, columns] = mask
    return image


def test_hand_worked_case():
    # A circle of area 16 has radius 4 * 0.5642 = 2.257. Around (3, 3) pixel centres lie 0.5, 1.5 and 2.5 away along
    # each axis; 1.5^2 + 1.5^2 = 4.5 and 0.5^2 + 2.5^2 = 6.5 against 2.257^2 = 5.09: the inner 4 x 4 pixels are inside.
    expected = np.zeros((6, 7), int)
    expected[1:5, 1:5] = 1
    assert_close(drawn("circle", 3, 3, 4, 0, 6, 7).astype(int), expected)


@given(
    st.sampled_from(SHAPE_CLASSES),
    st.integers(-40, 200),
    st.integers(-40, 160),
    st.integers(8, 160),
    st.integers(0, 63),
)
def test_equals_the_loop(name, x, y, side, turn):
    # Shapes of 1 to 20 pixels, in eighths, also across the border of an image that is wider than high.
    mask = drawn(name, x / 8, y / 8, side / 8, turn, 15, 20)
    inside, near_the_edge = inside_shape(name, x / 8, y / 8, side / 8, turn, 15, 20)
    assert (mask == inside)[~near_the_edge].all()


@pytest.mark.parametrize(("x", "y"), [(0, -1.625), (-1.625, 3), (22, 3), (4, 17), (-9, -9), (90, 90)])
def test_a_shape_outside_of_the_image_leaves_it_empty(x, y):
    assert not drawn("circle", x, y, 1, 0, 15, 20).any()


@pytest.mark.parametrize("name", SHAPE_CLASSES)
def test_all_shapes_have_the_same_area_and_keep_within_their_reach(name):
    mask = drawn(name, 200, 200, 160, 5, 400, 400)
    assert abs(mask.sum() / 160**2 - 1) < 0.005
    rows, columns = mask.nonzero()
    distance = np.hypot(rows + 0.5 - 200, columns + 0.5 - 200).max()
    assert 0.97 < distance / shape_reach(name, 160) < 1.001


def test_shapes_are_told_apart_by_outline():
    # Of two shapes of one area, however turned against each other, at least a thirteenth of the area is another's.
    masks = {name: [drawn(name, 64, 64, 50, turn, 128, 128) for turn in range(64)] for name in SHAPE_CLASSES}
    for a in SHAPE_CLASSES:
        for b in SHAPE_CLASSES:
            if a != b:
                assert min((masks[a][0] & ~other).sum() for other in masks[b]) > 50**2 / 13, (a, b)


def test_a_shape_outside_the_image_has_no_pixels():
    assert not drawn("star", -90, 5, 10, 0, 12, 12).any()


def test_an_unknown_shape_is_refused():
    with raises("name must be one of circle, square, .*Received 'heart'"):
        shape_mask("heart", 5, 5, 4, 0, 10, 10)
