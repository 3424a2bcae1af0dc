import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cvkit.data import DataError, load, single_objects, voc_folder
from tests.support import assert_close, raises


def objects(*boxes, labels=None):
    return {
        "boxes": np.array(boxes, "float32").reshape(-1, 4),
        "labels": np.array(range(len(boxes)) if labels is None else labels, "int64"),
    }


def test_boxes_hand_worked():
    # 40 wide, 30 high, to 60 x 60: x times 60 / 40 = 1.5, y times 60 / 30 = 2.
    images = [np.zeros((30, 40, 3), "uint8"), np.zeros((60, 60, 3), "uint8")]
    data = {"images": images, "objects": [objects([10, 3, 20, 30], labels=[4]), objects([1, 2, 3, 4], labels=[0])]}
    single = single_objects(data, 60)
    assert_close(single["boxes"], [[15, 6, 30, 60], [1, 2, 3, 4]])
    assert single["labels"].tolist() == [4, 0]
    assert single["images"].shape == (2, 60, 60, 3)
    assert [single[key].dtype for key in ("images", "labels", "boxes")] == [np.uint8, np.int64, np.float32]
    assert single["left_out"] == 0


def test_the_box_stays_on_its_object():
    image = np.zeros((48, 80, 3), "uint8")
    image[12:36, 20:60] = 255
    single = single_objects({"images": [image], "objects": [objects([20, 12, 60, 36])]}, 32)
    x1, y1, x2, y2 = single["boxes"][0].astype(int)  # 20 * 32 / 80 = 8, 12 * 32 / 48 = 8, 24 and 24
    assert (x1, y1, x2, y2) == (8, 8, 24, 24)
    bright = single["images"][0, :, :, 0] > 127
    assert bright[y1:y2, x1:x2].all()
    assert bright.sum() == 16 * 16


def test_images_without_objects_and_with_several_are_left_out_and_counted():
    images = [np.full((8, 8, 3), grey, "uint8") for grey in range(4)]
    counts = [objects(), objects([0, 0, 1, 1]), objects([0, 0, 1, 1], [2, 2, 3, 3]), objects([4, 4, 8, 8], labels=[5])]
    single = single_objects({"images": images, "objects": counts}, 8)
    assert single["images"][:, 0, 0, 0].tolist() == [1, 3]
    assert single["labels"].tolist() == [0, 5]
    assert single["left_out"] == 2


def test_images_of_the_size_asked_for_keep_their_pixels():
    data = load("shapes", "test", image_size=24, num_objects=1, num_train=2, num_test=5)
    single = single_objects(data, 24)
    assert np.array_equal(single["images"], data["images"])
    assert single["labels"].tolist() == data["labels"].tolist()
    assert_close(single["boxes"], np.concatenate([truth["boxes"] for truth in data["objects"]]))


def test_a_voc_folder(tmp_path):
    for part in ("JPEGImages", "Annotations"):
        (tmp_path / part).mkdir()
    box = "<bndbox><xmin>11</xmin><ymin>1</ymin><xmax>20</xmax><ymax>15</ymax></bndbox>"
    for count, name in enumerate("abc"):  # none, one and two objects
        Image.new("RGB", (40, 30), (50 * count,) * 3).save(tmp_path / "JPEGImages" / f"{name}.png")
        text = f"<annotation>{f'<object><name>cat</name>{box}</object>' * count}</annotation>"
        (tmp_path / "Annotations" / f"{name}.xml").write_text(text)
    single = single_objects(voc_folder(tmp_path), 20)
    assert single["images"].shape == (1, 20, 20, 3)
    assert int(single["images"][0, 7, 7, 0]) == 50
    assert_close(single["boxes"], [[5, 0, 10, 10]])  # columns 10 to 20 of 40, rows 0 to 15 of 30
    assert single["left_out"] == 2


def test_no_image_with_one_object_is_refused():
    data = {"images": [np.zeros((8, 8, 3), "uint8")] * 2, "objects": [objects(), objects()]}
    with pytest.raises(DataError, match=r"None of 2 images has exactly one object\. Take another set or split"):
        single_objects(data, 8)


@pytest.mark.parametrize("size", [0, 2.5, True, (8, 8)])
def test_a_wrong_size_is_refused(size):
    with raises(r"image_size must be a positive integer, height and width in pixels\. Received"):
        single_objects({"images": [], "objects": []}, size)


@pytest.mark.real_data
def test_real_blood_cells():
    single = single_objects(voc_folder(Path(os.environ["CVKIT_DATA"]) / "bccd", "test"), 64)
    counts = [len(single["images"]), single["left_out"]]
    assert sum(counts) == 72
    assert counts[0] >= 1
    assert single["boxes"].min() >= 0
    assert single["boxes"].max() <= 64
