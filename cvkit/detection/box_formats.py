"""The four ways to write a box down, and the way from each to each."""

from keras import ops

from cvkit.validation import as_float, check_shape

BOX_FORMATS = ("xyxy", "xywh", "cxcywh", "rel_xyxy")


def convert_boxes(boxes, source, target, image_size=None):
    r"""Write boxes in another format.

    $$w = x_2 - x_1, \quad h = y_2 - y_1, \quad c_x = \frac{x_1 + x_2}{2}, \quad c_y = \frac{y_1 + y_2}{2}$$

    - "xyxy": the corners x1, y1, x2, y2 in pixels, upper left and lower right. The kit's own format.
    - "xywh": the upper left corner, width and height (COCO's files).
    - "cxcywh": the centre, width and height (YOLO, and anchors).
    - "rel_xyxy": the corners as shares of the image's width and height, from 0 to 1 inside the image.

    Args:
        boxes: float tensor (..., 4).
        source: the format they are in.
        target: the format wanted.
        image_size: (height, width) of the image in pixels, for "rel_xyxy" on either side.

    Returns:
        Float tensor (..., 4).

    Raises:
        ValueError: boxes is not (..., 4), there is no such format, or image_size is missing or not two positive
            numbers.

    Example:
        >>> convert_boxes([10.0, 20.0, 40.0, 60.0], "xyxy", "cxcywh").numpy()
        array([25., 40., 30., 40.], dtype=float32)
        >>> convert_boxes([10.0, 20.0, 40.0, 60.0], "xyxy", "rel_xyxy", image_size=(80, 100)).numpy()
        array([0.1 , 0.25, 0.4 , 0.75], dtype=float32)

    Reference:
        `keras.utils.bounding_boxes.convert_format` does the same and knows more formats ("cxcywh" is "center_xywh"
        there). It returns float32 unless it is told otherwise; this one keeps the type, and is short enough to read.
    """
    boxes = as_float(boxes)
    _check(boxes, source, target, image_size)
    scale = None
    if "rel_xyxy" in (source, target):
        height, width = image_size
        scale = ops.convert_to_tensor([width, height, width, height], dtype=boxes.dtype)  # (4,)
    return _from_corners(_to_corners(boxes, source, scale), target, scale)


def _to_corners(boxes, source, scale):
    if source == "xyxy":
        return boxes
    if source == "rel_xyxy":
        return boxes * scale
    place, size = boxes[..., :2], boxes[..., 2:]  # (..., 2) each
    corner = place if source == "xywh" else place - size / 2
    return ops.concatenate([corner, corner + size], axis=-1)


def _from_corners(boxes, target, scale):
    if target == "xyxy":
        return boxes
    if target == "rel_xyxy":
        return boxes / scale
    corner, size = boxes[..., :2], boxes[..., 2:] - boxes[..., :2]  # (..., 2) each
    return ops.concatenate([corner if target == "xywh" else corner + size / 2, size], axis=-1)


def _check(boxes, source, target, image_size):
    for name, value in (("source", source), ("target", target)):
        if value not in BOX_FORMATS:
            raise ValueError(f"{name} must be one of {', '.join(BOX_FORMATS)}. Received {value!r}.")
    check_shape("boxes", boxes, (..., 4), "four numbers a box")
    if "rel_xyxy" not in (source, target):
        return
    fits = isinstance(image_size, (tuple, list)) and len(image_size) == 2 and all(side > 0 for side in image_size)
    if not fits:
        raise ValueError(
            "image_size must be (height, width) in pixels, two positive numbers: relative boxes are shares of it. "
            f"Received {image_size!r}."
        )
