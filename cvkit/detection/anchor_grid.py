"""Anchors: boxes of several sizes and shapes around every position of a feature map."""

import math

from keras import ops

from cvkit.validation import check_positive


def anchor_grid(feature_size, stride, scales, ratios):
    r"""The anchors of a feature map, the same set around the centre of each of its cells.

    Cell (i, j) of a map of stride s has its centre at the pixel $((j + \tfrac12)s, (i + \tfrac12)s)$. An anchor of
    scale a and ratio r around it has width and height

    $$w = a\sqrt{r}, \qquad h = a / \sqrt{r}, \qquad w h = a^2, \quad w / h = r$$

    Args:
        feature_size: (height, width) of the feature map in cells, integers; or scalar tensors, where the size of the
            images is known only when the code runs.
        stride: pixels from one cell to the next, a positive number.
        scales: square roots of the anchors' areas, positive numbers in pixels.
        ratios: widths over heights, positive numbers.

    Returns:
        Float tensor (H * W * A, 4), corners in pixels, with A = len(scales) * len(ratios). The order is that of four
        loops: row, column, scale, ratio, the last one innermost. Reshaped to (H, W, A, 4) it lies beside the output of
        a network. Anchors near the border reach out of the image.

    Raises:
        ValueError: feature_size is not two positive integers, or another argument is not positive or is empty.

    Example:
        >>> anchors = anchor_grid((1, 2), stride=16, scales=(16,), ratios=(1, 4))
        >>> anchors.numpy()  # 16 × 16 and 32 × 8 around (8, 8), then around (24, 8)
        array([[ 0.,  0., 16., 16.],
               [-8.,  4., 24., 12.],
               [16.,  0., 32., 16.],
               [ 8.,  4., 40., 12.]], dtype=float32)

    Reference:
        Ren et al., "Faster R-CNN", 2015, arXiv 1506.01497, section 3.1.1: scales 128, 256 and 512, ratios 1, 1/2 and 2
        at stride 16. Their code rounds sides to whole pixels and puts the centre at 7.5 + 16 j; here nothing is
        rounded. Their ratio is height over width.
    """
    height, width = _checked(feature_size, stride, scales, ratios)
    sizes = [(scale * math.sqrt(ratio), scale / math.sqrt(ratio)) for scale in scales for ratio in ratios]
    half = ops.convert_to_tensor(sizes, dtype="float32") / 2  # (A, 2): w, h
    ys = (ops.arange(height, dtype="float32") + 0.5) * stride  # (H,)
    xs = (ops.arange(width, dtype="float32") + 0.5) * stride  # (W,)
    ys, xs = ops.meshgrid(ys, xs, indexing="ij")  # (H, W) each
    centres = ops.stack([xs, ys], axis=-1)[:, :, None]  # (H, W, 1, 2)
    anchors = ops.concatenate([centres - half, centres + half], axis=-1)  # (H, W, A, 4)
    return ops.reshape(anchors, (-1, 4))


def _checked(feature_size, stride, scales, ratios):
    fits = isinstance(feature_size, (tuple, list)) and len(feature_size) == 2
    if not fits or any(isinstance(side, (int, float)) and (side < 1 or side != int(side)) for side in feature_size):
        raise ValueError(
            f"feature_size must be (height, width) in cells, two positive integers. Received {feature_size!r}."
        )
    check_positive("stride", stride, "pixels from one cell of the feature map to the next")
    for name, values in (("scales", scales), ("ratios", ratios)):
        if not isinstance(values, (tuple, list)) or not len(values) or not all(value > 0 for value in values):
            raise ValueError(f"{name} must be a list of at least one positive number. Received {values!r}.")
    return feature_size
