"""DeepSORT: SORT that also looks at what is in the box, and so finds again what was hidden."""

import itertools
from collections import deque

import numpy as np
from scipy.special import chdtri

from cvkit.tracking.association import assign, pairwise_iou
from cvkit.tracking.deep_sort_filter import DeepSortFilter
from cvkit.tracking.frames import read_boxes
from cvkit.tracking.options import check_options

GATE = chdtri(4, 0.05)  # 9.4877: 95 of 100 squared distances of four Gaussian numbers are below it


class DeepSort:
    r"""Give the boxes of a video's frames numbers, frame by frame, by motion, appearance and overlap.

    Each track keeps a gallery of the appearance of its boxes: feature vectors r of length 1. A detection with features
    f costs the cosine distance to the most similar of them,

    $$c = \min_{r \in \text{gallery}} (1 - r^T f),$$

    if its squared Mahalanobis distance from the predicted box passes the gate, the 0.95 quantile of the chi-square
    distribution. Tracks are served in a cascade: those seen in the last frame first, then those missed once, and so on,
    as the gate of a long hidden object is wide and would take what belongs to others. What is then left, and tracks
    that are still on trial, are paired by IoU as in SORT.

    A new track is on trial until it has been found in `min_hits` frames in a row, and until then ends at the first
    miss; after that it ends when it has not been found for `max_age` frames.

    Args:
        max_age: a track is looked for until so many frames after its last detection, from 0; one less may be missed in
            between. With 0 appearance plays no part.
        min_hits: frames in which a track must be found, its first among them, before it is reported.
        iou_threshold: the least IoU of a pair in the last step, above 0 and at most 1.
        max_cosine_distance: the largest cost of a pair in the cascade, above 0 and at most 2.
        gallery_size: how many features a track keeps, the last ones.
        min_score: detections below it are left out.

    Raises:
        ValueError: an option is out of its range.

    Example:
        A red and a green thing; the red one is hidden for two frames, and keeps its number:

        >>> red, green = [1, 0], [0, 1]
        >>> tracker, ids = DeepSort(min_hits=1), []
        >>> for x, is_hidden in enumerate([False, False, False, True, True, False]):
        ...     boxes, features = [[x, 0, x + 10, 20], [40 - x, 0, 50 - x, 20]], [red, green]
        ...     tracks = tracker.update(boxes[is_hidden:], None, features[is_hidden:])
        ...     ids.append(tracks["ids"].tolist())
        >>> ids
        [[1, 2], [1, 2], [1, 2], [2], [2], [1, 2]]

    Reference:
        Wojke, Bewley and Paulus, "Simple Online and Realtime Tracking with a Deep Association Metric", 2017, arXiv
        1703.07402, section 2 (there lambda = 0: motion only gates) and 3.1. `iou_threshold` and `max_cosine_distance`
        are those of the authors' code, which also suppresses overlapping detections first and reports a track once
        more after its last detection; here only what is found in the frame is reported.
    """

    def __init__(
        self, max_age=30, min_hits=3, iou_threshold=0.3, max_cosine_distance=0.2, gallery_size=100, min_score=0.3
    ):
        check_options(max_age, min_hits, iou_threshold, min_score)
        if not 0 < max_cosine_distance <= 2:
            raise ValueError(f"max_cosine_distance must be above 0 and at most 2. Received {max_cosine_distance!r}.")
        if isinstance(gallery_size, bool) or not isinstance(gallery_size, int) or gallery_size < 1:
            raise ValueError(f"gallery_size must be a positive integer. Received {gallery_size!r}.")
        self.max_age, self.min_hits, self.min_score = max_age, min_hits, min_score
        self.iou_threshold, self.max_cosine_distance = iou_threshold, max_cosine_distance
        self.gallery_size = gallery_size
        self._tracks, self._ids = [], itertools.count(1)

    def update(self, boxes, scores, features):
        """Take the detections of the next frame; call it also for a frame without any.

        Args:
            boxes: float array (N, 4), corners x1, y1, x2, y2 in pixels; [] for none.
            scores: float array (N,), or None: all count.
            features: float array (N, D), the appearance of each box; not all zero. They are scaled to length 1.

        Returns:
            Dict of "boxes" float64 (K, 4), the filters' estimates, and "ids" int64 (K,), from 1: the tracks found in
            this frame that are not on trial.

        Raises:
            ValueError: a shape is wrong, a number is not finite, a box has no width or height, or features are zero.
        """
        count = len(boxes)
        boxes, kept = read_boxes("boxes", boxes, scores, self.min_score)
        features = _read_features(features, count)[kept]
        for track in self._tracks:
            track.predict()
        pairs = self._cascade(boxes, features)
        pairs += self._by_iou(boxes, pairs)
        for track, d in pairs:
            track.update(boxes[d], features[d])
        self._tracks = [track for track in self._tracks if track.missed <= (self.max_age if track.confirmed else 0)]
        for d in _without(pairs, len(boxes)):
            self._tracks.append(_Track(next(self._ids), boxes[d], features[d], self.min_hits, self.gallery_size))
        found = [track for track in self._tracks if track.missed == 0 and track.confirmed]
        return {
            "boxes": np.reshape([track.filter.box for track in found], (-1, 4)),
            "ids": np.array([track.id for track in found], "int64"),
        }

    def _cascade(self, boxes, features):
        # Pairs of a confirmed track and the number of its detection; the tracks that were found last come first.
        pairs = []
        for missed in range(1, self.max_age + 1):
            tracks = [track for track in self._tracks if track.confirmed and track.missed == missed]
            free = _without(pairs, len(boxes))
            if tracks and free.size:
                cost = np.stack([self._cost(track, boxes[free], features[free]) for track in tracks])
                pairs += [(tracks[t], free[d]) for t, d in assign(cost, self.max_cosine_distance)]
        return pairs

    def _cost(self, track, boxes, features):
        distance = (1 - np.stack(track.gallery) @ features.T).min(0)  # (N,) to the most similar in the gallery
        return np.where(track.filter.distance(boxes) <= GATE, distance, np.inf)

    def _by_iou(self, boxes, pairs):
        # Pairs among the rest: of tracks on trial, and of confirmed ones that were found in the last frame.
        taken = {track.id for track, _ in pairs}
        tracks = [track for track in self._tracks if track.id not in taken and track.missed == 1]
        free = _without(pairs, len(boxes))
        iou = pairwise_iou([track.filter.box for track in tracks], boxes[free])
        return [(tracks[t], free[d]) for t, d in assign(1 - iou, 1 - self.iou_threshold)]


class _Track:
    def __init__(self, number, box, feature, min_hits, gallery_size):
        self.id, self.filter, self.gallery = number, DeepSortFilter(box), deque([feature], maxlen=gallery_size)
        self.hits, self.missed, self.min_hits = 1, 0, min_hits

    @property
    def confirmed(self):
        return self.hits >= self.min_hits

    def predict(self):
        self.filter.predict()
        self.missed += 1

    def update(self, box, feature):
        self.filter.update(box)
        self.gallery.append(feature)
        self.hits, self.missed = self.hits + 1, 0


def _without(pairs, count):
    # Numbers of the detections that are in no pair.
    return np.setdiff1d(np.arange(count), [d for _, d in pairs])


def _read_features(features, count):
    features = np.asarray(features, "float64")
    if features.size == 0 and count == 0:
        return features.reshape(0, 1)
    if features.ndim != 2 or len(features) != count or not np.isfinite(features).all():
        raise ValueError(
            f"features must have shape ({count}, D), a finite row for each box. Received shape {features.shape}."
        )
    length = np.linalg.norm(features, axis=1, keepdims=True)
    if not length.all():
        raise ValueError("features must not be zero: a vector without length looks like nothing. Received a zero row.")
    return features / length
