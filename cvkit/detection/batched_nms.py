"""Non-maximum suppression of several classes at once: boxes of different classes leave each other alone."""

import keras
from keras import ops

from cvkit.detection.suppression import as_candidates, check_one_each, keep_best
from cvkit.validation import check_shape


def batched_nms(boxes, scores, classes, iou_threshold=0.5, max_output_size=100, score_threshold=None):
    """`nms` within each class, and the boxes that are left of all classes together, best first.

    Args:
        boxes: float tensor (N, 4), corners x1, y1, x2, y2 in pixels.
        scores: float tensor (N,); -inf for boxes that only fill up a batch.
        classes: integer tensor (N,), any integers. They may be images too, or levels of a pyramid: whatever keeps boxes
            apart.
        iou_threshold: as for `nms`, like all that follows.
        max_output_size: largest number of boxes kept, of all classes together; N if None.
        score_threshold: only boxes with a score above it take part; all if None.

    Returns:
        (indices, num_valid): int32 tensor (max_output_size,), filled up with -1 after the boxes kept, and their number,
        an int32 tensor ().

    Raises:
        ValueError: as for `nms`, or classes is not (N,) integers.

    Example:
        >>> boxes = [[0, 0, 10, 10], [1, 0, 11, 10], [0, 0, 10, 9]]
        >>> indices, num_valid = batched_nms(boxes, [0.6, 0.9, 0.3], [0, 1, 0], max_output_size=4)
        >>> indices.numpy(), int(num_valid)
        (array([ 1,  0, -1, -1], dtype=int32), 2)

    Reference:
        Girshick et al., "Rich feature hierarchies", 2014, arXiv 1311.2524, section 2.2, "for each class independently".
        The usual trick moves the boxes of class c by c times the largest coordinate, so that one call of nms will do.
        But float32 has 24 binary digits: with 80 classes and coordinates up to 4,000 the last boxes lie at 320,000,
        where neighbouring numbers are 1/32 of a pixel apart, and overlaps near the threshold fall to the wrong side.
        Here the classes themselves are compared.
    """
    boxes, scores, size = as_candidates(boxes, scores, iou_threshold, max_output_size, score_threshold)
    classes = ops.convert_to_tensor(classes)
    check_shape("classes", classes, ("N",), "one class a box")
    check_one_each("classes", classes, boxes)
    if not keras.backend.standardize_dtype(classes.dtype).startswith(("int", "uint")):
        raise ValueError(f"classes must be integers. Received {classes.dtype}: cast them.")
    return keep_best(boxes, scores, classes, iou_threshold, size)
