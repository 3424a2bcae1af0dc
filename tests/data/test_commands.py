import pytest

from cvkit.data.commands import fetch_sets, list_sets, verify_sets


@pytest.fixture
def mnist_in_the_cache(cache):
    (cache / "mnist").mkdir(parents=True)
    (cache / "mnist" / "mnist.npz").write_bytes(b"damaged")


def test_the_list_shows_every_set_and_its_state(mnist_in_the_cache, capsys):
    assert list_sets() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "kind", "state", "size", "licence"]
    states = {line.split()[0]: line for line in lines[1:]}
    assert list(states)[:4] == ["digits", "shapes", "faces", "photos"]
    assert "embedded" in states["digits"]
    assert "cached" in states["mnist"]
    assert "not here" in states["fashion_mnist"]
    assert states["fashion_mnist"].split()[-3:] == ["30.9", "MB", "MIT"]
    assert states["sign_digits"].split() == ["sign_digits", "folder", "not", "here", "-", "Apache-2.0"]


def test_a_set_in_the_users_folder_is_shown_so(cache, tmp_path, monkeypatch, capsys):
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "mnist.npz").write_bytes(b"")
    monkeypatch.setenv("CVKIT_DATA", str(tmp_path))
    list_sets()
    assert "found in CVKIT_DATA" in capsys.readouterr().out


def test_a_set_of_folders_is_there_when_each_class_is(cache, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CVKIT_DATA", str(tmp_path))
    (tmp_path / "dogcat" / "cat").mkdir(parents=True)
    assert fetch_sets(["cats_and_dogs"]) == 1
    (tmp_path / "dogcat" / "dog").mkdir()
    capsys.readouterr()
    assert fetch_sets(["cats_and_dogs"]) == 0
    assert capsys.readouterr().out == f"cats_and_dogs: ready in {tmp_path / 'dogcat'}\n"
    assert verify_sets(["cats_and_dogs"]) == 1
    assert capsys.readouterr().err.startswith(f"error: {tmp_path / 'dogcat' / 'cat'} is empty")


def test_a_wrong_data_folder_is_one_line(cache, monkeypatch, capsys):
    monkeypatch.setenv("CVKIT_DATA", "/nowhere")
    assert list_sets() == 1
    assert capsys.readouterr().err == "error: CVKIT_DATA names /nowhere, which is no folder. Correct it, or unset it.\n"


def test_fetching_goes_on_after_a_failure(cache, server, offered, capsys):
    offered(b"content", ["good"])
    assert fetch_sets(["cats", "test"]) == 1
    said = capsys.readouterr()
    assert said.err == "error: There is no data set 'cats'. The sets are test.\n"
    assert said.out == f"test: ready in {cache / 'test'}\n"
    assert fetch_sets(["test"]) == 0


def test_an_embedded_set_has_nothing_to_fetch(capsys):
    assert fetch_sets(["digits"]) == 0
    assert capsys.readouterr().out == "digits: embedded, nothing to fetch\n"


def test_verify_finds_damage_and_skips_what_is_not_here(mnist_in_the_cache, shared_cache, cache, monkeypatch, capsys):
    monkeypatch.setenv("CVKIT_CACHE", str(cache))
    assert verify_sets(["digits", "photos", "mnist"]) == 1
    said = capsys.readouterr()
    assert said.out == "digits: right (embedded)\nphotos: right (embedded)\n"
    assert said.err.startswith("error: mnist: mnist.npz is damaged: its sha256 is ")
    assert verify_sets(["fashion_mnist"]) == 1
    assert "not on this machine" in capsys.readouterr().err


def test_verify_of_all_skips_what_is_not_here(shared_cache, monkeypatch, capsys):
    monkeypatch.delenv("CVKIT_DATA", raising=False)
    assert verify_sets() == 0
    said = capsys.readouterr().out
    assert "mnist: not here, skipped" in said
    assert "sign_digits: not here, skipped" in said
