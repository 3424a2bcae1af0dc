"""Box deltas, the R-CNN parametrisation: a box told by what turns an anchor into it."""

import math

from keras import ops

from cvkit.validation import as_float32, check_positive, check_shape

MAX_LOG_SCALE = math.log(1000 / 16)  # an anchor of 16 pixels grows to 1,000 at most


def encode_deltas(boxes, anchors, stds=(1.0, 1.0, 1.0, 1.0)):
    r"""What moves and scales each anchor into its box.

    $$t_x = \frac{x - x_a}{w_a}, \quad t_y = \frac{y - y_a}{h_a}, \quad
      t_w = \log\frac{w}{w_a}, \quad t_h = \log\frac{h}{h_a}$$

    x and y are centres, w and h width and height, those with a the anchor's. The shift is counted in sizes of the
    anchor and the size on a logarithmic scale, so that a network can tell it without knowing how large the anchor is.

    Args:
        boxes: float tensor (..., 4), corners x1, y1, x2, y2 in pixels.
        anchors: float tensor (..., 4), likewise: anchor i belongs to box i. The axes before the last may be broadcast.
        stds: four positive numbers that the deltas are divided by, typical sizes of each: Fast R-CNN takes
            (0.1, 0.1, 0.2, 0.2).

    Returns:
        Float tensor (..., 4): t_x, t_y, t_w, t_h over stds, in float32 at least. All are 0 where the box or the anchor
        has no area (x2 <= x1 or y2 <= y1), as those have that fill up a batch: such pairs cannot be decoded again.

    Raises:
        ValueError: an input is not (..., 4), or stds is not four positive numbers.

    Example:
        >>> encode_deltas([[10, 0, 30, 20]], [[0, 0, 20, 10]]).numpy().round(3)  # half a width, half a height; 1×, 2×
        array([[0.5  , 0.5  , 0.   , 0.693]], dtype=float32)

    Reference:
        Girshick et al., "Rich feature hierarchies", 2014, arXiv 1311.2524, appendix C, equations 6 to 9; Ren et al.,
        "Faster R-CNN", 2015, arXiv 1506.01497, equation 2. Their code counts the last pixel as inside
        (w = x2 - x1 + 1).
    """
    boxes, anchors, stds = _checked("boxes", boxes, anchors, stds)
    size, anchor_size = boxes[..., 2:] - boxes[..., :2], anchors[..., 2:] - anchors[..., :2]  # (..., 2) each
    real = ops.all(size > 0, axis=-1, keepdims=True) & ops.all(anchor_size > 0, axis=-1, keepdims=True)  # (..., 1)
    size, anchor_size = (ops.where(real, s, ops.ones_like(s)) for s in (size, anchor_size))
    shift = _centre(boxes) - _centre(anchors)  # (..., 2)
    deltas = ops.concatenate([shift / anchor_size, ops.log(size / anchor_size)], axis=-1) / stds  # (..., 4)
    return ops.where(real, deltas, ops.zeros_like(deltas))


def decode_deltas(deltas, anchors, stds=(1.0, 1.0, 1.0, 1.0), clip=MAX_LOG_SCALE):
    r"""The boxes that deltas make of anchors: the inverse of `encode_deltas`.

    $$x = x_a + w_a t_x, \quad y = y_a + h_a t_y, \quad w = w_a e^{t_w}, \quad h = h_a e^{t_h}$$

    Args:
        deltas: float tensor (..., 4), as `encode_deltas` returns them.
        anchors: float tensor (..., 4), corners. The axes before the last may be broadcast.
        stds: the numbers the deltas were divided by.
        clip: upper limit of t_w and t_h, a positive number; the default lets a box be 62.5 times as wide as its anchor.
            Without it the exponential of an untrained network's output would overflow.

    Returns:
        Float tensor (..., 4), corners in pixels, float32 at least. They may lie outside of the image: see `clip_boxes`.

    Raises:
        ValueError: an input is not (..., 4), stds is not four positive numbers, or clip is not positive.

    Example:
        >>> decode_deltas([[0.5, 0.5, 0.0, 0.6931472]], [[0, 0, 20, 10]]).numpy().round(3)
        array([[10.,  0., 30., 20.]], dtype=float32)

    Reference:
        Girshick et al., 2014, appendix C, equations 1 to 4. The limit is that of the authors' later code, Detectron.
    """
    check_positive("clip", clip, "the largest logarithm of box over anchor")
    deltas, anchors, stds = _checked("deltas", deltas, anchors, stds)
    deltas = deltas * stds
    anchor_size = anchors[..., 2:] - anchors[..., :2]  # (..., 2)
    centre = _centre(anchors) + anchor_size * deltas[..., :2]
    half = anchor_size * ops.exp(ops.minimum(deltas[..., 2:], clip)) / 2
    return ops.concatenate([centre - half, centre + half], axis=-1)


def _centre(boxes):
    return (boxes[..., :2] + boxes[..., 2:]) / 2  # (..., 2)


def _checked(name, values, anchors, stds):
    values, anchors = as_float32(values), as_float32(anchors)
    for label, tensor in ((name, values), ("anchors", anchors)):
        check_shape(label, tensor, (..., 4), "four numbers an anchor")
    if len(stds) != 4 or not all(std > 0 for std in stds):
        raise ValueError(f"stds must be four positive numbers, for t_x, t_y, t_w and t_h. Received {stds!r}.")
    return values, ops.cast(anchors, values.dtype), ops.convert_to_tensor(stds, dtype=values.dtype)
