"""Boxes: formats, overlap, and what is built on it. Boxes are xyxy in absolute float pixels."""

from cvkit.detection.anchor_grid import anchor_grid
from cvkit.detection.batched_nms import batched_nms
from cvkit.detection.box_augmentation import BoxAugmentation
from cvkit.detection.box_formats import BOX_FORMATS, convert_boxes
from cvkit.detection.calibration import CALIBRATION_PATTERNS, average_pattern, mend_boxes, spoil_boxes
from cvkit.detection.clip_boxes import clip_boxes
from cvkit.detection.cut_windows import cut_windows
from cvkit.detection.default_boxes import default_box_scales, default_boxes
from cvkit.detection.default_matching import match_default_boxes
from cvkit.detection.deltas import decode_deltas, encode_deltas
from cvkit.detection.image_pyramid import image_pyramid, pyramid_scales
from cvkit.detection.iou import iou
from cvkit.detection.kmeans_anchors import kmeans_anchors
from cvkit.detection.matching import match_anchors
from cvkit.detection.mean_average_precision import DetectionScores, mean_average_precision
from cvkit.detection.multi_scale import MultiScale, resize_scene
from cvkit.detection.nms import nms
from cvkit.detection.object_patches import object_patches
from cvkit.detection.responsible import responsible_objects
from cvkit.detection.sample_matches import sample_matches
from cvkit.detection.selective_search import SELECTIVE_SEARCH_MODES, selective_search
from cvkit.detection.sliding_windows import sliding_windows
from cvkit.detection.yolo_boxes import decode_yolo, encode_yolo
from cvkit.detection.yolo_v1_boxes import decode_yolo_v1, encode_yolo_v1

__all__ = [
    "BOX_FORMATS",
    "CALIBRATION_PATTERNS",
    "SELECTIVE_SEARCH_MODES",
    "BoxAugmentation",
    "DetectionScores",
    "MultiScale",
    "anchor_grid",
    "average_pattern",
    "batched_nms",
    "clip_boxes",
    "convert_boxes",
    "cut_windows",
    "decode_deltas",
    "decode_yolo",
    "decode_yolo_v1",
    "default_box_scales",
    "default_boxes",
    "encode_deltas",
    "encode_yolo",
    "encode_yolo_v1",
    "image_pyramid",
    "iou",
    "kmeans_anchors",
    "match_anchors",
    "match_default_boxes",
    "mean_average_precision",
    "mend_boxes",
    "nms",
    "object_patches",
    "pyramid_scales",
    "resize_scene",
    "responsible_objects",
    "sample_matches",
    "selective_search",
    "sliding_windows",
    "spoil_boxes",
]
