import os
import subprocess
import sys

import pytest

import cvkit


def run(code, **variables):
    """Standard error of a fresh Python that runs `code`; it must succeed."""
    environment = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"} | variables
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stderr


def test_import_loads_nothing_and_sets_nothing():
    run(
        "import random, sys; state = random.getstate(); import cvkit; assert random.getstate() == state; "
        "assert not {'keras', 'tensorflow', 'matplotlib', 'numpy'} & set(sys.modules)"
    )


@pytest.mark.tensorflow_only
def test_a_notebook_starts_without_notes_from_tensorflow():
    code = "import {first}; import cvkit; import keras; keras.ops.ones(1)"
    assert run(code.format(first="ipykernel")) == ""


def test_rooms_are_found():
    assert {"detection", "layers", "lesson", "show_source"} <= set(dir(cvkit))
    assert cvkit.detection.iou([[0, 0, 1, 1]], [[0, 0, 1, 1]]).shape == (1, 1)
    with pytest.raises(AttributeError, match="has no attribute 'trackingg'; it has analysis, backbones, data"):
        cvkit.trackingg  # noqa: B018


def test_show_source_shows_code():
    assert "def iou(boxes1, boxes2):" in cvkit.show_source(cvkit.detection.iou).data


def test_show_source_can_leave_the_docstring_out():
    shown = cvkit.show_source(cvkit.detection.iou, docstring=False).data
    assert shown.startswith("def iou(boxes1, boxes2):\n")
    assert '"""' not in shown
    assert "return" in shown
