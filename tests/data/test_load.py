import gzip
import os

import numpy as np
import pytest
from sklearn.datasets import load_digits

from cvkit.data import DataError, load, verify
from cvkit.data.fashion_mnist import read_idx
from tests.support import assert_close, raises


def test_digits_give_back_scikit_learns_counts():
    data = load("digits", "all")
    assert data["images"].shape == (1797, 8, 8, 1)
    assert data["images"].dtype == np.uint8
    assert data["labels"].dtype == np.int64
    assert data["images"].max() == 255
    assert_close(np.rint(data["images"][..., 0] / 255 * 16), load_digits().images)
    assert_close(data["labels"], load_digits().target)


def test_the_splits_of_digits_are_fixed_stratified_and_apart():
    train, test, every = (load("digits", split) for split in ("train", "test", "all"))
    # 30 per cent of each class, to the nearest image or the next one.
    counts = np.bincount(every["labels"])
    assert abs(np.bincount(test["labels"]) - 0.3 * counts).max() < 1
    assert_close(np.bincount(test["labels"]) + np.bincount(train["labels"]), counts)
    # Both together are the whole set: every image is in one split, and in one only.
    together = [image.tobytes() for split in (train, test) for image in split["images"]]
    assert sorted(together) == sorted(image.tobytes() for image in every["images"])
    assert test["labels"][:12].tolist() == [0, 1, 4, 5, 8, 5, 6, 5, 9, 9, 1, 3]


def test_photos_are_a_dict_of_rgb_images():
    photos = load("photos")
    assert len(photos) == 15
    assert all(p.dtype == np.uint8 and p.ndim == 3 and p.shape[2] == 3 for p in photos.values())
    assert photos["astronaut"].shape == (512, 512, 3)
    grey = photos["camera"]
    assert (grey == grey[..., :1]).all()
    photos["china"][:] = 0  # a copy of its own: the next reader is not affected
    assert load("photos")["china"].any()


def test_an_unknown_split_is_refused():
    with raises("photos has no split 'train'. Its splits are all."):
        load("photos", "train")
    with raises("mnist has no split 'validation'. Its splits are train, test."):
        load("mnist", "validation")


def test_options_are_for_generated_sets():
    with raises("digits takes no options. Received seed"):
        load("digits", seed=1)


def idx(tmp_path, header, body):
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(header + body))
    return path


def test_idx_hand_worked(tmp_path):
    # Code 8, two axes: 2 x 3, then 6 values.
    header = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3])
    assert_close(read_idx(idx(tmp_path, header, bytes(range(6)))), [[0, 1, 2], [3, 4, 5]])
    assert read_idx(idx(tmp_path, bytes([0, 0, 8, 1, 0, 0, 0, 0]), b"")).shape == (0,)


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (bytes([0, 0, 8, 1, 0, 0, 0, 5]), b"1234"),
        (bytes([0, 0, 13, 1, 0, 0, 0, 1]), b"1"),
        (b"", b""),
        (bytes([0, 0, 8, 3, 0, 0]), b""),
    ],
)
def test_idx_that_contradicts_itself_is_refused(tmp_path, header, body):
    with pytest.raises(DataError, match=r"x\.gz should be an IDX file"):
        read_idx(idx(tmp_path, header, body))


def test_a_truncated_idx_is_refused(tmp_path):
    path = idx(tmp_path, bytes([0, 0, 8, 1, 0, 0, 1, 0]), bytes(range(256)))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"x\.gz is damaged"):
        read_idx(path)


def test_fashion_mnist_is_read_from_its_four_files(tmp_path, monkeypatch):
    monkeypatch.setenv("CVKIT_DATA", os.fspath(tmp_path))
    monkeypatch.setattr("cvkit.data.fashion_mnist.check_files", lambda entry, folder: None)  # stand-ins, smaller
    folder = tmp_path / "fashion_mnist"
    folder.mkdir()
    for prefix, count in (("train", 3), ("t10k", 2)):
        images = np.arange(count * 784).astype("uint8").tobytes()
        header = bytes([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28])
        (folder / f"{prefix}-images-idx3-ubyte.gz").write_bytes(gzip.compress(header + images))
        labels = bytes([0, 0, 8, 1, 0, 0, 0, count, *range(count)])
        (folder / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    train, test = load("fashion_mnist", "train"), load("fashion_mnist", "test")
    assert train["images"].shape == (3, 28, 28, 1)
    assert train["images"][0, 0, :3, 0].tolist() == [0, 1, 2]
    assert test["labels"].tolist() == [0, 1]
    assert test["labels"].dtype == np.int64


def test_fashion_mnist_with_a_wrong_byte_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("CVKIT_DATA", os.fspath(tmp_path))
    (tmp_path / "fashion_mnist").mkdir()
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / "fashion_mnist" / f"{name}-ubyte.gz").write_bytes(b"wrong")
    with pytest.raises(DataError, match=r"fashion_mnist: train-images-idx3-ubyte\.gz is damaged"):
        load("fashion_mnist")


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("split", "count", "first"), [("train", 60000, [5, 0, 4, 1, 9]), ("test", 10000, [7, 2, 1, 0, 4])]
)
def test_real_mnist(split, count, first):
    data = load("mnist", split)
    assert data["images"].shape == (count, 28, 28, 1)
    assert data["images"].dtype == np.uint8
    assert data["labels"][:5].tolist() == first
    if split == "train":  # the mean and deviation that every tutorial subtracts
        assert abs(data["images"].mean() / 255 - 0.1307) < 1e-4
        assert abs(data["images"].std() / 255 - 0.3081) < 1e-4


@pytest.mark.real_data
def test_real_fashion_mnist_sample():
    data = load("fashion_mnist_sample")
    assert data["images"].shape == (900, 28, 28, 1)
    assert np.bincount(data["labels"]).tolist() == [90] * 10
    assert data["labels"].dtype == np.int64


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["mnist", "fashion_mnist_sample"])
def test_real_files_have_an_accepted_checksum(name):
    assert verify(name) == "CVKIT_DATA"


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist_sample"])
def test_a_damaged_file_is_refused_before_it_is_read(tmp_path, monkeypatch, name):
    monkeypatch.setenv("CVKIT_DATA", os.fspath(tmp_path))
    (tmp_path / name).mkdir()
    (tmp_path / name / f"{name}.npz").write_bytes(b"PK damaged")
    with pytest.raises(DataError, match=rf"{name}: {name}\.npz is damaged.*fetch it again"):
        load(name)


@pytest.mark.parametrize("shape", [(1256, 8, 8, 1), (1257, 8, 8)])
def test_an_embedded_set_of_another_shape_is_found_out(monkeypatch, shape):
    monkeypatch.setitem(verify.__globals__, "load", lambda name, split: {"images": np.zeros(shape)})
    with pytest.raises(DataError, match="digits, split train: expected 1257 images"):
        verify("digits")
