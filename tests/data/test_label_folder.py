import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cvkit.data import DataError, label_folder
from cvkit.segmentation import confusion_matrix
from tests.support import raises

LABELS = np.arange(12).reshape(3, 4)  # three rows of four


@pytest.fixture
def folder(tmp_path):
    """Images b (a JPEG) and a of 4 x 3 pixels, with label maps: a grey one, and one with a palette."""
    for part in ("train", "trainannot"):
        (tmp_path / part).mkdir()
    Image.new("RGB", (4, 3), (200, 100, 50)).save(tmp_path / "train" / "b.jpg")
    Image.new("L", (4, 3), 70).save(tmp_path / "train" / "a.png")
    Image.fromarray((LABELS % 3).astype("uint8")).save(tmp_path / "trainannot" / "a.png")
    coloured = Image.fromarray(LABELS.astype("uint8"), "L").convert("P")
    coloured.putdata(LABELS.ravel().tolist())
    coloured.putpalette(list(range(255, 255 - 36, -1)))
    coloured.save(tmp_path / "trainannot" / "b.png")
    (tmp_path / "train" / ".hidden").touch()
    return tmp_path


def test_images_and_maps_go_together_by_name(folder):
    data = label_folder(os.fspath(folder), "train")
    assert data["names"] == ["a", "b"]
    assert data["images"].shape == (2, 3, 4, 3)
    assert data["images"].dtype == data["semantic_masks"].dtype == np.uint8
    np.testing.assert_array_equal(data["images"][0], np.full((3, 4, 3), 70))
    np.testing.assert_array_equal(data["semantic_masks"], [LABELS % 3, LABELS])
    assert (data["classes"], data["ignore_label"]) == (None, None)


def test_scaling_mixes_colours_but_never_classes(folder):
    stripes = np.zeros((30, 40, 3), "uint8")
    stripes[:, 20:] = 255
    Image.fromarray(stripes).save(folder / "train" / "a.png")
    Image.fromarray(stripes[..., 0] // 255 * 2).save(folder / "trainannot" / "a.png")
    data = label_folder(folder, "train", size=(10, 15))
    assert data["images"].shape == (2, 10, 15, 3)
    assert sorted(np.unique(data["semantic_masks"][0]).tolist()) == [0, 2]
    assert 0 < data["images"][0, 5, 7, 0] < 255  # the middle column lies on both stripes
    with pytest.raises(DataError, match=r"b\.jpg has 4 x 3 pixels, and the images before it have 40 x 30\. Pass size="):
        label_folder(folder, "train")


def test_every_label_has_a_name_or_is_ignored(folder):
    names = [f"class {k}" for k in range(11)]
    assert label_folder(folder, "train", classes=names, ignore_label=11)["classes"] == tuple(names)
    with pytest.raises(DataError, match=r"b\.png has the label 11\. Expected 0 to 10, for class 0, .* Name it in"):
        label_folder(folder, "train", classes=names)
    with pytest.raises(DataError, match=r"has the label 10\. Expected 0 to 9, .* class 9, or 11 for none\."):
        label_folder(folder, "train", classes=names[:10], ignore_label=11)


def test_what_is_missing_is_named(folder):
    with pytest.raises(DataError, match=r"val is no folder\. Expected a folder of images, such as train, and one of"):
        label_folder(folder, "val")
    (folder / "trainannot" / "a.png").rename(folder / "trainannot" / "c.png")
    with pytest.raises(DataError, match=r"trainannot lacks a\. Expected a label map for each image"):
        label_folder(folder, "train")
    (folder / "train" / "a.png").unlink()
    with pytest.raises(DataError, match=r"train lacks c\. Expected"):
        label_folder(folder, "train")
    for path in (folder / "trainannot").iterdir():
        path.unlink()
    with pytest.raises(DataError, match="trainannot is empty"):
        label_folder(folder, "train")


def test_maps_that_are_none_are_refused(folder):
    path = folder / "trainannot" / "a.png"
    Image.new("RGB", (4, 3)).save(path)
    with pytest.raises(DataError, match=r"a\.png has pixels of the kind RGB\. Expected class numbers .* turn colours"):
        label_folder(folder, "train")
    Image.new("L", (3, 4)).save(path)
    with pytest.raises(DataError, match=r"a\.png has 3 x 4 pixels and its image 4 x 3\."):
        label_folder(folder, "train")
    path.write_bytes(b"no image")
    with pytest.raises(DataError, match=r"a\.png should be a label map, and cannot be read"):
        label_folder(folder, "train")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(size=30), r"size must be \(height, width\)"),
        (dict(size=(30, 0)), "size must be a positive integer"),
        (dict(classes="ab"), "classes must be a list"),
        (dict(ignore_label=256), "ignore_label must be a whole number from 0 to 255"),
        (dict(ignore_label=True), "ignore_label must be"),
    ],
)
def test_arguments_are_checked(folder, options, message):
    with raises(message):
        label_folder(folder, "train", **options)


CAMVID = ["sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian", "bicyclist"]


@pytest.mark.real_data
def test_real_street_scenes():
    data = label_folder(Path(os.environ["CVKIT_DATA"]) / "camvid", "val", classes=CAMVID, ignore_label=11)
    images, masks = data["images"], data["semantic_masks"]
    assert images.shape[1:] == (360, 480, 3)
    assert masks.shape == images.shape[:3]
    pixels = np.bincount(masks.ravel(), minlength=12)
    assert pixels.argmax() == CAMVID.index("road")
    counted = confusion_matrix(masks, masks, 11, ignore_label=11)
    assert counted.sum() == masks.size - pixels[11]
    brightness = [images[masks == CAMVID.index(name)].mean() for name in ("sky", "road")]
    assert brightness[0] > brightness[1]


@pytest.mark.real_data
def test_real_street_scenes_made_small():
    data = label_folder(Path(os.environ["CVKIT_DATA"]) / "camvid", "val", (45, 60), CAMVID, ignore_label=11)
    assert data["images"].shape[1:] == (45, 60, 3)
    assert set(np.unique(data["semantic_masks"]).tolist()) <= set(range(12))
