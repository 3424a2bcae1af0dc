import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.tracking import DeepSort, Sort
from cvkit.tracking.deep_sort import GATE
from tests.support import assert_close, examples, raises
from tests.tracking import slow

RED, GREEN, BLUE = np.eye(3)


def box(x, y=0):
    return [x, y, x + 20, y + 40]


def ids(tracker, frames):
    """`frames`: lists of (box, feature)."""
    return [
        tracker.update([place for place, _ in frame], None, [look for _, look in frame])["ids"].tolist()
        for frame in frames
    ]


def test_the_gate_is_the_chi_square_quantile():
    # Table of the chi-square distribution: 0.95 and four degrees of freedom.
    assert_close(GATE, 9.487729036781154, "float64")


def test_an_object_that_was_hidden_keeps_its_number():
    frames = [[(box(3 * t), RED)] if t < 5 or t > 14 else [] for t in range(20)]
    # Confirmed in its third frame, then hidden for ten.
    expected = [[]] * 2 + [[1]] * 3 + [[]] * 10 + [[1]] * 5
    assert ids(DeepSort(), frames) == expected
    # Seen again eleven frames after the last time.
    assert ids(DeepSort(max_age=11), frames) == expected
    assert ids(DeepSort(max_age=10), frames)[15:] == [[], [], [2], [2], [2]]
    sort = Sort(min_hits=2)
    assert [sort.update([place for place, _ in frame])["ids"].tolist() for frame in frames][-1] == [2]


def test_appearance_tells_apart_what_stands_in_one_place():
    # Two objects change places in one frame, 12 pixels: for the boxes alone they have stayed.
    still = [[(box(0), RED), (box(12), GREEN)]] * 4
    tracker = DeepSort()
    ids(tracker, still)
    tracks = tracker.update([box(0), box(12)], None, [GREEN, RED])
    assert tracks["ids"].tolist() == [1, 2]
    assert tracks["boxes"][0, 0] > tracks["boxes"][1, 0]  # number 1 is the one on the right now


def test_a_track_on_trial_ends_at_its_first_miss():
    frames = [[(box(0), RED)]] * 2 + [[]] + [[(box(0), RED)]] * 3
    assert ids(DeepSort(), frames) == [[]] * 5 + [[2]]
    assert ids(DeepSort(min_hits=1), frames) == [[1], [1], [], [1], [1], [1]]


def test_a_track_on_trial_is_not_found_by_appearance():
    assert ids(DeepSort(min_hits=2), [[(box(0), RED)], [(box(21), RED)], [(box(21), RED)]]) == [[], [], [2]]


def test_the_gate_keeps_look_alikes_apart():
    # 40 high: the position's deviation is some 4 pixels; 200 pixels away is another one, however alike.
    assert ids(DeepSort(min_hits=1), [[(box(0), RED)]] * 3 + [[(box(200), RED)]]) == [[1]] * 3 + [[2]]


def test_the_track_that_was_seen_last_comes_first():
    # Red is hidden, and purple stands where it was. A detection that looks more like red (cosine distances 0.02 and
    # 0.15) goes to purple, which was seen in the last frame. When both were, the look decides.
    purple, between = ([np.cos(angle), 0, np.sin(angle)] for angle in np.radians([43, 11.5]))
    begin = [[(box(0), RED), (box(3), purple)]] * 4
    assert ids(DeepSort(), [*begin, [(box(3), purple)], [(box(1), between)]])[-1] == [2]
    assert ids(DeepSort(), [*begin, [(box(1), between)]])[-1] == [1]


def test_overlap_saves_a_track_whose_look_changes_at_once():
    frames = [[(box(0), RED)]] * 4
    assert ids(DeepSort(), [*frames, [(box(1), GREEN)]])[-1] == [1]
    # Not after a gap: then only the look counts.
    assert ids(DeepSort(), [*frames, [], [(box(1), GREEN)]])[-1] == []


def test_the_gallery_remembers_and_forgets():
    looks = [RED] * 3 + [GREEN] * 3
    frames = [[(box(0), look)] for look in looks] + [[], [(box(0), RED)]]
    assert ids(DeepSort(), frames)[-1] == [1]
    assert ids(DeepSort(gallery_size=3), frames)[-1] == []
    assert ids(DeepSort(gallery_size=4), frames)[-1] == [1]


def test_cosine_distance_does_not_see_length():
    for scale in (0.01, 100):  # both without a frame of overlap; the two looks are 60 degrees apart
        frames = [[(box(0), RED * scale)]] * 3 + [[]]
        assert ids(DeepSort(), [*frames, [(box(0), RED * 0.01)]])[-1] == [1]
        assert ids(DeepSort(), [*frames, [(box(0), (RED + 3**0.5 * GREEN) * 100)]])[-1] == []


def test_scores_choose_detections_and_their_features():
    tracker = DeepSort(min_hits=1)
    places, looks = [box(0), box(100), box(200)], [RED, GREEN, BLUE]
    assert tracker.update(places, [0.9, 0.2, 0.3], looks)["ids"].tolist() == [1, 2]
    tracker.update([], [], [])  # after a gap only the look counts
    tracks = tracker.update(places, [0.1, 0.2, 0.9], looks)
    assert tracks["ids"].tolist() == [2]
    assert_close(tracks["boxes"], [box(200)], "float64")


@examples(200)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 4),
    st.sampled_from([0, 1, 5]),
    st.integers(0, 3),
    st.sampled_from([0.1, 0.3, 0.6]),
    st.sampled_from([1, 3, 100]),
)
def test_equals_a_slow_tracker(seed, count, max_age, min_hits, threshold, gallery_size):
    frames, features = slow.scene(np.random.default_rng(seed), count, length=12)
    options = dict(max_age=max_age, min_hits=min_hits, iou_threshold=threshold, gallery_size=gallery_size)
    tracker = DeepSort(**options)
    reports = [tracker.update(boxes, None, looks) for boxes, looks in zip(frames, features, strict=True)]
    slow.check_same(reports, slow.deep_sort(frames, features, max_cosine_distance=0.2, **options))


def test_a_box_that_collapses_is_followed():
    frames = [[([0, 0, 100, 100], RED)], [([45, 45, 50, 50], RED)]] + [[([45, 45, 50, 50], RED)]] * 3
    for tracker in (DeepSort(min_hits=1), DeepSort(min_hits=1, iou_threshold=0.001)):
        assert all(ids(tracker, frames))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_age": True}, "max_age must be a whole number of frames from 0. Received True"),
        ({"max_cosine_distance": 0}, "max_cosine_distance must be above 0 and at most 2. Received 0"),
        ({"gallery_size": 0}, "gallery_size must be a positive integer. Received 0"),
    ],
)
def test_wrong_options_are_refused(options, words):
    with raises(words):
        DeepSort(**options)


def test_wrong_features_are_refused():
    with raises(r"features must have shape \(1, D\), a finite row for each box\. Received shape \(2, 3\)"):
        DeepSort().update([box(0)], None, [RED, RED])
    with raises(r"features must have shape \(1, D\).* Received shape \(3,\)"):
        DeepSort().update([box(0)], None, RED)
    with raises("features must not be zero"):
        DeepSort().update([box(0)], None, [RED * 0])
    with raises(r"features must have shape \(1, D\), a finite row"):
        DeepSort().update([box(0)], None, [RED * np.nan])
