"""ROI pooling: the maximum over each bin of a box, with the box rounded to whole feature-map cells."""

import functools

import keras
from keras import ops

from cvkit import backend
from cvkit.layers import roi
from cvkit.validation import check_positive


def roi_pooling(feature_map, rois, pool_size, spatial_scale=1.0, overlapping_bins=True):
    r"""Maximum of each region of interest, bin by bin.

    Corners are rounded to cells, both end cells belong to the ROI, and its $h$ rows are cut into $p$ bins. Bin $i$
    covers the rows

    $$\left\lfloor \frac{i h}{p} \right\rfloor \le r < \left\lceil \frac{(i + 1) h}{p} \right\rceil$$

    so neighbouring bins may share a row; with ``overlapping_bins=False`` it ends at
    $\lfloor (i + 1) h / p \rfloor$ and each row belongs to one bin. Columns likewise.

    Args:
        feature_map: float tensor (B, H, W, C).
        rois: float tensor (B, R, 4), corners x1, y1, x2, y2 in image pixels. No gradient flows into them.
        pool_size: bins ``(ph, pw)``, or one integer for both.
        spatial_scale: feature-map cells per image pixel, 1/16 for a map of stride 16.
        overlapping_bins: the rule of Fast R-CNN's code (True) or disjoint bins (False).

    Returns:
        Float tensor (B, R, ph, pw, C). A bin without cells (outside of the map, or a disjoint bin of a ROI with fewer
        cells than bins) is 0.

    Raises:
        ValueError: a shape or an argument does not fit.

    Example:
        >>> ramp = ops.reshape(ops.arange(16, dtype="float32"), (1, 4, 4, 1))
        >>> roi_pooling(ramp, [[[0, 0, 2, 2]]], pool_size=2)[0, 0, :, :, 0].numpy()  # rows 0-1 and 1-2
        array([[ 5.,  6.],
               [ 9., 10.]], dtype=float32)
        >>> roi_pooling(ramp, [[[0, 0, 2, 2]]], 2, overlapping_bins=False)[0, 0, :, :, 0].numpy()  # rows 0 and 1-2
        array([[ 0.,  2.],
               [ 8., 10.]], dtype=float32)

    Reference:
        Girshick, "Fast R-CNN", 2015, arXiv 1504.08083, section 2.1; the rounding is that of its code and of
        torchvision.ops.roi_pool. Those divide in float32, so a bin of a ROI of 57 cells or more can come out one row
        too long there; here bins are exact.
    """
    pool_size = roi.check_pool_size(pool_size)
    check_positive("spatial_scale", spatial_scale, "feature-map cells per image pixel, 1/16 for a stride of 16")
    feature_map, rois = roi.check_inputs(feature_map, rois)
    height, width = ops.shape(feature_map)[1:3]
    corners = _round(ops.cast(ops.reshape(rois, (-1, 4)), "float32") * spatial_scale)  # (B * R, 4) in cells
    rows = _bins(corners[:, 1], corners[:, 3], pool_size[0], height, overlapping_bins)
    columns = _bins(corners[:, 0], corners[:, 2], pool_size[1], width, overlapping_bins)
    arguments = feature_map, rows, columns, ops.cast(roi.image_of_each_roi(rois), "int32")

    needed = _levels_needed(rows), _levels_needed(columns)
    if isinstance(height, int) and isinstance(width, int):
        usual, most = zip(_level_limits(height, pool_size[0]), _level_limits(width, pool_size[1]), strict=True)
        pool_usual = backend.fused(_pool, *arguments)
        pooled = ops.cond(
            (needed[0] <= usual[0]) & (needed[1] <= usual[1]),
            lambda: pool_usual(*arguments, usual),
            lambda: _pool(*arguments, most),
        )
    elif backend.has_dynamic_kernels():
        pooled = _pool(*arguments, needed)
    else:
        pooled = _pool(*arguments, (_level(height) + 1, _level(width) + 1))
    return ops.reshape(pooled, (*ops.shape(rois)[:2], *pool_size, ops.shape(feature_map)[-1]))


def _round(x):
    """Nearest integer, halves away from zero as in C; `ops.round` takes halves to the even neighbour."""
    return ops.cast(ops.sign(x) * ops.floor(ops.abs(x) + 0.5), "int32")


def _bins(first, last, num_bins, size, overlapping):
    """First cell and end (one past the last) of each bin along one axis, each (R, num_bins), clipped to the map."""
    length = ops.maximum(last - first + 1, 1)[:, None]  # (R, 1) cells, both ends included
    index = ops.arange(num_bins, dtype="int32")
    start = index * length // num_bins
    rounding = num_bins - 1 if overlapping else 0  # the quotient rounded up, or down
    end = ((index + 1) * length + rounding) // num_bins
    return ops.clip(start + first[:, None], 0, size), ops.clip(end + first[:, None], 0, size)


# The maximum of any rectangle in four reads. Let M_k[y] be the maximum of the 2^k rows from y on. A bin of n rows with
# 2^k <= n < 2^(k + 1) is covered by two such windows, one at its first row and one that ends at its last. They may
# overlap: a maximum does not mind counting twice. The same along the columns makes four windows for a rectangle.


