"""Boxes: formats, overlap, and what is built on it. Boxes are xyxy in absolute float pixels."""

from cvkit.detection.batched_nms import batched_nms
from cvkit.detection.box_formats import BOX_FORMATS, convert_boxes
from cvkit.detection.clip_boxes import clip_boxes
from cvkit.detection.deltas import decode_deltas, encode_deltas
from cvkit.detection.iou import iou
from cvkit.detection.mean_average_precision import DetectionScores, mean_average_precision
from cvkit.detection.nms import nms
from cvkit.detection.selective_search import SELECTIVE_SEARCH_MODES, selective_search

__all__ = [
    "BOX_FORMATS",
    "SELECTIVE_SEARCH_MODES",
    "DetectionScores",
    "batched_nms",
    "clip_boxes",
    "convert_boxes",
    "decode_deltas",
    "encode_deltas",
    "iou",
    "mean_average_precision",
    "nms",
    "selective_search",
]
