"""Build the notebooks: one source a lesson gives the student's copy and the solution.

``python -m cvkit.homework.build`` writes them; with ``--check`` it writes nothing and names what is stale. The sources
are notebooks/src/NN_slug.py in jupytext's percent format, with nbgrader's metadata and markers.
"""

import argparse
import hashlib
import re
import sys
import tomllib

from cvkit.files import checkout

STUB = ("# YOUR CODE HERE", "raise NotImplementedError()")  # nbgrader's default, to the letter

_MARKER = re.compile(r"\s*### (BEGIN|END) (SOLUTION|HIDDEN TESTS)\s*")
_ALMOST = re.compile(r"(?i)#.*\b(BEGIN|END) (SOLUTION|HIDDEN)")
_GRADE_ID = re.compile(r"[A-Za-z0-9_-]+")
_COLAB = """\
# On Colab this fetches the course's package. Anywhere else it does nothing.
import subprocess
import sys

if "google.colab" in sys.modules:
    package = "git+{repository}"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", package], check=True)"""
_BADGE = (
    "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
    "(https://colab.research.google.com/github/{slug}/blob/main/notebooks/{name}.ipynb)"
)


def student_source(source):
    r"""Text of a code cell as the student gets it: a stub for each solution, no hidden tests.

    Args:
        source: the cell's text, with nbgrader's markers.

    Returns:
        The text, the stub indented as the solution's first marker was.

    Raises:
        ValueError: a marker is misspelt, or has no partner.

    Example:
        >>> print(student_source("def f(x):\n    ### BEGIN SOLUTION\n    return x + 1\n    ### END SOLUTION"))
        def f(x):
            # YOUR CODE HERE
            raise NotImplementedError()
    """
    lines = []
    for region, edge, line in _regions(source):
        if region is None:
            lines.append(line)
        elif (region, edge) == ("SOLUTION", "BEGIN"):
            indent = line[: len(line) - len(line.lstrip())]
            lines += [indent + stub for stub in STUB]
    return "\n".join(lines).rstrip()


def solution_source(source):
    r"""Text of a code cell as the instructor gets it: solutions and hidden tests in, marker lines out.

    Example:
        >>> solution_source("### BEGIN SOLUTION\nx = 1\n### END SOLUTION")
        'x = 1'
    """
    return "\n".join(line for _, edge, line in _regions(source) if edge is None).rstrip()


def _regions(source):
    """(region or None, "BEGIN" or "END" on a marker's line, line) for each line."""
    inside = None
    for line in source.split("\n"):
        if not _ALMOST.search(line):
            yield inside, None, line
            continue
        match = _MARKER.fullmatch(line)
        if not match:
            raise ValueError(f"expected a marker such as '### BEGIN SOLUTION' alone on its line. Received {line!r}.")
        edge, region = match.groups()
        if inside != (None if edge == "BEGIN" else region):
            state = f"inside {inside}" if inside else "outside any region"
            raise ValueError(f"'{line.strip()}' stands {state}. Give every BEGIN one END, and nest none.")
        yield region, edge, line
        inside = region if edge == "BEGIN" else None
    if inside:
        raise ValueError(f"'### BEGIN {inside}' is never closed. Add '### END {inside}'.")


def repository_url(root):
    """The repository's address, read from pyproject.toml: the one place that names it."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["urls"]["Repository"].rstrip("/")


def read_source(text):
    """Cells of a lesson's source, a comment above the first cell left out."""
    import jupytext

    cells = jupytext.reads(text, fmt="py:percent").cells
    if cells and cells[0].cell_type == "code" and all(line.startswith("#") for line in cells[0].source.splitlines()):
        cells = cells[1:]
    if not cells or cells[0].cell_type != "markdown" or not cells[0].source.startswith("# "):
        raise ValueError("the first cell must be markdown and begin with the title, '# ...'.")
    return cells


def check_exercises(cells):
    """Raise unless nbgrader can take these cells: ids present and unique, points given, regions where they belong.

    Raises:
        ValueError: names the cell, what is missing and how to mend it.
    """
    seen = set()
    for number, cell in enumerate(cells, 1):
        where = f"cell {number} ({next(iter(cell.source.splitlines()), '')[:60]!r})"
        try:
            regions = {region for region, _, _ in _regions(cell.source)} - {None}
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
        exercise = cell.metadata.get("nbgrader")
        if exercise is None and not regions:
            continue
        if cell.cell_type != "code":
            raise ValueError(f"{where}: expected a code cell for an exercise. Received a {cell.cell_type} cell.")
        grade_id = (exercise or {}).get("grade_id")
        if not isinstance(grade_id, str) or not _GRADE_ID.fullmatch(grade_id):
            raise ValueError(
                f"{where}: an exercise cell needs a grade_id of letters, digits, - and _ in its nbgrader metadata. "
                f"Received {grade_id!r}."
            )
        if grade_id in seen:
            raise ValueError(f"{where}: the grade_id {grade_id!r} is used twice. Give every exercise cell its own.")
        seen.add(grade_id)
        if exercise.get("schema_version") != 3:
            raise ValueError(f"{where}: expected schema_version 3. Received {exercise.get('schema_version')!r}.")
        points = exercise.get("points")
        if exercise.get("grade") and (isinstance(points, bool) or not isinstance(points, (int, float)) or points < 0):
            raise ValueError(f"{where}: a graded cell needs points, a number from 0. Received {points!r}.")
        if ("SOLUTION" in regions) != bool(exercise.get("solution")):
            raise ValueError(f"{where}: a cell has '### BEGIN SOLUTION' if, and only if, its solution is true.")
        if "HIDDEN TESTS" in regions and not exercise.get("grade"):
            raise ValueError(f"{where}: hidden tests belong in a cell whose grade is true.")


