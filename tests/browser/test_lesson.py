"""A lesson as a reader meets it: opened in JupyterLab in a browser, and run with Run > Run All Cells."""

import os
import shutil

import nbformat
import pytest

from tests.browser import lab

SECONDS = 300 * float(os.environ.get("CVKIT_TIME_FACTOR") or 1)
PICTURES = lab.ROOT / "build" / "browser"
FIGURE = "import matplotlib.pyplot as plt\n\nplt.plot([1, 2])\nplt.show()"


@pytest.fixture(name="run")
def _run(tmp_path):
    """Runs a notebook of the folder `notebooks` in a browser; a picture of the page is kept in build/browser."""
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    PICTURES.mkdir(parents=True, exist_ok=True)

    def run(name):
        with lab.jupyter(notebooks, tmp_path) as server, lab.chromium(tmp_path) as page:
            try:
                return lab.run_all(page, server, name, SECONDS)
            finally:
                page.save_screenshot(PICTURES / f"{name.removesuffix('.ipynb')}.png")

    run.folder = notebooks
    return run


def write(folder, *sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "small.ipynb")


def test_what_runs_and_what_fails_in_the_browser_is_seen(run):
    write(run.folder, FIGURE, *["1"] * 40, "import cvkit\n\nmissing = {}\nmissing['key']")
    book, prompts, images = run("small.ipynb")
    assert lab.errors(book) == ["KeyError: 'key'"]
    assert prompts == [f"[{number}]:" for number in range(1, 43)]
    assert len(images) == 1
    assert images[0] > 100


def test_a_lesson_runs_in_the_browser(run):
    number = os.environ.get("LESSON") or "02"
    paths = sorted((lab.ROOT / "notebooks").glob(f"{number}*.ipynb"))
    assert len(paths) == 1, f"expected one notebook {number}*.ipynb, found {len(paths)}: run make notebooks"
    shutil.copy(paths[0], run.folder)  # saved there, so the student's copy stays without outputs
    book, prompts, images = run(paths[0].name)
    assert lab.errors(book) == []
    assert prompts == [f"[{number}]:" for number in range(1, len(prompts) + 1)]
    assert book["cells"][-1]["outputs"], "the last cell shows nothing"
    assert images, "no figure is shown"
    assert min(images) > 100
