import subprocess
import sys

import pytest

from cvkit import cli
from cvkit.claims import Claim
from cvkit.data import commands

SOURCE = """\
# %% [markdown]
# # Doubling numbers

# %% nbgrader={"schema_version": 3, "grade_id": "a", "solution": true, "grade": false}
# %% nbgrader={"schema_version": 3, "grade_id": "a-check", "solution": false, "grade": true, "points": 2}
# %% tags=["x"] nbgrader={"schema_version": 3, "grade_id": "b-check", "solution": false, "grade": true, "points": 1.5}
"""


def test_help_is_quick_because_nothing_heavy_is_imported():
    code = "import sys, cvkit.cli\ntry: cvkit.cli.main(['--help'])\nexcept SystemExit: print('keras' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "doctor" in done.stdout
    assert done.stdout.endswith("False\n")


@pytest.mark.parametrize(
    ("words", "function", "arguments"),
    [
        (["list"], "list_sets", ()),
        (["fetch", "mnist", "voc"], "fetch_sets", (["mnist", "voc"],)),
        (["verify"], "verify_sets", (None,)),
        (["verify", "mnist"], "verify_sets", (["mnist"],)),
    ],
)
def test_data_commands_are_passed_on_with_their_exit_code(words, function, arguments, monkeypatch):
    calls = []
    monkeypatch.setattr(commands, function, lambda *given: calls.append(given) or 7)
    assert cli.main(["data", *words]) == 7
    assert calls == [arguments]


@pytest.mark.parametrize("words", [[], ["data"], ["data", "fetch"], ["dance"]])
def test_an_incomplete_or_unknown_command_is_refused(words, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(words)
    assert stop.value.code == 2
    assert "usage: cvkit" in capsys.readouterr().err


def test_doctor_gives_its_exit_code(monkeypatch):
    monkeypatch.setattr("cvkit.doctor.main", lambda: 1)
    assert cli.main(["doctor"]) == 1


def test_lessons_are_listed_with_their_exercises_and_points(tmp_path, monkeypatch, capsys):
    (tmp_path / "notebooks" / "src").mkdir(parents=True)
    for name in ("01_doubling", "02_other"):
        (tmp_path / "notebooks" / "src" / f"{name}.py").write_text(SOURCE)
    (tmp_path / "notebooks" / "01_doubling.ipynb").write_text("{}")
    monkeypatch.setattr(cli, "checkout", lambda: tmp_path)
    assert cli.main(["lessons"]) == 0
    header, first, second = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    assert header[0] == "lesson"
    assert [word.strip() for word in first if word] == ["01_doubling", "Doubling numbers", "2", "3.5", "built"]
    assert second[-1].strip() == "not built: run make notebooks"


def test_claims_are_printed_with_their_correction_where_there_is_one(monkeypatch, capsys):
    right = Claim("five", "L1", "four and one are five", "sums", "by hand", {"at_least": 5})
    wrong = Claim("six", "L2", "four and one are six", "sums", "by hand", {"at_most": 5}, correct="they are five")
    monkeypatch.setattr("cvkit.claims.read_claims", lambda: {"five": right, "six": wrong})
    assert cli.main(["claims"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "five: L1, lesson sums, at least 5",
        "    says: four and one are five",
        "six: L2, lesson sums, at most 5",
        "    says: four and one are six",
        "    correct is: they are five",
    ]


def test_an_installed_copy_has_no_lessons(monkeypatch, capsys):
    monkeypatch.setattr(cli, "checkout", lambda: None)
    assert cli.main(["lessons"]) == 1
    assert "in a checkout" in capsys.readouterr().err


def test_a_source_without_title_or_exercises():
    assert cli.outline("x = 1\n") == ("", [])