def copies(text, name, repository):
    """The two notebooks of one source.

    Args:
        text: the source, jupytext's percent format.
        name: the lesson's file name without suffix, such as ``"02_lenet"``.
        repository: address of the repository on GitHub.

    Returns:
        ``{"student": notebook, "solution": notebook}``. They have no outputs, and building again gives the same bytes.

    Raises:
        ValueError: the source is not a lesson; the message names the file and the cell.
    """
    try:
        cells = read_source(text)
        check_exercises(cells)
    except ValueError as error:
        raise ValueError(f"notebooks/src/{name}.py: {error}") from None
    return {
        "student": _assemble(cells, student_source, name, repository),
        "solution": _assemble(cells, solution_source, name, repository),
    }


def _assemble(cells, edit, name, repository):
    import nbformat.v4

    slug = repository.removeprefix("https://github.com/")
    title, _, rest = cells[0].source.partition("\n")
    first = [title, _BADGE.format(slug=slug, name=name), rest.strip("\n")]
    sources = [("code", _COLAB.format(repository=repository), {"tags": ["colab"]})]
    sources.append(("markdown", "\n\n".join(part for part in first if part), {}))
    for cell in cells[1:]:
        kept = {key: cell.metadata[key] for key in ("nbgrader", "tags") if key in cell.metadata}
        sources.append((cell.cell_type, edit(cell.source) if cell.cell_type == "code" else cell.source, kept))
    made, used = [], {}
    for kind, source, metadata in sources:
        digest = hashlib.sha256(f"{kind}\n{source}".encode()).hexdigest()[:12]
        used[digest] = used.get(digest, 0) + 1
        new_cell = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        cell_id = digest if used[digest] == 1 else f"{digest}-{used[digest]}"
        made.append(new_cell(source, id=cell_id, metadata=metadata))
    origin = f"notebooks/src/{name}.py"
    metadata = {
        "cvkit": {"source": origin, "generated": f"generated by make notebooks from {origin}; edit that"},
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    notebook = nbformat.v4.new_notebook(cells=made, metadata=metadata)
    notebook.nbformat_minor = 5
    nbformat.validate(notebook)
    return notebook


def as_text(notebook):
    """The notebook as it is written to disk: LF, keys in order, one newline at the end."""
    import nbformat

    return nbformat.writes(notebook).rstrip("\n") + "\n"


def build_all(root):
    """Every notebook that belongs on disk, as ``{path: text}``: students' copies, then solutions."""
    notebooks, student, solution = root / "notebooks", {}, {}
    for path in sorted((notebooks / "src").glob("*.py")):
        pair = copies(path.read_text(encoding="utf-8"), path.stem, repository_url(root))
        student[notebooks / f"{path.stem}.ipynb"] = as_text(pair["student"])
        solution[notebooks / "solutions" / f"{path.stem}.ipynb"] = as_text(pair["solution"])
    return {**student, **solution}


def stale(root):
    """Students' copies that are missing, differ from their source, or have none."""
    folder = root / "notebooks"
    wanted = {path: text for path, text in build_all(root).items() if path.parent == folder}
    there = {path: path.read_bytes() for path in folder.glob("*.ipynb")}
    return sorted(
        path for path in {*wanted, *there} if path not in wanted or there.get(path) != wanted[path].encode("utf-8")
    )


def main(argv=None):
    """Write the notebooks, or with ``--check`` say which are stale; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m cvkit.homework.build", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when a notebook is stale")
    check = parser.parse_args(argv).check
    root = checkout()
    if root is None:
        print("Notebooks are built in a checkout of the course; this is an installed copy.", file=sys.stderr)
        return 1
    try:
        if check:
            return _report(root)
        for path, text in build_all(root).items():
            if not path.exists() or path.read_bytes() != text.encode("utf-8"):
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
                print(f"wrote {path.relative_to(root)}")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _report(root):
    from cvkit.homework import style

    complaints = [f"{path.relative_to(root)} is stale: run make notebooks" for path in stale(root)]
    for path in sorted((root / "notebooks" / "src").glob("*.py")):
        complaints += [f"notebooks/src/{path.name}: {problem}" for problem in style.problems(path.read_text("utf-8"))]
    print("\n".join(complaints), file=sys.stderr, end="\n" if complaints else "")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
