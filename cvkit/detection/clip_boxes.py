"""Boxes cut off at the edge of the image."""

from keras import ops

from cvkit.validation import as_float, check_shape


def clip_boxes(boxes, image_size):
    r"""The part of each box that lies inside the image.

    $$x \leftarrow \min(\max(x, 0), W), \qquad y \leftarrow \min(\max(y, 0), H)$$

    Args:
        boxes: float tensor (..., 4), corners x1, y1, x2, y2 in pixels.
        image_size: (height, width) of the image in pixels, two positive numbers; or scalar tensors, where the size is
            known only when the code runs.

    Returns:
        Float tensor (..., 4). A box that lies wholly outside has no area any more.

    Raises:
        ValueError: boxes is not (..., 4), or image_size is not two positive numbers.

    Example:
        >>> clip_boxes([[-5.0, 10.0, 20.0, 90.0]], image_size=(80, 100)).numpy()
        array([[ 0., 10., 20., 80.]], dtype=float32)

    Reference:
        Ren et al., "Faster R-CNN", 2015, arXiv 1506.01497, section 3.3: proposals at test time.
    """
    boxes = as_float(boxes)
    check_shape("boxes", boxes, (..., 4), "four numbers a box")
    height, width = _checked(image_size)
    limits = ops.stack([ops.cast(side, boxes.dtype) for side in (width, height, width, height)])  # (4,)
    return ops.minimum(ops.maximum(boxes, 0), limits)


def _checked(image_size):
    fits = isinstance(image_size, (tuple, list)) and len(image_size) == 2
    if not fits or any(isinstance(side, (int, float)) and not side > 0 for side in image_size):
        raise ValueError(
            f"image_size must be (height, width) in pixels, two positive numbers. Received {image_size!r}."
        )
    return image_size
