"""Non-maximum suppression: of boxes on the same object, the best one only."""

import numpy as np
from keras import ops

from cvkit.backend import has_dynamic_kernels, runs_eagerly
from cvkit.detection.suppression import as_candidates, keep_best, round_down


def nms(boxes, scores, iou_threshold=0.5, max_output_size=100, score_threshold=None):
    r"""Indices of the boxes that no better box overlaps too much, best first.

    Boxes are taken in the order of their scores. One is kept if its overlap with all boxes kept before is small enough:

    $$i \in K \iff \mathrm{IoU}(B_i, B_k) \le t \;\text{ for all } k \in K \text{ with } s_k > s_i$$

    Of equal scores the box that comes first in the list counts as the better one. A box without area (x2 <= x1 or
    y2 <= y1) has IoU 0 with every box, so it is kept and suppresses none.

    Args:
        boxes: float tensor (N, 4), corners x1, y1, x2, y2 in pixels. Float16 is computed in float32.
        scores: float tensor (N,). Boxes that only fill up a batch are given -inf: those are never kept.
        iou_threshold: t, from 0 to 1.
        max_output_size: length of the result, and the largest number of boxes kept; N if None.
        score_threshold: only boxes with a score above it take part; all if None.

    Returns:
        (indices, num_valid): int32 tensor (max_output_size,), filled up with -1 after the boxes kept, and their number,
        an int32 tensor (). No gradient flows through it.

    Raises:
        ValueError: boxes is not (N, 4), scores is not (N,) with the same N, or an argument is out of its range.

    Example:
        >>> boxes = [[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10]]  # the first two: IoU 90 / 110
        >>> indices, num_valid = nms(boxes, [0.6, 0.9, 0.3], max_output_size=4)
        >>> indices.numpy(), int(num_valid)
        (array([ 1,  2, -1, -1], dtype=int32), 2)

    Reference:
        Girshick et al., "Rich feature hierarchies", 2014, arXiv 1311.2524, section 2.2. Same indices as
        torchvision.ops.nms on a CPU, up to the rounding of compilers that fuse a product and a sum into one step. It
        has neither a limit nor a score threshold. `tf.image.non_max_suppression` has both, but puts corners in order
        first and rounds its threshold to float32: 0.6 becomes 0.60000002, so an IoU of 3/5, itself rounded to that, is
        not above it, where torchvision compares with 0.6.
    """
    boxes, scores, size = as_candidates(boxes, scores, iou_threshold, max_output_size, score_threshold)
    if has_dynamic_kernels() and boxes.dtype == scores.dtype == "float32":
        return _by_kernel(boxes, scores, iou_threshold, size)
    return keep_best(boxes, scores, ops.zeros_like(scores, dtype="int32"), iou_threshold, size)


def _by_kernel(boxes, scores, iou_threshold, size):
    """By TensorFlow's own kernel for the CPU, which visits the candidates one by one: fastest there.

    Its kernel for a GPU needs memory for every pair of boxes and rounds otherwise, so it is not asked.
    """
    import tensorflow as tf

    eager = runs_eagerly()
    xp = np if eager else ops  # eagerly, small steps cost less in NumPy
    low, high = xp.split(boxes.numpy() if eager else boxes, 2, axis=1)  # (N, 2) each
    # A box with its corners swapped has no area here, but would have one there.
    boxes = xp.concatenate([low, xp.maximum(low, high)], axis=1)
    with tf.device("CPU"):
        kept = tf.image.non_max_suppression(boxes, scores, size, round_down(iou_threshold, "float32"))
        count = xp.shape(kept)[0]
        indices = xp.concatenate([kept, xp.full((size - count,), -1, "int32")])
    indices = tf.ensure_shape(indices, [size if isinstance(size, int) else None])
    return indices, tf.convert_to_tensor(count, "int32")
