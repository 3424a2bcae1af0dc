"""Tracking: which box of this frame is which object of the last one. Boxes are xyxy in absolute float pixels. NumPy."""

from cvkit.tracking.association import assign, pairwise_iou
from cvkit.tracking.deep_sort import DeepSort
from cvkit.tracking.deep_sort_filter import DeepSortFilter
from cvkit.tracking.iou_tracker import iou_tracker
from cvkit.tracking.kalman import KalmanFilter
from cvkit.tracking.metrics import TrackingScores, tracking_scores
from cvkit.tracking.numbers_over_time import numbers_over_time
from cvkit.tracking.sort import Sort
from cvkit.tracking.sort_filter import SortFilter

__all__ = [
    "DeepSort",
    "DeepSortFilter",
    "KalmanFilter",
    "Sort",
    "SortFilter",
    "TrackingScores",
    "assign",
    "iou_tracker",
    "numbers_over_time",
    "pairwise_iou",
    "tracking_scores",
]
