import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cvkit.tracking import SortFilter
from tests.support import assert_close, raises
from tests.tracking.slow import gaussian_posterior

# u, v, s, r and the velocities of u, v, s, written out.
F = np.array(
    [
        [1, 0, 0, 0, 1, 0, 0],
        [0, 1, 0, 0, 0, 1, 0],
        [0, 0, 1, 0, 0, 0, 1],
        [0, 0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0, 1],
    ]
)
H = np.array([[1, 0, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0, 0]])
P, Q, R = (
    np.diag(values)
    for values in (
        [10.0, 10, 10, 10, 10000, 10000, 10000],
        [1, 1, 1, 1, 0.01, 0.01, 0.0001],
        [1.0, 1, 10, 10],
    )
)


def boxes_of(seed, count):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 50, (count, 2)) + np.arange(count)[:, None] * rng.uniform(-5, 5, 2)
    return np.concatenate([corner, corner + rng.uniform(10, 40, (count, 2))], 1)


def test_hand_worked_first_frames():
    # Box 10 x 20 at centre (5, 10): s = 200, r = 1/2. One frame on, u has variance 10 + 10000 + 1 = 10011 and
    # S = 10012. Seen 4 pixels to the right, u = 5 + 4 · 10011/10012, and its velocity 4 · 10000/10012.
    track = SortFilter([0, 0, 10, 20])
    assert_close(track.kalman.x, [5, 10, 200, 0.5, 0, 0, 0], "float64")
    track.predict()
    assert_close(track.box, [0, 0, 10, 20], "float64")
    track.update([4, 0, 14, 20])
    assert_close(track.kalman.x, [5 + 4 * 10011 / 10012, 10, 200, 0.5, 4 * 10000 / 10012, 0, 0], "float64")
    track.predict()
    assert_close(track.kalman.x[0], 5 + 4 * 20011 / 10012, "float64")


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_equals_the_posterior_with_the_matrices_written_out(seed, steps):
    boxes = boxes_of(seed, steps + 1)
    w, h = (boxes[:, 2:] - boxes[:, :2]).T
    states = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2, w * h, w / h], 1)
    track = SortFilter(boxes[0])
    for box in boxes[1:]:
        if track.kalman.x[2] + track.kalman.x[6] <= 0:
            return  # the box would vanish, and the filter steps in: see below
        track.predict()
        track.update(box)
    mean, covariance = gaussian_posterior([*states[0], 0, 0, 0], P, F, H, Q, R, states[1:])
    np.testing.assert_allclose(track.kalman.x, mean, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(track.kalman.P, covariance, rtol=1e-6, atol=1e-5)


@given(st.integers(0, 2**32 - 1))
def test_a_new_track_is_at_its_box(seed):
    (box,) = boxes_of(seed, 1)
    assert_close(SortFilter(box).box, box, "float64")


def test_a_box_never_shrinks_to_nothing():
    track = SortFilter([0, 0, 40, 40])
    for side in (30, 20, 10):
        track.predict()
        track.update([0, 0, side, side])
    for _ in range(20):
        track.predict()
        x1, y1, x2, y2 = track.box
        assert x1 < x2
        assert y1 < y2


def test_a_box_without_width_or_height_is_refused():
    for box in ([0, 0, 0, 5], [0, 5, 5, 5], [3, 0, 1, 5], [0, 0, np.nan, 5]):
        with raises(r"box must be finite and hold x1 < x2, y1 < y2\. .*Leave out boxes"):
            SortFilter(box)
    with raises(r"box must have shape \(N, 4\)"):
        SortFilter([1, 2, 3])
    track = SortFilter([0, 0, 1, 1])
    with raises("box must be finite"):
        track.update([0, 0, 0, 0])
