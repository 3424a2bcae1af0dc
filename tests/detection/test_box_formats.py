import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cvkit.detection import BOX_FORMATS, convert_boxes
from tests.support import assert_close, check_gradient, examples, raises, ways_to_run

# In an image 80 high and 100 wide: corners (10, 20) and (40, 60); 30 wide, 40 high; centre (25, 40).
SIZE = (80, 100)
SAME_BOX = {
    "xyxy": [10, 20, 40, 60],
    "xywh": [10, 20, 30, 40],
    "cxcywh": [25, 40, 30, 40],
    "rel_xyxy": [0.1, 0.25, 0.4, 0.75],
}
KERAS_NAMES = {"cxcywh": "center_xywh"}
boxes = hnp.arrays("float32", st.tuples(st.integers(0, 5), st.just(4)), elements=st.floats(-200, 200, width=16))
formats = st.sampled_from(BOX_FORMATS)


@pytest.mark.parametrize("source", BOX_FORMATS)
@pytest.mark.parametrize("target", BOX_FORMATS)
def test_hand_worked_case(source, target):
    box = np.array(SAME_BOX[source], "float32")
    for _, run in ways_to_run(lambda b: convert_boxes(b, source, target, SIZE)):
        assert_close(run(box), SAME_BOX[target])


@examples(400)  # of up to five boxes each
@given(boxes, formats, formats, formats)
def test_there_and_back_and_by_way_of_a_third(boxes, source, target, between):
    there = convert_boxes(boxes.astype("float64"), source, target, SIZE)
    assert_close(convert_boxes(there, target, source, SIZE), boxes, "float64")
    detour = convert_boxes(convert_boxes(boxes.astype("float64"), source, between, SIZE), between, target, SIZE)
    assert_close(detour, there, "float64")


@given(boxes.filter(len), formats, formats)
def test_agrees_with_keras(boxes, source, target):
    names = [KERAS_NAMES.get(name, name) for name in (source, target)]
    expected = keras.utils.bounding_boxes.convert_format(boxes, *names, height=SIZE[0], width=SIZE[1])
    assert_close(convert_boxes(boxes, source, target, SIZE), expected)


def test_any_number_of_axes_is_taken_and_types_are_kept():
    box = np.tile(np.array(SAME_BOX["xyxy"], "float16"), (2, 3, 1))
    converted = convert_boxes(box, "xyxy", "cxcywh")
    assert_close(converted, np.tile(SAME_BOX["cxcywh"], (2, 3, 1)))
    assert keras.backend.standardize_dtype(converted.dtype) == "float16"


def test_gradient():
    check_gradient(lambda b: convert_boxes(b, "cxcywh", "xyxy") ** 2, np.array([[1.0, 2, 3, 4]], "float32"))


def test_what_does_not_fit_is_refused():
    with raises("source must be one of xyxy, xywh, cxcywh, rel_xyxy. Received 'yxyx'"):
        convert_boxes(np.zeros((1, 4)), "yxyx", "xyxy")
    with raises("target must be one of .* Received 'coco'"):
        convert_boxes(np.zeros((1, 4)), "xyxy", "coco")
    with raises(r"boxes must have shape \(..., 4\): four numbers a box. Received shape \(1, 5\)"):
        convert_boxes(np.zeros((1, 5)), "xyxy", "xywh")


@pytest.mark.parametrize("size", [None, 64, (64,), (0, 64)])
def test_relative_boxes_need_the_size_of_the_image(size):
    with raises(r"image_size must be \(height, width\) in pixels, two positive numbers"):
        convert_boxes(np.zeros((1, 4)), "rel_xyxy", "xyxy", image_size=size)
