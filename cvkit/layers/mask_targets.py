"""Which mask each region should say, for those that Mask R-CNN's mask head learns from in this step."""

import keras
from keras import ops

from cvkit.layers.region_targets import draw_regions
from cvkit.layers.roi_align import roi_align
from cvkit.validation import check_positive


class MaskTargets(keras.layers.Layer):
    """Draw regions that hold an object, and cut its mask out of the image; a layer of training networks only.

    ``layer([rois, boxes, labels, masks])``: the true boxes join the proposals. A region holds the object of the box
    with which its IoU is largest, if that is at least 0.5. The object's mask is sampled by `roi_align` and set where at
    least half of it is covered.

    Args:
        num_samples: S, regions drawn in each image at most.
        mask_size: m, height and width of the masks.
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Call arguments:
        rois: float tensor (B, R, 4), filled up with boxes of zeros.
        boxes: float tensor (B, M, 4).
        labels: integer tensor (B, M), -1 where there is no box.
        masks: float tensor (B, M, H, W), 0 or 1, of the images' size.

    Returns:
        (rois, classes, masks): (B, S, 4); int32 (B, S), the object's label, -1 for regions that take no part; and
        (B, S, m, m), 0 or 1.

    Raises:
        ValueError: an argument is not a positive integer.

    Reference:
        He et al., "Mask R-CNN", 2017, arXiv 1703.06870, section 3.1: the mask loss is defined on regions with an object
        only, and its target is the intersection of region and true mask.
    """

    def __init__(self, num_samples, mask_size, **kwargs):
        super().__init__(autocast=False, **kwargs)
        check_positive("num_samples", num_samples, "regions drawn in each image", integer=True)
        check_positive("mask_size", mask_size, "height and width of the masks", integer=True)
        self.num_samples, self.mask_size = num_samples, mask_size
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, inputs):
        """The chosen regions, their classes and their masks."""
        rois, boxes, labels, masks = inputs
        rois, matches = draw_regions(rois, boxes, labels, self.num_samples, 1.0, self.seed_generator)
        own = ops.maximum(matches, 0)
        classes = ops.where(matches >= 0, ops.cast(ops.take_along_axis(labels, own, axis=1), "int32"), -1)
        channels = ops.transpose(masks, (0, 2, 3, 1))  # (B, H, W, M): an object's mask is a channel
        cut = roi_align(channels, rois, self.mask_size)  # (B, S, m, m, M)
        cut = ops.squeeze(ops.take_along_axis(cut, own[..., None, None, None], axis=-1), axis=-1)
        return rois, classes, ops.stop_gradient(ops.cast(cut >= 0.5, "float32"))

    def compute_output_spec(self, inputs):
        """(B, S, 4), (B, S) and (B, S, m, m)."""
        shape = inputs[0].shape[0], self.num_samples
        masks = keras.KerasTensor((*shape, self.mask_size, self.mask_size), "float32")
        return keras.KerasTensor((*shape, 4), "float32"), keras.KerasTensor(shape, "int32"), masks
