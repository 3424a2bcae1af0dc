"""Layers that the course teaches and Keras does not have, each with its pure function."""

from cvkit.layers.adaptive_average_pooling import AdaptiveAveragePooling2D
from cvkit.layers.anchor_targets import AnchorTargets
from cvkit.layers.anchors import Anchors
from cvkit.layers.bilinear_kernel import BilinearInitializer, bilinear_kernel
from cvkit.layers.chi_square import ChiSquare, chi_square
from cvkit.layers.local_response_normalization import LocalResponseNormalization, local_response_normalization
from cvkit.layers.mask_targets import MaskTargets
from cvkit.layers.max_pooling_with_switches import MaxPoolingWithSwitches2D, max_pool_with_switches
from cvkit.layers.max_unpooling import MaxUnpooling2D, max_unpool
from cvkit.layers.pad_to_multiple import CropLike, PadToMultiple
from cvkit.layers.padded_shortcut import PaddedShortcut
from cvkit.layers.proposals import Proposals
from cvkit.layers.radial_basis import RadialBasisOutput, digit_patterns
from cvkit.layers.region_targets import RegionTargets
from cvkit.layers.resize_like import ResizeLike
from cvkit.layers.roi_align import ROIAlign, roi_align
from cvkit.layers.roi_levels import LevelChoice, roi_levels
from cvkit.layers.roi_pooling import ROIPooling, roi_pooling
from cvkit.layers.subsampling import Subsampling2D
from cvkit.layers.table_conv import LENET_TABLE, TableConv2D
from cvkit.layers.transposed_conv import TransposedConv2D, transposed_conv2d
from cvkit.layers.weighted_l1 import WeightedL1, weighted_l1

__all__ = [
    "LENET_TABLE",
    "AdaptiveAveragePooling2D",
    "AnchorTargets",
    "Anchors",
    "BilinearInitializer",
    "ChiSquare",
    "CropLike",
    "LevelChoice",
    "LocalResponseNormalization",
    "MaskTargets",
    "MaxPoolingWithSwitches2D",
    "MaxUnpooling2D",
    "PadToMultiple",
    "PaddedShortcut",
    "Proposals",
    "ROIAlign",
    "ROIPooling",
    "RadialBasisOutput",
    "RegionTargets",
    "ResizeLike",
    "Subsampling2D",
    "TableConv2D",
    "TransposedConv2D",
    "WeightedL1",
    "bilinear_kernel",
    "chi_square",
    "digit_patterns",
    "local_response_normalization",
    "max_pool_with_switches",
    "max_unpool",
    "roi_align",
    "roi_levels",
    "roi_pooling",
    "transposed_conv2d",
    "weighted_l1",
]
