"""Run lessons in full, each in a fresh kernel, and print one line each: time, memory, claims, exercises.

``python -m cvkit.homework.run [LESSON ...]`` builds the copies in memory and saves the executed ones under build/run.
"""

import argparse
import os
import re
import sys
import threading
import time
from dataclasses import dataclass

from cvkit.claims import SUMMARY_TYPE
from cvkit.files import checkout
from cvkit.homework import build

LIMIT_SECONDS = 150.0  # the laptop profile
LIMIT_GB = 3.0  # 1 GB is 10^9 bytes
LARGER_SET = 4  # the limit is for the embedded data; another set may take this many times as long
HARD_STOP = 4  # a kernel is killed at this multiple of the limit

_DATASET = re.compile(r'^DATASET = "([^"]*)"', re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Run:
    """One execution: the notebook with its outputs, wall time in s, peak memory in GB, and the error that ended it."""

    notebook: object
    seconds: float
    gigabytes: float
    error: str | None = None


def execute(notebook, folder, limit=LIMIT_SECONDS, path=None):
    """Run a notebook from top to bottom in a fresh kernel.

    Args:
        notebook: an nbformat notebook; its outputs are filled in.
        folder: working directory of the kernel.
        limit: wall time in s that the lesson may take; it is stopped at four times as much.
        path: folder to import cvkit from, None for wherever it is installed.

    Returns:
        A `Run`. A cell that raises ends it; the error holds the cell and its traceback.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    environment = {key: value for key, value in os.environ.items() if key != "MPLBACKEND"}  # figures as a student's
    if path:
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(path), environment.get("PYTHONPATH")]))
    client = NotebookClient(notebook, timeout=None, kernel_name="python3", resources={"metadata": {"path": folder}})
    client.extra_arguments = ["--log-level=ERROR"]
    client.create_kernel_manager()
    error, cell, started = None, None, time.perf_counter()
    with client.setup_kernel(env=environment), _Watch(client.km.provisioner.pid, HARD_STOP * limit) as watch:
        try:
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
        except CellExecutionError as failure:
            error = _COLOUR.sub("", str(failure))
        except DeadKernelError:
            why = f"stopped after {HARD_STOP} times the limit" if watch.stopped else "the kernel died (out of memory?)"
            error = f"{why} in this cell:\n{cell.source}"
        seconds = time.perf_counter() - started
    return Run(notebook, seconds, watch.peak / 1e9, error)


class _Watch(threading.Thread):
    """Samples the memory of a process and its children, and kills them when their time is up."""

    def __init__(self, pid, seconds):
        super().__init__(daemon=True)
        self.peak, self.stopped = 0, False
        self._pid, self._seconds, self._done = pid, seconds, threading.Event()

    def run(self):
        import psutil

        ends = time.perf_counter() + self._seconds
        kernel = psutil.Process(self._pid)
        while not self._done.wait(0.05):
            memory = 0
            try:
                family = [kernel, *kernel.children(recursive=True)]
            except psutil.NoSuchProcess:
                return
            for process in family:
                try:
                    memory += process.memory_info().rss
                    if time.perf_counter() > ends:
                        self.stopped = True
                        process.kill()
                except psutil.NoSuchProcess:
                    continue
            self.peak = max(self.peak, memory)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self.join()


def summary(notebook):
    """What lesson.summary() displayed in an executed notebook, or None.

    Returns:
        ``{"lesson": slug, "claims": [{"id", "measured", "held"}], "exercises": [{"id", "status", "points", "earned"}],
        "missing": [ids of claims and exercises that the lesson should have and has not]}``
    """
    found = None
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found = output.get("data", {}).get(SUMMARY_TYPE, found)
    return found


def faults(run, copy, limit=LIMIT_SECONDS, dataset=None):
    """What is wrong with a run, in words; empty when all is well.

    Args:
        run: a `Run`.
        copy: ``"student"``, where no exercise may be answered, or ``"solution"``, where all must be right.
        limit: wall time in s.
        dataset: the data set used instead of the embedded one, or None. Claims of other sets need not be measured.
    """
    if run.error:
        return [run.error]
    found = []
    if run.seconds > limit:
        found.append(f"took {run.seconds:.1f} s, the limit is {limit:g} s")
    if run.gigabytes > LIMIT_GB:
        found.append(f"took {run.gigabytes:.2f} GB of memory, the limit is {LIMIT_GB:g} GB")
    said = summary(run.notebook)
    if said is None:
        return [*found, "lesson.summary() displayed nothing: the last cell must call it"]
    found += [f"claim {c['id']} is not held: measured {c['measured']}" for c in said["claims"] if not c["held"]]
    owed = [name for name in said["missing"] if not dataset or said["of_a_set"].get(name, dataset) == dataset]
    found += [f"{name} belongs to this lesson and was neither measured nor checked" for name in owed]
    wanted = {"student": "not answered", "solution": "right"}[copy]
    found += [
        f"exercise {e['id']} is {e['status']}; in the {copy} copy it must be {wanted}"
        for e in said["exercises"]
        if e["status"] != wanted
    ]
    return found


def line(name, run):
    """The one line a lesson gets."""
    said = summary(run.notebook) or {"claims": [], "exercises": []}
    held = sum(bool(claim["held"]) for claim in said["claims"])
    earned, points = (sum(exercise[key] for exercise in said["exercises"]) for key in ("earned", "points"))
    unanswered = sum(exercise["status"] == "not answered" for exercise in said["exercises"])
    marks = f"{unanswered} not answered" if unanswered else f"{earned:g} of {points:g} points"
    return (
        f"{name:24} {run.seconds:6.1f} s  {run.gigabytes:5.2f} GB  claims held {held}/{len(said['claims'])}  "
        f"exercises: {marks}"
    )


def set_dataset(notebook, name):
    """Write another data set's name into the notebook's one line ``DATASET = "..."``.

    Raises:
        ValueError: there is no such line, or more than one.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    count = sum(len(_DATASET.findall(cell.source)) for cell in cells)
    if count != 1:
        raise ValueError(
            f'expected exactly one line DATASET = "..." to put {name!r} in. Found {count}. '
            "Run this lesson without DATASET, or give it that line in its settings cell."
        )
    for cell in cells:
        cell.source = _DATASET.sub(lambda _: f'DATASET = "{name}"', cell.source)


def choose(root, lessons):
    """Sources of the lessons asked for, all when none is.

    Args:
        root: the checkout.
        lessons: numbers such as ``"02"`` or ``"2"``, or names such as ``"02_lenet"``.

    Raises:
        ValueError: no lesson is called that.
    """
    paths = sorted((root / "notebooks" / "src").glob("*.py"))
    chosen = []
    for lesson in lessons:
        hits = [path for path in paths if lesson in (path.stem, path.stem[:2], path.stem[:2].lstrip("0"))]
        if not hits:
            raise ValueError(f"there is no lesson {lesson!r}; there are {', '.join(path.stem for path in paths)}.")
        chosen += hits
    return chosen if lessons else paths


def time_factor():
    """How much slower than a laptop this machine may be: CVKIT_TIME_FACTOR, 1 when it is not set."""
    given = os.environ.get("CVKIT_TIME_FACTOR") or "1"
    try:
        factor = float(given)
    except ValueError:
        factor = 0.0
    if not 0 < factor < 1000:
        raise ValueError(f"CVKIT_TIME_FACTOR must be a positive number such as 1.5. Received {given!r}.")
    return factor


def save(run, path, html=False):
    """Write the executed notebook, and an HTML page beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(build.as_text(run.notebook), encoding="utf-8", newline="\n")
    if html:
        from nbconvert import HTMLExporter

        path.with_suffix(".html").write_text(HTMLExporter().from_notebook_node(run.notebook)[0], encoding="utf-8")


def main(argv=None):
    """Run the lessons one after the other; returns the exit code, 1 when any failed."""
    parser = argparse.ArgumentParser(prog="python -m cvkit.homework.run", description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="a number or a name; all when none is given")
    parser.add_argument("--copy", choices=("student", "solution"), default="student", help="which copy to run")
    parser.add_argument("--dataset", metavar="NAME", help="the data set to use instead of the embedded one")
    parser.add_argument("--html", action="store_true", help="write a page of each executed notebook as well")
    args = parser.parse_args(argv)
    root = checkout()
    if root is None:
        print("Lessons are run in a checkout of the course; this is an installed copy.", file=sys.stderr)
        return 1
    try:
        failed = [path.stem for path in choose(root, args.lessons) if not _run_one(root, path, args)]
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def _run_one(root, path, args):
    limit = LIMIT_SECONDS * time_factor() * (LARGER_SET if args.dataset else 1)
    notebook = build.copies(path.read_text(encoding="utf-8"), path.stem, build.repository_url(root))[args.copy]
    if args.dataset:
        set_dataset(notebook, args.dataset)
    run = execute(notebook, root / "notebooks", limit, root)
    suffix = ".solution" if args.copy == "solution" else ""
    save(run, root / "build" / "run" / f"{path.stem}{suffix}.ipynb", args.html)
    wrong = faults(run, args.copy, limit, args.dataset)
    print(line(path.stem, run), flush=True)
    for fault in wrong:
        print(f"    FAILED: {fault}".replace("\n", "\n    "), flush=True)
    return not wrong


if __name__ == "__main__":
    sys.exit(main())
