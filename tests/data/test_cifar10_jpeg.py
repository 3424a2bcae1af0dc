import hashlib
import io
import zipfile

import numpy as np
import pytest
import tensorflow as tf
from skimage.io import imread

from cvkit.data import DataError, catalogue, fetch, load, verify
from cvkit.data.cifar10_jpeg import read_folders
from tests.support import assert_close

CLASSES = ("cat", "dog", "frog")


def jpeg(grey, size=32):
    """A JPEG image of one grey level; such a one comes back exactly."""
    return tf.io.encode_jpeg(np.full((size, size, 3), grey, "uint8")).numpy()


def write(path, members):
    with zipfile.ZipFile(path, "w") as package:
        for name, body in members.items():
            package.writestr(name, body)
    return path


@pytest.fixture
def members():
    """Four images a class, told apart by grey level: 40 * label + 10 * number."""
    names = {f"test/{name}/{k:04}.jpg": 40 * label + 10 * k for label, name in enumerate(CLASSES) for k in range(4)}
    return {name: jpeg(grey) for name, grey in names.items()}


def test_images_and_labels_go_together_and_the_classes_are_mixed(tmp_path, members):
    images, labels = read_folders(write(tmp_path / "x.zip", members), "test", CLASSES)
    assert images.shape == (12, 32, 32, 3)
    assert images.dtype == np.uint8
    assert labels.dtype == np.int64
    greys = images[:, 0, 0, 0].tolist()
    assert (images == images[:, :1, :1, :1]).all()
    # Sorted by name the greys are 0, 10, ..., 110; RandomState(0).permutation(12) is 6 11 4 10 2 8 1 7 9 3 0 5.
    assert greys == [60, 110, 40, 100, 20, 80, 10, 70, 90, 30, 0, 50]
    assert labels.tolist() == [grey // 40 for grey in greys]
    images[:] = 0  # an array of the reader's own


def test_the_order_within_the_zip_file_does_not_matter(tmp_path, members):
    one = read_folders(write(tmp_path / "x.zip", members), "test", CLASSES)
    backwards = {"test/": b"", **dict(reversed(members.items()))}
    other = read_folders(write(tmp_path / "y.zip", backwards), "test", CLASSES)
    assert_close(other[0], one[0])
    assert_close(other[1], one[1])


def test_an_empty_zip_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"x\.zip should hold JPEG images of 32 x 32 pixels"):
        read_folders(write(tmp_path / "x.zip", {}), "test", CLASSES)


@pytest.mark.parametrize("name", ["test/bird/0000.jpg", "train/cat/0000.jpg", "cat/0000.jpg", "test/cat/a/0.jpg", "x"])
def test_a_file_in_another_folder_is_refused(tmp_path, members, name):
    path = write(tmp_path / "x.zip", {**members, name: jpeg(0)})
    with pytest.raises(DataError, match=rf"x\.zip holds {name}; expected test/CLASS/NUMBER\.jpg of cat, dog, frog"):
        read_folders(path, "test", CLASSES)


@pytest.mark.parametrize("body", [jpeg(7, size=31), jpeg(7)[:200], jpeg(7)[:-60], b"no image", b""])
def test_an_image_that_is_none_is_refused(tmp_path, body):
    path = write(tmp_path / "x.zip", {"test/cat/0000.jpg": body})
    with pytest.raises(DataError, match=r"x\.zip should hold JPEG images of 32 x 32 pixels, and not all are"):
        read_folders(path, "test", CLASSES)


def test_a_truncated_zip_file_is_refused(tmp_path, members):
    path = write(tmp_path / "x.zip", members)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"x\.zip is damaged .*Copy it again"):
        read_folders(path, "test", CLASSES)


def test_changed_bytes_are_refused(tmp_path, members):
    path = write(tmp_path / "x.zip", members)
    body = bytearray(path.read_bytes())
    body[300] ^= 255  # within the first image
    path.write_bytes(body)
    with pytest.raises(DataError, match=r"x\.zip is damaged .*CRC"):
        read_folders(path, "test", CLASSES)


def test_other_files_than_the_catalogues_are_refused(cache, tmp_path, monkeypatch, members):
    monkeypatch.setenv("CVKIT_DATA", str(tmp_path))
    (tmp_path / "cifar10_jpeg").mkdir()
    for split in ("train", "test"):
        write(tmp_path / "cifar10_jpeg" / f"cifar10_jpeg_{split}.zip", members)
    with pytest.raises(DataError, match=r"cifar10_jpeg: cifar10_jpeg_train\.zip is damaged: its sha256"):
        load("cifar10_jpeg", "test")


def test_it_is_never_downloaded(cache):
    with pytest.raises(DataError, match=r"cifar10_jpeg cannot be downloaded\. Use the set \"shapes\" instead"):
        load("cifar10_jpeg")


@pytest.mark.real_data
def test_the_real_files_have_an_accepted_checksum():
    assert verify("cifar10_jpeg") == "CVKIT_DATA"


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("split", "count", "first", "digest"),
    [
        ("train", 50000, [2, 3, 9, 5, 8, 6, 6, 2], "a82b52e5c4b73383"),
        ("test", 10000, [9, 0, 2, 5, 2, 8, 5, 6], "a5929e29aa89af85"),
    ],
)
def test_the_real_set(split, count, first, digest):
    data = load("cifar10_jpeg", split)
    assert data["images"].shape == (count, 32, 32, 3)
    assert data["images"].dtype == np.uint8
    assert np.bincount(data["labels"]).tolist() == [count // 10] * 10
    assert data["labels"][:8].tolist() == first
    assert hashlib.sha256(data["images"][:3].tobytes()).hexdigest()[:16] == digest
    if split == "train":  # the mean of CIFAR-10 that every tutorial subtracts; compression hardly moves it
        assert abs(data["images"].mean((0, 1, 2)) / 255 - [0.4914, 0.4822, 0.4465]).max() < 1e-3


@pytest.mark.real_data
def test_real_images_equal_those_of_another_decoder():
    data = load("cifar10_jpeg", "test")
    names = catalogue()["cifar10_jpeg"].classes
    with zipfile.ZipFile(fetch("cifar10_jpeg") / "cifar10_jpeg_test.zip") as package:
        order = np.random.RandomState(0).permutation(10000)
        for k in range(20):
            name = f"test/{names[order[k] // 1000]}/{order[k] % 1000:04}.jpg"
            assert data["labels"][k] == order[k] // 1000
            assert_close(data["images"][k], imread(io.BytesIO(package.read(name))))
