"""Boxes: formats, overlap, and what is built on it. Boxes are xyxy in absolute float pixels."""

from cvkit.detection.box_formats import BOX_FORMATS, convert_boxes
from cvkit.detection.iou import iou
from cvkit.detection.mean_average_precision import DetectionScores, mean_average_precision

__all__ = ["BOX_FORMATS", "DetectionScores", "convert_boxes", "iou", "mean_average_precision"]
