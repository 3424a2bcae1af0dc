import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.layers import ROIAlign, roi_align
from tests import reference
from tests.layers.rois import random_rois
from tests.support import assert_close, check_gradient, check_layer, check_saved_copy, raises, ways_to_run


def random_case(seed, batch=2, height=9, width=13, channels=3, num_rois=5, stride=8):
    """ROIs of every kind: see `random_rois`, one of them without area."""
    rng = np.random.default_rng(seed)
    rois = random_rois(rng, batch, height, width, num_rois, stride)
    rois[:, 1] = rois[:, 1].mean()  # no area
    feature_map = rng.normal(size=(batch, height, width, channels))
    return feature_map.astype("float32"), rois, 1 / stride


def test_hand_worked_case():
    # One bin, one sample, at the middle of the ROI: cell coordinates (2.25 - .5, 1.5 - .5) = (1.75, 1.0) as (x, y).
    # On the ramp 10 y + x that is 10 * 1.0 + 1.75 = 11.75.
    ramp = (10 * np.arange(4)[:, None] + np.arange(4)).astype("float32")[None, :, :, None]
    assert_close(roi_align(ramp, [[[1.5, 1, 3, 2]]], 1, sampling_ratio=1), [[[[[11.75]]]]])


@pytest.mark.parametrize("reduction", ["mean", "max"])
@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize(("pool_size", "sampling_ratio"), [((1, 1), 1), ((2, 3), 2), ((7, 7), 3)])
def test_equals_the_loop(pool_size, sampling_ratio, aligned, reduction):
    feature_map, rois, scale = random_case(seed=sampling_ratio)
    arguments = (pool_size, scale, sampling_ratio, aligned, reduction)
    expected = reference.roi_align(feature_map, rois, *arguments)
    assert_close(roi_align(feature_map, rois, *arguments), expected)


def test_more_rois_than_a_chunk_equal_the_loop():
    feature_map, rois, scale = random_case(seed=9, batch=1, num_rois=133)
    assert_close(roi_align(feature_map, rois, 2, scale), reference.roi_align(feature_map, rois, (2, 2), scale))


@pytest.mark.parametrize("portable", [False, True])
@pytest.mark.parametrize("size", [4, 7, 13, 38])
def test_a_sample_exactly_one_cell_outside_repeats_the_border(monkeypatch, size, portable):
    if portable:
        monkeypatch.setattr("cvkit.backend.has_dynamic_kernels", lambda: False)
    corners = [[edge + 0.5] * 4 for edge in (-1.0, size)]
    assert_close(roi_align(np.ones((1, size, size, 1)), [corners], 2), np.ones((1, 2, 2, 2, 1)))


@given(st.integers(0, 10_000))
def test_a_plane_is_sampled_exactly(seed):
    """Bilinear interpolation of a plane is the plane, so each bin holds its value at the bin's centre."""
    rng = np.random.default_rng(seed)
    slope_y, slope_x = rng.uniform(-1, 1, 2)
    plane = (slope_y * np.arange(12)[:, None] + slope_x * np.arange(10)).astype("float32")[None, :, :, None]
    x1, y1 = rng.uniform(0.5, 4, 2)
    x2, y2 = x1 + rng.uniform(0.5, 5), y1 + rng.uniform(0.5, 7)
    centres_y = y1 - 0.5 + (np.arange(3) + 0.5) * (y2 - y1) / 3
    centres_x = x1 - 0.5 + (np.arange(2) + 0.5) * (x2 - x1) / 2
    expected = slope_y * centres_y[:, None] + slope_x * centres_x
    assert_close(roi_align(plane, [[[x1, y1, x2, y2]]], (3, 2))[0, 0, :, :, 0], expected)


@given(st.integers(0, 10_000), st.floats(-3, 3))
def test_is_linear_in_the_features(seed, factor):
    feature_map, rois, scale = random_case(seed)
    other = feature_map[::-1] + 0.5
    combined = roi_align(feature_map + factor * other, rois, 2, scale)
    assert_close(combined, roi_align(feature_map, rois, 2, scale) + factor * roi_align(other, rois, 2, scale))


def test_rois_far_outside_are_zero():
    assert_close(roi_align(np.ones((1, 4, 4, 2)), [[[50, 50, 60, 60]]], 2), np.zeros((1, 1, 2, 2, 2)))


