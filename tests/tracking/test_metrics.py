import dataclasses
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.data import mot_file
from cvkit.tracking import tracking_scores
from tests.support import assert_close, raises


def frame(*pairs):
    """Pairs of a number and x: boxes 10 x 10 at x."""
    return {"boxes": [[x, 0, x + 10, 10] for _, x in pairs], "ids": [identity for identity, _ in pairs]}


def test_hand_worked_case():
    # Boxes of ten pixels, moved by 2: IoU 8/12. Objects 1 at 0 and 2 at 100, five frames.
    truths = [frame((1, 0), (2, 100))] * 5
    tracks = [
        frame((7, 0), (8, 100)),  # both matched
        frame((7, 2), (8, 100), (9, 0)),  # 1 keeps 7 at 2/3, though 9 fits better: 9 is false
        frame((9, 0)),  # 1 switches to 9; 2 is missed
        frame((7, 0), (8, 90)),  # 1 switches back; 2 is missed, for 90 touches nothing of it: false
        frame((7, 0), (8, 98)),  # both matched, 2 found again: a fragmentation, no switch
    ]
    scores = tracking_scores(tracks, truths)
    assert (scores.objects, scores.boxes, scores.matches) == (10, 10, 8)
    assert (scores.misses, scores.false_positives, scores.switches, scores.fragmentations) == (2, 2, 2, 1)
    assert_close([scores.mota, scores.motp], [1 - 6 / 10, (6 + 2 * 8 / 12) / 8], "float64")
    assert_close([scores.recall, scores.precision], [8 / 10, 8 / 10], "float64")
    # Over the whole video 1 is 7's in frames 1, 2, 4, 5 and 2 is 8's in 1, 2, 5: IDTP 7.
    assert_close([scores.idf1, scores.idp, scores.idr], [14 / 20, 7 / 10, 7 / 10], "float64")
    # 1 is matched in all frames; 2 in three of five.
    assert (scores.mostly_tracked, scores.partially_tracked, scores.mostly_lost) == (1, 1, 0)


def test_a_match_is_kept_over_frames_without_the_object():
    # As in the paper, what an object was last matched with is remembered: 7 comes back as 8.
    gone = frame()
    scores = tracking_scores([frame((7, 0)), gone, frame((8, 0))], [frame((1, 0)), gone, frame((1, 0))])
    assert (scores.switches, scores.fragmentations) == (1, 0)


def test_as_many_matches_as_can_be_come_before_the_best():
    # Objects at 0 and 2; boxes at 1 and 4. The best pairs alone would be (0, 1) or (2, 1) at 9/11, and nothing or
    # (2, 4) at 8/12 beside it. IoU of 0 and 4 is 6/14, too little.
    scores = tracking_scores([frame((7, 1), (8, 4))], [frame((1, 0), (2, 2))])
    assert scores.matches == 2
    assert_close(scores.motp, (9 / 11 + 8 / 12) / 2, "float64")

    # Also before one perfect match: a box at 6 and one at 12 for objects at 0 and 6, IoU 4/16 twice rather than 1 once.
    scores = tracking_scores([frame((7, 6), (8, 12))], [frame((1, 0), (2, 6))], iou_threshold=0.25)
    assert (scores.matches, scores.motp) == (2, 0.25)


def test_a_fragmentation_is_a_gap_that_ends():
    for times, gaps in (("101", 1), ("1001", 1), ("10101", 2), ("0110", 0), ("100", 0), ("0", 0)):
        tracks = [frame(*[(7, 0)] * int(there)) for there in times]
        assert tracking_scores(tracks, [frame((1, 0))] * len(times)).fragmentations == gaps


def test_of_two_objects_that_had_one_track_the_first_keeps_it():
    truths = [frame((1, 0)), frame((2, 0)), frame((1, 0), (2, 1))]
    scores = tracking_scores([frame((7, 0)), frame((7, 0)), frame((7, 1))], truths)
    assert (scores.matches, scores.misses, scores.switches) == (3, 1, 0)
    assert_close(scores.motp, (1 + 1 + 9 / 11) / 3, "float64")


def test_an_iou_equal_to_the_threshold_is_enough():
    tracks, truths = [{"boxes": [[0, 0, 10, 5]], "ids": [1]}], [frame((1, 0))]
    assert tracking_scores(tracks, truths).matches == 1
    assert tracking_scores(tracks, truths, iou_threshold=0.51).matches == 0


