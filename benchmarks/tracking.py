"""SORT on two sequences of the MOT challenge, from its authors' detections, beside a plain IoU tracker."""

import os
import time
from pathlib import Path

from cvkit.data import mot_folder
from cvkit.tracking import Sort, iou_tracker, tracking_scores

FOLDER = "mot15_tud"
PUBLISHED = {"TUD-Campus": 0.627, "TUD-Stadtmitte": None}  # MOTA of SORT, in the table of its authors' README


def run(name):
    """The line of the table, and whether SORT does better than the plain one, and as its authors print."""
    video = mot_folder(Path(os.environ["CVKIT_DATA"]) / FOLDER / name)
    detections, truths = video["detections"], video["truths"]
    tracker = Sort()
    start = time.perf_counter()
    tracks = [tracker.update(frame["boxes"], frame["scores"]) for frame in detections]
    frames = len(detections) / (time.perf_counter() - start)
    sort, plain = (tracking_scores(found, truths) for found in (tracks, iou_tracker(detections)))
    published = PUBLISHED[name]
    authors = "" if published is None else f" (its authors: {published:.1%})"
    line = (
        f"{name:14} {len(truths)} frames: SORT MOTA {sort.mota:.1%}{authors}, IDF1 {sort.idf1:.1%}, {sort.switches} "
        f"switches, {frames:.0f} frames a second; IoU tracker MOTA {plain.mota:.1%}, IDF1 {plain.idf1:.1%}, "
        f"{plain.switches} switches"
    )
    better = sort.mota > plain.mota and sort.idf1 > plain.idf1 and sort.switches < plain.switches
    return line, better and (published is None or abs(sort.mota - published) <= 0.0005)