def _pool(feature_map, rows, columns, image, num_levels):
    """Maximum over each bin, (B * R, ph, pw, C), from a table of window maxima with so many levels along each axis."""
    batch, height, width, channels = ops.shape(feature_map)
    table = _window_maxima(_window_maxima(feature_map, 1, num_levels[0]), 3, num_levels[1])  # (Lx, Ly, B, H, W, C)
    table = ops.reshape(table, (-1, channels))
    row_strides = batch * height * width, width  # from one level and one row of the table to the next
    column_strides = num_levels[0] * row_strides[0], 1
    row, has_rows = _windows(*rows, height, row_strides)  # (B * R, ph, 2), (B * R, ph)
    column, has_columns = _windows(*columns, width, column_strides)  # (B * R, pw, 2), (B * R, pw)
    row = row + (image * height * width)[:, None, None]
    windows = [row[:, :, None, i] + column[:, None, :, j] for i in (0, 1) for j in (0, 1)]  # four (B * R, ph, pw)
    # A bin without cells may have windows beyond the table; they are brought back, and their maximum replaced by 0.
    last = ops.shape(table)[0] - 1
    maxima = [ops.take(table, ops.minimum(window, last), axis=0) for window in windows]
    has_cells = has_rows[:, :, None] & has_columns[:, None, :]  # (B * R, ph, pw)
    return ops.where(has_cells[..., None], functools.reduce(ops.maximum, maxima), 0)


def _window_maxima(x, axis, num_levels):
    """Maxima of 1, 2, 4, ... neighbours along `axis`, cut off at the end of the map, (num_levels, *x.shape)."""
    size = ops.shape(x)[axis]

    def double(maxima, window):
        ahead = ops.minimum(ops.arange(size, dtype="int32") + window, size - 1)
        return ops.maximum(maxima, ops.take(maxima, ahead, axis=axis)), maxima

    if not isinstance(num_levels, int):  # known when it runs
        return ops.scan(double, x, 2 ** ops.arange(num_levels, dtype="int32"))[1]
    levels = [x]
    for level in range(num_levels - 1):
        levels.append(double(levels[-1], 2**level)[0])
    return ops.stack(levels)


def _level(length):
    """The largest k with ``2 ** k <= length``, and 0 where the length is zero."""
    return ops.sum(ops.cast(length[..., None] >= 2 ** ops.arange(1, 24, dtype="int32"), "int32"), axis=-1)


def _levels_needed(bins):
    start, end = bins
    return ops.max(_level(end - start), initial=0) + 1


def _level_limits(size, num_bins):
    """Levels that bins need at most: of ROIs inside the image, which are the usual ones, and of any."""
    longest = min(-(-(size + 1) // num_bins) + 1, size)  # such a ROI touches size + 1 cells when it ends on the border
    return longest.bit_length(), size.bit_length()


def _windows(start, end, size, strides):
    """Where each bin's two windows lie in the table along one axis, (R, bins, 2), and whether the bin has cells."""
    level_stride, cell_stride = strides
    level = _level(end - start)
    firsts = ops.clip(ops.stack([start, end - 2**level], axis=-1), 0, size - 1)
    return level[..., None] * level_stride + firsts * cell_stride, end > start


@keras.saving.register_keras_serializable(package="cvkit")
class ROIPooling(keras.layers.Layer):
    """`roi_pooling` as a layer: ``layer([feature_map, rois])``, (B, H, W, C) and (B, R, 4) to (B, R, ph, pw, C).

    ROIs keep their precision under mixed precision; the feature map is used in the layer's compute type.

    Args:
        pool_size: see `roi_pooling`, as for the other arguments.
        spatial_scale: feature-map cells per image pixel.
        overlapping_bins: the rule of Fast R-CNN's code (True) or disjoint bins (False).
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> ROIPooling(7, spatial_scale=1 / 16)([ops.ones((1, 38, 50, 8)), ops.ones((1, 3, 4))]).shape
        TensorShape([1, 3, 7, 7, 8])

    Reference:
        Girshick, "Fast R-CNN", 2015, arXiv 1504.08083, section 2.1.
    """

    def __init__(self, pool_size, spatial_scale=1.0, overlapping_bins=True, **kwargs):
        super().__init__(autocast=False, **kwargs)
        check_positive("spatial_scale", spatial_scale, "feature-map cells per image pixel, 1/16 for a stride of 16")
        self.pool_size = roi.check_pool_size(pool_size)
        self.spatial_scale = spatial_scale
        self.overlapping_bins = overlapping_bins

    def call(self, inputs):
        """Pool the features of each ROI."""
        feature_map, rois = inputs
        feature_map = ops.cast(feature_map, self.compute_dtype)
        return roi_pooling(feature_map, rois, self.pool_size, self.spatial_scale, self.overlapping_bins)

    def compute_output_shape(self, input_shape):
        """(B, R, ph, pw, C)."""
        return roi.output_shape(input_shape, self.pool_size)

    def get_config(self):
        """Arguments that rebuild the layer."""
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "spatial_scale": self.spatial_scale,
            "overlapping_bins": self.overlapping_bins,
        }