def test_tracked_in_80_per_cent_and_lost_below_20():
    truths = [frame((1, 0), (2, 100), (3, 200))] * 10
    tracks = [frame(*[(7, 0)] * (t < 8), *[(8, 100)] * (t < 2), *[(9, 200)] * (t < 1)) for t in range(10)]
    scores = tracking_scores(tracks, truths)
    assert (scores.mostly_tracked, scores.partially_tracked, scores.mostly_lost) == (1, 1, 1)


def random_video(rng, objects=4, length=8):
    truths, tracks = [], []
    for _ in range(length):
        for frames, width in ((truths, objects), (tracks, objects + 1)):
            ids = rng.permutation(10)[: rng.integers(0, width)]
            frames.append(frame(*[(identity, int(rng.integers(0, 8))) for identity in ids.tolist()]))
    return tracks, truths


@given(st.integers(0, 2**32 - 1))
def test_properties(seed):
    rng = np.random.default_rng(seed)
    tracks, truths = random_video(rng)
    scores = tracking_scores(tracks, truths)
    assert scores.matches + scores.misses == scores.objects
    assert scores.matches + scores.false_positives == scores.boxes
    # Other names for the tracks change nothing; ties are broken by place, so the order is kept.
    names = rng.permutation(100)
    renamed = [{**one, "ids": names[one["ids"]] if one["ids"] else []} for one in tracks]
    assert repr(tracking_scores(renamed, truths)) == repr(scores)
    if scores.objects:
        perfect = tracking_scores(truths, truths)
        ratios = ("mota", "motp", "idf1", "idp", "idr", "recall", "precision")
        assert [getattr(perfect, name) for name in ratios] == [1] * 7
        assert scores.mota <= scores.recall
        other = tracking_scores(truths, tracks)  # precision and recall change sides
        if scores.boxes:
            assert_close([other.idf1, other.idp, other.idr], [scores.idf1, scores.idr, scores.idp], "float64")


def test_nothing_to_find_and_nothing_found():
    scores = tracking_scores([frame()], [frame()])
    assert all(math.isnan(value) for value in dataclasses.astuple(scores)[:7])
    assert dataclasses.astuple(scores)[7:] == (0,) * 10
    scores = tracking_scores([], [])
    assert math.isnan(scores.mota)
    scores = tracking_scores([frame((7, 0))], [frame()])
    assert (scores.false_positives, scores.idp, scores.precision, scores.idf1) == (1, 0, 0, 0)
    assert math.isnan(scores.mota)
    scores = tracking_scores([frame()], [frame((1, 0))])
    assert (scores.misses, scores.mota, scores.idf1, scores.mostly_lost) == (1, 0, 0, 1)
    assert math.isnan(scores.motp)


def test_wrong_input_is_refused():
    with raises(r"tracks and truths must have as many frames\. Received 0 and 1\. Give {'boxes': \[\]"):
        tracking_scores([], [frame()])
    with raises("iou_threshold must be above 0 and at most 1. Received 0"):
        tracking_scores([], [], iou_threshold=0)
    with raises(r"tracks\[0\]\['ids'\] must be whole numbers, each once in a frame"):
        tracking_scores([frame((7, 0), (7, 5))], [frame()])
    with raises(r"truths\[0\] must be a dict with boxes and ids"):
        tracking_scores([frame()], [{"boxes": []}])


# The table in py-motmetrics' README, made from these files by its own code.
PUBLISHED = {
    "TUD-Campus": "55.8% 73.0% 45.1% 58.2% 94.1% 1 6 1 13 150 7 7 52.6% 0.277",
    "TUD-Stadtmitte": "64.5% 82.0% 53.1% 60.9% 94.0% 5 4 1 45 452 7 6 56.4% 0.346",
}


@pytest.mark.real_data
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_table_of_py_motmetrics(name):
    folder = Path(os.environ["CVKIT_DATA"]) / "mot15_tud" / name
    truths = mot_file(folder / "gt.txt")
    s = tracking_scores(mot_file(folder / "tracker_result.txt", len(truths)), truths)
    ratios = " ".join(f"{value:.1%}" for value in (s.idf1, s.idp, s.idr, s.recall, s.precision))
    counts = [s.mostly_tracked, s.partially_tracked, s.mostly_lost, s.false_positives, s.misses]
    counts += [s.switches, s.fragmentations]
    assert f"{ratios} {' '.join(map(str, counts))} {s.mota:.1%} {1 - s.motp:.3f}" == PUBLISHED[name]
