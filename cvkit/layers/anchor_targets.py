"""What each anchor should say, for those that a region proposal network learns from in this step."""

import keras
from keras import ops

from cvkit.detection.deltas import encode_deltas
from cvkit.detection.matching import match_anchors
from cvkit.detection.sample_matches import sample_matches


class AnchorTargets(keras.layers.Layer):
    """Match anchors with the true boxes and draw a sample; a layer of training networks only.

    ``layer([anchors, boxes, labels, sizes])``: an anchor is an object if its IoU with a box is at least 0.7, or the
    largest that this box has with any anchor; background if its IoU with all is below 0.3. Anchors whose centre lies in
    the padding take no part.

    Args:
        num_samples: anchors drawn in each image, at most half of them objects.
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Call arguments:
        anchors: float tensor (N, 4).
        boxes: float tensor (B, M, 4).
        labels: integer tensor (B, M), -1 where there is no box.
        sizes: float tensor (B, 2), height and width of each image without its padding.

    Returns:
        (targets, deltas): int32 (B, N), 1 for an object, 0 for the background, -1 if it takes no part; and (B, N, 4).

    Reference:
        Ren et al., "Faster R-CNN", 2015, arXiv 1506.01497, sections 3.1.2 and 3.1.3.
    """

    def __init__(self, num_samples=256, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.num_samples = num_samples
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, inputs):
        """Targets and deltas."""
        anchors, boxes, labels, sizes = inputs
        centres = (anchors[:, :2] + anchors[:, 2:]) / 2

        def match(image):
            boxes, labels, size = image
            inside = ops.all(centres < ops.flip(size), axis=-1)
            matches = match_anchors(anchors, boxes, box_mask=labels >= 0, anchor_mask=inside)
            return matches, encode_deltas(ops.take(boxes, ops.maximum(matches, 0), axis=0), anchors)

        matches, deltas = ops.map(match, (boxes, labels, sizes))  # (B, N), (B, N, 4)
        chosen, _ = sample_matches(matches, self.num_samples, 0.5, self.seed_generator)  # (B, S), -1 at the end
        drawn = ops.map(lambda places: _mark(places, ops.shape(matches)[1]), chosen)  # (B, N)
        return ops.where(drawn, ops.cast(matches >= 0, "int32"), -1), deltas

    def compute_output_spec(self, inputs):
        """(B, N) and (B, N, 4)."""
        shape = inputs[1].shape[0], inputs[0].shape[0]
        return keras.KerasTensor(shape, "int32"), keras.KerasTensor((*shape, 4), "float32")


def _mark(places, length):
    """Bool (length,), True at `places`, of which those below 0 stand for none."""
    places = ops.where(places < 0, length, places)  # one more at the end takes these
    marks = ops.zeros((length + 1,), "int32")
    return ops.scatter_update(marks, places[:, None], ops.ones_like(places))[:length] > 0
