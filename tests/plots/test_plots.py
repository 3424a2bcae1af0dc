import matplotlib.pyplot as plt
import numpy as np
import pytest

from cvkit import plots
from tests.support import raises


@pytest.fixture
def ax():
    yield plt.figure().gca()
    plt.close("all")


def test_matrix_writes_every_number(ax):
    drawn = plots.matrix([[1, 2], [3, 4.5]], ax, highlight=(0, 1, 2, 1))
    assert [text.get_text() for text in drawn.texts] == ["1.00", "2.00", "3.00", "4.50"]
    assert drawn is ax
    assert drawn.patches[0].get_bbox().bounds == (0.5, -0.5, 1, 2)  # column 1, both rows


def test_matrix_of_one_value_is_drawn(ax):
    assert plots.matrix(np.zeros((1, 1)), ax).texts[0].get_text() == "0"


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2), (21, 2)])
def test_matrix_refuses_what_cannot_be_read(ax, shape):
    with raises(rf"at most 20 x 20 cells. Received shape \({shape[0]},"):
        plots.matrix(np.zeros(shape), ax)


@pytest.mark.parametrize("shape", [(5, 4, 6), (5, 4, 6, 1), (5, 4, 6, 3)])
def test_image_grid_takes_grey_and_colour(shape):
    fig = plots.image_grid(np.zeros(shape, "uint8"), captions=list("abcde"), columns=3)
    shown = [ax for ax in fig.axes if ax.images]
    assert [ax.get_title() for ax in shown] == list("abcde")
    assert shown[0].images[0].get_array().shape[:2] == (4, 6)
    plt.close("all")


def test_image_grid_refuses_a_wrong_number_of_captions():
    with raises("one text an image. Received 1 for 2 images"):
        plots.image_grid(np.zeros((2, 4, 4)), ["a"])
    with raises("at least one image"):
        plots.image_grid([])


def test_curves_start_at_epoch_one(ax):
    line = plots.curves({"run": [0.5, 0.25]}, ax, "loss").lines[0]
    assert line.get_xydata().tolist() == [[1, 0.5], [2, 0.25]]
    with raises("at least one run"):
        plots.curves({}, ax, "loss")


def test_sliding_kernel_offers_a_slider_and_a_picture(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    plots.sliding_kernel(np.arange(9).reshape(3, 3), [[1, 0], [0, 1]])
    assert set(shown[0]) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
    assert shown[0]["image/png"].startswith(b"\x89PNG")


def test_sliding_kernel_refuses_a_kernel_that_does_not_fit():
    with raises("does not fit into the image"):
        plots.sliding_kernel(np.eye(2), np.ones((3, 3)))
