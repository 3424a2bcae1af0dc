"""Segmentation: a class for each pixel, and how to measure how good it is. NumPy."""

from cvkit.segmentation.boundary import boundary, boundary_f_score, boundary_f_scores
from cvkit.segmentation.confusion_matrix import ConfusionMatrix, confusion_matrix
from cvkit.segmentation.mask_boxes import mask_boxes
from cvkit.segmentation.paste_masks import paste_masks
from cvkit.segmentation.scores import SegmentationScores, segmentation_scores

__all__ = [
    "ConfusionMatrix",
    "SegmentationScores",
    "boundary",
    "boundary_f_score",
    "boundary_f_scores",
    "confusion_matrix",
    "mask_boxes",
    "paste_masks",
    "segmentation_scores",
]
