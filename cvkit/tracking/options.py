"""The options that SORT and DeepSORT share."""


def check_options(max_age, min_hits, iou_threshold, min_score):
    """Raise unless the options are in their ranges.

    Example:
        >>> check_options(max_age=1, min_hits=3, iou_threshold=0.3, min_score=0.5)
        >>> check_options(max_age=-1, min_hits=3, iou_threshold=0.3, min_score=0.5)
        Traceback (most recent call last):
        ValueError: max_age must be a whole number of frames from 0. Received -1.
    """
    for name, value in (("max_age", max_age), ("min_hits", min_hits)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValueError(f"{name} must be a whole number of frames from 0. Received {value!r}.")
    if not 0 < iou_threshold <= 1:
        raise ValueError(f"iou_threshold must be above 0 and at most 1. Received {iou_threshold!r}.")
    if not 0 <= min_score <= 1:
        raise ValueError(f"min_score must be from 0 to 1. Received {min_score!r}.")
