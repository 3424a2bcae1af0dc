import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cvkit.data import DataError, voc_folder
from tests.support import assert_close, raises


def item(name, *corners, extra=""):
    box = "".join(
        f"<{key}>{value}</{key}>" for key, value in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True)
    )
    return f"<object><name>{name}</name>{extra}<bndbox>{box}</bndbox></object>"


def annotate(folder, name, *objects, size="<size><width>40</width><height>30</height><depth>3</depth></size>"):
    text = f"<annotation><filename>another.jpg</filename>{size}{''.join(objects)}</annotation>"
    (folder / "Annotations" / f"{name}.xml").write_text(text)


@pytest.fixture
def folder(tmp_path):
    """Images a (40 x 30 pixels, two objects), b (none) and c (one), and the splits train and test."""
    for part in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (tmp_path / part).mkdir(parents=True)
    for grey, file in enumerate(("a.png", "b.JPG", "c.jpeg")):
        Image.new("RGB", (40, 30), (100 * grey,) * 3).save(tmp_path / "JPEGImages" / file)
    annotate(tmp_path, "a", item("dog", 1, 1, 40, 30), item("cat", 11, 6, 20, 25, extra="<difficult>1</difficult>"))
    annotate(tmp_path, "b", size="")
    annotate(tmp_path, "c", item("bird", 2, 3, 4, 5))
    (tmp_path / "ImageSets" / "Main" / "train.txt").write_text("c\r\n a\n\n")
    (tmp_path / "ImageSets" / "Main" / "test.txt").write_text("b")
    return tmp_path


def test_boxes_hand_worked(folder):
    data = voc_folder(os.fspath(folder))
    assert data["names"] == ["a", "b", "c"]
    assert data["classes"] == ("bird", "cat", "dog")
    first, second, third = data["objects"]
    # The whole image, pixels 1 to 40 and 1 to 30, is 0 to 40 and 0 to 30; columns 11 to 20 are ten: 10 to 20.
    assert_close(first["boxes"], [[0, 0, 40, 30], [10, 5, 20, 25]])
    assert first["labels"].tolist() == [2, 1]
    assert first["difficult"].tolist() == [False, True]
    assert second["boxes"].shape == (0, 4)
    assert second["labels"].shape == second["difficult"].shape == (0,)
    assert_close(third["boxes"], [[1, 2, 4, 5]])
    for objects in data["objects"]:
        assert [objects[key].dtype for key in ("boxes", "labels", "difficult")] == [np.float32, np.int64, bool]


def test_images_go_with_their_names(folder):
    images = voc_folder(folder)["images"]
    assert isinstance(images, list)
    assert [image.shape for image in images] == [(30, 40, 3)] * 3
    assert [int(image[3, 3, 1]) for image in images] == [0, 100, 200]
    assert images[0].dtype == np.uint8
    images[0][:] = 7  # an array of the reader's own


def test_a_split_keeps_its_order_and_labels_mean_the_same_in_each(folder):
    train, test = voc_folder(folder, "train"), voc_folder(folder, "test")
    assert train["names"] == ["c", "a"]
    assert test["names"] == ["b"]
    assert train["classes"] == test["classes"] == ("bird", "cat", "dog")
    assert [objects["labels"].tolist() for objects in train["objects"]] == [[0], [2, 1]]


def test_classes_order_the_labels(folder):
    data = voc_folder(folder, classes=["dog", "cat", "bird", "fish"])
    assert data["classes"] == ("dog", "cat", "bird", "fish")
    assert [objects["labels"].tolist() for objects in data["objects"]] == [[0, 1], [], [2]]


def test_a_corner_of_zero_is_the_border_and_fractions_are_kept(folder):
    annotate(folder, "b", item("dog", 0, 0, 8, 30), item("cat", 1.5, 2.25, 3.5, 4))
    assert_close(voc_folder(folder)["objects"][1]["boxes"], [[0, 0, 8, 30], [0.5, 1.25, 3.5, 4]])


def test_a_part_of_an_object_is_no_object(folder):
    part = "<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>"
    annotate(folder, "b", item("dog", 1, 2, 3, 4, extra=part))
    data = voc_folder(folder)
    assert data["classes"] == ("bird", "cat", "dog")
    assert_close(data["objects"][1]["boxes"], [[0, 1, 3, 4]])


