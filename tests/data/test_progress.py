import sys
from types import SimpleNamespace

import IPython
import pytest

from cvkit.data.progress import progress


@pytest.fixture
def notebook(monkeypatch):
    """A notebook that keeps what it was shown: one list an output, of the texts in the order of showing."""
    outputs = []

    def display(data, raw, display_id):
        assert raw
        assert display_id
        outputs.append([data["text/plain"]])
        return SimpleNamespace(update=lambda data, raw: outputs[-1].append(data["text/plain"]))

    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(kernel=True))
    monkeypatch.setattr(IPython.display, "display", display)
    return outputs


def test_a_notebook_shows_one_output_that_is_empty_in_the_end(notebook, capfd):
    assert list(progress(range(3), desc="drawing", mininterval=0)) == [0, 1, 2]
    (texts,) = notebook
    assert texts[0].startswith("drawing:   0%")
    assert any("2/3" in text for text in texts)
    assert texts[-1] == ""
    assert not any("\r" in text for text in texts)
    assert capfd.readouterr() == ("", "")


def test_what_is_done_at_once_shows_nothing(notebook):
    with progress(total=5, delay=60) as bar:
        bar.update(5)
    assert notebook == []


def test_a_terminal_is_left_with_an_empty_line(capfd, monkeypatch):
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: None)
    list(progress(range(3), desc="drawing", mininterval=0))
    said = capfd.readouterr()
    assert said.out == ""
    assert "drawing: 100%" in said.err
    assert said.err.rsplit("\r", 2)[1].strip() == ""
    assert said.err.endswith("\r")
