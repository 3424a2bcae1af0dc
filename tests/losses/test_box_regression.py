import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cvkit.detection import iou
from cvkit.losses import IOU_KINDS, iou_loss
from tests import reference
from tests.support import assert_close, check_gradient, gradient, raises, to_numpy, ways_to_run

any_boxes = hnp.arrays("float32", (6, 4), elements=st.integers(-5, 20).map(float))  # also empty, and corners swapped


@st.composite
def real_boxes(draw):
    """Boxes with at least one pixel."""
    corner, size = (draw(hnp.arrays("float32", (6, 2), elements=st.integers(1, 12).map(float))) for _ in range(2))
    return np.concatenate([corner, corner + size], axis=1)


# Target 4 x 2 at the origin. Box 2 x 2, moved by (3, 1): overlap 1 x 1, union 8 + 4 - 1 = 11; around both 5 x 3 = 15;
# centres (2, 1) and (4, 2), apart 2² + 1² = 5; diagonal 5² + 3² = 34.
TARGET, BOX = np.array([0.0, 0, 4, 2], "float32"), np.array([3.0, 1, 5, 3], "float32")
V = 4 / np.pi**2 * (np.arctan(2) - np.pi / 4) ** 2
LOSS = {
    "iou": 1 - 1 / 11,
    "giou": 1 - 1 / 11 + 4 / 15,
    "diou": 1 - 1 / 11 + 5 / 34,
    "ciou": 1 - 1 / 11 + 5 / 34 + V * V / (1 - 1 / 11 + V),
}
APART = np.array([10.0, 6, 12, 9], "float32")  # does not touch the target
PAIRS = np.array([BOX, APART, [1, 0.5, 2, 1.5], [-1, -2, 6, 5.5]], "float32")  # overlapping, apart, inside, around


@pytest.mark.parametrize("kind", IOU_KINDS)
def test_hand_worked_case(kind):
    for _, run in ways_to_run(lambda t, b: iou_loss(t, b, kind)):
        assert_close(run(TARGET, BOX), np.float32(LOSS[kind]))


@pytest.mark.parametrize("kind", IOU_KINDS)
@given(targets=any_boxes, boxes=any_boxes)
def test_equals_the_equations_one_pair_at_a_time(kind, targets, boxes):
    expected = [reference.iou_loss(t, b, kind) for t, b in zip(targets, boxes, strict=True)]
    assert_close(iou_loss(targets, boxes, kind), np.array(expected))


@given(any_boxes, any_boxes)
def test_iou_is_that_of_the_table_of_all_pairs(targets, boxes):
    assert_close(1 - to_numpy(iou_loss(targets, boxes)), np.diag(to_numpy(iou(targets, boxes))))


@given(real_boxes(), real_boxes())
def test_ciou_agrees_with_keras(targets, boxes):
    keras_ciou = keras.utils.bounding_boxes.compute_ciou(targets, boxes, "xyxy")
    assert_close(1 - to_numpy(iou_loss(targets, boxes, "ciou")), to_numpy(keras_ciou))


@pytest.mark.parametrize(("kind", "largest"), [("iou", 1), ("giou", 2), ("diou", 2), ("ciou", 3)])
@given(targets=real_boxes(), boxes=any_boxes)
def test_zero_for_equal_boxes_and_bounded(kind, largest, targets, boxes):
    assert_close(iou_loss(targets, targets, kind), np.zeros(len(targets)))
    loss = to_numpy(iou_loss(targets, boxes, kind))
    assert ((loss >= 0) & (loss <= largest + 1e-5)).all()


@pytest.mark.parametrize("kind", IOU_KINDS)
@given(targets=real_boxes(), boxes=real_boxes())
def test_scale_and_order_do_not_matter(kind, targets, boxes):
    loss = to_numpy(iou_loss(targets, boxes, kind))
    assert_close(iou_loss(targets / 64, boxes / 64, kind), loss)
    assert_close(iou_loss(boxes, targets, kind), loss)


