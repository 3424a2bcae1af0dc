"""`tracking_scores` against py-motmetrics, on random videos and on those of the MOT challenge."""

import os
from pathlib import Path

import motmetrics
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.data import mot_file, mot_folder
from cvkit.tracking import Sort, iou_tracker, tracking_scores
from tests import reference
from tests.support import examples
from tests.tracking.test_metrics import random_video

COUNTS = {
    "objects": "num_objects",
    "boxes": "num_predictions",
    "matches": "num_detections",
    "misses": "num_misses",
    "false_positives": "num_false_positives",
    "switches": "num_switches",
    "fragmentations": "num_fragmentations",
    "mostly_tracked": "mostly_tracked",
    "partially_tracked": "partially_tracked",
    "mostly_lost": "mostly_lost",
}
RATIOS = ("mota", "idf1", "idp", "idr", "recall", "precision")


def check_against_motmetrics(tracks, truths, threshold=0.5):
    """Every count is equal, and every ratio to 1e-9. motmetrics divides by 0 where there is nothing: we say NaN."""
    events = motmetrics.MOTAccumulator(auto_id=True)
    for track, truth in zip(tracks, truths, strict=True):
        overlap = reference.iou(truth["boxes"], track["boxes"])
        distance = np.where(overlap >= threshold, 1 - overlap, np.nan)
        events.update(truth["ids"], track["ids"], distance)
    names = [*COUNTS.values(), *RATIOS, "motp"]
    peer = motmetrics.metrics.create().compute(events, metrics=names, return_dataframe=False)
    scores = tracking_scores(tracks, truths, threshold)
    assert {ours: getattr(scores, ours) for ours in COUNTS} == {ours: peer[name] for ours, name in COUNTS.items()}
    for name in RATIOS:
        value, theirs = getattr(scores, name), peer[name]
        assert np.isnan(value) if not np.isfinite(theirs) else abs(value - theirs) < 1e-9, name
    if scores.matches:
        assert abs(1 - scores.motp - peer["motp"]) < 1e-9
    return scores


@examples(100)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 10), st.sampled_from([0.25, 0.5, 0.7]))
def test_crowded_videos_with_ties(seed, objects, length, threshold):
    check_against_motmetrics(*random_video(np.random.default_rng(seed), objects, length), threshold)


def walk(rng, count, length):
    """Truth: objects that walk and are sometimes away. Tracks: they shaken, sometimes lost, sometimes swapped."""
    place, speed = rng.uniform(0, 60, (count, 2)), rng.uniform(-4, 4, (count, 2))
    names = np.arange(count)
    videos = [], []
    for t in range(length):
        corner = place + t * speed
        there = np.flatnonzero(rng.random(count) < 0.9)
        boxes = np.concatenate([corner, corner + 20], 1)
        videos[1].append({"boxes": boxes[there], "ids": there})
        if rng.random() < 0.3:
            names[rng.integers(count)] = names.max() + 1
        if rng.random() < 0.2:
            names = rng.permutation(names)
        seen = rng.permutation(count)[: rng.integers(0, count + 1)]
        videos[0].append({"boxes": boxes[seen] + rng.normal(size=(len(seen), 4)) * 2, "ids": names[seen]})
    return videos


@examples(50)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(1, 30))
def test_walking_objects(seed, count, length):
    check_against_motmetrics(*walk(np.random.default_rng(seed), count, length))


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["TUD-Campus", "TUD-Stadtmitte"])
def test_the_sequences_of_the_challenge(name):
    folder = Path(os.environ["CVKIT_DATA"]) / "mot15_tud" / name
    video = mot_folder(folder)
    truths, detections = video["truths"], video["detections"]
    tracker = Sort()
    check_against_motmetrics(mot_file(folder / "tracker_result.txt", len(truths)), truths)
    check_against_motmetrics(iou_tracker(detections), truths)
    check_against_motmetrics([tracker.update(frame["boxes"], frame["scores"]) for frame in detections], truths)
