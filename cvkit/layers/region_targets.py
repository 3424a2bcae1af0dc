"""What each region should say, for those that the head of Fast R-CNN learns from in this step."""

import keras
from keras import ops

from cvkit.detection.deltas import encode_deltas
from cvkit.detection.matching import IGNORED, match_anchors
from cvkit.detection.sample_matches import sample_matches

STDS = (0.1, 0.1, 0.2, 0.2)  # typical sizes of a region's deltas, by which they are divided


class RegionTargets(keras.layers.Layer):
    """Match proposals with the true boxes and draw a sample; a layer of training networks only.

    ``layer([rois, boxes, labels])``: the true boxes join the proposals. A region has the class of the box with which
    its IoU is largest, if that is at least 0.5, and else is background.

    Args:
        num_samples: S, regions drawn in each image, at most a quarter of them objects.
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Call arguments:
        rois: float tensor (B, R, 4), filled up with boxes of zeros.
        boxes: float tensor (B, M, 4).
        labels: integer tensor (B, M), -1 where there is no box.

    Returns:
        (rois, classes, deltas): (B, S, 4); int32 (B, S), 0 for the background, label + 1 for an object, -1 for boxes
        that only fill up; and (B, S, 4), divided by `STDS`.

    Reference:
        Girshick, "Fast R-CNN", 2015, arXiv 1504.08083, section 2.3, "mini-batch sampling".
    """

    def __init__(self, num_samples=64, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.num_samples = num_samples
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, inputs):
        """The chosen regions, their classes and their deltas."""
        rois, boxes, labels = inputs
        rois, matches = draw_regions(rois, boxes, labels, self.num_samples, 0.25, self.seed_generator)
        own = ops.maximum(matches, 0)
        classes = ops.where(matches >= 0, ops.cast(ops.take_along_axis(labels, own, axis=1), "int32"), matches) + 1
        classes = ops.where(matches == IGNORED, -1, classes)
        return rois, classes, encode_deltas(ops.take_along_axis(boxes, own[..., None], axis=1), rois, STDS)

    def compute_output_spec(self, inputs):
        """(B, S, 4), (B, S) and (B, S, 4)."""
        shape = inputs[0].shape[0], self.num_samples
        boxes = keras.KerasTensor((*shape, 4), "float32")
        return boxes, keras.KerasTensor(shape, "int32"), keras.KerasTensor((*shape, 4), "float32")


def draw_regions(rois, boxes, labels, num_samples, positive_fraction, seed):
    """Match proposals and true boxes with the true boxes, and draw a sample.

    A region matches the box with which its IoU is largest, if that is at least 0.5.

    Args:
        rois, boxes, labels: as for `RegionTargets`.
        num_samples, positive_fraction, seed: as for `cvkit.detection.sample_matches`.

    Returns:
        (rois, matches): (B, S, 4), and integers (B, S): the place of the region's box, or -1 for the background, or
        `IGNORED` where a region only fills up.
    """
    rois = ops.stop_gradient(ops.concatenate([rois, boxes], axis=1))  # (B, R + M, 4)

    def match(image):
        rois, boxes, labels = image
        real = ops.all(rois[:, 2:] > rois[:, :2], axis=-1)
        return match_anchors(rois, boxes, 0.5, 0.5, force_best=False, box_mask=labels >= 0, anchor_mask=real)

    matches = ops.map(match, (rois, boxes, labels))  # (B, R + M)
    chosen, _ = sample_matches(matches, num_samples, positive_fraction, seed)  # (B, S), -1 at the end
    place = ops.maximum(chosen, 0)
    matches = ops.where(chosen < 0, IGNORED, ops.take_along_axis(matches, place, axis=1))
    return ops.take_along_axis(rois, place[..., None], axis=1), matches
