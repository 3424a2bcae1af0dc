import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.tracking import iou_tracker
from tests import reference
from tests.support import assert_close, raises
from tests.tracking.slow import scene


def frames_of(*boxes, scores=None):
    """One list of boxes a frame, each (x, width); heights are 10."""
    return [
        {
            "boxes": [[x, 0, x + width, 10] for x, width in frame],
            "scores": [0.9] * len(frame) if scores is None else scores[t],
        }
        for t, frame in enumerate(boxes)
    ]


def ids(frames, **options):
    return [frame["ids"].tolist() for frame in iou_tracker(frames, **options)]


def test_hand_worked_case():
    # 12 wide. Moved by 4 the IoU is 8/16, just enough; by 5 it is 7/17.
    frames = frames_of([(0, 12)], [(4, 12), (50, 12)], [(9, 12), (50, 12)], [(9, 12)])
    assert ids(frames) == [[1], [1, 2], [2, 3], [3]]
    tracks = iou_tracker(frames)
    assert_close(tracks[1]["boxes"], [[4, 0, 16, 10], [50, 0, 62, 10]], "float64")
    assert tracks[0]["ids"].dtype == np.int64


def test_a_gap_ends_a_track():
    assert ids(frames_of([(0, 10)], [(0, 10)], [], [(0, 10)], [(0, 10)])) == [[1], [1], [], [2], [2]]


def test_the_older_track_chooses_first():
    # In frame 2 the first track takes x = 0, IoU 1, and the second one begins at 2. In frame 3 only 2 is left: the
    # first track takes it with IoU 10/14, though the second one's is 1.
    frames = frames_of([(0, 12)], [(2, 12), (0, 12)], [(2, 12)])
    assert ids(frames, min_length=1) == [[1], [1, 2], [1]]
    assert_close(iou_tracker(frames, min_length=1)[1]["boxes"][:, 0], [0, 2], "float64")


def test_short_tracks_and_low_scores_are_thrown_away():
    frames = frames_of([(0, 10)], [(0, 10), (50, 10)], [(80, 10)], scores=[[0.3], [0.6, 0.9], [0.9]])
    assert ids(frames) == [[1], [1], []]
    assert ids(frames, high_score=0.7) == [[], [], []]
    assert ids(frames, low_score=0.4) == [[], [], []]
    assert ids(frames, min_length=1) == [[1], [1, 2], [3]]


def test_no_frames_and_no_boxes():
    assert iou_tracker([]) == []
    (frame,) = iou_tracker(frames_of([]))
    assert frame["boxes"].shape == (0, 4)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.2, 0.5]), st.integers(1, 3))
def test_equals_algorithm_1_of_the_paper(seed, threshold, min_length):
    rng = np.random.default_rng(seed)
    boxes, _ = scene(rng, 4, 10)
    scores = [rng.random(len(frame)) for frame in boxes]
    active, finished = [], []
    for t, (frame, values) in enumerate(zip(boxes, scores, strict=True)):
        left, still = [d for d in range(len(frame)) if values[d] >= 0.1], []
        for track in active:
            overlap = {d: reference.iou([boxes[t - 1][track[-1][1]]], [frame[d]])[0, 0] for d in left}
            best = max(overlap, key=overlap.get, default=None)
            if best is not None and overlap[best] >= threshold:
                track.append((t, best))
                left.remove(best)
                still.append(track)
            else:
                finished.append(track)
        active = still + [[(t, d)] for d in left]
    tracks = [track for track in finished + active if len(track) >= min_length]
    tracks = [track for track in tracks if max(scores[t][d] for t, d in track) >= 0.6]
    got = iou_tracker(
        [{"boxes": b, "scores": s} for b, s in zip(boxes, scores, strict=True)], 0.1, 0.6, threshold, min_length
    )
    found = {}
    for t, frame in enumerate(got):
        for place, identity in zip(frame["boxes"], frame["ids"].tolist(), strict=True):
            (d,) = np.flatnonzero((boxes[t] == place).all(1))
            found.setdefault(identity, []).append((t, int(d)))
    assert sorted(found.values()) == sorted(tracks)
    assert [track[0] for _, track in sorted(found.items())] == sorted(track[0] for track in tracks)


@pytest.mark.parametrize(
    ("frames", "options", "words"),
    [
        ([{"boxes": []}], {}, r"frames\[0\] must be a dict with boxes and scores"),
        ([{"boxes": [[0, 0, 1, 1]], "scores": []}], {}, r"frames\[0\]\['scores'\] must be 1 finite numbers"),
        ([], {"iou_threshold": 1.5}, "iou_threshold must be above 0 and at most 1. Received 1.5"),
    ],
)
def test_wrong_input_is_refused(frames, options, words):
    with raises(words):
        iou_tracker(frames, **options)
