import io

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image, ImageSequence

from cvkit import plots
from cvkit.models import inception_block
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


def _block(reduced):
    maps = keras.Input((8, 8, 4), name="maps")
    return keras.Model(maps, inception_block(maps, (1, 2, 3, 4, 5, 6), reduced, name="b"))


def _places(ax):
    return {text.get_text().split("\n")[0]: text.get_position() for text in ax.texts if text.get_text()}


def test_block_diagram_puts_branches_side_by_side_and_joins_above_them(ax):
    places = _places(plots.block_diagram(_block(True), ax, "a block"))
    assert ax.get_title() == "a block"
    assert places["maps"] == (0, 0)
    beside = {name: place[0] for name, place in places.items() if place[1] == 1}
    assert sorted(beside.values()) == [-1.5, -0.5, 0.5, 1.5]
    assert set(beside) == {"b_1x1", "b_3x3_reduce", "b_5x5_reduce", "b_pool"}
    assert places["b_3x3"] == (places["b_3x3_reduce"][0], 2)
    assert places["b_stack"] == (0, 3)


@pytest.mark.parametrize("reduced", [False, True])
def test_block_diagram_orders_branches_as_the_join_reads_them(ax, reduced):
    places = _places(plots.block_diagram(_block(reduced), ax))
    first = ["b_1x1", "b_3x3_reduce", "b_5x5_reduce", "b_pool"] if reduced else ["b_1x1", "b_3x3", "b_5x5", "b_pool"]
    assert [places[name][0] for name in first] == [-1.5, -0.5, 0.5, 1.5]


def test_block_diagram_colours_convolutions_of_one_pixel_differently(ax):
    plots.block_diagram(_block(False), ax)
    colours = {
        text.get_text().split("\n")[0]: text.get_bbox_patch().get_facecolor() for text in ax.texts if text.get_text()
    }
    assert len({colours[name] for name in ("b_1x1", "b_3x3", "b_pool", "maps")}) == 4
    assert colours["b_3x3"] == colours["b_5x5"]


def test_block_diagram_writes_the_channels(ax):
    texts = [text.get_text() for text in plots.block_diagram(_block(False), ax).texts]
    assert {"b_3x3\n3 channels", "b_pool\n4 channels", "b_stack\n13 channels"} <= set(texts)


def test_block_diagram_leads_a_shortcut_around_the_boxes(ax):
    maps = keras.Input((8, 8, 4), name="maps")
    inner = keras.layers.Conv2D(4, 3, padding="same", name="conv")(maps)
    plots.block_diagram(keras.Model(maps, keras.layers.Add(name="add")([maps, inner])), ax)
    assert _places(ax) == {"maps": (0, 0), "conv": (0, 1), "add": (0, 2)}
    assert [0.6, 1] in [corner.tolist() for line in ax.lines for corner in line.get_xydata()]  # beside conv


def test_block_diagram_refuses_a_whole_network(ax):
    x = maps = keras.Input((8, 8, 1))
    for _ in range(40):
        x = keras.layers.ReLU()(x)
    with raises("at most 40 layers to be readable. Received 41"):
        plots.block_diagram(keras.Model(maps, x), ax)


def test_boxes_frame_whole_pixels(ax):
    drawn = plots.boxes(ax, np.array([[0, 0, 4, 2], [1, 1, 3, 5]]), ["a", "b"], color=["red", "blue"])
    assert drawn is ax
    # imshow draws pixel 0 from -0.5 to 0.5, so the box 0..4 is framed from -0.5 to 3.5.
    assert [patch.get_bbox().bounds for patch in ax.patches] == [(-0.5, -0.5, 4, 2), (0.5, 0.5, 2, 4)]
    assert [text.get_text() for text in ax.texts] == ["a", "b"]
    assert ax.patches[1].get_edgecolor()[:3] == (0, 0, 1)
    assert len(plots.boxes(plt.figure().gca(), np.zeros((0, 4))).patches) == 0


@pytest.mark.parametrize("background", ["crimson", "black", "grey"])
def test_boxes_show_on_a_background_of_their_own_colour(background):
    fig = plt.figure(figsize=(1, 1), dpi=100, facecolor=background)
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set(xlim=(-0.5, 9.5), ylim=(9.5, -0.5))
    ax.axis("off")
    plots.boxes(ax, np.array([[2, 2, 8, 8]]), color=background)
    fig.canvas.draw()
    row = np.asarray(fig.canvas.buffer_rgba())[50, :, :3].astype(int)  # across both upright lines, at pixels 20 and 80
    plt.close("all")
    rim = np.flatnonzero(np.abs(row - row[0]).max(axis=1) > 60)
    assert rim.size >= 4  # both sides of both lines
    assert np.all((abs(rim - 20) <= 3) | (abs(rim - 80) <= 3))
    assert rim[0] < 20
    assert rim[-1] > 80


def test_boxes_refuse_what_does_not_fit(ax):
    with raises(r"boxes must have shape \(N, 4\).*Received shape \(4,\).*box\[None\]"):
        plots.boxes(ax, np.zeros(4))
    with raises("labels must be one a box. Received 1 for 2 boxes"):
        plots.boxes(ax, np.zeros((2, 4)), ["a"])
    with raises("color must be one a box. Received 3 for 2 boxes"):
        plots.boxes(ax, np.zeros((2, 4)), color=["red"] * 3)


