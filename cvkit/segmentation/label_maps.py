"""Checks of label maps: arrays that hold a class number for each pixel."""

import numpy as np
from keras import ops


def read_label_maps(targets, predictions, num_classes, ignore_label=None):
    """Targets and predictions as integer arrays of one shape, and which pixels count.

    Args:
        targets: integer array, tensor or list of any shape, the true class of each pixel.
        predictions: likewise, of the same shape.
        num_classes: K; classes count from 0 to K - 1.
        ignore_label: the label of pixels that do not count, or None.

    Returns:
        (targets, predictions, counted): two int64 arrays and a bool array.

    Raises:
        ValueError: the shapes differ, an entry is no whole number, or a label that counts is not below K.

    Example:
        >>> read_label_maps([[0, 255]], [[1, 0]], num_classes=2, ignore_label=255)[2]
        array([[ True, False]])
    """
    targets, predictions = _integers("targets", targets), _integers("predictions", predictions)
    if targets.shape != predictions.shape:
        raise ValueError(
            "targets and predictions must have one shape, a class number for each pixel. "
            f"Received {targets.shape} and {predictions.shape}. Take the argmax of scores over their last axis first."
        )
    counted = np.ones(targets.shape, bool) if ignore_label is None else targets != ignore_label
    for name, labels in (("targets", targets), ("predictions", predictions)):
        wrong = counted & ((labels < 0) | (labels >= num_classes))
        if wrong.any():
            raise ValueError(
                f"{name} must be class numbers from 0 to {num_classes - 1}. Received {labels[wrong][0]}. "
                "If it marks pixels without a class, pass it as ignore_label, in the targets."
            )
    return targets, predictions, counted


def _integers(name, labels):
    labels = np.asarray(labels if isinstance(labels, (np.ndarray, list, tuple)) else ops.convert_to_numpy(labels))
    if labels.size and not (np.issubdtype(labels.dtype, np.integer) or (labels % 1 == 0).all()):
        raise ValueError(f"{name} must be whole numbers, the class of each pixel. Received {labels.dtype} fractions.")
    return labels.astype("int64")
