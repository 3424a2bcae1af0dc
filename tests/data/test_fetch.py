import errno
import multiprocessing
import os
import socket
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cvkit.data import DataError, fetch, load, verify
from cvkit.data.catalogue import entry
from tests.support import raises

download_module = sys.modules["cvkit.data.download"]
BODY = np.random.default_rng(0).bytes(700_001)


def fails(message):
    return pytest.raises(DataError, match=message)


def tree(folder):
    """Names of all files below a folder, locks left out."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock")


def test_a_download_lands_in_the_cache_and_is_not_repeated(cache, server, offered):
    offered(BODY)
    folder = fetch("test")
    assert folder == cache / "test"
    assert (folder / "file.bin").read_bytes() == BODY
    assert tree(cache) == ["test/file.bin"]
    assert fetch("test") == folder
    assert server.requests == [("/good/file.bin", None)]
    assert verify("test") == "cached"


def test_the_users_folder_comes_before_cache_and_network(cache, server, offered, tmp_path, monkeypatch):
    offered(BODY)
    fetch("test")
    (tmp_path / "mine" / "test").mkdir(parents=True)
    (tmp_path / "mine" / "test" / "file.bin").write_bytes(BODY)
    monkeypatch.setenv("CVKIT_DATA", str(tmp_path / "mine"))
    assert fetch("test") == tmp_path / "mine" / "test"
    assert verify("test") == "CVKIT_DATA"
    (tmp_path / "mine" / "test" / "file.bin").unlink()
    assert fetch("test") == cache / "test"  # not in the user's folder: the cache is next
    assert len(server.requests) == 1


def test_a_data_folder_that_is_none_is_refused(cache, monkeypatch):
    monkeypatch.setenv("CVKIT_DATA", "/nowhere/at/all")
    with fails("CVKIT_DATA names /nowhere/at/all, which is no folder"):
        fetch("mnist")


@pytest.mark.parametrize("kind", ["good", "whole"])
def test_a_partial_file_is_completed(cache, server, offered, kind):
    # With ranges the server sends the rest; without, it sends all, and what was there is dropped.
    offered(BODY, [kind])
    (cache / "test").mkdir(parents=True)
    (cache / "test" / "file.bin.part").write_bytes(BODY[:300_000])
    fetch("test")
    assert server.requests == [(f"/{kind}/file.bin", "bytes=300000-")]
    assert (cache / "test" / "file.bin").read_bytes() == BODY
    assert tree(cache) == ["test/file.bin"]


def test_a_partial_file_that_is_too_long_is_begun_again(cache, server, offered):
    offered(BODY)
    (cache / "test").mkdir(parents=True)
    (cache / "test" / "file.bin.part").write_bytes(BODY + b"more")
    fetch("test")
    assert [asked for _, asked in server.requests] == [f"bytes={len(BODY) + 4}-", None]
    assert (cache / "test" / "file.bin").read_bytes() == BODY


def test_a_truncated_transfer_says_so_and_is_resumed_next_time(cache, server, offered):
    offered(BODY, ["short"])
    with fails(r"closed after 350,000 of 700,001 bytes; fetch again to go on.*Use the set \"digits\" instead"):
        fetch("test")
    assert tree(cache) == ["test/file.bin.part"]
    offered(BODY)
    fetch("test")
    assert server.requests[-1] == ("/good/file.bin", "bytes=350000-")
    assert (cache / "test" / "file.bin").read_bytes() == BODY


def test_a_mirror_goes_on_where_the_first_address_broke_off(cache, server, offered):
    offered(BODY, ["short", "good"])
    fetch("test")
    assert server.requests == [("/short/file.bin", None), ("/good/file.bin", "bytes=350000-")]


def test_another_range_than_asked_for_is_refused(cache, offered):
    offered(BODY, ["shifted"])
    (cache / "test").mkdir(parents=True)
    (cache / "test" / "file.bin.part").write_bytes(BODY[:10])
    with fails("sent another part of the file"):
        fetch("test")


def test_wrong_bytes_are_removed(cache, offered):
    offered(BODY, ["wrong"])
    with fails(r"its sha256 is [0-9a-f]{64}, expected [0-9a-f]{64}"):
        fetch("test")
    assert tree(cache) == []


def test_a_mirror_makes_good_what_the_first_address_got_wrong(cache, offered):
    offered(BODY, ["wrong", "good"])
    fetch("test")
    assert (cache / "test" / "file.bin").read_bytes() == BODY


def test_a_missing_page_is_reported_by_its_code(cache, server, offered):
    offered(BODY)
    server.files.clear()
    with fails("the server answered 404"):
        fetch("test")
    assert tree(cache) == []


def test_a_silent_server_is_given_up_in_time(cache, server, offered, monkeypatch):
    assert download_module.PATIENCE * 1.05 < 10
    monkeypatch.setattr(download_module, "PATIENCE", 0.4)
    offered(BODY, ["silent", "silent"])
    start = time.monotonic()
    with fails("silent/file.bin: no connection.*silent/file.bin: no connection"):
        fetch("test")
    assert time.monotonic() - start < 3


def test_a_name_server_that_does_not_answer_is_given_up_in_time(cache, offered, monkeypatch):
    monkeypatch.setattr(download_module, "PATIENCE", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: time.sleep(1) or [])
    offered(BODY)
    with fails("no answer within 0.2 seconds"):
        fetch("test")
    time.sleep(1)  # let the thread that asked come to its end


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_no_network_is_one_error_that_says_what_to_do(cache, monkeypatch, name):
    def refuse(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    words = (
        rf'{name} could not be fetched: .*Name or service not known.*set "digits" instead.*folder {name}/ .*CVKIT_DATA'
    )
    with fails(words) as caught:
        load(name)
    assert "\n" not in str(caught.value)
    assert tree(cache) == []


def test_a_set_without_an_address_is_only_found_in_the_users_folder(cache):
    with fails("fashion_mnist_sample cannot be downloaded.*let CVKIT_DATA name the folder"):
        load("fashion_mnist_sample")


@pytest.mark.parametrize(
    ("code", "words", "left"),
    [(errno.ENOSPC, "disk of .* is full; make room for 700,001 bytes", []), (errno.EIO, "could not be written", None)],
)
def test_a_disk_that_fails_is_said_once_and_no_mirror_is_tried(cache, server, offered, monkeypatch, code, words, left):
    offered(BODY, ["good", "good"])
    original = Path.open

    def broken(path, mode="r", *args, **kwargs):
        stream = original(path, mode, *args, **kwargs)
        if path.suffix == ".part" and "b" in mode and mode != "rb":
            stream.close()
            raise OSError(code, os.strerror(code))
        return stream

    monkeypatch.setattr(Path, "open", broken)
    with fails(words):
        fetch("test")
    assert len(server.requests) == 1
    if left is not None:
        assert tree(cache) == left


def test_a_cache_that_cannot_be_made_is_reported(offered, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CVKIT_CACHE", str(tmp_path / "file"))
    monkeypatch.delenv("CVKIT_DATA", raising=False)
    offered(BODY)
    with fails("could not be written to .*Let CVKIT_CACHE name another"):
        fetch("test")


def _fetch_in_a_process(wait):
    wait.wait()
    fetch("test")


def test_two_processes_fetch_a_file_once(cache, server, offered):
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("needs processes that inherit the test's catalogue")
    offered(BODY)
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(2)
    processes = [context.Process(target=_fetch_in_a_process, args=(barrier,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(server.requests) == 1
    assert (cache / "test" / "file.bin").read_bytes() == BODY


def test_verify_finds_a_changed_byte(cache, offered):
    offered(BODY)
    path = fetch("test") / "file.bin"
    path.write_bytes(BODY[:-1] + b"?")
    with fails("test: file.bin is damaged.*Delete .*file.bin and fetch it again"):
        verify("test")


def test_verify_of_a_set_that_is_not_here(cache):
    with fails("mnist is not on this machine"):
        verify("mnist")


def test_embedded_sets_need_no_fetching():
    assert fetch("digits") is None
    assert verify("photos") == "embedded"


def test_unknown_names_are_refused():
    for function in (fetch, verify, load, entry):
        with raises("no data set 'cats'. The sets are digits, shapes, faces, photos, textures, mnist"):
            function("cats")
