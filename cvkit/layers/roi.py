"""What ROI pooling and ROI align share: the checks of their inputs and arguments."""

from keras import ops

from cvkit.validation import as_float, check_positive, check_shape


def check_pool_size(pool_size):
    """``(height, width)`` of `pool_size`, which is a positive integer or a pair of them.

    Example:
        >>> check_pool_size(7)
        (7, 7)
    """
    pair = (pool_size, pool_size) if isinstance(pool_size, int) else tuple(pool_size)
    if len(pair) != 2:
        raise ValueError(f"pool_size must be an integer or a pair (height, width). Received {pool_size!r}.")
    for value in pair:
        check_positive("pool_size", value, "bins along one side of the output", integer=True)
    return pair


def check_inputs(feature_map, rois):
    """Feature map and ROIs as float tensors of fitting shapes; no gradient flows into the ROIs.

    Raises:
        ValueError: the feature map is not (B, H, W, C), the ROIs are not (B, R, 4), or their B differ.
    """
    feature_map, rois = as_float(feature_map), as_float(rois)
    check_shape("feature_map", feature_map, ("B", "H", "W", "C"), "a batch of feature maps, channels last")
    hint = "For one image's boxes (R, 4) pass rois[None]."
    check_shape("rois", rois, ("B", "R", 4), "corners x1, y1, x2, y2 in image pixels, R for each image", hint)
    batch, rois_batch = feature_map.shape[0], rois.shape[0]
    if None not in (batch, rois_batch) and batch != rois_batch:
        raise ValueError(
            f"feature_map and rois must hold the same number of images. Received {batch} feature maps and ROIs for "
            f"{rois_batch} images. Give each image its own row of ROIs, padded with boxes of zeros to a common number."
        )
    return feature_map, ops.stop_gradient(rois)


def image_of_each_roi(rois):
    """Index of the image that each of the ``B * R`` flattened ROIs belongs to, (B * R,)."""
    batch, num_rois = ops.shape(rois)[:2]
    return ops.repeat(ops.arange(batch), num_rois)


def output_shape(shapes, pool_size):
    """``(B, R, ph, pw, C)`` from the shapes of a feature map and its ROIs."""
    feature_map, rois = shapes
    return (feature_map[0], rois[1], *pool_size, feature_map[-1])
