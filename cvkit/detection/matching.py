"""Which anchor learns which box."""

from keras import ops

from cvkit.detection.iou import iou
from cvkit.detection.suppression import check_one_each
from cvkit.validation import as_float32, check_shape

NEGATIVE, IGNORED = -1, -2


def match_anchors(anchors, boxes, positive=0.7, negative=0.3, force_best=True, box_mask=None, anchor_mask=None):
    r"""The box that each anchor is to find, or that it is to find none, or that it is left out of training.

    $$m_i = \begin{cases}
      \arg\max_j \mathrm{IoU}(A_i, B_j) & \text{if the maximum is at least } t_+ \text{, or best of all for some box} \\
      -1 & \text{else, if the maximum is below } t_- \\
      -2 & \text{else}
    \end{cases}$$

    Args:
        anchors: float tensor (N, 4), corners in pixels: anchors, or proposals.
        boxes: float tensor (M, 4), the true boxes of one image; M may be 0, and then all anchors are negative.
        positive: t+, from above 0 to 1.
        negative: t-, from 0 to `positive`.
        force_best: also make those anchors positive that overlap with some box as much as any anchor does, however
            little that is; of equal ones all. They are matched, as the others, with the box that they overlap most,
            which may be another one. Boxes that no anchor touches stay without.
        box_mask: bool tensor (M,), False for boxes that only fill up a batch; None if all are real.
        anchor_mask: bool tensor (N,), False for anchors that take no part, such as those that reach out of the image;
            they get -2, and are no box's best. None if all do.

    Returns:
        Integer tensor (N,): index of the anchor's box, -1 for negative, -2 for ignored.

    Raises:
        ValueError: a shape does not fit, or the thresholds are out of their range.

    Example:
        >>> anchors = [[0, 0, 10, 10], [0, 0, 10, 5], [50, 50, 60, 60]]  # IoU with the box: 1, 1/2 and 0
        >>> match_anchors(anchors, [[0, 0, 10, 10]]).numpy()
        array([ 0, -2, -1], dtype=int32)

        A batch of images with boxes (B, M, 4) and their mask (B, M), image by image:

        >>> boxes, mask = ops.ones((2, 3, 4)), ops.ones((2, 3), "bool")
        >>> ops.map(lambda image: match_anchors(anchors, image[0], box_mask=image[1]), (boxes, mask)).shape
        TensorShape([2, 3])

    Reference:
        Ren et al., "Faster R-CNN", 2015, arXiv 1506.01497, section 3.1.2; positive = negative = 0.5 without force_best
        is Fast R-CNN's rule, arXiv 1504.08083, section 2.3, but for its lower limit of 0.1. The paper says "higher
        than 0.7"; as in its code, 0.7 itself is enough. That code also makes every anchor the best of a box that none
        touches; here such a box has none.
    """
    anchors, boxes = as_float32(anchors), as_float32(boxes)
    check_shape("anchors", anchors, ("N", 4), "corners x1, y1, x2, y2 in pixels")
    check_shape("boxes", boxes, ("M", 4), "corners of one image's boxes", "Call it once for each image.")
    if not 0 <= negative <= positive <= 1 or positive == 0:
        raise ValueError(
            "The thresholds must hold 0 <= negative <= positive <= 1, and positive > 0. "
            f"Received negative={negative!r}, positive={positive!r}."
        )
    boxes = ops.cast(boxes, anchors.dtype)
    overlap = ops.stop_gradient(iou(anchors, ops.pad(boxes, [[0, 1], [0, 0]])))  # (N, M + 1): the last one has no area
    if box_mask is not None:
        box_mask = _mask("box_mask", box_mask, "M", boxes)
        overlap = ops.where(ops.pad(box_mask, [[0, 1]])[None, :], overlap, 0.0)
    if anchor_mask is not None:
        anchor_mask = _mask("anchor_mask", anchor_mask, "N", anchors)
        overlap = ops.where(anchor_mask[:, None], overlap, 0.0)
    overlap = ops.pad(overlap, [[0, 1], [0, 0]])  # (N + 1, M + 1): none of either is no special case
    most = ops.max(overlap, axis=1)  # (N + 1,)
    is_positive = most >= positive
    if force_best:
        best = ops.max(overlap, axis=0)  # (M + 1,) of each box
        is_positive = is_positive | ops.any((overlap == best) & (best > 0), axis=1)
    rest = ops.where(most < negative, NEGATIVE, IGNORED)
    matches = ops.where(is_positive, ops.cast(ops.argmax(overlap, axis=1), "int32"), ops.cast(rest, "int32"))[:-1]
    return matches if anchor_mask is None else ops.where(anchor_mask, matches, IGNORED)


def _mask(name, mask, size, boxes):
    mask = ops.cast(mask, "bool")
    check_shape(name, mask, (size,), "True for each that takes part")
    check_one_each(name, mask, boxes)
    return mask
