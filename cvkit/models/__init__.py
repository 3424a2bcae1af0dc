"""The networks of the course, one a file, each a functional Keras model."""

from cvkit.models.alexnet import alexnet
from cvkit.models.convolutional import make_convolutional
from cvkit.models.deepmask import deepmask, fit_masks
from cvkit.models.dense_masks import dense_masks
from cvkit.models.densenet import dense_block, densenet, densenet_cifar, transition
from cvkit.models.face_cascade import CALIBRATION_NETS, FACE_NETS, FaceCascade, calibration_net, face_net, slide
from cvkit.models.facenet import facenet
from cvkit.models.fast_rcnn import FastRCNN, region_head
from cvkit.models.faster_rcnn import FasterRCNN
from cvkit.models.fcn import convolutional_head, fcn
from cvkit.models.fpn import fpn
from cvkit.models.googlenet import AUXILIARY_LOSS_WEIGHTS, INCEPTION_WIDTHS, auxiliary_head, googlenet, inception_block
from cvkit.models.inception_resnet import inception_resnet, inception_resnet_block
from cvkit.models.lenet import lenet5, lenet5_original
from cvkit.models.linear_machines import (
    choose_negatives,
    hard_negative_machine,
    linear_scores,
    nearest_mean,
    support_vector_machine,
)
from cvkit.models.mask_rcnn import MaskRCNN, mask_head
from cvkit.models.nin import mlpconv, nin
from cvkit.models.pspnet import pspnet, pyramid_pooling
from cvkit.models.rcnn import RCNN
from cvkit.models.regnet import REGNETX, regnet, regnet_block, regnet_widths
from cvkit.models.residual_block import basic_block, bottleneck_block, normalized_convolution, shortcut_path
from cvkit.models.resnet import RESNET_BLOCKS, resnet
from cvkit.models.resnet_cifar import resnet_cifar
from cvkit.models.rpn import RPN, rpn_head
from cvkit.models.segnet import SEGNET_STAGES, segnet
from cvkit.models.sharpmask import refinement_module, sharpmask
from cvkit.models.siamese import siamese
from cvkit.models.small_vgg import small_vgg
from cvkit.models.ssd import SSD, ssd_head
from cvkit.models.stored_maps import stored_backbone, stored_maps
from cvkit.models.style_net import style_net
from cvkit.models.unet import UNET_WIDTHS, unet
from cvkit.models.vgg import VGG_TABLE, vgg
from cvkit.models.yolo import YOLO, YOLOv1
from cvkit.models.yolo_grid import grid_head
from cvkit.models.yolo_v1 import FAST_YOLO_TABLE, YOLO_V1_TABLE, yolo_v1
from cvkit.models.zfnet import zfnet

__all__ = [
    "AUXILIARY_LOSS_WEIGHTS",
    "CALIBRATION_NETS",
    "FACE_NETS",
    "FAST_YOLO_TABLE",
    "INCEPTION_WIDTHS",
    "RCNN",
    "REGNETX",
    "RESNET_BLOCKS",
    "RPN",
    "SEGNET_STAGES",
    "SSD",
    "UNET_WIDTHS",
    "VGG_TABLE",
    "YOLO",
    "YOLO_V1_TABLE",
    "FaceCascade",
    "FastRCNN",
    "FasterRCNN",
    "MaskRCNN",
    "YOLOv1",
    "alexnet",
    "auxiliary_head",
    "basic_block",
    "bottleneck_block",
    "calibration_net",
    "choose_negatives",
    "convolutional_head",
    "deepmask",
    "dense_block",
    "dense_masks",
    "densenet",
    "densenet_cifar",
    "face_net",
    "facenet",
    "fcn",
    "fit_masks",
    "fpn",
    "googlenet",
    "grid_head",
    "hard_negative_machine",
    "inception_block",
    "inception_resnet",
    "inception_resnet_block",
    "lenet5",
    "lenet5_original",
    "linear_scores",
    "make_convolutional",
    "mask_head",
    "mlpconv",
    "nearest_mean",
    "nin",
    "normalized_convolution",
    "pspnet",
    "pyramid_pooling",
    "refinement_module",
    "region_head",
    "regnet",
    "regnet_block",
    "regnet_widths",
    "resnet",
    "resnet_cifar",
    "rpn_head",
    "segnet",
    "sharpmask",
    "shortcut_path",
    "siamese",
    "slide",
    "small_vgg",
    "ssd_head",
    "stored_backbone",
    "stored_maps",
    "style_net",
    "support_vector_machine",
    "transition",
    "unet",
    "vgg",
    "yolo_v1",
    "zfnet",
]
