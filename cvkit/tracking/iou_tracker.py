"""The plainest tracker: an object is where it was, so a box goes with the box that it overlaps most."""

import numpy as np

from cvkit.tracking.association import pairwise_iou
from cvkit.tracking.frames import read_frames
from cvkit.tracking.options import check_iou_threshold


def iou_tracker(frames, low_score=0.0, high_score=0.5, iou_threshold=0.5, min_length=2):
    """Link boxes of consecutive frames by overlap, without motion and without bridging gaps.

    Each track in turn, oldest first, takes the free detection that overlaps most with its last box, if their IoU
    reaches the threshold; otherwise it ends. Detections that no track takes begin new ones. At the end, tracks are
    thrown away that are too short, or have no detection of a high score.

    Args:
        frames: list of dicts, one a frame: "boxes" (N, 4), corners x1, y1, x2, y2 in pixels, and "scores" (N,).
        low_score: detections below it are left out.
        high_score: the best detection of a track must reach it.
        iou_threshold: the least IoU of consecutive boxes, above 0 and at most 1.
        min_length: the fewest frames of a track.

    Returns:
        List of dicts, one a frame: "boxes" float64 (K, 4), the detections, and "ids" int64 (K,), from 1 in the order in
        which the tracks begin.

    Raises:
        ValueError: `frames` is no such list, or the threshold is out of its range.

    Example:
        >>> frames = [{"boxes": [[x, 0, x + 10, 20]], "scores": [0.9]} for x in (0, 2, 4, 50, 52)]
        >>> [frame["ids"].tolist() for frame in iou_tracker(frames)]
        [[1], [1], [1], [2], [2]]

    Reference:
        Bochinski, Eiselein and Sikora, "High-Speed Tracking-by-Detection Without Using Image Information", 2017,
        algorithm 1; defaults as in the authors' code. As there, and other than in SORT, the whole video must be there
        before the first track is known to be one.
    """
    frames = read_frames("frames", frames, "scores")
    check_iou_threshold(iou_threshold)
    active, tracks = [], []  # a track is a list of (frame, box, score)
    for number, (boxes, scores) in enumerate(frames):
        free = np.flatnonzero(scores >= low_score)
        kept = []
        for track in active:
            overlap = pairwise_iou([track[-1][1]], boxes[free])[0]
            if overlap.size and overlap.max() >= iou_threshold:
                best = free[overlap.argmax()]
                track.append((number, boxes[best], scores[best]))
                free = free[free != best]
                kept.append(track)
        begun = [[(number, boxes[d], scores[d])] for d in free]
        active = kept + begun
        tracks += begun
    tracks = [track for track in tracks if len(track) >= min_length and max(s for *_, s in track) >= high_score]
    found = [{"boxes": [], "ids": []} for _ in frames]
    for identity, track in enumerate(tracks, 1):
        for number, box, _ in track:
            found[number]["boxes"].append(box)
            found[number]["ids"].append(identity)
    return [{"boxes": np.reshape(f["boxes"], (-1, 4)), "ids": np.array(f["ids"], "int64")} for f in found]
