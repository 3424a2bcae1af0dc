import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cvkit.tracking import DeepSortFilter
from tests.support import assert_close, raises
from tests.tracking.test_sort_filter import boxes_of


def state(box):
    w, h = box[2] - box[0], box[3] - box[1]
    return np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2, w / h, h])


def test_hand_worked_case():
    # Height 20: the position's deviation is first 2 · 20/20 = 2, the velocity's 10 · 20/160 = 1.25. One frame on, the
    # variance is 4 + 1.5625 + (20/20)² = 6.5625, and measured with (20/20)² it is S = 7.5625. For the shape it is
    # 1e-4 + 1e-10 + 1e-4 and + 0.01. Three pixels aside are 9 / 7.5625.
    track = DeepSortFilter([0, 0, 10, 20])
    assert_close(track.kalman.x, [5, 10, 0.5, 20, 0, 0, 0, 0], "float64")
    assert_close(track.box, [0, 0, 10, 20], "float64")
    track.predict()
    _, S = track.kalman.measurement()
    assert_close(S, np.diag([7.5625, 7.5625, 0.0102000001, 7.5625]), "float64")
    assert_close(track.distance([[3, 0, 13, 20], [0, 0, 10, 20]]), [9 / 7.5625, 0], "float64")
    assert_close(track.distance([[0, 0, 14, 20]]), [4 / 7.5625 + 0.04 / 0.0102000001], "float64")
    track.update([3, 0, 13, 20])
    assert_close(track.kalman.x[[0, 4]], [5 + 3 * 6.5625 / 7.5625, 3 * 1.5625 / 7.5625], "float64")


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_equals_the_filter_in_josephs_form(seed, steps):
    boxes = boxes_of(seed, steps + 1)
    track = DeepSortFilter(boxes[0])
    x, h = np.concatenate([state(boxes[0]), np.zeros(4)]), boxes[0][3] - boxes[0][1]
    P = np.diag([h / 10, h / 10, 0.01, h / 10, h / 16, h / 16, 1e-5, h / 16]) ** 2
    F, H = np.block([[np.eye(4), np.eye(4)], [np.zeros((4, 4)), np.eye(4)]]), np.eye(4, 8)
    for box in boxes[1:]:
        h = x[3]
        x, P = F @ x, F @ P @ F.T + np.diag([h / 20, h / 20, 0.01, h / 20, h / 160, h / 160, 1e-5, h / 160]) ** 2
        R = np.diag([x[3] / 20, x[3] / 20, 0.1, x[3] / 20]) ** 2
        error, S = state(box) - H @ x, H @ P @ H.T + R
        track.predict()
        np.testing.assert_allclose(track.distance([box]), [error @ np.linalg.inv(S) @ error], rtol=1e-6)
        K = P @ H.T @ np.linalg.inv(S)
        x = x + K @ error
        P = (np.eye(8) - K @ H) @ P @ (np.eye(8) - K @ H).T + K @ R @ K.T
        track.update(box)
        np.testing.assert_allclose(track.kalman.x, x, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(track.kalman.P, P, rtol=1e-6, atol=1e-6)


def test_a_tall_box_may_move_further():
    near, far = DeepSortFilter([0, 0, 40, 80]), DeepSortFilter([0, 0, 10, 20])
    for track in (near, far):
        track.predict()
    assert_close(near.distance([[12, 0, 52, 80]]), far.distance([[3, 0, 13, 20]]), "float64")


def test_a_box_never_shrinks_to_nothing():
    track = DeepSortFilter([0, 0, 100, 100])
    track.predict()
    track.update([0, 0, 5, 5])
    assert track.kalman.x[3] + track.kalman.x[7] < 0
    for _ in range(20):
        track.predict()
        x1, y1, x2, y2 = track.box
        assert x1 < x2
        assert y1 < y2


def test_no_boxes_have_no_distances():
    assert DeepSortFilter([0, 0, 1, 1]).distance([]).shape == (0,)


def test_a_box_without_width_or_height_is_refused():
    with raises("box must be finite and hold x1 < x2"):
        DeepSortFilter([0, 0, 0, 5])
    track = DeepSortFilter([0, 0, 1, 1])
    with raises("box must be finite and hold x1 < x2"):
        track.update([0, 0, 1, 0])
    with raises("box must be finite and hold x1 < x2"):
        track.distance([[0, 0, 1, 0]])
