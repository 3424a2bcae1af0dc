import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.layers import ROIPooling, roi_pooling
from tests import reference
from tests.layers.rois import random_rois
from tests.support import (
    assert_close,
    check_gradient,
    check_layer,
    check_saved_copy,
    gradient,
    raises,
    to_numpy,
    ways_to_run,
)

# The map of the lecture's slides (AC 209B, "ROI Pooling").
SLIDE = np.array(
    [
        [0.1, 0.3, 0.2, 0.3, 0.2, 0.6, 0.8, 0.9],
        [0.4, 0.5, 0.1, 0.4, 0.7, 0.1, 0.4, 0.3],
        [0.2, 0.1, 0.3, 0.8, 0.6, 0.2, 0.1, 0.1],
        [0.4, 0.6, 0.2, 0.1, 0.3, 0.6, 0.1, 0.2],
        [0.1, 0.8, 0.3, 0.3, 0.5, 0.3, 0.3, 0.3],
        [0.2, 0.9, 0.4, 0.5, 0.1, 0.1, 0.1, 0.2],
        [0.3, 0.1, 0.8, 0.6, 0.3, 0.3, 0.6, 0.5],
        [0.5, 0.5, 0.2, 0.1, 0.1, 0.2, 0.1, 0.2],
    ],
    "float32",
)[None, :, :, None]
SLIDE_ROI = np.array([[[0, 3, 6, 7]]], "float32")  # columns 0 to 6, rows 3 to 7, end cells included


def distinct_map(rng, shape):
    """Values that differ by at least 0.1, so that no maximum is a tie and finite differences cross none."""
    return (rng.permutation(np.prod(shape)).reshape(shape) * 0.1).astype("float32")


def random_case(seed, batch=2, height=9, width=13, channels=3, num_rois=5, stride=8):
    """A map without ties, and ROIs of every kind."""
    rng = np.random.default_rng(seed)
    rois = random_rois(rng, batch, height, width, num_rois, stride)
    return distinct_map(rng, (batch, height, width, channels)), rois, 1 / stride


def test_the_slides_example():
    # Five rows in two disjoint bins: 3-4 and 5-7. Seven columns: 0-2 and 3-6. Top left: max(.4 .6 .2, .1 .8 .3) = .8.
    pooled = roi_pooling(SLIDE, SLIDE_ROI, 2, overlapping_bins=False)
    assert_close(pooled[0, 0, :, :, 0], [[0.8, 0.6], [0.9, 0.6]])


def test_overlapping_bins_share_the_middle_row():
    # Rows 3-5 and 5-7: row 5 with its 0.9 is in both, so the upper left becomes .9.
    pooled = roi_pooling(SLIDE, SLIDE_ROI, 2, overlapping_bins=True)
    assert_close(pooled[0, 0, :, :, 0], [[0.9, 0.6], [0.9, 0.6]])


@pytest.mark.parametrize("overlapping", [True, False])
@pytest.mark.parametrize("pool_size", [(1, 1), (2, 3), (7, 7)])
@pytest.mark.parametrize("seed", range(4))
def test_equals_the_loop(seed, pool_size, overlapping):
    feature_map, rois, scale = random_case(seed)
    expected = reference.roi_pooling(feature_map, rois, pool_size, scale, overlapping)
    assert_close(roi_pooling(feature_map, rois, pool_size, scale, overlapping), expected)


def test_more_rois_than_a_chunk_equal_the_loop():
    feature_map, rois, scale = random_case(seed=9, batch=1, num_rois=133)
    expected = reference.roi_pooling(feature_map, rois, (2, 2), scale)
    assert_close(roi_pooling(feature_map, rois, 2, scale), expected)


def test_corners_on_half_a_cell_are_rounded_away_from_zero():
    # x1 = 2.5 becomes 3 (ops.round would make it 2) and x2 = 4.5 becomes 5: columns 3 to 5.
    feature_map = np.arange(8, dtype="float32").reshape(1, 1, 8, 1)
    assert_close(roi_pooling(-feature_map, [[[2.5, 0, 4.5, 0]]], 1), [[[[[-3.0]]]]])
    assert_close(roi_pooling(feature_map, [[[2.5, 0, 4.5, 0]]], 1), [[[[[5.0]]]]])


@given(st.integers(0, 10_000), st.integers(1, 5))
def test_pooling_a_whole_map_into_one_bin_is_its_maximum(seed, channels):
    feature_map = np.random.default_rng(seed).normal(size=(1, 6, 7, channels)).astype("float32")
    assert_close(roi_pooling(feature_map, [[[0, 0, 6, 5]]], 1)[0, 0, 0, 0], feature_map[0].max(axis=(0, 1)))


