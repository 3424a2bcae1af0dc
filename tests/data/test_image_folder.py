import hashlib
import io

import numpy as np
import pytest
from PIL import Image

from cvkit.data import DataError, image_folder
from tests.support import assert_close, raises


def save(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, "uint8")).save(path, **options)


def plain(colour, height=6, width=8):
    return np.full((height, width, 3), colour, "uint8")


@pytest.fixture
def folder(tmp_path):
    """Three images of two classes, told apart by colour, and what is to be passed over."""
    save(tmp_path / "b" / "10.png", plain((0, 10, 0)))
    save(tmp_path / "b" / "2.bmp", plain((0, 20, 0)))
    save(tmp_path / "a" / "1.PNG", plain((30, 0, 0)))
    (tmp_path / "b" / ".hidden").write_text("not an image")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "SOURCE.txt").write_text("not a class")
    return tmp_path


def test_images_come_by_class_and_name_and_go_with_their_labels(folder):
    data = image_folder(str(folder))
    assert data["files"] == ["a/1.PNG", "b/10.png", "b/2.bmp"]
    assert data["classes"] == ("a", "b")
    assert data["labels"].tolist() == [0, 1, 1]
    assert data["labels"].dtype == np.int64
    assert data["images"].dtype == np.uint8
    assert_close(data["images"], np.stack([plain((30, 0, 0)), plain((0, 10, 0)), plain((0, 20, 0))]))


def test_classes_choose_and_order_the_folders(folder):
    assert image_folder(folder, classes=["b", "a"])["labels"].tolist() == [0, 0, 1]
    assert image_folder(folder, classes=["b"])["files"] == ["b/10.png", "b/2.bmp"]


def test_halving_hand_worked(tmp_path):
    # Columns 0 0 80 80 to two columns: the triangle is 2 wide on each side, with weights 3/4, 3/4, 1/4 (of columns
    # 0, 1, 2 at distances 1/2, 1/2, 3/2 from the centre at 1), over their sum 7/4: 0 + 0 + 80 / 7 = 11.4 and 80 - 11.4.
    save(tmp_path / "a" / "1.png", np.tile(np.array([0, 0, 80, 80])[None, :, None], (4, 1, 3)))
    (image,) = image_folder(tmp_path, size=2)["images"]
    assert image[:, :, 0].tolist() == [[11, 69], [11, 69]]


@pytest.mark.parametrize("lying", [True, False])
def test_the_middle_square_is_kept(tmp_path, lying):
    # 20 x 4 pixels: bands of 4, 12 and 4. The middle 4 x 4 are in the middle band, and so is all that the
    # filter reads to halve them, one pixel more on each side.
    bands = np.repeat([[[200, 0, 0], [0, 100, 0], [0, 0, 200]]], (4, 12, 4), axis=1).repeat(4, axis=0)  # (4, 20, 3)
    save(tmp_path / "a" / "1.png", bands if lying else bands.transpose(1, 0, 2))
    for size in (4, 2, 16):
        assert_close(image_folder(tmp_path, size=size)["images"], plain((0, 100, 0), size, size)[None])


@pytest.mark.parametrize("lying", [True, False])
def test_the_middle_is_found_to_the_pixel(tmp_path, lying):
    # Of columns 0 to 6 the middle three are 2, 3 and 4.
    ramp = np.tile(np.arange(7)[None, :, None], (3, 1, 3))
    save(tmp_path / "a" / "1.png", ramp if lying else ramp.transpose(1, 0, 2))
    (image,) = image_folder(tmp_path, size=3)["images"]
    assert_close(image[..., 0] if lying else image[..., 0].T, [[2, 3, 4]] * 3)


def test_an_image_of_the_size_asked_for_keeps_its_pixels(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 9, 3))
    save(tmp_path / "a" / "1.png", pixels)
    for size in (9, None):
        assert_close(image_folder(tmp_path, size)["images"][0], pixels)


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA"])
def test_every_kind_of_file_gets_three_channels(tmp_path, mode):
    (tmp_path / "a").mkdir()
    options = {"transparency": bytes([0, 128])} if mode == "P" else {}
    Image.new("RGB", (3, 2), (255, 255, 255)).convert(mode).save(tmp_path / "a" / "1.png", **options)
    assert_close(image_folder(tmp_path)["images"], plain(255, 2, 3)[None])


