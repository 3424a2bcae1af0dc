"""Image pyramid, windows cut out, and calibration."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.transform import downscale_local_mean

from cvkit.detection import (
    CALIBRATION_PATTERNS,
    average_pattern,
    cut_windows,
    image_pyramid,
    mend_boxes,
    pyramid_scales,
    spoil_boxes,
)
from tests.support import assert_close, raises


def test_scales_by_hand():
    # Faces of 40, 80 and 160 pixels; 320 do not fit into a height of 240.
    assert_close(pyramid_scales((240, 320), window=12, smallest=40, factor=2), [0.3, 0.15, 0.075])
    assert pyramid_scales((39, 320), window=12, smallest=40) == []
    assert_close(pyramid_scales((40, 320), window=12, smallest=40), [0.3])


@given(st.integers(20, 400), st.integers(20, 400), st.floats(12, 60), st.floats(1.1, 2))
def test_at_each_scale_the_window_fits_and_at_the_next_it_would_not(height, width, smallest, factor):
    scales = pyramid_scales((height, width), 12, smallest, factor)
    sides = [12 / scale for scale in scales]
    assert all(side <= min(height, width) * (1 + 1e-9) for side in sides)
    assert smallest * factor ** len(sides) > min(height, width) * (1 - 1e-9)
    assert_close(np.divide(sides[1:], sides[:-1]), np.full(max(0, len(sides) - 1), factor))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 0}, "window must be a positive number: pixels. Received 0"),
        ({"smallest": -1}, "smallest must be a positive number"),
        ({"factor": 1}, "factor must be above 1: each square is larger than the one before. Received 1"),
    ],
)
def test_a_pyramid_that_never_ends_is_refused(options, message):
    with raises(message):
        pyramid_scales((100, 100), **({"window": 12, "smallest": 24, "factor": 2} | options))


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype("uint8")


def test_levels_have_the_sizes_asked_for_and_the_first_its_pixels():
    image = noise(30, 40)
    levels = image_pyramid(image, [1.0, 0.5, 0.26])
    assert [level.shape for level in levels] == [(30, 40, 3), (15, 20, 3), (8, 10, 3)]
    assert (levels[0] == image).all()
    flat = image_pyramid(np.full((30, 40, 3), 77, "uint8"), [0.3])[0]
    assert (flat == 77).all()


def test_a_window_of_the_wanted_size_keeps_its_pixels():
    image = noise(20, 30)
    windows = cut_windows(image, [[3, 4, 11, 12], [22, 12, 30, 20]], 8)
    assert (windows[0] == image[4:12, 3:11]).all()
    assert (windows[1] == image[12:20, 22:30]).all()


def test_a_window_is_the_image_scaled_where_a_ramp_stays_a_ramp():
    # A ramp of 3 grey levels a pixel: its value at the middle of pixel j is 3 j, between them linear.
    ramp = np.repeat(np.tile(3 * np.arange(60, dtype="uint8"), (20, 1))[:, :, None], 3, axis=2)
    window = cut_windows(ramp, [[20.0, 4.0, 36.0, 20.0]], 4)[0]  # pixels of 4 x 4: middles at 22, 26, 30 and 34
    assert abs(window[1, 1:3, 0] - 3.0 * (np.array([26, 30]) - 0.5)).max() <= 1
    means = downscale_local_mean(ramp[4:20, 20:36, 0].astype(float), (4, 4))
    assert abs(window[1, 1:3, 0] - means[1, 1:3]).max() <= 1


def test_outside_the_border_goes_on():
    image = noise(6, 6)
    window = cut_windows(image, [[-3, -2, 3, 4]], 6)[0]
    assert (window[2:, 3:] == image[:4, :3]).all()
    assert (window[2:, 0] == image[:4, 0]).all()
    assert (window[0, 3:] == image[0, :3]).all()


def test_no_windows():
    assert cut_windows(noise(6, 6), np.zeros((0, 4)), 12).shape == (0, 12, 12, 3)


@pytest.mark.parametrize(
    ("boxes", "size", "message"),
    [
        ([0, 0, 2, 2], 4, r"boxes must have shape \(N, 4\)"),
        ([[2, 0, 2, 2]], 4, "boxes must have x1 < x2 and y1 < y2"),
        ([[0, 0, 2, 2]], 4.0, "size must be a positive integer"),
    ],
)
def test_windows_that_cannot_be_cut(boxes, size, message):
    with raises(message):
        cut_windows(noise(6, 6), boxes, size)


def test_the_patterns_are_those_of_the_paper():
    assert CALIBRATION_PATTERNS.shape == (45, 3)
    assert sorted(set(CALIBRATION_PATTERNS[:, 0])) == [0.83, 0.91, 1.0, 1.10, 1.21]
    assert sorted(set(CALIBRATION_PATTERNS[:, 1])) == [-0.17, 0.0, 0.17]
    assert len({tuple(row) for row in CALIBRATION_PATTERNS}) == 45
    assert CALIBRATION_PATTERNS[22].tolist() == [1, 0, 0]


def test_mending_by_hand():
    # x = 10, w = 20, s = 0.8, a = 0.2, b = -0.2: x' = 10 - 0.2 * 20 / 0.8 = 5, y' = 10 + 5 = 15, w' = 25.
    assert_close(mend_boxes([[10, 10, 30, 30]], [0.8, 0.2, -0.2]), [[5, 15, 30, 40]])


@given(st.integers(0, 44), st.integers(0, 10_000))
def test_what_is_spoilt_can_be_mended(pattern, seed):
    corner = np.random.default_rng(seed).uniform(0, 100, (3, 2))
    boxes = np.concatenate([corner, corner + np.array([30, 40])], axis=1)
    spoilt = spoil_boxes(boxes, CALIBRATION_PATTERNS[pattern])
    assert_close(mend_boxes(spoilt, CALIBRATION_PATTERNS[pattern]), boxes)


def test_the_average_by_hand():
    probabilities = np.zeros((3, 45))
    probabilities[0, [22, 4]] = 0.6, 0.3  # (1, 0, 0) and (0.83, 0, 0)
    probabilities[1, [0, 44]] = 0.95, 0.05  # the second does not count
    probabilities[2] = 1 / 45  # none is above the threshold, all are equally likely
    found = average_pattern(probabilities, threshold=0.1)
    assert_close(found, [[0.915, 0, 0], [0.83, -0.17, -0.17], [1.01, 0, 0]])
    assert average_pattern(np.zeros((0, 45))).shape == (0, 3)


def test_shapes_that_do_not_fit():
    with raises(r"boxes must have shape \(N, 4\)"):
        mend_boxes([0, 0, 1, 1], [1, 0, 0])
    with raises(r"probabilities must have shape \(N, 45\)"):
        average_pattern(np.zeros((2, 44)))
