import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.data import mot_folder
from cvkit.tracking import Sort, iou_tracker, tracking_scores
from tests.support import assert_close, examples, raises
from tests.tracking import slow


def box(x, y=0):
    return [x, y, x + 10, y + 20]


def ids(tracker, frames):
    return [tracker.update(boxes)["ids"].tolist() for boxes in frames]


def test_hand_worked_first_frames():
    # The filter's own case: u = 5 + 4 · 10011/10012 after the second frame.
    tracker = Sort(min_hits=0)
    assert_close(tracker.update([box(0)])["boxes"], [box(0)], "float64")
    tracks = tracker.update([box(4)])
    shift = 4 * 10011 / 10012
    assert_close(tracks["boxes"], [[shift, 0, shift + 10, 20]], "float64")
    assert tracks["ids"].tolist() == [1]
    assert tracks["ids"].dtype == np.int64


def test_motion_bridges_a_gap_that_overlap_does_not():
    # 6 pixels a frame, 10 wide: the IoU over one missed frame is 0, but the filter expects the box where it comes back.
    frames = [[box(0)], [box(6)], [box(12)], [box(18)], [], [box(30)]]
    assert ids(Sort(min_hits=0, iou_threshold=0.2), frames) == [[1], [1], [1], [1], [], [1]]
    assert ids(Sort(min_hits=0, iou_threshold=0.2, max_age=0), frames) == [[1], [1], [1], [1], [], [2]]


def test_a_track_is_reported_after_min_hits_and_at_once_in_the_first_frames():
    frames = [[box(0)], [box(0)], [box(0)], [box(0), box(50)]] + [[box(0), box(50)]] * 4
    # The second object comes in frame 4: found again in 5, 6 and 7, so reported from 7.
    assert ids(Sort(min_hits=3), frames) == [[1], [1], [1], [1], [1], [1], [1, 2], [1, 2]]
    assert ids(Sort(min_hits=1), frames) == [[1], [1], [1], [1], [1, 2], [1, 2], [1, 2], [1, 2]]


def test_a_miss_begins_the_streak_anew():
    frames = [[box(0)]] * 5 + [[]] + [[box(0)]] * 4
    assert ids(Sort(min_hits=3), frames) == [[1]] * 5 + [[], [], [], [1], [1]]


def test_max_age_counts_missed_frames():
    for gap in range(4):
        frames = [[box(0)]] * 3 + [[]] * gap + [[box(0)]]
        assert ids(Sort(min_hits=0, max_age=2), frames)[-1] == ([1] if gap <= 2 else [2])


def test_scores_choose_detections():
    tracker = Sort(min_hits=0)
    assert tracker.update([box(0), box(50), box(90)], [0.5, 0.49, 0.9])["ids"].tolist() == [1, 2]
    assert_close(tracker.update([box(0), box(90)], [0.1, 0.9])["boxes"], [box(90)], "float64")
    assert Sort(min_hits=0, min_score=0).update([box(0)], [0])["ids"].tolist() == [1]


def test_two_trackers_count_for_themselves():
    assert ids(Sort(), [[box(0)]]) == ids(Sort(), [[box(0)]]) == [[1]]


@examples(200)
@given(
    st.integers(0, 2**32 - 1), st.integers(0, 4), st.integers(0, 3), st.integers(0, 3), st.sampled_from([0.1, 0.3, 0.6])
)
def test_equals_a_slow_tracker(seed, count, max_age, min_hits, threshold):
    frames, _ = slow.scene(np.random.default_rng(seed), count, length=12)
    tracker = Sort(max_age, min_hits, threshold)
    slow.check_same([tracker.update(boxes) for boxes in frames], slow.sort(frames, max_age, min_hits, threshold))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_age": -1}, "max_age must be a whole number of frames from 0. Received -1"),
        ({"min_hits": 1.5}, "min_hits must be a whole number of frames from 0. Received 1.5"),
        ({"iou_threshold": 0}, "iou_threshold must be above 0 and at most 1. Received 0"),
        ({"min_score": 50}, "min_score must be from 0 to 1. Received 50"),
    ],
)
def test_wrong_options_are_refused(options, words):
    with raises(words):
        Sort(**options)


def test_wrong_detections_are_refused():
    with raises(r"boxes must have shape \(N, 4\)"):
        Sort().update(box(0))
    with raises("scores must be 1 finite numbers"):
        Sort().update([box(0)], [0.5, 0.5])
    with raises("boxes must be finite and hold x1 < x2"):
        Sort().update([[0, 0, 0, 5]])


@pytest.mark.real_data
def test_tud_campus_as_its_authors_print_it():
    # The table of the authors' README: recall 68.5, precision 94.3, 15 false, 113 missed, 6 switches, MOTA 62.7. It has
    # MOTP 73.7, 9 fragmentations and 6 of 8 mostly tracked, by the challenge's own kit; we find 72.7, 14 and 5.
    video = mot_folder(Path(os.environ["CVKIT_DATA"]) / "mot15_tud" / "TUD-Campus")
    tracker = Sort()
    tracks = [tracker.update(frame["boxes"], frame["scores"]) for frame in video["detections"]]
    scores = tracking_scores(tracks, video["truths"])
    assert (scores.false_positives, scores.misses, scores.switches) == (15, 113, 6)
    assert f"{scores.recall:.1%} {scores.precision:.1%} {scores.mota:.1%}" == "68.5% 94.3% 62.7%"
    plain = tracking_scores(iou_tracker(video["detections"]), video["truths"])
    assert plain.switches > scores.switches
    assert plain.mota < scores.mota