def test_images_may_differ_in_size(folder):
    Image.new("RGB", (7, 5)).save(folder / "JPEGImages" / "b.JPG")
    assert [image.shape for image in voc_folder(folder)["images"]] == [(30, 40, 3), (5, 7, 3), (30, 40, 3)]


def test_a_photograph_taken_sideways_is_measured_upright(folder):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 40)).save(folder / "JPEGImages" / "a.png", exif=exif)
    assert voc_folder(folder)["images"][0].shape == (30, 40, 3)


BAD = {
    "is not within 40 x 30 pixels": [(-1, 1, 5, 5), (1, -3, 5, 5), (1, 1, 41, 5), (1, 1, 5, 30.5), ("nan", 1, 5, 5)],
    "has xmax <= xmin or ymax <= ymin": [(7, 7, 7, 7), (9, 1, 8, 5), (1, 5, 8, 5), (5, 5, 9, 1)],
}


@pytest.mark.parametrize(("words", "corners"), [(words, corners) for words in BAD for corners in BAD[words]])
def test_a_bad_box_is_an_error_or_is_skipped_with_a_warning(folder, words, corners):
    annotate(folder, "b", item("dog", *corners), item("cat", 1, 1, 2, 2))
    listed = rf"1 bad box \(b: dog at \({', '.join(map(str, corners))}\) {words}\)\."
    with pytest.raises(DataError, match=rf'{listed} Mend them, or pass bad_boxes="skip"\.'):
        voc_folder(folder)
    with pytest.warns(UserWarning, match=rf"left out {listed}") as caught:
        data = voc_folder(folder, bad_boxes="skip")
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert_close(data["objects"][1]["boxes"], [[0, 0, 2, 2]])
    assert data["objects"][1]["labels"].tolist() == [1]
    assert data["objects"][1]["difficult"].tolist() == [False]
    assert len(data["images"]) == 3


def test_all_bad_boxes_are_counted_and_a_handful_named(folder):
    annotate(folder, "b", *[item("dog", 5, 5, 5, 5)] * 4)
    annotate(folder, "c", *[item("bird", 5, 5, 99, 99)] * 3)
    with pytest.raises(DataError, match=r"7 bad boxes \((b: [^;]+; ){4}c: [^;]+; and 2 more\)\."):
        voc_folder(folder)
    with pytest.warns(UserWarning, match="left out 7 bad boxes") as caught:
        data = voc_folder(folder, bad_boxes="skip")
    assert len(caught) == 1
    assert [len(objects["boxes"]) for objects in data["objects"]] == [2, 0, 0]
    assert data["classes"] == ("bird", "cat", "dog")  # a class keeps its label


@pytest.mark.parametrize("part", ["JPEGImages", "Annotations"])
def test_a_missing_folder_is_named(folder, part):
    (folder / part).rename(folder / "elsewhere")
    with pytest.raises(DataError, match=rf"{part} is no folder\. Expected a folder with JPEGImages and Annotations"):
        voc_folder(folder)


def test_an_empty_folder_is_refused(tmp_path):
    (tmp_path / "JPEGImages").mkdir()
    (tmp_path / "Annotations").mkdir()
    with pytest.raises(DataError, match="holds neither images nor annotations"):
        voc_folder(tmp_path)


def test_a_missing_image_is_named(folder):
    (folder / "JPEGImages" / "c.jpeg").unlink()
    with pytest.raises(DataError, match=r"JPEGImages lacks 1 image \(c\)\. Add what is missing, or list"):
        voc_folder(folder)
    assert voc_folder(folder, "test")["names"] == ["b"]


def test_a_missing_annotation_is_named(folder):
    for name in "bc":
        (folder / "Annotations" / f"{name}.xml").unlink()
    with pytest.raises(DataError, match=r"Annotations lacks 2 annotations \(b; c\)\."):
        voc_folder(folder)
    with pytest.raises(DataError, match=r"Annotations lacks 1 annotation \(c\)\."):
        voc_folder(folder, "train")


def test_a_missing_list_is_named_with_those_that_are_there(folder):
    with pytest.raises(DataError, match=r"val\.txt is missing: .*'val'\. Lists that are there: test, train\."):
        voc_folder(folder, "val")


