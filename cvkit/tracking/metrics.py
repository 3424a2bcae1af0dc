"""How well a tracker did: MOTA, MOTP and IDF1, and the counts behind them."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from cvkit.tracking.association import assign, pairwise_iou
from cvkit.tracking.frames import read_frames
from cvkit.tracking.options import check_iou_threshold


@dataclass(frozen=True)
class TrackingScores:
    """What `tracking_scores` found. A ratio of nothing to nothing is NaN.

    Attributes:
        mota: 1 - (misses + false positives + switches) / objects; below 0 if there are more errors than objects.
        motp: mean IoU of the matches.
        idf1, idp, idr: F1, precision and recall of boxes that carry the right number throughout.
        recall, precision: share of the objects that are matched, and of the tracks' boxes.
        objects, boxes: how many there are of each, over all frames.
        matches, misses, false_positives: objects with and without a box, boxes without an object.
        switches: matches of an object with another track than the last time.
        fragmentations: times an object is lost and found again.
        mostly_tracked, partially_tracked, mostly_lost: how many of the true tracks are matched in at least 80 per cent
            of their frames, in between, and in less than 20.
    """

    mota: float
    motp: float
    idf1: float
    idp: float
    idr: float
    recall: float
    precision: float
    objects: int
    boxes: int
    matches: int
    misses: int
    false_positives: int
    switches: int
    fragmentations: int
    mostly_tracked: int
    partially_tracked: int
    mostly_lost: int


def tracking_scores(tracks, truths, iou_threshold=0.5):
    r"""Compare the tracks of a video with the true ones.

    $$\mathrm{MOTA} = 1 - \frac{\text{misses} + \text{false positives} + \text{switches}}{\text{objects}}, \qquad
      \mathrm{IDF1} = \frac{2\,\mathrm{IDTP}}{\text{objects} + \text{boxes}}$$

    MOTA (CLEAR MOT) matches frame by frame. An object keeps the track that it was last matched with, if that is in the
    frame and their IoU reaches the threshold, even if another box fits better; the rest are matched so that as many as
    can be are, and then with the largest sum of IoU. If an object's track is another one than the last time, that is a
    switch.

    IDF1 matches once for the whole video: each true track with at most one track. IDTP counts the frames in which the
    two overlap by the threshold, and the match is the one with the most. A tracker that loses an object halfway and
    goes on under a new number has one switch and hardly any less MOTA, but half the IDTP.

    Args:
        tracks: list of dicts, one a frame: "boxes" (N, 4), corners x1, y1, x2, y2 in pixels, and "ids" (N,), whole
            numbers. [] for none.
        truths: list of dicts, likewise, of the same frames.
        iou_threshold: the least IoU of a match, above 0 and at most 1. Equal is enough.

    Returns:
        A `TrackingScores`.

    Raises:
        ValueError: an input is no such list, the lists differ in length, a number occurs twice in a frame, or the
            threshold is out of its range.

    Example:
        >>> truths = [{"boxes": [[t, 0, t + 10, 20]], "ids": [7]} for t in range(4)]
        >>> tracks = [{"boxes": [[t, 0, t + 10, 20]], "ids": [1 if t < 2 else 2]} for t in range(4)]
        >>> scores = tracking_scores(tracks, truths)  # every box is right, but the number changes once
        >>> scores.switches, scores.mota, scores.idf1
        (1, 0.75, 0.5)

    Reference:
        Bernardin and Stiefelhagen, "Evaluating Multiple Object Tracking Performance: The CLEAR MOT Metrics", 2008,
        section 2 (MOTP there is a distance; here the mean IoU, as in the MOT challenge); Ristani et al., "Performance
        Measures and a Data Set for Multi-Target, Multi-Camera Tracking", 2016, arXiv 1609.01775, section 4; Leal-Taixé
        et al., "MOTChallenge 2015", arXiv 1504.01942, section 4. The numbers are those of py-motmetrics.
    """
    tracks, truths = read_frames("tracks", tracks, "ids"), read_frames("truths", truths, "ids")
    if len(tracks) != len(truths):
        raise ValueError(
            f"tracks and truths must have as many frames. Received {len(tracks)} and {len(truths)}. "
            "Give {'boxes': [], 'ids': []} for a frame without any."
        )
    check_iou_threshold(iou_threshold)
    overlaps = [pairwise_iou(truth, track) for (truth, _), (track, _) in zip(truths, tracks, strict=True)]
    objects, boxes = (sum(len(ids) for _, ids in frames) for frames in (truths, tracks))
    found, switches, total = _match_frames(tracks, truths, overlaps, iou_threshold)
    matches = sum(sum(times) for times in found.values())
    shares = np.array([np.mean(times) for times in found.values()])
    right = _identity_matches(tracks, truths, overlaps, iou_threshold)
    errors = (objects - matches) + (boxes - matches) + switches
    return TrackingScores(
        mota=1 - _ratio(errors, objects),
        motp=_ratio(total, matches),
        idf1=_ratio(2 * right, objects + boxes),
        idp=_ratio(right, boxes),
        idr=_ratio(right, objects),
        recall=_ratio(matches, objects),
        precision=_ratio(matches, boxes),
        objects=objects,
        boxes=boxes,
        matches=matches,
        misses=objects - matches,
        false_positives=boxes - matches,
        switches=switches,
        fragmentations=sum(_gaps(times) for times in found.values()),
        mostly_tracked=int((shares >= 0.8).sum()),
        partially_tracked=int(((shares >= 0.2) & (shares < 0.8)).sum()),
        mostly_lost=int((shares < 0.2).sum()),
    )


def _match_frames(tracks, truths, overlaps, threshold):
    """For each object whether it is matched, frame by frame in which it is there; switches; the sum of the IoUs."""
    found, last, switches, total = {}, {}, 0, 0.0  # `last`: the track that each object was last matched with
    for (_, truth_ids), (_, track_ids), overlap in zip(truths, tracks, overlaps, strict=True):
        cost = np.where(overlap >= threshold, 1 - overlap, np.inf)
        pairs = _kept(truth_ids, track_ids, cost, last)
        cost[[i for i, _ in pairs]] = np.inf
        cost[:, [j for _, j in pairs]] = np.inf
        for i, j in assign(cost, max_cost=1, most_pairs=True).tolist():
            switches += last.get(truth_ids[i], track_ids[j]) != track_ids[j]
            last[truth_ids[i]] = track_ids[j]
            pairs.append((i, j))
        matched = {i for i, _ in pairs}
        for i, identity in enumerate(truth_ids):
            found.setdefault(identity, []).append(i in matched)
        total += sum(overlap[i, j] for i, j in pairs)
    return found, int(switches), float(total)


def _kept(truth_ids, track_ids, cost, last):
    # Pairs of an object and the track it was last matched with. Two may claim one track; the first one has it.
    pairs, place = [], {identity: j for j, identity in enumerate(track_ids)}
    for i, identity in enumerate(truth_ids):
        j = place.get(last.get(identity))
        if j is not None and np.isfinite(cost[i, j]) and all(j != taken for _, taken in pairs):
            pairs.append((i, j))
    return pairs


def _identity_matches(tracks, truths, overlaps, threshold):
    # IDTP: frames in which a true track and its one track overlap, with the pairing that has most of them.
    rows, columns = (np.unique([i for _, ids in frames for i in ids]) for frames in (truths, tracks))
    count = np.zeros((len(rows), len(columns)), "int64")
    for (_, truth_ids), (_, track_ids), overlap in zip(truths, tracks, overlaps, strict=True):
        near = overlap >= threshold
        count[np.ix_(np.searchsorted(rows, truth_ids), np.searchsorted(columns, track_ids))] += near
    return int(count[linear_sum_assignment(count, maximize=True)].sum())


def _gaps(times):
    # How often a row of found and not found goes from found to not found, and is found again later.
    places = np.flatnonzero(times)
    return int((np.diff(places) > 1).sum())


def _ratio(part, whole):
    return float(part / whole) if whole else float("nan")
