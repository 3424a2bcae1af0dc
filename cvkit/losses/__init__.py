"""Losses: triplets and pairs of faces, style and content of images, boxes, masks."""

from cvkit.losses.box_regression import IOU_KINDS, iou_loss
from cvkit.losses.contrastive import ContrastiveLoss, contrastive_loss
from cvkit.losses.deepmask import deepmask_loss
from cvkit.losses.mask import mask_loss
from cvkit.losses.multibox import hard_negatives, multibox_loss
from cvkit.losses.perceptual import feature_reconstruction_loss, normalized_gram_matrix, normalized_style_loss
from cvkit.losses.region import proposal_losses, region_losses
from cvkit.losses.smooth_l1 import smooth_l1_loss
from cvkit.losses.style import content_loss, gram_matrix, style_loss
from cvkit.losses.total_variation import total_variation_loss
from cvkit.losses.triplet import TripletLoss, batch_triplet_loss, pairwise_distances, triplet_loss
from cvkit.losses.weighted_l1 import weighted_l1_loss
from cvkit.losses.word_tree import tree_log_probabilities, tree_loss, tree_predict
from cvkit.losses.yolo import yolo_loss
from cvkit.losses.yolo_v1 import yolo_v1_loss

__all__ = [
    "IOU_KINDS",
    "ContrastiveLoss",
    "TripletLoss",
    "batch_triplet_loss",
    "content_loss",
    "contrastive_loss",
    "deepmask_loss",
    "feature_reconstruction_loss",
    "gram_matrix",
    "hard_negatives",
    "iou_loss",
    "mask_loss",
    "multibox_loss",
    "normalized_gram_matrix",
    "normalized_style_loss",
    "pairwise_distances",
    "proposal_losses",
    "region_losses",
    "smooth_l1_loss",
    "style_loss",
    "total_variation_loss",
    "tree_log_probabilities",
    "tree_loss",
    "tree_predict",
    "triplet_loss",
    "weighted_l1_loss",
    "yolo_loss",
    "yolo_v1_loss",
]
