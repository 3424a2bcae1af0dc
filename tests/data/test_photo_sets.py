"""The sets of photographs that lie in folders: cats_and_dogs and sign_digits."""

import hashlib
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from cvkit.data import DataError, load, verify
from cvkit.data.catalogue import entry
from tests.support import assert_close, raises

SETS = ["cats_and_dogs", "sign_digits"]


@pytest.fixture
def root(cache, tmp_path, monkeypatch):
    """An empty folder that CVKIT_DATA names."""
    monkeypatch.setenv("CVKIT_DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def write(folder, name, grey, size=(8, 8)):
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (grey,) * 3).save(folder / name, "BMP")


@pytest.fixture
def pets(root):
    """360 cats of grey 0 and 355 dogs of grey 255, numbered from 0000."""
    for name, count, grey in (("cat", 360, 0), ("dog", 355, 255)):
        write(root / "dogcat" / name, f"{name}.0000.jpg", grey)
        for number in range(1, count):
            first = root / "dogcat" / name / f"{name}.0000.jpg"
            shutil.copy(first, first.with_name(f"{name}.{number:04}.jpg"))
    return root / "dogcat"


def test_the_first_350_of_each_class_are_split_and_take_turns(pets):
    train, test = load("cats_and_dogs", size=4), load("cats_and_dogs", "test", size=4)
    for data, count in ((train, 490), (test, 210)):
        assert data["images"].shape == (count, 4, 4, 3)
        assert data["labels"].tolist() == [0, 1] * (count // 2)
        assert data["labels"].dtype == np.int64
        assert_close(data["images"][:, 0, 0, 0], 255 * data["labels"])
        assert [file[:3] for file in data["files"]] == ["cat", "dog"] * (count // 2)
    together = train["files"] + test["files"]
    assert sorted(together) == sorted(f"{name}/{name}.{k:04}.jpg" for name in ("cat", "dog") for k in range(350))
    # RandomState(0).permutation(350) begins 6, 52, 270.
    assert train["files"][1:7:2] == ["dog/dog.0006.jpg", "dog/dog.0052.jpg", "dog/dog.0270.jpg"]


def test_too_few_photographs_are_refused(pets):
    for number in range(340, 355):
        (pets / "dog" / f"dog.{number:04}.jpg").unlink()
    with pytest.raises(DataError, match=r"dogcat holds 360 of cat, 340 of dog\. Expected at least 350 images of each"):
        load("cats_and_dogs")


@pytest.fixture
def few(root, monkeypatch):
    """Twenty images on each side of the cut, each of its own grey, and a catalogue that expects as many."""
    fewer = replace(entry("sign_digits"), splits={"train": 20, "test": 20})
    monkeypatch.setattr("cvkit.data.sign_digits.entry", lambda name: fewer)
    for number in range(5330, 5370):
        write(root / "sign_digits" / str(number % 10), f"IMG_{number}.JPG", number - 5330)
    return root / "sign_digits"


def test_signs_are_cut_by_number_and_come_in_that_order(few):
    for split, first in (("train", 5330), ("test", 5350)):
        data = load("sign_digits", split, size=8)
        assert data["files"] == [f"{number % 10}/IMG_{number}.JPG" for number in range(first, first + 20)]
        assert data["labels"].tolist() == [*range(10), *range(10)]
        assert data["images"][:, 7, 7, 0].tolist() == list(range(first - 5330, first - 5310))


def test_missing_signs_are_counted(few):
    (few / "3" / "IMG_5333.JPG").unlink()
    with pytest.raises(DataError, match=r"sign_digits holds 19 images of the split train\. Expected 20\. Copy the set"):
        load("sign_digits", "train")
    assert len(load("sign_digits", "test")["files"]) == 20


def test_a_name_without_a_number_is_refused(few):
    write(few / "3", "holiday.jpg", 0)
    with pytest.raises(DataError, match=r"holds 3/holiday\.jpg\. Expected names such as 0/IMG_1118\.JPG"):
        load("sign_digits")


@pytest.mark.parametrize("name", SETS)
def test_they_are_never_downloaded_and_the_error_says_what_to_do(cache, name):
    with pytest.raises(DataError, match=rf"{name} cannot be downloaded\. Use the set \"shapes\" instead") as caught:
        load(name)
    folder, classes = ("dogcat", "cat/, dog/") if name == "cats_and_dogs" else ("sign_digits", "0/, 1/, 2/")
    assert re.search(rf"get its images from https://\S+ .*put {classes}.* into a folder {folder}/", str(caught.value))


@pytest.mark.parametrize("name", SETS)
def test_they_take_a_size_and_nothing_else(name):
    with raises(f"{name} takes only the option size. Received seed."):
        load(name, size=32, seed=1)


@pytest.mark.real_data
@pytest.mark.parametrize("name", SETS)
def test_the_real_sets_are_complete(name):
    assert verify(name) == "CVKIT_DATA"


def code(words):
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]


@pytest.mark.real_data
def test_real_cats_and_dogs():
    train, test = load("cats_and_dogs"), load("cats_and_dogs", "test")
    assert train["images"].shape == (490, 96, 96, 3)
    assert test["images"].shape == (210, 96, 96, 3)
    assert np.bincount(train["labels"]).tolist() == [245, 245]
    assert np.bincount(test["labels"]).tolist() == [105, 105]
    assert not set(train["files"]) & set(test["files"])
    assert not {image.tobytes() for image in train["images"]} & {image.tobytes() for image in test["images"]}
    assert code(train["files"]) == "e9f08a67e66edd9d"
    assert code(test["files"]) == "a3bd83a06e16e29a"
    assert abs(train["images"].mean((0, 1, 2)) - [124.7, 115.2, 105.0]).max() < 0.1
    assert load("cats_and_dogs", "test", size=24)["images"].shape == (210, 24, 24, 3)


@pytest.mark.real_data
def test_real_sign_digits():
    train, test = load("sign_digits"), load("sign_digits", "test")
    assert train["images"].shape == (1443, 100, 100, 3)
    assert test["images"].shape == (619, 100, 100, 3)
    assert np.bincount(train["labels"]).tolist() == [143, 144, 144, 144, 145, 145, 145, 144, 146, 143]
    assert np.bincount(test["labels"]).tolist() == [62, 62, 62, 62, 62, 62, 62, 62, 62, 61]
    assert not set(train["files"]) & set(test["files"])
    assert hashlib.sha256(train["images"].tobytes()).hexdigest()[:16] == "acfcb0a8c3f5bfcc"
    assert hashlib.sha256(test["images"].tobytes()).hexdigest()[:16] == "124215e39e386892"


@pytest.mark.real_data
def test_the_cut_is_between_two_pupils():
    # A pupil's run is 0 to 9 in a row: it ends with a 9 before the cut and begins with a 0 after it.
    train, test = load("sign_digits", size=8), load("sign_digits", "test", size=8)
    assert train["labels"][-10:].tolist() == [1, 0, 2, 3, 4, 5, 6, 7, 8, 9]  # this pupil began with 1
    assert test["labels"][:20].tolist() == [*range(10), *range(10)]
    # Nearly every image is followed by the next digit: there are no other runs.
    both = np.concatenate([train["labels"], test["labels"]])
    assert (np.diff(both) % 10 == 1).mean() > 0.98