@pytest.mark.parametrize("kind", ["iou", "giou", "diou"])
def test_gradient(kind):
    check_gradient(lambda b: iou_loss(np.broadcast_to(TARGET, (4, 4)), b, kind), PAIRS)


def test_gradient_of_ciou_takes_alpha_for_a_constant():
    def ciou(b):
        return iou_loss(TARGET, b, "ciou")

    width, height = BOX[2:] - BOX[:2]
    alpha = V / (1 - 1 / 11 + V)
    # dv/dw = -8 / pi² (angle of the target - angle) h / (w² + h²); x1 has the sign turned, height likewise.
    slope = -8 / np.pi**2 * (np.arctan(2) - np.pi / 4) / (width**2 + height**2)
    of_shape = alpha * slope * np.array([-height, width, height, -width])
    expected = gradient(lambda b: iou_loss(TARGET, b, "diou"), BOX) + of_shape
    assert_close(gradient(ciou, BOX), expected)
    # If α moved as well, the slope along x1 would be another: from the equations, with a step of 1e-6 either way.
    ahead, behind = (reference.iou_loss(TARGET, BOX + np.array([step, 0, 0, 0]), "ciou") for step in (1e-6, -1e-6))
    assert abs((ahead - behind) / 2e-6 - expected[0]) > 1e-3


def test_disjoint_boxes_have_a_gradient_with_all_kinds_but_iou():
    slopes = {kind: gradient(lambda b, kind=kind: iou_loss(TARGET, b, kind), APART) for kind in IOU_KINDS}
    assert_close(slopes["iou"], np.zeros(4))
    for kind in IOU_KINDS[1:]:
        assert slopes[kind][:2].sum() + slopes[kind][2:].sum() > 0.01, kind  # down it goes up and left, to the target


DEGENERATE = np.array(
    [
        [0, 0, 0, 0],
        [2, 1, 2, 1],
        [1, 1, 1, 3],
        [1, 1, 3, 1],
        [4, 2, 0, 0],
        [9, 9, 9, 9],
        [0, 0, 4, 2],
        [0, 0, 1e-20, 1e-20],
    ],
    "float32",
)


@pytest.mark.parametrize("kind", IOU_KINDS)
def test_value_and_gradient_are_finite_for_degenerate_boxes(kind):
    for target in (TARGET, np.zeros(4, "float32"), np.array([3, 3, 3, 3], "float32")):
        targets = np.broadcast_to(target, DEGENERATE.shape)
        assert np.isfinite(to_numpy(iou_loss(targets, DEGENERATE, kind))).all()
        assert np.isfinite(gradient(lambda b, t=targets: iou_loss(t, b, kind), DEGENERATE)).all()


def test_any_number_of_axes_is_taken_also_none():
    assert tuple(iou_loss(np.zeros((0, 4)), np.zeros((0, 4)), "ciou").shape) == (0,)
    assert_close(iou_loss(np.tile(TARGET, (2, 3, 1)), np.tile(BOX, (2, 3, 1)), "giou"), np.full((2, 3), LOSS["giou"]))


def test_half_precision_is_computed_in_float32():
    big = np.array([[0, 0, 400, 400]], "float16")  # an area of 160,000 is beyond float16
    assert_close(iou_loss(big, big / 2, "giou"), [0.75])


def test_what_does_not_fit_is_refused():
    with raises(r"boxes must have the shape of targets, \(2, 4\). Received shape \(3, 4\). iou_loss compares box i"):
        iou_loss(np.zeros((2, 4)), np.zeros((3, 4)))
    with raises(r"boxes must have shape \(..., 4\): corners x1, y1, x2, y2. Received shape \(4, 2\)"):
        iou_loss(np.zeros((4, 2)), np.zeros((4, 2)))
    with raises("kind must be one of iou, giou, diou, ciou. Received 'GIoU'"):
        iou_loss(TARGET, BOX, "GIoU")
