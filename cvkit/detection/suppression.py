"""Greedy suppression of overlapping boxes, block by block: what `nms` and `batched_nms` share."""

import functools

import keras
import numpy as np
from keras import ops

from cvkit.backend import runs_eagerly
from cvkit.detection.iou import iou
from cvkit.validation import as_float32, check_positive, check_shape

_BLOCK = 128  # boxes looked at together


def as_candidates(boxes, scores, iou_threshold, max_output_size, score_threshold):
    """Boxes, scores and the length of the result, checked; what takes no part has the score -inf.

    Raises:
        ValueError: see `cvkit.detection.nms`.
    """
    boxes, scores = as_float32(boxes), as_float32(scores)
    check_shape("boxes", boxes, ("N", 4), "corners x1, y1, x2, y2 in pixels", "Call it once for each image.")
    check_shape("scores", scores, ("N",), "one score a box", "Call it once for each class, or use batched_nms.")
    check_one_each("scores", scores, boxes)
    if isinstance(iou_threshold, bool) or not 0 <= iou_threshold <= 1:
        raise ValueError(f"iou_threshold must be from 0 to 1. Received {iou_threshold!r}.")
    if max_output_size is not None:
        check_positive("max_output_size", max_output_size, "boxes to keep at most, or None for all", integer=True)
    if score_threshold is not None:
        scores = ops.where(scores > score_threshold, scores, -np.inf)
    return boxes, scores, ops.shape(boxes)[0] if max_output_size is None else max_output_size


def check_one_each(name, values, boxes):
    """Raise unless there is one value for each box; a number that is not known yet is accepted."""
    have, want = values.shape[0], boxes.shape[0]
    if None not in (have, want) and have != want:
        raise ValueError(f"{name} must hold one value for each of the {want} boxes. Received {have}.")


def keep_best(boxes, scores, classes, iou_threshold, size):
    """Indices of the boxes that no better box of their class suppresses, best first.

    The boxes come in the order of their scores. A block of them is compared with the boxes kept so far, and then within
    itself; what has already been suppressed is never looked at again. So memory grows with the boxes and with `size`,
    never with a product of the two, and the work ends as soon as `size` boxes are kept.

    Args:
        boxes: float tensor (N, 4), corners.
        scores: float tensor (N,). Those of -inf are left out.
        classes: integer tensor (N,).
        iou_threshold: a box is suppressed by an IoU above it, compared as exact numbers.
        size: length of the result.

    Returns:
        (indices, num_valid): int32 tensor (size,), filled up with -1, and int32 tensor ().

    Example:
        >>> boxes = ops.convert_to_tensor([[0.0, 0, 4, 4], [0, 0, 4, 3], [5, 5, 9, 9]])
        >>> indices, num_valid = keep_best(boxes, ops.convert_to_tensor([0.5, 0.9, 0.7]), ops.zeros(3, "int32"), 0.5, 4)
        >>> indices.numpy(), int(num_valid)
        (array([ 1,  2, -1, -1], dtype=int32), 2)
    """
    boxes, scores = ops.stop_gradient(boxes), ops.stop_gradient(scores)
    limit = ops.convert_to_tensor(round_down(iou_threshold, keras.backend.standardize_dtype(boxes.dtype)))
    if keras.backend.backend() == "jax":
        # Called eagerly, JAX would compile the loop anew each time. Compiled as a whole it is kept, for each length
        # that occurs; powers of two keep the lengths few.
        num_dummies = 2 ** boxes.shape[0].bit_length() - boxes.shape[0]
        return _compiled()(*_with_dummies(boxes, scores, classes, num_dummies), limit, size)
    given = *_with_dummies(boxes, scores, classes, 1), limit
    if runs_eagerly():  # a graph costs less than its many small steps; `size` as a tensor makes no graph of its own
        return _compiled()(*given, ops.convert_to_tensor(size, "int32"))
    return _keep_best(*given, size)


def round_down(threshold, dtype):
    """Largest number of `dtype` that is not above `threshold`: x > the one exactly where x > the other.

    Example:
        >>> float(np.float32(0.6)) > 0.6, float(round_down(0.6, "float32")) > 0.6
        (True, False)
    """
    number = np.asarray(threshold, dtype)
    return np.nextafter(number, number - 1) if float(number) > threshold else number


@functools.cache
def _compiled():
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(_keep_best, static_argnums=4)
    import tensorflow as tf

    return tf.function(_keep_best, reduce_retracing=True)


def _with_dummies(boxes, scores, classes, count):
    # Boxes without area, which overlap with nothing, at the end of the order: what empty places in a list point to.
    boxes = ops.pad(boxes, [[0, count], [0, 0]])
    scores = ops.pad(scores, [[0, count]], constant_values=-np.inf)
    return boxes, scores, ops.pad(classes, [[0, count]])


def _keep_best(boxes, scores, classes, limit, size):
    num_boxes = ops.shape(boxes)[0]
    dummy = num_boxes - 1
    num_candidates = ops.sum(ops.cast(scores > -np.inf, "int32"))
    order = ops.cast(ops.argsort(-scores), "int32")  # stable: of equal scores the first comes first
    before = ops.triu(ops.ones((_BLOCK, _BLOCK), "bool"), k=1)  # (earlier, later)

    def overlap(first, second):
        over = iou(ops.take(boxes, first, axis=0), ops.take(boxes, second, axis=0)) > limit
        return over & (ops.take(classes, first)[:, None] == ops.take(classes, second)[None, :])

    def block(start, count, kept):
        places = start + ops.arange(_BLOCK, dtype="int32")
        candidates = ops.take(order, ops.minimum(places, dummy))
        alive = (places < num_candidates) & ~ops.any(overlap(kept[:size], candidates), axis=0)  # (block,)
        alive = _survivors(overlap(candidates, candidates) & before, alive)
        slots = count + ops.cumsum(ops.cast(alive, "int32")) - 1
        slots = ops.where(alive, ops.minimum(slots, size), size)  # the last slot takes what is not kept
        kept = ops.scatter_update(kept, slots[:, None], candidates)
        return start + _BLOCK, count + ops.sum(ops.cast(alive, "int32")), kept

    _, count, kept = ops.while_loop(
        lambda start, count, kept: (start < num_candidates) & (count < size),
        block,
        (ops.zeros((), "int32"), ops.zeros((), "int32"), ops.zeros((size + 1,), "int32") + dummy),
    )
    count = ops.minimum(count, size)
    return ops.where(ops.arange(size, dtype="int32") < count, kept[:size], -1), count


def _survivors(suppresses, alive):
    """Who is left of a block, (block,), where `suppresses` (block, block) tells whom each would suppress.

    A box lives if no earlier living box suppresses it. To begin with all live; each round then asks anew with the
    answer of the last. The first box is right from the start, after one round the second is, and so on; when a round
    changes nothing, all are.
    """

    def again(alive_now, _):
        alive_next = alive & ~ops.any(suppresses & alive_now[:, None], axis=0)
        return alive_next, ops.any(alive_next != alive_now)

    return ops.while_loop(lambda _, changed: changed, again, (alive, ops.ones((), "bool")))[0]
