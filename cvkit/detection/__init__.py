"""Boxes: formats, overlap, and what is built on it. Boxes are xyxy in absolute float pixels."""

from cvkit.detection.box_formats import BOX_FORMATS, convert_boxes
from cvkit.detection.iou import iou

__all__ = ["BOX_FORMATS", "convert_boxes", "iou"]
