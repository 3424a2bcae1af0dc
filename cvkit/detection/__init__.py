"""Boxes: overlap and what is built on it. Boxes are xyxy in absolute float pixels."""

from cvkit.detection.iou import iou

__all__ = ["iou"]
