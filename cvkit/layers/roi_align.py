"""ROI align: a fixed-size grid of features for each box, sampled between pixels instead of rounded to them."""

import keras
from keras import ops

from cvkit import backend
from cvkit.layers import roi
from cvkit.validation import check_positive

_KERNEL_CHUNK = 20  # ROIs sampled at a time by the kernel: their samples fit into a processor's cache
_MATRIX_CHUNK = 100  # and by matrix products, which like more at a time


def roi_align(feature_map, rois, pool_size, spatial_scale=1.0, sampling_ratio=2, aligned=True, reduction="mean"):
    r"""Bilinear samples of each region of interest, averaged (or their maximum taken) bin by bin.

    A ROI is cut into ``ph x pw`` equal bins and each bin is sampled at ``s x s`` evenly spaced points. Nothing is
    rounded:

    $$Y_{i,j} = \frac{1}{s^2} \sum_{k,l} F(y_{i,k}, x_{j,l}), \qquad
      F(y, x) = \sum_{u,v} \max(0, 1 - |y - u|)\,\max(0, 1 - |x - v|)\,F_{u,v}$$

    Args:
        feature_map: float tensor (B, H, W, C).
        rois: float tensor (B, R, 4), corners x1, y1, x2, y2 in image pixels. No gradient flows into them.
        pool_size: bins ``(ph, pw)``, or one integer for both.
        spatial_scale: feature-map cells per image pixel, 1/16 for a map of stride 16.
        sampling_ratio: s, sample points along one side of a bin.
        aligned: with True, cell i has its centre at i + 0.5, so ROIs are moved by half a cell. False is the older rule,
            without that shift and with ROIs made at least one cell wide and high.
        reduction: ``"mean"`` or ``"max"`` of the samples of a bin.

    Returns:
        Float tensor (B, R, ph, pw, C). A sample up to one cell outside of the map repeats its border; one farther out
        is 0.

    Raises:
        ValueError: a shape or an argument does not fit.

    Example:
        >>> ramp = ops.reshape(ops.arange(16, dtype="float32"), (1, 4, 4, 1))
        >>> roi_align(ramp, [[[0, 0, 4, 4]]], pool_size=2)[0, 0, :, :, 0].numpy().round(3)
        array([[ 2.5,  4.5],
               [10.5, 12.5]], dtype=float32)

    Reference:
        He et al., "Mask R-CNN", 2017, arXiv 1703.06870, section 3. Same numbers as torchvision.ops.roi_align, whose
        adaptive number of samples (sampling_ratio <= 0) is left out: it lets the work depend on the size of the boxes.
    """
    pool_size = roi.check_pool_size(pool_size)
    _check_arguments(spatial_scale, sampling_ratio, reduction)
    feature_map, rois = roi.check_inputs(feature_map, rois)
    corners = ops.cast(ops.reshape(rois, (-1, 4)), "float32") * spatial_scale  # (B * R, 4) in cells
    ys = _sample_points(corners[:, 1], corners[:, 3], pool_size[0], sampling_ratio, aligned)  # (B * R, ph * s)
    xs = _sample_points(corners[:, 0], corners[:, 2], pool_size[1], sampling_ratio, aligned)  # (B * R, pw * s)
    sample = _sample_by_kernel if backend.has_dynamic_kernels() else _sample_by_matrices
    pooled = sample(feature_map, roi.image_of_each_roi(rois), ys, xs, sampling_ratio, reduction)  # (B * R, ph, pw, C)
    shape = (*ops.shape(rois)[:2], *pool_size, ops.shape(feature_map)[-1])
    return ops.cast(ops.reshape(pooled, shape), feature_map.dtype)


def _check_arguments(spatial_scale, sampling_ratio, reduction):
    check_positive("spatial_scale", spatial_scale, "feature-map cells per image pixel, 1/16 for a stride of 16")
    check_positive("sampling_ratio", sampling_ratio, "sample points along one side of a bin", integer=True)
    if reduction not in ("mean", "max"):
        raise ValueError(f'reduction must be "mean" or "max". Received {reduction!r}.')


def _sample_points(start, end, num_bins, sampling_ratio, aligned):
    """Coordinates of the sample points along one axis, (R, num_bins * sampling_ratio), cell centres at integers."""
    length = end - start
    if aligned:
        start = start - 0.5
    else:
        length = ops.maximum(length, 1.0)
    num_points = num_bins * sampling_ratio
    fractions = (ops.arange(num_points, dtype="float32") + 0.5) / num_points
    return start[:, None] + length[:, None] * fractions


