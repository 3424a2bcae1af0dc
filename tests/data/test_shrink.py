import numpy as np
import pytest

from cvkit.data import shrink
from tests.support import raises


def a_set():
    """A wide image, left half black and right half white, with a box around each half; and a small grey one."""
    wide = np.zeros((40, 100, 3), "uint8")
    wide[:, 50:] = 255
    boxes = np.float32([[0, 0, 50, 40], [50, 0, 100, 40]])
    objects = [
        {"boxes": boxes, "labels": np.array([0, 1]), "difficult": np.array([False, True])},
        {"boxes": np.zeros((0, 4), "float32"), "labels": np.zeros(0, "int64"), "difficult": np.zeros(0, bool)},
    ]
    return {"images": [wide, np.full((8, 6, 3), 9, "uint8")], "objects": objects, "classes": ("left", "right")}


def test_hand_worked_case():
    data = a_set()
    small = shrink(data, side=50)  # 100 columns become 50, and 40 rows 20
    image, truth = small["images"][0], small["objects"][0]
    assert image.shape == (20, 50, 3)
    assert image.dtype == "uint8"
    assert truth["boxes"].tolist() == [[0, 0, 25, 20], [25, 0, 50, 20]]
    assert truth["boxes"].dtype == "float32"
    for (x1, y1, x2, y2), grey in zip(truth["boxes"].astype(int), (0, 255), strict=True):
        assert (image[y1:y2, x1 + 1 : x2 - 1] == grey).all()  # the halves are still where the boxes say
    assert truth["labels"].tolist() == [0, 1]
    assert truth["difficult"].tolist() == [False, True]
    assert small["classes"] == ("left", "right")
    assert data["images"][0].shape == (40, 100, 3)  # the set given is not changed
    assert data["objects"][0]["boxes"].max() == 100


def test_small_images_stay():
    small = shrink(a_set(), side=50)
    assert (small["images"][1] == np.full((8, 6, 3), 9)).all()
    assert small["objects"][1]["boxes"].shape == (0, 4)


def test_a_thin_image_keeps_a_pixel():
    data = {"images": [np.zeros((1, 90, 3), "uint8")], "objects": [{"boxes": np.float32([[0, 0, 90, 1]])}]}
    assert shrink(data, side=9)["images"][0].shape == (1, 9, 3)


@pytest.mark.parametrize("side", [0, -3, 2.5])
def test_the_side_must_be_a_positive_integer(side):
    with raises("side must be a positive integer.*longest height or width"):
        shrink(a_set(), side)