@given(st.integers(0, 10_000))
def test_pooling_keeps_order(seed):
    """A map that is larger everywhere pools to values that are larger everywhere."""
    feature_map, rois, scale = random_case(seed)
    lower, higher = (to_numpy(roi_pooling(m, rois, 3, scale)) for m in (feature_map, feature_map + 1))
    assert (higher >= lower).all()


def test_rois_outside_of_the_map_are_zero():
    assert_close(roi_pooling(np.ones((1, 4, 4, 2)), [[[50, 50, 60, 60]]], 2), np.zeros((1, 1, 2, 2, 2)))


def test_no_rois_give_an_empty_result():
    assert tuple(roi_pooling(np.ones((2, 4, 4, 3)), np.zeros((2, 0, 4)), 7).shape) == (2, 0, 7, 7, 3)


def test_every_way_to_run_agrees():
    feature_map, rois, scale = random_case(seed=5, num_rois=70)
    expected = reference.roi_pooling(feature_map, rois, (3, 2), scale)
    for _, run in ways_to_run(lambda f, r: roi_pooling(f, r, (3, 2), scale)):
        assert_close(run(feature_map, rois), expected)


@pytest.mark.tensorflow_only
def test_sizes_known_only_at_run_time():
    import tensorflow as tf

    unknown = [tf.TensorSpec((None, None, None, 3)), tf.TensorSpec((None, None, 4))]
    traced = tf.function(lambda f, r: roi_pooling(f, r, 2, 1 / 8), input_signature=unknown)
    for case in (random_case(seed=6), random_case(seed=7, batch=1, height=17, num_rois=80)):
        assert_close(traced(*case[:2]), reference.roi_pooling(*case[:2], (2, 2), 1 / 8))


def test_gradient():
    feature_map, rois, scale = random_case(seed=3, batch=1, height=4, width=5, channels=1)
    check_gradient(lambda f: roi_pooling(f, rois, 2, scale), feature_map)


def test_a_tie_passes_on_a_whole_gradient_and_no_more():
    assert_close(gradient(lambda f: roi_pooling(f, [[[0, 0, 5, 5]]], 1), np.zeros((1, 6, 6, 1), "float32")).sum(), 1.0)


def test_layer(tmp_path):
    feature_map, rois, scale = random_case(seed=4)
    layer = ROIPooling((2, 3), spatial_scale=scale, overlapping_bins=False)
    assert_close(check_layer(layer, feature_map, rois), reference.roi_pooling(feature_map, rois, (2, 3), scale, False))
    check_saved_copy(layer, tmp_path / "model.keras", feature_map, rois)


def test_rois_keep_their_precision_under_mixed_precision():
    # 1021.9 / 4 = 255.475 is in cell 255. In float16 the corner would be 1022, and 255.5 is rounded to cell 256.
    feature_map = np.zeros((1, 1, 300, 1), "float32")
    feature_map[0, 0, 256] = 1
    roi = np.array([[[1021.9, 0, 1021.9, 0]]], "float32")
    pooled = ROIPooling(1, spatial_scale=0.25, dtype="mixed_float16")([feature_map, roi])
    assert_close(pooled, np.zeros((1, 1, 1, 1, 1)), "float16")


def test_symbolic_shapes_may_be_unknown():
    feature_map, rois = keras.Input((None, None, 16)), keras.Input((None, 4))
    assert ROIPooling(7)([feature_map, rois]).shape == (None, None, 7, 7, 16)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(pool_size=0), "pool_size must be a positive integer.*Received 0"),
        (dict(pool_size=(2, 2, 2)), r"pool_size must be an integer or a pair.*Received \(2, 2, 2\)"),
        (dict(pool_size=2, spatial_scale=-1), "spatial_scale must be a positive number.*Received -1"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with raises(message):
        ROIPooling(**arguments)
    with raises(message):
        roi_pooling(np.ones((1, 4, 4, 1)), np.ones((1, 2, 4)), **arguments)


@pytest.mark.parametrize(
    ("feature_shape", "rois_shape", "message"),
    [
        ((4, 4, 1), (1, 2, 4), r"feature_map must have shape \(B, H, W, C\).*Received shape \(4, 4, 1\)"),
        ((1, 4, 4, 1), (2, 4), r"rois must have shape \(B, R, 4\).*Received shape \(2, 4\).*rois\[None\]"),
        ((1, 4, 4, 1), (1, 2, 5), r"rois must have shape \(B, R, 4\).*Received shape \(1, 2, 5\)"),
        ((3, 4, 4, 1), (2, 2, 4), "same number of images. Received 3 feature maps and ROIs for 2 images"),
    ],
)
def test_shapes_are_checked(feature_shape, rois_shape, message):
    with raises(message):
        roi_pooling(np.ones(feature_shape), np.ones(rois_shape), 2)
