import pytest

from cvkit import doctor

GOOD = {
    "python": "3.12.4",
    "executable": "/somewhere/python",
    "versions": {"tensorflow": "2.20.0", "keras": "3.12.1", "cvkit": "0.1.0"},
    "backend": "tensorflow",
    "gpus": [],
    "cores": 2,
    "memory": 4.0,
    "free": 3.0,
    "disk": 2.0,
    "data": "3 built in",
    "weights": "0 files",
    "errors": [],
}
WRONG = {
    "an old Python": ({"python": "3.10.14"}, "Python is 3.10.14, expected 3.11 to 3.13: install"),
    "a Python too new": ({"python": "3.14.0"}, "Python is 3.14.0, expected 3.11 to 3.13"),
    "old Keras": ({"versions": {"keras": "3.11.3"}}, "keras is 3.11.3, expected 3.12 or newer: run make lab"),
    "old TensorFlow": ({"versions": {"tensorflow": "2.19.0"}}, "tensorflow is 2.19.0, expected 2.20 or newer"),
    "no package": ({"versions": {"cvkit": None}}, "cvkit is not installed: run make lab"),
    "a backend that is none": ({"backend": "theano"}, "backend 'theano', expected one of tensorflow, jax, torch"),
    "little memory": ({"memory": 3.9}, "has 3.9 GB of memory, expected 4 GB: use Colab"),
    "a full disk": ({"disk": 1.9}, "1.9 GB of disk are free, a lesson may need 2 GB: make room"),
    "a thing that broke": ({"errors": ["Looking for gpus failed"]}, "Looking for gpus failed"),
}


def test_a_machine_at_the_very_limits_is_well():
    assert doctor.problems(GOOD) == []


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_with_the_way_to_mend_it(name):
    change, message = WRONG[name]
    (problem,) = doctor.problems(GOOD | change)
    assert message in problem


@pytest.mark.parametrize(("change", "code", "last"), [({}, 0, "All is well."), ({"disk": 0.0}, 1, "MEND: 0.0 GB")])
def test_the_exit_code_says_whether_something_must_be_mended(change, code, last, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "collect", lambda: GOOD | change)
    assert doctor.main() == code
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "packages    tensorflow 2.20.0, keras 3.12.1, cvkit 0.1.0"
    assert lines[-1].startswith(last)


def test_this_machine_is_described():
    facts = doctor.collect()
    assert facts["errors"] == []
    assert facts["cores"] >= 1
    assert facts["memory"] >= facts["free"] > 0
    assert facts["versions"]["keras"]
    assert len(doctor.report(facts)) == 7


def test_a_part_that_fails_is_reported_and_the_rest_goes_on(monkeypatch):
    monkeypatch.setenv("CVKIT_DATA", "/nowhere/at/all")
    monkeypatch.setenv("KERAS_BACKEND", "theano")  # Keras refuses it when it is imported
    facts = doctor.collect()
    gpus, data = facts["errors"]
    assert gpus.startswith("Looking for gpus failed with RuntimeError: Keras cannot be imported: ")
    assert "theano" in gpus
    assert data.startswith("Looking for data failed with DataError: CVKIT_DATA names")
    assert facts["disk"] > 0


@pytest.mark.parametrize(
    ("environment", "config", "backend"),
    [
        ("jax", '{"backend": "torch"}', "jax"),
        ("", '{"backend": "torch"}', "torch"),
        ("", "not json", "tensorflow"),
        ("", None, "tensorflow"),
    ],
)
def test_the_backend_is_found_as_keras_finds_it(environment, config, backend, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_BACKEND", environment)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    if config is not None:
        (tmp_path / "keras.json").write_text(config)
    assert doctor._backend() == backend


def test_cached_weights_are_counted(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert doctor._weights().startswith("0 files, 0 MB")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a.h5").write_bytes(b"0" * 3_000_000)
    assert doctor._weights() == f"1 files, 3 MB in {tmp_path / 'models'}"