def test_a_gif_holds_the_images_their_speed_and_how_often():
    images = np.random.default_rng(0).integers(0, 6, (5, 8, 12, 3)).astype("uint8") * 50  # 216 colours: none is lost
    picture = Image.open(io.BytesIO(plots.to_gif(images, frames_per_second=8)))
    frames = np.stack([np.array(frame.convert("RGB")) for frame in ImageSequence.Iterator(picture)])
    assert np.array_equal(frames, images)
    assert picture.info["duration"] == 120  # 1/8 s, rounded to hundredths
    assert picture.info["loop"] == 2  # twice more after the first time
    assert "loop" not in Image.open(io.BytesIO(plots.to_gif(images, rounds=1))).info
    assert Image.open(io.BytesIO(plots.to_gif(images, rounds=0))).info["loop"] == 0


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (np.zeros((2, 4, 4), "uint8"), {}, r"images must be a uint8 array \(T, H, W, 3\).* Received uint8 \(2, 4, 4\)"),
        (np.zeros((2, 4, 4, 3)), {}, "Received float64"),
        (np.zeros((0, 4, 4, 3), "uint8"), {}, "not empty"),
        (np.zeros((1, 4, 4, 3), "uint8"), {"frames_per_second": 0}, "frames_per_second must be above 0"),
        (np.zeros((1, 4, 4, 3), "uint8"), {"rounds": -1}, "rounds must be a whole number from 0. Received -1"),
    ],
)
def test_a_gif_refuses(images, options, message):
    with raises(message):
        plots.to_gif(images, **options)


def test_a_chart_of_numbers_has_a_bar_for_each_stretch_and_names_each_number_once(ax):
    nan = np.nan
    drawn = plots.numbers_over_time(ax, [3, 8], [[1, 1, 0, 1, 2], [nan, 22, 22, nan, nan]])
    assert drawn is ax
    bars = [(bar.get_x(), bar.get_width(), bar.get_y() + bar.get_height() / 2) for bar in ax.patches]
    assert bars == [(-0.5, 2, 0), (1.5, 1, 0), (2.5, 1, 0), (3.5, 1, 0), (0.5, 2, 1)]
    colours = [bar.get_facecolor() for bar in ax.patches]
    assert colours[1] == (0, 0, 0, 1)
    assert colours[0] == colours[2] != colours[3]
    assert colours[3] == (*plots.number_colour(2), 1)
    assert colours[4] == (*plots.number_colour(22), 1)
    assert [(text.get_position(), text.get_text()) for text in ax.texts] == [
        ((0, 0), "1"),
        ((4, 0), "2"),
        ((1, 1), "22"),
    ]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["3", "8"]


def test_a_chart_of_numbers_refuses_a_table_of_other_objects(ax):
    with raises(r"table must have a row for each of 1 identities. Received shape \(2, 3\)"):
        plots.numbers_over_time(ax, [1], np.zeros((2, 3)))


def test_colours_of_thirty_numbers_differ():
    colours = np.array([plots.number_colour(number) for number in range(30)])
    assert colours.min() >= 0
    assert colours.max() <= 1
    apart = np.abs(colours[:, None] - colours).sum(-1) + 9 * np.eye(30)
    assert apart.min() > 0.05
    assert np.abs(np.diff(colours, axis=0)).sum(-1).min() > 0.5  # neighbours more


def test_an_outlined_video_has_a_line_of_two_pixels_in_the_number_s_colour():
    images = np.full((2, 10, 12, 3), 37, "uint8")
    tracks = [{"boxes": [[2, 3, 6, 8]], "ids": [5]}, {"boxes": [[-4, -4, 3, 30]], "ids": [1]}]
    film = plots.outlined(images, tracks, zoom=2)
    assert film.shape == (2, 20, 24, 3)
    line = np.multiply(plots.number_colour(5), 255).astype("uint8")
    painted = (film[0] == line).all(-1)  # from 4, 6 to 12, 16: 8 x 10 pixels, of which 4 x 6 inside are left
    assert painted.sum() == 8 * 10 - 4 * 6
    assert [bool(painted[place]) for place in ((6, 4), (15, 11), (8, 6), (16, 4))] == [True, True, False, False]
    assert (film[0][~painted] == 32).all()  # 37 // 16 * 16
    assert (film[1] != 32).any(-1).sum() == 6 * 20 - 2 * 16  # cut by the border
    assert (images == 37).all()


def test_an_outlined_video_refuses():
    with raises(r"images must be a uint8 array \(T, H, W, 3\). Received float64 \(1, 4, 4, 3\)"):
        plots.outlined(np.zeros((1, 4, 4, 3)), [{"boxes": [], "ids": []}])
    with raises("tracks must have a dict for each of 2 images. Received 1"):
        plots.outlined(np.zeros((2, 4, 4, 3), "uint8"), [{"boxes": [], "ids": []}])
