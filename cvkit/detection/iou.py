"""Intersection over union, the measure of how well two boxes agree."""

from keras import ops

from cvkit.validation import as_float, check_shape

_HINT = "For a single box pass box[None]; for centre boxes convert them to corners first."


def iou(boxes1, boxes2):
    r"""Intersection over union of every pair of boxes.

    $$\mathrm{IoU}(A, B) = \frac{|A \cap B|}{|A \cup B|}$$

    A box without area (x2 <= x1 or y2 <= y1) has IoU 0 with every box, itself included.

    Args:
        boxes1: float tensor (N, 4), corners x1, y1, x2, y2 in pixels.
        boxes2: float tensor (M, 4), likewise.

    Returns:
        Float tensor (N, M), each entry in [0, 1].

    Raises:
        ValueError: an input is not (number of boxes, 4).

    Example:
        >>> iou([[0, 0, 2, 2]], [[0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 6]]).numpy().round(3)
        array([[1.   , 0.143, 0.   ]], dtype=float32)

    Reference:
        Everingham et al., "The PASCAL Visual Object Classes (VOC) Challenge", 2010, section 4.2. That text
        counts a box's last pixel as inside (widths are x2 - x1 + 1); here coordinates are real numbers and widths are
        x2 - x1.
    """
    boxes1, boxes2 = as_float(boxes1), as_float(boxes2)
    check_shape("boxes1", boxes1, ("N", 4), "corners x1, y1, x2, y2 in pixels", _HINT)
    check_shape("boxes2", boxes2, ("M", 4), "corners x1, y1, x2, y2 in pixels", _HINT)
    corner1 = ops.maximum(boxes1[:, None, :2], boxes2[None, :, :2])  # (N, M, 2) upper left of the overlap
    corner2 = ops.minimum(boxes1[:, None, 2:], boxes2[None, :, 2:])  # (N, M, 2) lower right of the overlap
    intersection = ops.prod(ops.maximum(corner2 - corner1, 0), axis=-1)  # (N, M)
    union = _area(boxes1)[:, None] + _area(boxes2)[None, :] - intersection  # (N, M)
    # The union is zero only where both boxes are empty; dividing by one there keeps value and gradient finite.
    return intersection / ops.where(union > 0, union, ops.ones_like(union))


def _area(boxes):
    return ops.prod(ops.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=-1)  # (N,)
