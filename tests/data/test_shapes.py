import os
import socket
import time

import numpy as np
import pytest

from cvkit.data import DataError, load, verify
from cvkit.data.scenes import SceneOptions, draw_scene
from tests.support import assert_close, raises

OPTIONS = {"image_size": 48, "num_objects": (1, 4), "texture": "textured", "num_train": 20, "num_test": 7, "seed": 3}


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("no test of shapes may go to the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize(("split", "count"), [("train", 20), ("test", 7)])
def test_loading_gives_what_was_drawn_in_order(shared_cache, split, count):
    data = load("shapes", split, **OPTIONS)
    assert data["images"].dtype == data["semantic_masks"].dtype == np.uint8
    assert data["labels"].dtype == np.int64
    assert len(data["images"]) == len(data["objects"]) == count
    for index, objects in enumerate(data["objects"]):
        scene = draw_scene(SceneOptions(**OPTIONS), split, index)
        assert_close(data["images"][index], scene.image)
        assert_close(data["semantic_masks"][index], scene.semantic_mask)
        assert data["labels"][index] == scene.label
        assert_close(objects["boxes"], scene.boxes)
        assert_close(objects["labels"], scene.labels)
        assert (objects["masks"] == scene.masks).all()
        assert objects["boxes"].dtype == np.float32
        assert objects["labels"].dtype == np.int64
        assert objects["masks"].dtype == bool


def test_one_object_an_image_and_one_image(shared_cache):
    data = load("shapes", "test", num_objects=1, num_train=1, num_test=1)
    assert data["images"].shape == (1, 64, 64, 3)
    assert data["objects"][0]["masks"].shape == (1, 64, 64)


def test_a_second_load_reads_what_is_prepared(cache, monkeypatch, capfd):
    load("shapes", "train", **OPTIONS)
    said = capfd.readouterr()
    assert said.out == ""
    assert "configuration" not in said.err
    monkeypatch.setattr("cvkit.data.shapes.draw_scene", None)  # drawing again would fail
    start = time.monotonic()
    load("shapes", "test", **OPTIONS)
    assert time.monotonic() - start < 5


def test_other_options_are_another_set(cache):
    first, second = (load("shapes", "test", **{**OPTIONS, "seed": seed})["images"] for seed in (3, 4))
    assert (first != second).any()


def test_the_default_set_is_as_the_catalogue_says(shared_cache):
    assert verify("shapes") == "generated"


def test_an_unknown_option_is_refused(cache):
    with raises("shapes has no option colour, size. Its options are image_size, num_objects"):
        load("shapes", size=32, colour="red")


def test_an_option_out_of_range_is_refused(cache):
    with raises("image_size must be an integer from 24"):
        load("shapes", image_size=8)


def test_objects_that_do_not_fit_leave_nothing_prepared(cache):
    for _ in range(2):  # not the second time either
        with raises("do not fit"):
            load("shapes", num_objects=60, occlusion=0, num_train=1, num_test=1)


def test_a_cache_that_cannot_be_written_is_reported(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CVKIT_CACHE", os.fspath(tmp_path / "file"))
    with pytest.raises(DataError, match=r"shapes could not be prepared in .*CVKIT_CACHE name another"):
        load("shapes", **OPTIONS)
