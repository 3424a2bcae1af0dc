"""What trackers and their metrics read: boxes of a frame, and lists of dicts, one a frame. NumPy."""

import numpy as np


def read_boxes(name, boxes, scores=None, min_score=None):
    """Boxes of a frame as float64 (N, 4), checked; of those with scores, the ones that reach `min_score`, and which.

    Args:
        name: the argument's name, for messages.
        boxes: array-like (N, 4), corners x1, y1, x2, y2 in pixels; [] for none.
        scores: array-like (N,), or None: all boxes count.
        min_score: the least score that counts.

    Returns:
        float64 (N, 4); with `min_score` a pair of that and the places of the kept boxes, int64.

    Raises:
        ValueError: a shape is wrong, a number is not finite, or a box has no width or height.

    Example:
        >>> read_boxes("boxes", [[0, 0, 2, 3], [5, 5, 6, 6]], scores=[0.2, 0.9], min_score=0.5)
        (array([[5., 5., 6., 6.]]), array([1]))
    """
    boxes = np.asarray(boxes, "float64")
    if boxes.size == 0:
        boxes = boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(
            f"{name} must have shape (N, 4): corners x1, y1, x2, y2 in pixels. Received shape {boxes.shape}."
        )
    proper = np.isfinite(boxes).all(1) & (boxes[:, :2] < boxes[:, 2:]).all(1)
    if not proper.all():
        raise ValueError(
            f"{name} must be finite and hold x1 < x2, y1 < y2. Received {boxes[proper.argmin()].tolist()}. "
            "Leave out boxes without width or height."
        )
    if min_score is None:
        return boxes
    if scores is None:
        return boxes, np.arange(len(boxes))
    scores = np.asarray(scores, "float64")
    if scores.shape != (len(boxes),) or not np.isfinite(scores).all():
        raise ValueError(f"scores must be {len(boxes)} finite numbers, one a box. Received shape {scores.shape}.")
    kept = np.flatnonzero(scores >= min_score)
    return boxes[kept], kept


def read_frames(name, frames, key):
    """Check a list of dicts of "boxes" (N, 4) and `key` (N,).

    Returns:
        List of pairs: float64 (N, 4); and float64 (N,) if `key` is "scores", int64 (N,), all different, if "ids".

    Raises:
        ValueError: `frames` is no such list.

    Example:
        >>> read_frames("tracks", [{"boxes": [], "ids": []}, {"boxes": [[0, 0, 1, 1]], "ids": [3]}], "ids")[1]
        (array([[0., 0., 1., 1.]]), array([3]))
    """
    if not isinstance(frames, (list, tuple)):
        raise ValueError(f"{name} must be a list of dicts, one a frame. Received a {type(frames).__name__}.")
    return [_one_frame(f"{name}[{number}]", frame, key) for number, frame in enumerate(frames)]


def _one_frame(name, frame, key):
    if not isinstance(frame, dict) or "boxes" not in frame or key not in frame:
        held = ", ".join(map(str, frame)) if isinstance(frame, dict) else f"a {type(frame).__name__}"
        raise ValueError(f"{name} must be a dict with boxes and {key}. Received {held}.")
    boxes = read_boxes(f"{name}['boxes']", frame["boxes"])
    values = np.asarray(frame[key], "float64")
    if values.shape != (len(boxes),) or not np.isfinite(values).all():
        raise ValueError(
            f"{name}[{key!r}] must be {len(boxes)} finite numbers, one a box. Received shape {values.shape}."
        )
    if key == "scores":
        return boxes, values
    if (values % 1 != 0).any() or len(np.unique(values)) < len(values):
        raise ValueError(
            f"{name}['ids'] must be whole numbers, each once in a frame: two boxes cannot be one object. "
            f"Received {values.tolist()}."
        )
    return boxes, values.astype("int64")
