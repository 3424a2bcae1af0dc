"""Layers that the course teaches and Keras does not have, each with its pure function."""

from cvkit.layers.bilinear_kernel import bilinear_kernel
from cvkit.layers.local_response_normalization import LocalResponseNormalization, local_response_normalization
from cvkit.layers.radial_basis import RadialBasisOutput, digit_patterns
from cvkit.layers.roi_align import ROIAlign, roi_align
from cvkit.layers.roi_pooling import ROIPooling, roi_pooling
from cvkit.layers.subsampling import Subsampling2D
from cvkit.layers.table_conv import LENET_TABLE, TableConv2D
from cvkit.layers.transposed_conv import TransposedConv2D, transposed_conv2d

__all__ = [
    "LENET_TABLE",
    "LocalResponseNormalization",
    "ROIAlign",
    "ROIPooling",
    "RadialBasisOutput",
    "Subsampling2D",
    "TableConv2D",
    "TransposedConv2D",
    "bilinear_kernel",
    "digit_patterns",
    "local_response_normalization",
    "roi_align",
    "roi_pooling",
    "transposed_conv2d",
]
