import keras
import numpy as np
import pytest

from cvkit.analysis import count_multiply_adds, receptive_field
from cvkit.layers import PaddedShortcut
from tests.support import assert_close, check_gradient, check_layer, check_saved_copy, raises, ways_to_run

MAPS = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype("float32")


def slow_shortcut(maps, filters, stride):
    batch, height, width, channels = maps.shape
    rows, columns = range(0, height, stride), range(0, width, stride)
    result = np.zeros((batch, len(rows), len(columns), filters))
    for b, i, j, c in np.ndindex(batch, len(rows), len(columns), channels):
        result[b, i, j, c] = maps[b, rows[i], columns[j], c]
    return result


def test_by_hand():
    # 0..8 in 3 x 3: rows and columns 0 and 2 stay, 0 2 / 6 8; the second channel is zeros.
    maps = np.arange(9.0, dtype="float32").reshape(1, 3, 3, 1)
    output = check_layer(PaddedShortcut(2, 2), maps)
    assert output[0, :, :, 0].tolist() == [[0, 2], [6, 8]]
    assert output[0, :, :, 1].tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(("filters", "stride"), [(3, 1), (3, 2), (7, 1), (5, 3)])
def test_against_loops_in_every_way_to_run(filters, stride):
    layer = PaddedShortcut(filters, stride)
    for _, run in ways_to_run(layer):
        assert_close(run(MAPS), slow_shortcut(MAPS, filters, stride))


def test_same_shape_is_the_identity():
    assert_close(PaddedShortcut(3)(MAPS), MAPS)


def test_gradient():
    check_gradient(lambda x: PaddedShortcut(5, 2)(x) ** 2, MAPS)


def test_saves_and_loads(tmp_path):
    check_saved_copy(PaddedShortcut(5, 2), tmp_path / "model.keras", MAPS)


def test_any_size_costs_nothing_and_sees_one_pixel():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, PaddedShortcut(6, 2)(inputs))
    assert model.output_shape == (None, None, None, 6)
    assert (model.count_params(), count_multiply_adds(model), receptive_field(model)) == (0, 0, 1)


def test_arguments_are_checked():
    with raises("filters must be a positive integer: channels of the output. Received 0"):
        PaddedShortcut(0)
    with raises("stride must be a positive integer: steps in pixels. Received 1.5"):
        PaddedShortcut(4, 1.5)
    with raises("at least the 3 channels of the input.*Received 2. Use a projection"):
        PaddedShortcut(2)(MAPS)
