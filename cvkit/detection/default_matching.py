"""Which default box of SSD learns which object."""

from keras import ops

from cvkit.validation import as_float32, check_shape


def match_default_boxes(overlaps, threshold=0.5):
    r"""Index of the object that each default box learns; each object has the first choice of one box.

    First one box for each object: of all pairs the one with the largest IoU is matched, its box and its object leave,
    and so on, until no pair with an IoU above 0 is left. Then every other box with an IoU above the threshold with some
    object learns the one that it overlaps most.

    Args:
        overlaps: float tensor (B, N, M), the IoU of N default boxes with M objects in each of B images; 0 for objects
            that only fill up a batch. M is 1 or more.
        threshold: IoU above which a box is matched, from 0 to 1.

    Returns:
        int32 tensor (B, N): index of the object, -1 for the background.

    Raises:
        ValueError: overlaps is not (B, N, M), or the threshold is out of its range.

    Example:
        >>> overlaps = [[[0.9, 0.4], [0.8, 0.0], [0.3, 0.0], [0.0, 0.0]]]  # both objects fit the first box best
        >>> match_default_boxes(overlaps).numpy()  # the second gets no other, since no other box touches it
        array([[ 0,  0, -1, -1]], dtype=int32)
        >>> match_default_boxes([[[0.9, 0.4], [0.8, 0.1], [0.3, 0.0]]]).numpy()  # here it gets the second box
        array([[ 0,  1, -1]], dtype=int32)

    Reference:
        Liu et al., "SSD", 2015, arXiv 1512.02325, section 2.2, "matching strategy", and the authors' code, which, too,
        goes from the best pair down ("bipartite") and leaves objects without any overlap unmatched.
    """
    overlaps = ops.stop_gradient(as_float32(overlaps))
    check_shape("overlaps", overlaps, ("B", "N", "M"), "the IoU of each default box with each object of an image")
    if isinstance(threshold, bool) or not isinstance(threshold, (int, float)) or not 0 <= threshold <= 1:
        raise ValueError(f"threshold must be an IoU, from 0 to 1. Received {threshold!r}.")
    number, count = ops.shape(overlaps)[1], ops.shape(overlaps)[2]
    boxes, objects = ops.arange(number, dtype="int32"), ops.arange(count, dtype="int32")

    def match_best_pair(_, state):
        left, matches = state
        of_box = ops.max(left, axis=2)  # (B, N)
        box = ops.cast(ops.argmax(of_box, axis=1), "int32")[:, None]  # (B, 1)
        row = ops.take_along_axis(left, box[..., None], axis=1)[:, 0]  # (B, M), the IoU of that box
        object_ = ops.cast(ops.argmax(row, axis=1), "int32")[:, None]  # (B, 1)
        found = ops.max(row, axis=1, keepdims=True) > 0
        is_box, is_object = (boxes == box) & found, (objects == object_) & found  # (B, N), (B, M)
        left = ops.where(is_box[:, :, None] | is_object[:, None, :], 0.0, left)
        return left, ops.where(is_box, object_, matches)

    nothing = ops.zeros_like(overlaps[:, :, 0], dtype="int32") - 1
    _, matches = ops.fori_loop(0, count, match_best_pair, (overlaps, nothing))
    is_close = (matches < 0) & (ops.max(overlaps, axis=2) > threshold)
    return ops.where(is_close, ops.cast(ops.argmax(overlaps, axis=2), "int32"), matches)