def test_no_rois_give_an_empty_result():
    assert tuple(roi_align(np.ones((2, 4, 4, 3)), np.zeros((2, 0, 4)), 7).shape) == (2, 0, 7, 7, 3)


@pytest.mark.parametrize("reduction", ["mean", "max"])
@pytest.mark.parametrize("batch", [1, 2])
def test_every_way_to_run_agrees(reduction, batch):
    feature_map, rois, scale = random_case(seed=5, batch=batch, num_rois=70)
    expected = reference.roi_align(feature_map, rois, (3, 2), scale, reduction=reduction)
    for _, run in ways_to_run(lambda f, r: roi_align(f, r, (3, 2), scale, reduction=reduction)):
        assert_close(run(feature_map, rois), expected)


@pytest.mark.tensorflow_only
def test_sizes_known_only_at_run_time():
    import tensorflow as tf

    unknown = [tf.TensorSpec((None, None, None, 3)), tf.TensorSpec((None, None, 4))]
    traced = tf.function(lambda f, r: roi_align(f, r, 2, 1 / 8), input_signature=unknown)
    for case in (random_case(seed=6), random_case(seed=7, batch=1, height=17, num_rois=80)):
        assert_close(traced(*case[:2]), reference.roi_align(*case[:2], (2, 2), 1 / 8))


@pytest.mark.parametrize("reduction", ["mean", "max"])
def test_gradient(reduction):
    feature_map, rois, scale = random_case(seed=3, batch=1, height=4, width=5, channels=1)
    check_gradient(lambda f: roi_align(f, rois, 2, scale, reduction=reduction), feature_map)


def test_gradient_of_the_portable_code(monkeypatch):
    """The matrix form serves JAX, PyTorch and XLA; here it is also differentiated where the kernel would be used."""
    monkeypatch.setattr("cvkit.backend.has_dynamic_kernels", lambda: False)
    feature_map, rois, scale = random_case(seed=3, height=4, width=5, channels=1)
    assert_close(roi_align(feature_map, rois, 2, scale), reference.roi_align(feature_map, rois, (2, 2), scale))
    check_gradient(lambda f: roi_align(f, rois, 2, scale), feature_map)


def test_layer(tmp_path):
    feature_map, rois, scale = random_case(seed=4)
    layer = ROIAlign((2, 3), spatial_scale=scale, sampling_ratio=1, aligned=False, reduction="max")
    expected = reference.roi_align(feature_map, rois, (2, 3), scale, 1, False, "max")
    assert_close(check_layer(layer, feature_map, rois), expected)
    check_saved_copy(layer, tmp_path / "model.keras", feature_map, rois)


def test_rois_keep_their_precision_under_mixed_precision():
    # The ramp's value at the ROI's middle is 1001.3 - 0.5; in float16 the corner would be 1001.5.
    feature_map = (np.arange(1100, dtype="float32") - 1000).reshape(1, 1, 1100, 1)
    roi = np.array([[[1001.3, 0, 1001.3, 1]]])
    assert_close(ROIAlign(1, dtype="mixed_float16")([feature_map, roi]), np.full((1, 1, 1, 1, 1), 0.8), "float16")


def test_symbolic_shapes_may_be_unknown():
    feature_map, rois = keras.Input((None, None, 16)), keras.Input((None, 4))
    assert ROIAlign(7)([feature_map, rois]).shape == (None, None, 7, 7, 16)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(pool_size=0), "pool_size must be a positive integer.*Received 0"),
        (dict(pool_size=2, spatial_scale=0), "spatial_scale must be a positive number.*Received 0"),
        (dict(pool_size=2, sampling_ratio=0), "sampling_ratio must be a positive integer.*Received 0"),
        (dict(pool_size=2, reduction="sum"), 'reduction must be "mean" or "max". Received \'sum\''),
    ],
)
def test_arguments_are_checked(arguments, message):
    with raises(message):
        ROIAlign(**arguments)
    with raises(message):
        roi_align(np.ones((1, 4, 4, 1)), np.ones((1, 2, 4)), **arguments)


def test_shapes_are_checked():
    with raises(r"rois must have shape \(B, R, 4\).*Received shape \(2, 4\).*rois\[None\]"):
        roi_align(np.ones((1, 4, 4, 1)), np.ones((2, 4)), 2)
