"""From the answers of a region proposal network to a fixed number of boxes an image."""

import keras
from keras import ops

from cvkit.detection.clip_boxes import clip_boxes
from cvkit.detection.deltas import decode_deltas
from cvkit.detection.nms import nms
from cvkit.validation import check_positive


@keras.saving.register_keras_serializable(package="cvkit")
class Proposals(keras.layers.Layer):
    """The boxes that look most like an object, without repetitions.

    ``layer([anchors, logits, deltas, sizes])`` decodes the deltas, cuts the boxes at the image's border, drops those
    with a side below `smallest`, takes the `num_candidates` surest and suppresses those that overlap a surer one.

    Args:
        num_proposals: R, boxes an image.
        iou_threshold: of the suppression.
        num_candidates: boxes that take part in the suppression.
        smallest: least width and height in pixels.
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Raises:
        ValueError: an argument does not fit.

    Call arguments:
        anchors: float tensor (N, 4), corners in pixels.
        logits: float tensor (B, N), how sure the network is of an object at each anchor.
        deltas: float tensor (B, N, 4), see `cvkit.detection.encode_deltas`.
        sizes: float tensor (B, 2), height and width of each image without its padding.

    Returns:
        (boxes, logits): (B, R, 4), filled up with boxes of zeros, and (B, R), filled up with -inf. They are fixed
        inputs to all that follows: no gradient flows back.

    Example:
        >>> anchors = ops.convert_to_tensor([[0.0, 0, 8, 8], [1, 0, 9, 8], [16, 16, 32, 32]])
        >>> logits, sizes = ops.convert_to_tensor([[1.0, 2.0, 0.5]]), ops.convert_to_tensor([[24.0, 24.0]])
        >>> boxes, _ = Proposals(3)([anchors, logits, ops.zeros((1, 3, 4)), sizes])
        >>> boxes[0].numpy().tolist()  # the first overlaps the second, and the third is cut at the border
        [[1.0, 0.0, 9.0, 8.0], [16.0, 16.0, 24.0, 24.0], [0.0, 0.0, 0.0, 0.0]]

    Reference:
        Ren et al., "Faster R-CNN", 2015, arXiv 1506.01497, section 3.3: a threshold of 0.7, 2,000 proposals in training
        and 300 in a test, from 6,000 candidates (in the authors' code).
    """

    def __init__(self, num_proposals, iou_threshold=0.7, num_candidates=6000, smallest=1.0, **kwargs):
        super().__init__(autocast=False, **kwargs)
        check_positive("num_proposals", num_proposals, "boxes an image", integer=True)
        check_positive("num_candidates", num_candidates, "boxes that take part in the suppression", integer=True)
        self.num_proposals, self.num_candidates = num_proposals, num_candidates
        self.iou_threshold, self.smallest = iou_threshold, smallest

    def call(self, inputs):
        """Boxes and logits of the proposals."""
        anchors, *rest = (ops.stop_gradient(ops.cast(x, "float32")) for x in inputs)
        return ops.map(lambda image: self._propose(anchors, *image), tuple(rest))

    def _propose(self, anchors, logits, deltas, size):
        boxes = clip_boxes(decode_deltas(deltas, anchors), (size[0], size[1]))  # (N, 4)
        large = ops.all(boxes[:, 2:] - boxes[:, :2] >= self.smallest, axis=-1)
        logits = ops.where(large, logits, -float("inf"))
        count = ops.shape(logits)[0]  # a tensor where it is known only when the network runs
        if not isinstance(count, int) or count > self.num_candidates:
            most = self.num_candidates if isinstance(count, int) else ops.minimum(self.num_candidates, count)
            logits, surest = ops.top_k(logits, most)
            boxes = ops.take(boxes, surest, axis=0)
        kept, _ = nms(boxes, logits, self.iou_threshold, self.num_proposals)
        empty, place = kept < 0, ops.maximum(kept, 0)
        boxes = ops.where(empty[:, None], 0.0, ops.take(boxes, place, axis=0))
        return boxes, ops.where(empty, -float("inf"), ops.take(logits, place))

    def compute_output_spec(self, inputs):
        """(B, R, 4) and (B, R)."""
        batch = inputs[1].shape[0]
        shapes = (batch, self.num_proposals, 4), (batch, self.num_proposals)
        return tuple(keras.KerasTensor(shape, "float32") for shape in shapes)

    def get_config(self):
        """Arguments that rebuild the layer."""
        names = "num_proposals", "iou_threshold", "num_candidates", "smallest"
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
