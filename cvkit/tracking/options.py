"""The options that trackers share."""


def check_options(max_age, min_hits, iou_threshold, min_score):
    """Raise unless the options of SORT and DeepSORT are in their ranges.

    Example:
        >>> check_options(max_age=1, min_hits=3, iou_threshold=0.3, min_score=0.5)
        >>> check_options(max_age=-1, min_hits=3, iou_threshold=0.3, min_score=0.5)
        Traceback (most recent call last):
        ValueError: max_age must be a whole number of frames from 0. Received -1.
    """
    for name, value in (("max_age", max_age), ("min_hits", min_hits)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValueError(f"{name} must be a whole number of frames from 0. Received {value!r}.")
    check_iou_threshold(iou_threshold)
    if not 0 <= min_score <= 1:
        raise ValueError(f"min_score must be from 0 to 1. Received {min_score!r}.")


def check_iou_threshold(iou_threshold):
    """Raise unless the least IoU of a pair is in its range.

    Example:
        >>> check_iou_threshold(0)
        Traceback (most recent call last):
        ValueError: iou_threshold must be above 0 and at most 1. Received 0.
    """
    if not 0 < iou_threshold <= 1:
        raise ValueError(f"iou_threshold must be above 0 and at most 1. Received {iou_threshold!r}.")