def test_a_photograph_taken_sideways_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the first row of the file is the right-hand side of the scene
    pixels = plain(0, 2, 3)
    pixels[0] = 255
    save(tmp_path / "a" / "1.png", pixels, exif=exif)
    (image,) = image_folder(tmp_path)["images"]
    assert image[:, :, 0].tolist() == [[0, 255], [0, 255], [0, 255]]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"nowhere is no folder\. Expected one with a folder of images for each class"):
        image_folder(tmp_path / "nowhere")


def test_a_folder_without_class_folders_is_refused(tmp_path):
    save(tmp_path / "1.png", plain(0))
    with pytest.raises(DataError, match="has no folders in it"):
        image_folder(tmp_path)


def test_a_class_that_is_missing_is_named(folder):
    with pytest.raises(DataError, match=r"has no folder c\. Expected one for each of a, c\."):
        image_folder(folder, classes=["a", "c"])


def test_an_empty_class_is_named(folder):
    (folder / "c").mkdir()
    (folder / "c" / ".hidden").write_text("")
    with pytest.raises(DataError, match=r"c is empty\. Put images into it"):
        image_folder(folder)


def test_a_folder_within_a_class_is_named(folder):
    save(folder / "b" / "deep" / "1.png", plain(0))
    with pytest.raises(DataError, match=r"b holds a folder, deep\. Expected images only"):
        image_folder(folder)


def encoded(kind):
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 20, 3), "uint8")).save(file, kind)
    return file.getvalue()


PNG, BMP = encoded("PNG"), encoded("BMP")
ABSURD = BMP[:18] + (20000).to_bytes(4, "little") * 2 + BMP[26:]  # width and height in the header: 400 million pixels


@pytest.mark.parametrize("body", [b"", b"no image", PNG[:200], PNG[:20], ABSURD])
def test_a_file_that_is_no_image_is_named(folder, body):
    (folder / "b" / "3.png").write_bytes(body)
    with pytest.raises(DataError, match=r"b.3\.png should be an image, and cannot be read as one \(.+\)\. Mend it"):
        image_folder(folder)


def test_pixels_of_sixteen_bits_are_refused(tmp_path):
    (tmp_path / "a").mkdir()
    Image.fromarray(np.full((4, 4), 40000, "uint16")).save(tmp_path / "a" / "1.png")
    with pytest.raises(DataError, match=r"1\.png has pixels of more than 8 bits"):
        image_folder(tmp_path)


def test_unequal_sizes_need_a_size(folder):
    save(folder / "b" / "3.png", plain(0, 6, 9))
    with pytest.raises(DataError, match=r"a/1\.PNG has 8 x 6 pixels and b/3\.png 9 x 6\. .*pass size=96"):
        image_folder(folder)
    assert image_folder(folder, size=5)["images"].shape == (4, 5, 5, 3)


@pytest.mark.parametrize("size", [0, -1, 2.0, True, (96, 96)])
def test_a_wrong_size_is_refused(folder, size):
    with raises("size must be a positive integer"):
        image_folder(folder, size=size)


@pytest.mark.parametrize("classes", ["ab", [], ["a", "a"], [0, 1], [""]])
def test_wrong_classes_are_refused(folder, classes):
    with raises("classes must be a list of one or more different names"):
        image_folder(folder, classes=classes)


@pytest.mark.real_data
def test_the_real_jpeg_files_equal_those_of_another_decoder():
    import tensorflow as tf

    from cvkit.data import fetch

    root = fetch("sign_digits")
    data = image_folder(root, classes=["7"])
    assert data["images"].shape == (206, 100, 100, 3)
    for index in range(0, 206, 20):
        body = (root / data["files"][index]).read_bytes()
        expected = tf.io.decode_jpeg(body, channels=3, dct_method="INTEGER_ACCURATE").numpy()
        assert hashlib.sha256(data["images"][index]).digest() == hashlib.sha256(expected).digest()
