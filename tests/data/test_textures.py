import numpy as np
import pytest

from cvkit.data import load
from cvkit.data.textures import _brush, _grid, _smooth
from tests.support import raises


def test_four_pictures_of_the_size_asked_for():
    pictures = load("textures", size=40)
    assert list(pictures) == ["strokes", "swirls", "tiles", "waves"]
    for picture in pictures.values():
        assert picture.shape == (40, 40, 3)
        assert picture.dtype == np.uint8
        assert picture.std() > 20  # neither black nor white nor grey


def test_same_seed_same_pictures_other_seed_others():
    first, again, other = (load("textures", size=48, seed=seed) for seed in (0, 0, 1))
    for name, picture in first.items():
        assert (picture == again[name]).all()
        assert np.abs(picture.astype(int) - other[name]).mean() > 10


@pytest.mark.parametrize("across", [0, 1])
def test_strokes_follow_the_flow(across):
    # A flow along one axis: neighbours five pixels apart along it are alike, across it they are not.
    flow = np.zeros((96, 96, 2))
    flow[..., across] = 1  # right, or down
    grey = _brush(np.random.default_rng(0), flow, np.full((96, 96), 0.5), np.array([[0.0] * 3, [255.0] * 3]), 12, 1.0)
    grey = grey[..., 0].astype("float64") - grey[..., 0].mean()
    alike = [np.mean(grey * np.roll(grey, 5, axis)) / grey.var() for axis in (0, 1)]
    assert alike[1 - across] > 0.5
    assert abs(alike[across]) < 0.25


def test_tiles_are_tiles():
    # Most pixels lie within a tile, where neighbours are nearly alike; few lie at a rim, where they jump.
    tiles = load("textures", size=128)["tiles"].astype(int)
    jumps = np.abs(np.diff(tiles, axis=1)).max(axis=-1)
    assert np.median(jumps) < 12
    assert 0.05 < (jumps > 40).mean() < 0.4


def test_smooth_surface_goes_from_zero_to_one_without_steps():
    surface = _smooth(np.random.default_rng(0), 64, 10)
    assert surface.min() == 0
    assert surface.max() == 1
    assert np.abs(np.diff(surface, axis=0)).max() < 0.2


def test_grid_is_rows_then_columns():
    y, x = _grid(3)
    assert y[:, 0].tolist() == x[0].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 31}, "size must be an integer from 32 to 1024. Received 31"),
        ({"size": 64.0}, "size must be an integer"),
        ({"seed": -1}, "seed must be an integer from 0"),
        ({"colour": "red"}, "textures takes only the options size, seed. Received colour"),
    ],
)
def test_errors(options, words):
    with raises(words):
        load("textures", **options)
