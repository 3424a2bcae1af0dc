"""How YOLOv1 writes a box down: where in the cell its centre is, and how large it is beside the image."""

from keras import ops

from cvkit.validation import as_float32, check_shape


def encode_yolo_v1(boxes, cells, image_sizes):
    r"""Centres relative to the cell, widths and heights relative to the image.

    $$x = \frac{c_x - x_\text{cell}}{w_\text{cell}}, \quad y = \frac{c_y - y_\text{cell}}{h_\text{cell}}, \quad
      w = \frac{w_\text{box}}{W}, \quad h = \frac{h_\text{box}}{H}$$

    The centre of a box lies in its cell, so x and y are from 0 to 1; so are w and h, since no object is larger than the
    image. There are no square roots here: they are in `cvkit.losses.yolo_v1_loss`.

    Args:
        boxes: float tensor (..., 4), corners x1, y1, x2, y2 in pixels.
        cells: float tensor (..., 4), the cell of each box, as a box: `anchor_grid` of one square as large as the
            stride. All axes before the last may be broadcast.
        image_sizes: float tensor (..., 2), heights and widths of the images in pixels.

    Returns:
        Float tensor (..., 4): x, y, w, h.

    Raises:
        ValueError: boxes or cells is not (..., 4), or image_sizes not (..., 2).

    Example:
        >>> encode_yolo_v1([80.0, 0.0, 144.0, 112.0], [64.0, 0.0, 128.0, 64.0], [448.0, 448.0]).numpy().round(3)
        array([0.75 , 0.875, 0.143, 0.25 ], dtype=float32)

    Reference:
        Redmon et al., "You Only Look Once", 2015, arXiv 1506.02640, section 2. Slides often say that w and h are
        relative to the cell. The paper's images are resized to 448 x 448 pixels; here they keep their size.
    """
    boxes, cells, image = _checked("boxes", boxes, cells, image_sizes)
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2  # (..., 2)
    size = (boxes[..., 2:] - boxes[..., :2]) / image
    place = (centre - cells[..., :2]) / (cells[..., 2:] - cells[..., :2])
    return ops.concatenate([place, size], axis=-1)


def decode_yolo_v1(values, cells, image_sizes):
    r"""The boxes in pixels: the inverse of `encode_yolo_v1`.

    $$c_x = x_\text{cell} + x \, w_\text{cell}, \quad w_\text{box} = w W, \quad \text{and so for y and h}$$

    Args:
        values: float tensor (..., 4): x, y, w, h.
        cells, image_sizes: as for `encode_yolo_v1`.

    Returns:
        Float tensor (..., 4), corners in pixels. They may lie outside of the image.

    Raises:
        ValueError: as for `encode_yolo_v1`.

    Example:
        >>> decode_yolo_v1([0.75, 0.875, 1 / 7, 0.25], [64.0, 0.0, 128.0, 64.0], [448.0, 448.0]).numpy().round(3)
        array([ 80.,   0., 144., 112.], dtype=float32)
    """
    values, cells, image = _checked("values", values, cells, image_sizes)
    centre = cells[..., :2] + values[..., :2] * (cells[..., 2:] - cells[..., :2])  # (..., 2)
    half = values[..., 2:] * image / 2
    return ops.concatenate([centre - half, centre + half], axis=-1)


def _checked(name, values, cells, image_sizes):
    values, cells, image_sizes = as_float32(values), as_float32(cells), as_float32(image_sizes)
    for label, tensor, length in ((name, values, 4), ("cells", cells, 4), ("image_sizes", image_sizes, 2)):
        check_shape(label, tensor, (..., length))
    width_and_height = ops.flip(image_sizes, axis=-1)  # (..., 2)
    return values, ops.cast(cells, values.dtype), ops.cast(width_and_height, values.dtype)
