"""The kernel that makes a transposed convolution interpolate bilinearly."""

import numpy as np

from cvkit.validation import check_positive


def bilinear_kernel(stride, num_channels=1):
    r"""Weights with which a transposed convolution of this stride enlarges each channel by bilinear interpolation.

    With stride $s$ the kernel is $k = 2s - (s \bmod 2)$ wide, its centre lies at $c = (k - 1) / 2$, and

    $$K_{a,b} = \left(1 - \frac{|a - c|}{s}\right)\left(1 - \frac{|b - c|}{s}\right)$$

    Args:
        stride: enlargement, a positive integer.
        num_channels: channels in and out; each is interpolated by itself.

    Returns:
        float32 NumPy array (k, k, num_channels, num_channels), the layout of `keras.layers.Conv2DTranspose`: output
        channels before input channels. With ``padding="same"`` the result equals `keras.ops.image.resize` with
        bilinear interpolation, except in the border of half a stride, where zeros from outside mix in.

    Raises:
        ValueError: an argument is not a positive integer.

    Example:
        >>> bilinear_kernel(2)[:, :, 0, 0] * 16
        array([[1., 3., 3., 1.],
               [3., 9., 9., 3.],
               [3., 9., 9., 3.],
               [1., 3., 3., 1.]], dtype=float32)

    Reference:
        Long, Shelhamer and Darrell, "Fully Convolutional Networks for Semantic Segmentation", 2015, arXiv 1411.4038,
        section 3.3.
    """
    check_positive("stride", stride, "the enlargement", integer=True)
    check_positive("num_channels", num_channels, "channels in and out", integer=True)
    size = 2 * stride - stride % 2
    distance = np.abs(np.arange(size) - (size - 1) / 2)
    profile = 1 - distance / stride  # (k,)
    weights = np.outer(profile, profile)[:, :, None, None] * np.eye(num_channels)  # (k, k, C, C)
    return weights.astype("float32")
