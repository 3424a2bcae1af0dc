"""Layers that fit maps to each other's size: padding, cropping, resizing, adaptive pooling."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.layers import (
    AdaptiveAveragePooling2D,
    BilinearInitializer,
    CropLike,
    PadToMultiple,
    ResizeLike,
    bilinear_kernel,
)
from tests.support import assert_close, check_gradient, check_layer, check_saved_copy, raises, to_numpy, ways_to_run

MAPS = np.random.default_rng(0).normal(size=(2, 5, 7, 3)).astype("float32")
OTHER = np.zeros((2, 11, 6, 1), "float32")


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 5))
def test_padding_is_undone_by_cropping(height, width, multiple):
    image = np.random.default_rng(0).normal(size=(1, height, width, 2)).astype("float32")
    padded = to_numpy(PadToMultiple(multiple)(image))
    assert padded.shape[1] in range(height, height + multiple)
    assert (padded.shape[1] % multiple, padded.shape[2] % multiple) == (0, 0)
    assert not padded[:, height:].any()
    assert not padded[:, :, width:].any()
    assert_close(CropLike()([padded, image]), image)


def test_adaptive_pooling_hand_worked():
    # Five positions in three bins: from 0 to ceil(5/3) = 2, from floor(5/3) = 1 to ceil(10/3) = 4, from 3 to 5.
    row = np.reshape([1.0, 2, 3, 4, 5], (1, 1, 5, 1))
    pooled = to_numpy(AdaptiveAveragePooling2D(3)(row))[0, :, :, 0]
    assert_close(pooled, [[1.5, 3, 4.5]] * 3)  # one row stands in three bins


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 7))
def test_adaptive_pooling_equals_the_loop(height, width, bins):
    maps = np.random.default_rng(0).normal(size=(2, height, width, 2)).astype("float32")
    expected = np.zeros((2, bins, bins, 2))
    for i, j in np.ndindex(bins, bins):
        rows = slice(i * height // bins, -(-(i + 1) * height // bins))
        columns = slice(j * width // bins, -(-(j + 1) * width // bins))
        expected[:, i, j] = maps[:, rows, columns].mean(axis=(1, 2))
    assert_close(AdaptiveAveragePooling2D(bins)(maps), expected)


@pytest.mark.parametrize("bins", [1, 2, 3, 6])
def test_adaptive_pooling_equals_pytorch(bins):
    torch = pytest.importorskip("torch")
    expected = torch.nn.functional.adaptive_avg_pool2d(torch.tensor(MAPS.transpose(0, 3, 1, 2)), bins).numpy()
    assert_close(AdaptiveAveragePooling2D(bins)(MAPS), expected.transpose(0, 2, 3, 1))


def test_resizing_equals_pytorch():
    torch = pytest.importorskip("torch")
    maps = torch.tensor(MAPS.transpose(0, 3, 1, 2))
    expected = torch.nn.functional.interpolate(maps, (11, 6), mode="bilinear", align_corners=False).numpy()
    assert_close(ResizeLike()([MAPS, OTHER]), expected.transpose(0, 2, 3, 1))


def test_every_way_to_run_agrees():
    def pooled(x):
        return AdaptiveAveragePooling2D(3)(PadToMultiple(4)(x))

    expected = to_numpy(pooled(MAPS))
    for _, run in ways_to_run(pooled):
        assert_close(run(MAPS), expected)
    check_gradient(lambda x: AdaptiveAveragePooling2D(2)(x) ** 2, MAPS[:1, :3, :3, :1])


def test_layers(tmp_path):
    check_layer(PadToMultiple(4), MAPS)
    check_layer(AdaptiveAveragePooling2D(3), MAPS)
    check_layer(ResizeLike(), MAPS, OTHER)
    check_layer(CropLike(), MAPS, OTHER[:, :4, :3])
    check_saved_copy(PadToMultiple(4), tmp_path / "pad.keras", MAPS)
    check_saved_copy(AdaptiveAveragePooling2D(3), tmp_path / "pool.keras", MAPS)
    check_saved_copy(ResizeLike(), tmp_path / "resize.keras", MAPS, OTHER)
    assert PadToMultiple(4)(keras.Input((None, 6, 3))).shape == (None, None, 8, 3)
    assert AdaptiveAveragePooling2D(2)(keras.Input((None, None, 3))).shape == (None, 2, 2, 3)


@pytest.mark.parametrize(("size", "stride"), [(1, 1), (4, 2), (5, 3), (8, 4), (16, 8)])
def test_the_bilinear_start_is_the_bilinear_kernel(size, stride):
    assert_close(BilinearInitializer()((size, size, 3, 3), dtype="float32"), bilinear_kernel(stride, 3))


def test_a_layer_with_the_bilinear_start_is_saved(tmp_path):
    layer = keras.layers.Conv2DTranspose(3, 4, 2, "same", kernel_initializer=BilinearInitializer())
    check_saved_copy(layer, tmp_path / "model.keras", MAPS)
    again = keras.layers.Conv2DTranspose.from_config(layer.get_config())
    assert isinstance(again.kernel_initializer, BilinearInitializer)


def test_arguments_are_checked():
    with raises("multiple must be a positive integer"):
        PadToMultiple(0)
    with raises("bins must be a positive integer"):
        AdaptiveAveragePooling2D(1.5)
    with raises(r"must have shape \(k, k, C, C\).*Received \(4, 4, 2, 3\)"):
        BilinearInitializer()((4, 4, 2, 3))
    with raises("No stride has a bilinear kernel of 3 x 3"):
        BilinearInitializer()((3, 3, 2, 2))
