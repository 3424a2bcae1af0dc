"""The sets of photographs of people: orl_faces, olivetti and lfw_pairs. No photograph is shown here."""

import shutil
import time
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from cvkit.data import DataError, load, verify
from cvkit.data.commands import fetch_sets, verify_sets
from cvkit.data.download import check_reach
from tests.support import assert_close, raises

BUNCHES = {
    "olivetti": SimpleNamespace(
        images=np.repeat(np.arange(400) // 10, 64 * 64).reshape(400, 64, 64) / 255, target=np.arange(400) // 10
    ),
    "lfw_pairs": SimpleNamespace(pairs=np.full((6, 2, 62, 47, 3), 0.2), target=np.array([1, 1, 1, 0, 0, 0])),
}


@pytest.fixture
def served(monkeypatch):
    """served(name, here): scikit-learn's function is a stand-in, which has the set or not; what it was asked."""
    asked = []

    def serve(name, here=True, error=None):
        def function(download_if_missing=True, **options):
            asked.append({"download": download_if_missing} | options)
            if not here and not download_if_missing:
                raise OSError("Data not found")
            if error:
                raise error
            return BUNCHES[name]

        fetching = {"olivetti": "fetch_olivetti_faces", "lfw_pairs": "fetch_lfw_pairs"}[name]
        monkeypatch.setattr(f"cvkit.data.{name}.{fetching}", function)
        return asked

    return serve


@pytest.fixture
def folder(cache, tmp_path, monkeypatch):
    """40 people with ten grey PGM files of 6 x 4 pixels; person k is of grey k."""
    monkeypatch.setenv("CVKIT_DATA", str(tmp_path))
    for k in range(40):
        person = tmp_path / "orl_faces" / f"s{k + 1}"
        person.mkdir(parents=True)
        Image.new("L", (4, 6), k).save(person / "1.pgm")
        for number in range(2, 11):
            shutil.copy(person / "1.pgm", person / f"{number}.pgm")
    return tmp_path / "orl_faces"


def test_a_folder_a_person_is_split_between_people(folder):
    train, test = (load("orl_faces", split) for split in ("train", "test"))
    assert train["images"].shape == (300, 6, 4, 1)
    assert test["images"].shape == (100, 6, 4, 1)
    assert train["labels"].tolist() == np.repeat(np.arange(30), 10).tolist()
    assert test["labels"].tolist() == np.repeat(np.arange(30, 40), 10).tolist()
    assert test["labels"].dtype == np.int64
    assert_close(test["images"][:, 0, 0, 0], test["labels"])  # s31, not what comes 31st by name
    assert test["files"][0] == "s31/1.pgm"
    assert load("orl_faces", "test", size=4)["images"].shape == (100, 4, 4, 1)


def test_missing_photographs_are_counted(folder):
    (folder / "s33" / "4.pgm").unlink()
    with pytest.raises(DataError, match=r"orl_faces holds 99 images of the split test\. Expected 100\. Copy the set"):
        load("orl_faces", "test")
    (folder / "s2" / "1.pgm").write_bytes(b"P5 damaged")
    with pytest.raises(DataError, match=r"s2/1\.pgm should be an image"):
        load("orl_faces")


def test_without_the_folder_the_error_names_the_drawn_faces(cache):
    with pytest.raises(DataError, match=r'orl_faces cannot be downloaded\. Use the set "faces" instead'):
        load("orl_faces")


def test_olivetti_people_are_split(served):
    asked = served("olivetti")
    for split, people in (("train", range(30)), ("test", range(30, 40)), ("all", range(40))):
        data = load("olivetti", split)
        assert data["images"].shape == (10 * len(people), 64, 64, 1)
        assert data["images"].dtype == np.uint8
        assert data["labels"].tolist() == np.repeat(people, 10).tolist()
        assert_close(data["images"][:, 5, 5, 0], data["labels"])  # the stand-in's grey is the person's number
    assert asked == [{"download": False}] * 3


def test_pairs_have_two_images_each(served):
    asked = served("lfw_pairs")
    data = load("lfw_pairs", "10_folds")
    assert data["images"].shape == (6, 2, 62, 47, 3)
    assert (data["images"] == 51).all()  # 0.2 of 255
    assert data["labels"].tolist() == [1, 1, 1, 0, 0, 0]
    assert asked == [{"download": False, "subset": "10_folds", "color": True}]


@pytest.mark.parametrize("name", BUNCHES)
def test_what_is_not_here_is_fetched_once_when_the_server_answers(served, server, monkeypatch, name):
    asked = served(name, here=False)
    server.files["faces"] = b"photographs"
    monkeypatch.setattr(f"cvkit.data.{name}._URL", f"{server.address}/good/faces")
    assert len(load(name)["images"]) > 0
    assert [call["download"] for call in asked] == [False, True]
    assert asked[1]["n_retries"] == 1


@pytest.mark.parametrize("name", BUNCHES)
def test_without_a_network_one_clear_error_comes_soon(served, monkeypatch, name):
    asked = served(name, here=False)
    monkeypatch.setattr(f"cvkit.data.{name}._URL", "http://127.0.0.1:9/nobody")
    start = time.monotonic()
    with pytest.raises(DataError, match=f"{name} could not be fetched: .*no connection.*Use the set 'faces' instead"):
        load(name)
    assert time.monotonic() - start < 5
    assert len(asked) == 1  # scikit-learn was not asked to try for itself


def test_a_download_that_breaks_off_is_the_same_error(served, server, monkeypatch):
    served("olivetti", here=False, error=OSError("checksum differs"))
    server.files["faces"] = b"photographs"
    monkeypatch.setattr("cvkit.data.olivetti._URL", f"{server.address}/good/faces")
    with pytest.raises(DataError, match="olivetti could not be fetched: checksum differs"):
        load("olivetti")


def test_an_answer_that_says_no_is_no_reach(server):
    check_reach_error = f"{server.address}/good/nothing: the server answered 404"
    with pytest.raises(DataError, match=check_reach_error):
        check_reach(f"{server.address}/good/nothing")


def test_the_commands_leave_these_sets_to_scikit_learn(served, capsys):
    served("olivetti")
    assert fetch_sets(["olivetti"]) == 0
    assert capsys.readouterr().out == "olivetti: ready, in scikit-learn's folder\n"
    assert verify_sets(["olivetti"]) == 1
    assert "olivetti is fetched, checked and kept by scikit-learn" in capsys.readouterr().err


def test_options_of_the_photographs():
    with raises("orl_faces takes only the option size. Received people"):
        load("orl_faces", people=3)


@pytest.mark.real_data
def test_the_real_orl_faces():
    data = load("orl_faces", "test")
    assert verify("orl_faces") == "CVKIT_DATA"
    assert data["images"].shape == (100, 112, 92, 1)
    assert 90 < data["images"].mean() < 130
    assert np.bincount(data["labels"])[30:].tolist() == [10] * 10
