"""How YOLOv2 and v3 write a box down: where in the cell its centre is, and how large it is beside an anchor."""

from keras import ops

from cvkit.detection.deltas import MAX_LOG_SCALE
from cvkit.validation import as_float32, check_shape

MARGIN = 1e-6  # least distance of a centre from the border of its cell, in cells: at the border itself t is infinite


def encode_yolo(boxes, cells, anchors):
    r"""What the network should say for each box: t_x, t_y, t_w, t_h.

    $$\sigma(t_x) = \frac{c_x - x_\text{cell}}{w_\text{cell}}, \quad
      \sigma(t_y) = \frac{c_y - y_\text{cell}}{h_\text{cell}}, \quad
      t_w = \log \frac{w_\text{box}}{w_\text{anchor}}, \quad t_h = \log \frac{h_\text{box}}{h_\text{anchor}}$$

    The sigmoid keeps the centre of each predicted box in its own cell. The R-CNN family's shifts (see `encode_deltas`)
    have no such limit, and an untrained network puts a box anywhere in the image.

    Args:
        boxes: float tensor (..., 4), corners x1, y1, x2, y2 in pixels.
        cells: float tensor (..., 4), the cell of each box, as a box. All axes before the last may be broadcast.
        anchors: float tensor (..., 2), width and height of the anchor of each box, in pixels.

    Returns:
        Float tensor (..., 4). Where the box has no area, as those have that fill up a batch, all are 0.

    Raises:
        ValueError: boxes or cells is not (..., 4), or anchors not (..., 2).

    Example:
        >>> t = encode_yolo([4.0, 2.0, 20.0, 22.0], [8.0, 8.0, 24.0, 24.0], [8.0, 20.0])  # centre (12, 12), 16 x 20
        >>> t.numpy().round(3)  # a quarter of the cell: log(1/4 : 3/4); twice as wide: log 2
        array([-1.099, -1.099,  0.693,  0.   ], dtype=float32)

    Reference:
        Redmon and Farhadi, "YOLO9000", 2016, arXiv 1612.08242, section 2, "direct location prediction", and "YOLOv3",
        2018, arXiv 1804.02767, section 2.1. Centres outside of their cell count as at its border.
    """
    boxes, cells, anchors = _checked("boxes", boxes, cells, anchors)
    size = boxes[..., 2:] - boxes[..., :2]  # (..., 2)
    real = ops.all(size > 0, axis=-1, keepdims=True)  # (..., 1)
    size = ops.where(real, size, anchors)
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    share = ops.clip((centre - cells[..., :2]) / (cells[..., 2:] - cells[..., :2]), MARGIN, 1 - MARGIN)
    t = ops.concatenate([ops.log(share) - ops.log1p(-share), ops.log(size / anchors)], axis=-1)
    return ops.where(real, t, ops.zeros_like(t))


def decode_yolo(deltas, cells, anchors):
    r"""The boxes that the network's answers stand for: the inverse of `encode_yolo`.

    $$c_x = x_\text{cell} + \sigma(t_x) \, w_\text{cell}, \quad w_\text{box} = w_\text{anchor} \, e^{t_w},
      \quad \text{and so for y and h}$$

    Args:
        deltas: float tensor (..., 4): t_x, t_y, t_w, t_h.
        cells, anchors: as for `encode_yolo`.

    Returns:
        Float tensor (..., 4), corners in pixels. They may lie outside of the image. A box is at most 62.5 times as wide
        as its anchor, as in `decode_deltas`.

    Raises:
        ValueError: as for `encode_yolo`.

    Example:
        >>> decode_yolo([0.0, 0.0, 0.0, 0.0], [8.0, 8.0, 24.0, 24.0], [8.0, 20.0]).numpy()  # the anchor, centred
        array([12.,  6., 20., 26.], dtype=float32)
    """
    deltas, cells, anchors = _checked("deltas", deltas, cells, anchors)
    centre = cells[..., :2] + ops.sigmoid(deltas[..., :2]) * (cells[..., 2:] - cells[..., :2])  # (..., 2)
    half = anchors * ops.exp(ops.minimum(deltas[..., 2:], MAX_LOG_SCALE)) / 2
    return ops.concatenate([centre - half, centre + half], axis=-1)


def _checked(name, values, cells, anchors):
    values, cells, anchors = as_float32(values), as_float32(cells), as_float32(anchors)
    for label, tensor, length in ((name, values, 4), ("cells", cells, 4), ("anchors", anchors, 2)):
        check_shape(label, tensor, (..., length))
    return values, ops.cast(cells, values.dtype), ops.cast(anchors, values.dtype)