@pytest.mark.parametrize("text", ["", " \n", "a 1\nb -1\n"])
def test_a_list_of_another_kind_is_refused(folder, text):
    (folder / "ImageSets" / "Main" / "train.txt").write_text(text)
    with pytest.raises(DataError, match=r"train\.txt should hold one image name a line"):
        voc_folder(folder, "train")


def test_another_size_than_the_images_is_refused(folder):
    Image.new("RGB", (30, 40)).save(folder / "JPEGImages" / "c.jpeg")
    with pytest.raises(DataError, match=r"c\.xml is for an image of 40 x 30 pixels, and .*c\.jpeg has 30 x 40\."):
        voc_folder(folder)


def test_an_image_that_is_none_is_refused(folder):
    (folder / "JPEGImages" / "c.jpeg").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"c\.jpeg should be an image"):
        voc_folder(folder)


def test_an_unknown_class_is_refused(folder):
    with pytest.raises(
        DataError, match=r"c\.xml has an object of class 'bird'\. Expected one of cat, dog\. Correct it"
    ):
        voc_folder(folder, classes=["cat", "dog"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<annotation><object>", "no element found"),
        ("", "no element found"),
        ("<html></html>", "it begins with <html> and not with <annotation>"),
        ("<annotation><object><bndbox/></object></annotation>", "an <object> has no <name>"),
        ("<annotation><object><name>dog</name></object></annotation>", "an <object> has no <bndbox/xmin>"),
        (f"<annotation>{item('dog', 1, 2, 'wide', 4)}</annotation>", "could not convert string to float: 'wide'"),
        ("<annotation><size><width>4</width></size></annotation>", "an <annotation> has no <size/height>"),
    ],
)
def test_a_broken_annotation_is_named(folder, text, words):
    (folder / "Annotations" / "c.xml").write_text(text)
    with pytest.raises(DataError, match=rf"c\.xml should be an annotation of PASCAL VOC: {words}.*Mend it"):
        voc_folder(folder)


@pytest.mark.parametrize("classes", ["ab", [], ["a", "a"], [1]])
def test_wrong_classes_are_refused(folder, classes):
    with raises("classes must be a list of one or more different names"):
        voc_folder(folder, classes=classes)


def test_another_way_with_bad_boxes_is_refused(folder):
    with raises("bad_boxes must be"):
        voc_folder(folder, bad_boxes="mend")


@pytest.fixture
def cells():
    return Path(os.environ["CVKIT_DATA"]) / "bccd"


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("split", "images", "counts"),
    [("train", 205, [209, 2381, 214]), ("val", 87, [83, 967, 87]), ("test", 72, [69, 805, 71])],
)
def test_the_splits_of_real_blood_cells(cells, split, images, counts):
    if split == "test":
        data = voc_folder(cells, split)
    else:
        with pytest.warns(UserWarning, match="left out 1 bad box "):
            data = voc_folder(cells, split, bad_boxes="skip")
    assert len(data["images"]) == len(data["objects"]) == images
    assert all(image.shape == (480, 640, 3) for image in data["images"])
    assert np.bincount(np.concatenate([objects["labels"] for objects in data["objects"]])).tolist() == counts


@pytest.mark.real_data
def test_all_real_blood_cells(cells):
    with pytest.raises(DataError, match=r"2 bad boxes \(BloodImage_00338: RBC at .*; BloodImage_00343: RBC at "):
        voc_folder(cells)
    with pytest.warns(UserWarning, match="left out 2 bad boxes") as caught:
        data = voc_folder(cells, bad_boxes="skip")
    assert len(caught) == 1
    assert len(data["images"]) == 364
    assert data["classes"] == ("Platelets", "RBC", "WBC")
    labels = np.concatenate([objects["labels"] for objects in data["objects"]])
    assert np.bincount(labels).tolist() == [361, 4155 - 2, 372]
    boxes = np.concatenate([objects["boxes"] for objects in data["objects"]])
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= (640, 480)).all()
    assert (boxes[:, :2] < boxes[:, 2:]).all()
    # The second object of BloodImage_00338 is xmin 476, ymin 171, xmax 599, ymax 307.
    assert data["objects"][data["names"].index("BloodImage_00338")]["boxes"][1].tolist() == [475, 170, 599, 307]
