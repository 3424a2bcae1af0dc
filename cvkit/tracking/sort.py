"""SORT: a Kalman filter for the motion, the Hungarian method for who is who."""

import itertools

import numpy as np

from cvkit.tracking.association import assign, pairwise_iou
from cvkit.tracking.frames import read_boxes
from cvkit.tracking.options import check_options
from cvkit.tracking.sort_filter import SortFilter


class Sort:
    """Give the boxes of a video's frames numbers, frame by frame, by motion and overlap alone.

    In each frame every track predicts its box. Predictions and detections are paired so that the sum of 1 - IoU is
    least. A paired detection corrects its track, one without a track begins a new one, and a track that goes without
    for more than `max_age` frames ends: what comes back later gets a new number.

    Args:
        max_age: frames that a track may go without a detection, from 0.
        min_hits: frames in a row, after its first, in which a track must be found before it is reported, from 0. Also
            after a gap. In the first `min_hits` frames of the video all are.
        iou_threshold: the least IoU of a pair, above 0 and at most 1.
        min_score: detections below it are left out.

    Raises:
        ValueError: an option is out of its range.

    Example:
        >>> tracker = Sort(min_hits=0)
        >>> for x in (0, 4, 8):
        ...     tracks = tracker.update([[50, 0, 60, 20], [x, 0, x + 10, 20]])
        >>> tracks["ids"].tolist(), tracks["boxes"].round().tolist()
        ([1, 2], [[50.0, 0.0, 60.0, 20.0], [8.0, 0.0, 18.0, 20.0]])

    Reference:
        Bewley et al., "Simple Online and Realtime Tracking", 2016, arXiv 1602.00763, section 3; defaults as in section
        4 and the authors' code. See `assign` for pairs below the threshold.
    """

    def __init__(self, max_age=1, min_hits=3, iou_threshold=0.3, min_score=0.5):
        check_options(max_age, min_hits, iou_threshold, min_score)
        self.max_age, self.min_hits = max_age, min_hits
        self.iou_threshold, self.min_score = iou_threshold, min_score
        self._tracks, self._ids, self._frame = [], itertools.count(1), 0

    def update(self, boxes, scores=None):
        """Take the detections of the next frame; call it also for a frame without any.

        Args:
            boxes: float array (N, 4), corners x1, y1, x2, y2 in pixels; [] for none.
            scores: float array (N,), or None: all count.

        Returns:
            Dict of "boxes" float64 (K, 4), the filters' estimates, and "ids" int64 (K,), from 1: the tracks found in
            this frame that have been found long enough.

        Raises:
            ValueError: a shape is wrong, a number is not finite, or a box has no width or height.
        """
        boxes, _ = read_boxes("boxes", boxes, scores, self.min_score)
        self._frame += 1
        for track in self._tracks:
            track.predict()
        expected = [track.filter.box for track in self._tracks]
        pairs = assign(1 - pairwise_iou(expected, boxes), 1 - self.iou_threshold)
        for t, d in pairs:
            self._tracks[t].update(boxes[d])
        self._tracks = [track for track in self._tracks if track.missed <= self.max_age]
        for d in np.setdiff1d(np.arange(len(boxes)), pairs[:, 1]):
            self._tracks.append(_Track(next(self._ids), boxes[d]))
        needed = self.min_hits if self._frame > self.min_hits else 0
        found = [track for track in self._tracks if track.missed == 0 and track.streak >= needed]
        return {
            "boxes": np.reshape([track.filter.box for track in found], (-1, 4)),
            "ids": np.array([track.id for track in found], "int64"),
        }


class _Track:
    def __init__(self, number, box):
        self.id, self.filter = number, SortFilter(box)
        self.streak = self.missed = 0  # frames in a row found, after the first; and not found

    def predict(self):
        self.filter.predict()
        self.streak = 0 if self.missed else self.streak
        self.missed += 1

    def update(self, box):
        self.filter.update(box)
        self.streak, self.missed = self.streak + 1, 0
