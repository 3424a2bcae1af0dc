import json
import shutil

import nbformat
import pytest

from cvkit.claims import SUMMARY_TYPE
from cvkit.homework import run
from tests.support import raises

SUMMARY = """\
import os
import subprocess
import sys

from IPython.display import display

hungry = "import time; block = b'x' * 400_000_000; time.sleep(0.3)"
subprocess.run([sys.executable, "-c", hungry], check=True)  # a child counts, too
shown = "inline" in os.environ["MPLBACKEND"]  # figures are shown as in Jupyter, whatever the caller's setting
first = os.environ["PYTHONPATH"].split(os.pathsep)[0]
display({{"{mime}": {said}, "text/plain": f"{{shown}} {{first}}"}}, raw=True)
"""
GOOD = {
    "lesson": "tiny",
    "claims": [{"id": "one-is-one", "measured": 1, "held": True}],
    "exercises": [{"id": "a", "status": "not answered", "points": 2, "earned": 0}],
    "missing": [],
    "of_a_set": {},
}
SOURCE = """\
# %% [markdown]
# # Tiny

# %%
DATASET = "digits"
from pathlib import Path

Path("where.txt").write_text(DATASET)

# %%
{last}
"""


def notebook(*sources, said=None):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    if said is not None:
        cells.append(nbformat.v4.new_code_cell("lesson.summary()"))
        data = {SUMMARY_TYPE: said, "text/plain": "done"}
        cells[-1].outputs = [nbformat.v4.new_output("display_data", data=data)]
    return nbformat.v4.new_notebook(cells=cells)


def result(said, seconds=1.0, gigabytes=0.5, error=None):
    return run.Run(notebook(said=said), seconds, gigabytes, error)


@pytest.fixture(name="root")
def _root(tmp_path, monkeypatch):
    (tmp_path / "notebooks" / "src").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[project.urls]\nRepository = "https://github.com/a/b"\n[project]\n')
    source = SOURCE.format(last=SUMMARY.format(mime=SUMMARY_TYPE, said=json.dumps(GOOD).replace("true", "True")))
    (tmp_path / "notebooks" / "src" / "01_tiny.py").write_text(source)
    monkeypatch.setattr(run, "checkout", lambda: tmp_path)
    monkeypatch.delenv("CVKIT_TIME_FACTOR", raising=False)
    return tmp_path


def test_a_good_lesson_gets_its_line_and_is_saved_whatever_the_working_directory(root, monkeypatch, capsys):
    elsewhere = root / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("MPLBACKEND", "agg")
    assert run.main(["1", "--dataset", "mnist", "--html"]) == 0
    printed = capsys.readouterr().out
    assert "01_tiny" in printed
    assert "claims held 1/1  exercises: 1 not answered" in printed
    assert 0.44 < float(printed.split(" GB")[0].split()[-1]) < 0.8  # the child's 0.4 GB, and the kernel
    assert (root / "notebooks" / "where.txt").read_text() == "mnist"
    saved = nbformat.read(root / "build" / "run" / "01_tiny.ipynb", as_version=4)
    assert run.summary(saved) == GOOD
    assert saved.cells[-1].outputs[0].data["text/plain"] == f"True {root}"
    assert "Tiny" in (root / "build" / "run" / "01_tiny.html").read_text(encoding="utf-8")


def test_a_failing_cell_is_printed_with_its_traceback_and_the_exit_code_is_1(root, capsys):
    (root / "notebooks" / "src" / "01_tiny.py").write_text(SOURCE.format(last="missing = {}\nmissing['key']"))
    assert run.main(["--copy", "solution"]) == 1
    printed = capsys.readouterr().out
    assert "missing['key']" in printed
    assert "KeyError: 'key'" in printed
    assert "\x1b" not in printed
    assert "failed: 01_tiny" in printed
    assert (root / "build" / "run" / "01_tiny.solution.ipynb").is_file()


def test_a_lesson_without_end_is_stopped_at_four_times_the_limit(tmp_path):
    ended = run.execute(notebook("import time\ntime.sleep(60)"), tmp_path, limit=0.5)
    assert 2.0 <= ended.seconds < 20
    (fault,) = run.faults(ended, "student", 0.5)
    assert "stopped after 4 times the limit in this cell:\nimport time" in fault


def test_no_fault():
    assert run.faults(result(GOOD), "student") == []
    right = {**GOOD, "exercises": [{"id": "a", "status": "right", "points": 2, "earned": 2}]}
    assert run.faults(result(right), "solution") == []
    assert run.line("01_tiny", result(right)).endswith("exercises: 2 of 2 points")