def _sample_by_matrices(feature_map, image, ys, xs, sampling_ratio, reduction):
    """Sampling as two matrix products, one an axis: any backend, any compiler, and what a GPU does best."""
    maps = ops.cast(feature_map, "float32")
    height, width = ops.shape(maps)[1:3]

    def sample(image, ys, xs):
        rows, columns = _interpolation_matrix(ys, height), _interpolation_matrix(xs, width)  # (R, P, H), (R, Q, W)
        if reduction == "mean":  # the mean of samples is a sample with mean weights: average first, multiply less
            rows, columns = _mean_of_runs(rows, sampling_ratio), _mean_of_runs(columns, sampling_ratio)
        if maps.shape[0] == 1:  # one image: one large product instead of R small ones
            samples = ops.einsum("rph,hwc->rpwc", rows, maps[0])
        else:
            samples = ops.einsum("rph,rhwc->rpwc", rows, ops.take(maps, image, axis=0))
        samples = ops.einsum("rqw,rpwc->rpqc", columns, samples)
        return samples if reduction == "mean" else ops.max_pool(samples, sampling_ratio, sampling_ratio)

    return backend.map_in_chunks(sample, [image, ys, xs], _MATRIX_CHUNK)


def _interpolation_matrix(points, size):
    """Weights (R, P, size) of the cells along one axis for each point; zero for points more than one cell outside."""
    inside = (points >= -1) & (points <= size)
    nearest = ops.clip(points, 0, size - 1)
    weights = ops.maximum(1 - ops.abs(nearest[..., None] - ops.arange(size, dtype="float32")), 0)  # (R, P, size)
    return ops.where(inside[..., None], weights, 0)


def _mean_of_runs(matrix, run):
    num_rois, num_points, size = ops.shape(matrix)
    return ops.mean(ops.reshape(matrix, (num_rois, num_points // run, run, size)), axis=2)


def _sample_by_kernel(feature_map, image, ys, xs, sampling_ratio, reduction):
    """Sampling by TensorFlow's own kernel, which reads four cells a sample and keeps nothing: fastest on a CPU.

    `tf.image.crop_and_resize` gives zero outside of the map; one repeated cell around it makes that the rule we want.
    """
    import tensorflow as tf

    maps = tf.pad(feature_map, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="SYMMETRIC")
    last = ops.cast(ops.shape(maps)[1:3], "float32") - 1  # (2,) index of the last row and column
    ends = ops.stack([ys[:, 0], xs[:, 0], ys[:, -1], xs[:, -1]], axis=1)  # (R, 4) first and last point
    # As fractions of the way from the first cell to the last. A point exactly on the border counts as inside, and
    # rounding must not push it out, hence the hair's breadth towards the middle.
    ends = ((ends + 1) / ops.tile(last, 2) - 0.5) * (1 - 2e-7) + 0.5
    pool = tf.nn.avg_pool2d if reduction == "mean" else tf.nn.max_pool2d

    def sample(image, ends):
        crops = tf.image.crop_and_resize(maps, ends, image, (ys.shape[1], xs.shape[1]))
        return pool(crops, sampling_ratio, sampling_ratio, "VALID")

    return backend.map_in_chunks(sample, [image, ends], _KERNEL_CHUNK)


@keras.saving.register_keras_serializable(package="cvkit")
class ROIAlign(keras.layers.Layer):
    """`roi_align` as a layer: ``layer([feature_map, rois])``, (B, H, W, C) and (B, R, 4) to (B, R, ph, pw, C).

    ROIs keep their precision under mixed precision; the feature map is used in the layer's compute type.

    Args:
        pool_size: see `roi_align`, as for the other arguments.
        spatial_scale: feature-map cells per image pixel.
        sampling_ratio: sample points along one side of a bin.
        aligned: whether ROIs are moved by half a cell.
        reduction: ``"mean"`` or ``"max"``.
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> ROIAlign(7, spatial_scale=1 / 16)([ops.ones((1, 38, 50, 8)), ops.ones((1, 3, 4))]).shape
        TensorShape([1, 3, 7, 7, 8])

    Reference:
        He et al., "Mask R-CNN", 2017, arXiv 1703.06870, section 3.
    """

    def __init__(self, pool_size, spatial_scale=1.0, sampling_ratio=2, aligned=True, reduction="mean", **kwargs):
        super().__init__(autocast=False, **kwargs)
        _check_arguments(spatial_scale, sampling_ratio, reduction)
        self.pool_size = roi.check_pool_size(pool_size)
        self.spatial_scale = spatial_scale
        self.sampling_ratio = sampling_ratio
        self.aligned = aligned
        self.reduction = reduction

    def call(self, inputs):
        """Pool the features of each ROI."""
        feature_map, rois = inputs
        feature_map = ops.cast(feature_map, self.compute_dtype)
        return roi_align(
            feature_map, rois, self.pool_size, self.spatial_scale, self.sampling_ratio, self.aligned, self.reduction
        )

    def compute_output_shape(self, input_shape):
        """(B, R, ph, pw, C)."""
        return roi.output_shape(input_shape, self.pool_size)

    def get_config(self):
        """Arguments that rebuild the layer."""
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "spatial_scale": self.spatial_scale,
            "sampling_ratio": self.sampling_ratio,
            "aligned": self.aligned,
            "reduction": self.reduction,
        }
