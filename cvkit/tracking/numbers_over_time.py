"""Which track lies on which object, frame by frame: what a tracker did, object by object."""

import numpy as np

from cvkit.tracking.association import assign, pairwise_iou
from cvkit.tracking.frames import read_frames
from cvkit.tracking.options import check_iou_threshold


def numbers_over_time(tracks, truths, iou_threshold=0.5):
    """The number of the track that lies on each true object in each frame.

    In each frame as many objects and tracks as can be are paired, by the largest sum of IoU.

    Args:
        tracks: list of T dicts, one a frame: "boxes" (n, 4), corners x1, y1, x2, y2 in pixels, and "ids" (n,), whole
            numbers from 1. [] for none.
        truths: list of T dicts, likewise.
        iou_threshold: the least IoU of a pair, above 0 and at most 1. Equal is enough.

    Returns:
        Pair of the objects' identities, int64 (k,), in ascending order, and float64 (k, T): the number of the track, 0
        where none lies on the object, NaN where the object is not in the frame.

    Raises:
        ValueError: an input is no such list, the lists differ in length, a track's number is below 1, or the threshold
            is out of its range.

    Example:
        >>> truths = [{"boxes": [[t, 0, t + 10, 20]], "ids": [7]} for t in range(3)] + [{"boxes": [], "ids": []}]
        >>> tracks = [{"boxes": [[0, 0, 10, 20]], "ids": [n]} for n in (1, 2)] + [{"boxes": [], "ids": []}] * 2
        >>> ids, table = numbers_over_time(tracks, truths)
        >>> ids.tolist(), table.tolist()
        ([7], [[1.0, 2.0, 0.0, nan]])

    Reference: `tracking_scores` keeps an object with its last track where it can; here each frame is paired anew.
    """
    tracks, truths = read_frames("tracks", tracks, "ids"), read_frames("truths", truths, "ids")
    if len(tracks) != len(truths):
        raise ValueError(
            f"tracks and truths must have as many frames. Received {len(tracks)} and {len(truths)}. "
            "Give {'boxes': [], 'ids': []} for a frame without any."
        )
    check_iou_threshold(iou_threshold)
    for _, numbers in tracks:
        if (numbers < 1).any():
            raise ValueError(f"tracks must have numbers from 1, as 0 stands for none. Received {numbers.min()}.")
    ids = np.unique(np.concatenate([np.zeros(0, "int64"), *(numbers for _, numbers in truths)]))
    table = np.full((len(ids), len(truths)), np.nan)
    for t, ((found, numbers), (boxes, identities)) in enumerate(zip(tracks, truths, strict=True)):
        rows = np.searchsorted(ids, identities)
        table[rows, t] = 0
        for i, j in assign(1 - pairwise_iou(boxes, found), max_cost=1 - iou_threshold, most_pairs=True):
            table[rows[i], t] = numbers[j]
    return ids, table