def test_a_claim_that_is_not_held_is_a_fault():
    said = {**GOOD, "claims": [{"id": "one-is-two", "measured": 1, "held": False}]}
    assert run.faults(result(said), "student") == ["claim one-is-two is not held: measured 1"]


def test_a_claim_or_exercise_that_the_lesson_leaves_out_is_a_fault():
    (fault,) = run.faults(result({**GOOD, "missing": ["two-is-two"]}), "student")
    assert fault == "two-is-two belongs to this lesson and was neither measured nor checked"


def test_a_claim_of_one_set_is_not_owed_on_another():
    said = {**GOOD, "missing": ["two-is-two"], "of_a_set": {"two-is-two": "shapes"}}
    assert len(run.faults(result(said), "student")) == 1
    assert len(run.faults(result(said), "student", dataset="shapes")) == 1
    assert run.faults(result(said), "student", dataset="/a/folder") == []


@pytest.mark.parametrize(("copy", "status"), [("student", "right"), ("student", "wrong"), ("solution", "not answered")])
def test_an_exercise_in_the_wrong_state_is_a_fault(copy, status):
    said = {**GOOD, "exercises": [{"id": "a", "status": status, "points": 2, "earned": 0}]}
    (fault,) = run.faults(result(said), copy)
    assert fault.startswith(f"exercise a is {status}; in the {copy} copy it must be")


def test_a_missing_summary_is_a_fault():
    (fault,) = run.faults(result(None), "student")
    assert "lesson.summary() displayed nothing" in fault


def test_over_the_limits_is_a_fault():
    slow, large = run.faults(result(GOOD, seconds=151, gigabytes=3.01), "student")
    assert slow == "took 151.0 s, the limit is 150 s"
    assert large == "took 3.01 GB of memory, the limit is 3 GB"


def test_only_the_one_settings_line_is_replaced():
    book = notebook('DATASET = "shapes"  # or "voc"\nx = "DATASET"', 'print("DATASET = none")')
    run.set_dataset(book, "voc")
    assert book.cells[0].source == 'DATASET = "voc"  # or "voc"\nx = "DATASET"'


@pytest.mark.parametrize("count", [0, 2])
def test_a_dataset_needs_exactly_one_line(count):
    with raises(f"expected exactly one line DATASET.*Found {count}"):
        run.set_dataset(notebook(*['DATASET = "digits"'] * count), "mnist")


def test_lessons_are_chosen_by_number_or_name(root):
    shutil.copy(root / "notebooks" / "src" / "01_tiny.py", root / "notebooks" / "src" / "12_other.py")
    names = [[path.stem for path in run.choose(root, asked)] for asked in ([], ["1"], ["01"], ["12_other"])]
    assert names == [["01_tiny", "12_other"], ["01_tiny"], ["01_tiny"], ["12_other"]]
    with raises("no lesson '7'; there are 01_tiny, 12_other"):
        run.choose(root, ["7"])


def test_an_unknown_lesson_ends_with_exit_code_1(root, capsys):
    assert run.main(["7"]) == 1
    assert "no lesson '7'" in capsys.readouterr().err


def test_the_time_factor_scales_the_limit(monkeypatch):
    monkeypatch.setenv("CVKIT_TIME_FACTOR", "1.5")
    assert run.time_factor() == 1.5
    monkeypatch.delenv("CVKIT_TIME_FACTOR")
    assert run.time_factor() == 1.0


def test_a_slow_machine_gets_more_time(root, monkeypatch, capsys):
    monkeypatch.setenv("CVKIT_TIME_FACTOR", "2")
    monkeypatch.setattr(run, "execute", lambda book, folder, limit, path: result(GOOD, seconds=limit - 1))
    assert run.main([]) == 0
    assert "299.0 s" in capsys.readouterr().out


@pytest.mark.parametrize("value", ["fast", "0", "-1", "nan"])
def test_a_wrong_time_factor_is_refused(monkeypatch, value):
    monkeypatch.setenv("CVKIT_TIME_FACTOR", value)
    with raises(f"CVKIT_TIME_FACTOR must be a positive number.*'{value}'"):
        run.time_factor()


def test_an_installed_copy_cannot_run(monkeypatch, capsys):
    monkeypatch.setattr(run, "checkout", lambda: None)
    assert run.main([]) == 1
    assert "run in a checkout" in capsys.readouterr().err
