"""Losses made of intersection over union: IoU, GIoU, DIoU and CIoU, for boxes and their targets, pair by pair."""

import math

import keras
from keras import ops

from cvkit.validation import as_float32, check_same_shape, check_shape

IOU_KINDS = ("iou", "giou", "diou", "ciou")


def iou_loss(targets, boxes, kind="iou"):
    r"""One minus intersection over union of each box with its target, and what the kind adds to it.

    $$L = 1 - \frac{|A \cap B|}{|A \cup B|} + R, \quad
    R_\text{iou} = 0, \quad
    R_\text{giou} = \frac{|C| - |A \cup B|}{|C|}, \quad
    R_\text{diou} = \frac{\rho^2}{c^2}, \quad
    R_\text{ciou} = \frac{\rho^2}{c^2} + \alpha v$$

    C is the smallest box around both, c its diagonal, ρ the distance of the two centres. v compares the shapes:

    $$v = \frac{4}{\pi^2} \Big(\arctan\frac{w_t}{h_t} - \arctan\frac{w}{h}\Big)^2, \qquad
    \alpha = \frac{v}{(1 - \mathrm{IoU}) + v}$$

    Args:
        targets: float tensor (..., 4), corners x1, y1, x2, y2 in pixels or any other unit.
        boxes: float tensor of the same shape: box i belongs to target i.
        kind: "iou", "giou", "diou" or "ciou".

    Returns:
        Float tensor (...): zero for equal boxes, at most 1 with iou, 2 with giou and diou, 3 with ciou. Its gradient is
        finite everywhere. That of iou is zero for boxes that do not overlap; the other kinds pull them together.

    Raises:
        ValueError: the two are not (..., 4) of one shape, or there is no such kind.

    Example:
        >>> near, far = [2.0, 0.0, 4.0, 2.0], [8.0, 0.0, 10.0, 2.0]  # boxes of 2 × 2; the target ends where near begins
        >>> iou_loss([[0.0, 0.0, 2.0, 2.0]] * 2, [near, far]).numpy()
        array([1., 1.], dtype=float32)
        >>> iou_loss([[0.0, 0.0, 2.0, 2.0]] * 2, [near, far], kind="giou").numpy()
        array([1. , 1.6], dtype=float32)

    Reference:
        Rezatofighi et al., "Generalized Intersection over Union", 2019, arXiv 1902.09630, algorithm 2; Zheng et al.,
        "Distance-IoU Loss", 2020, arXiv 1911.08287, equations 7 and 8 to 11; α is a constant in the gradient, as there.
        The gradient of v is exact: the authors replace 1 / (w² + h²) in it by 1, for boxes in shares of the image.
        A box with x2 <= x1 or y2 <= y1 has no area here, as in `cvkit.detection.iou`; GIoU's authors put its corners
        in order first. A box without width or height counts in v as a square.
    """
    targets, boxes = as_float32(targets), as_float32(boxes)
    _check(targets, boxes, kind)
    corner1 = ops.maximum(targets[..., :2], boxes[..., :2])  # (..., 2) upper left of the overlap
    corner2 = ops.minimum(targets[..., 2:], boxes[..., 2:])  # (..., 2) lower right of the overlap
    intersection = _area(ops.maximum(corner2 - corner1, 0))  # (...)
    union = _area(_size(targets)) + _area(_size(boxes)) - intersection  # (...)
    overlap = _ratio(intersection, union)  # IoU
    if kind == "iou":
        return 1 - overlap
    around = _around(targets, boxes)  # (..., 2) width and height of C
    if kind == "giou":
        return 1 - overlap + _ratio(_area(around) - union, _area(around))
    between = (targets[..., :2] + targets[..., 2:] - boxes[..., :2] - boxes[..., 2:]) / 2  # (..., 2) centre to centre
    loss = 1 - overlap + _ratio(_squared_length(between), _squared_length(around))
    if kind == "diou":
        return loss
    v = 4 / math.pi**2 * ops.square(_angle(targets) - _angle(boxes))
    alpha = ops.stop_gradient(_ratio(v, 1 - overlap + v))
    return loss + alpha * v


def _size(boxes):
    return ops.maximum(boxes[..., 2:] - boxes[..., :2], 0)  # (..., 2)


def _area(size):
    return size[..., 0] * size[..., 1]  # (...)


def _around(targets, boxes):
    low, high = ops.minimum, ops.maximum
    first = low(low(targets[..., :2], targets[..., 2:]), low(boxes[..., :2], boxes[..., 2:]))
    last = high(high(targets[..., :2], targets[..., 2:]), high(boxes[..., :2], boxes[..., 2:]))
    return last - first  # (..., 2)


def _squared_length(vectors):
    return ops.sum(ops.square(vectors), axis=-1)  # (...)


def _angle(boxes):
    # arctan(w / h). Without a width or a height there is no shape: the loss then has no term for it.
    size = _size(boxes)
    has_shape = ops.minimum(size[..., :1], size[..., 1:]) > keras.config.epsilon()  # (..., 1)
    size = ops.where(has_shape, size, ops.ones_like(size))
    return ops.arctan2(size[..., 0], size[..., 1])  # (...)


def _ratio(numerator, denominator):
    # Areas too small to be squared in float32 count as none: their ratio is the numerator, in value and gradient.
    return numerator / ops.where(denominator > keras.config.epsilon() ** 2, denominator, ops.ones_like(denominator))


def _check(targets, boxes, kind):
    if kind not in IOU_KINDS:
        raise ValueError(f"kind must be one of {', '.join(IOU_KINDS)}. Received {kind!r}.")
    check_same_shape("boxes", boxes, "targets", targets, "iou_loss compares box i with target i.")
    check_shape("boxes", boxes, (..., 4), "corners x1, y1, x2, y2")
