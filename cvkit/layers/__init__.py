"""Layers that the course teaches and Keras does not have, each with its pure function."""

from cvkit.layers.bilinear_kernel import bilinear_kernel
from cvkit.layers.roi_align import ROIAlign, roi_align
from cvkit.layers.roi_pooling import ROIPooling, roi_pooling
from cvkit.layers.transposed_conv import TransposedConv2D, transposed_conv2d

__all__ = [
    "ROIAlign",
    "ROIPooling",
    "TransposedConv2D",
    "bilinear_kernel",
    "roi_align",
    "roi_pooling",
    "transposed_conv2d",
]
