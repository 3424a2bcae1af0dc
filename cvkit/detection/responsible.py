"""Which object each cell of YOLO's grid answers for."""

from keras import ops

from cvkit.detection.iou import iou
from cvkit.validation import check_shape


def responsible_objects(boxes, cells, anchors=None, box_mask=None):
    r"""Index of the object that each cell, or each anchor of each cell, answers for.

    The cell in which the centre of an object lies is responsible for it. With anchors it is that one of the cell's
    anchors whose shape is most like the object's, by the IoU of both laid on one corner; if there are grids of several
    sizes, one of all their anchors.

    Of several objects in one place the largest is kept, and the others are lost to training: the grid has no room for
    them. Of equally large ones it is the first.

    Args:
        boxes: float tensor (M, 4), the true boxes of one image, corners in pixels; M is 1 or more.
        cells: float tensor (N, 4), corners in pixels. With A anchors each cell comes A times, and grids of several
            sizes one after the other.
        anchors: float tensor (N, 2), widths and heights in pixels; None for YOLOv1, which has none.
        box_mask: bool tensor (M,), False for boxes that only fill up a batch; None if all are real.

    Returns:
        int32 tensor (N,): index of the object, -1 for none. An object whose centre lies in no cell has no place, and
        one without area neither.

    Raises:
        ValueError: a shape does not fit.

    Example:
        >>> cells = [[0, 0, 16, 16], [16, 0, 32, 16]]
        >>> boxes = [[1, 1, 9, 9], [0, 0, 20, 16], [20, 4, 28, 12]]  # centres (5, 5), (10, 8) and (24, 8)
        >>> responsible_objects(boxes, cells).numpy()  # of the two in the first cell the larger one
        array([1, 2], dtype=int32)

    Reference:
        Redmon et al., "You Only Look Once", 2015, arXiv 1506.02640, section 2; Redmon and Farhadi, "YOLOv3", 2018,
        arXiv 1804.02767, section 2.1. None of the papers says what becomes of two objects in one place.
    """
    boxes, cells = ops.cast(boxes, "float32"), ops.cast(cells, "float32")
    check_shape("boxes", boxes, ("M", 4), "corners of one image's boxes", "Call it once for each image.")
    check_shape("cells", cells, ("N", 4), "corners of the cells")
    size = ops.maximum(boxes[:, 2:] - boxes[:, :2], 0)  # (M, 2)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    inside = ops.all((cells[:, None, :2] <= centre) & (centre < cells[:, None, 2:]), axis=-1)  # (N, M)
    inside = inside & ops.all(size > 0, axis=-1)
    if box_mask is not None:
        inside = inside & ops.cast(box_mask, "bool")
    likeness = ops.cast(inside, "float32")
    if anchors is not None:
        anchors = ops.cast(anchors, "float32")
        check_shape("anchors", anchors, (cells.shape[0] or "N", 2), "width and height of each cell's anchor")
        likeness = likeness * iou(ops.pad(anchors, [[0, 0], [2, 0]]), ops.pad(size, [[0, 0], [2, 0]]))  # (N, M)
    places = ops.arange(ops.shape(cells)[0], dtype="int32")
    chosen = inside & (places[:, None] == ops.cast(ops.argmax(likeness, axis=0), "int32"))  # (N, M), once an object
    area = ops.where(chosen, ops.prod(size, axis=-1), 0.0)
    return ops.where(ops.any(chosen, axis=1), ops.cast(ops.argmax(area, axis=1), "int32"), -1)
