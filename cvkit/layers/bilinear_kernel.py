"""The kernel that makes a transposed convolution interpolate bilinearly."""

import keras
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


@keras.saving.register_keras_serializable(package="cvkit")
class BilinearInitializer(keras.initializers.Initializer):
    """Start a transposed convolution as bilinear interpolation, from which it may then learn something better.

    The kernel's size says the stride: 4 × 4 is that of stride 2, 8 × 8 that of stride 4, see `bilinear_kernel`.

    Raises:
        ValueError: when a kernel is made that is not square, or has other channels out than in.

    Example:
        >>> layer = keras.layers.Conv2DTranspose(5, 4, strides=2, kernel_initializer=BilinearInitializer())
        >>> layer.build((1, 8, 8, 5))
        >>> layer.kernel[:, 0, 0, 0].numpy() * 16
        array([1., 3., 3., 1.], dtype=float32)

    Reference:
        Long, Shelhamer and Darrell, "Fully Convolutional Networks for Semantic Segmentation", 2014, arXiv 1411.4038,
        section 3.3.
    """

    def __call__(self, shape, dtype=None):
        """The kernel of shape (k, k, C, C)."""
        height, width, channels_out, channels_in = shape
        if height != width or channels_out != channels_in:
            raise ValueError(
                "A kernel that interpolates must have shape (k, k, C, C): square, and as many channels out as in. "
                f"Received {tuple(shape)}."
            )
        kernel = bilinear_kernel((height + 1) // 2, channels_in)  # k = 2 s - s mod 2
        if kernel.shape[0] != height:
            raise ValueError(
                f"No stride has a bilinear kernel of {height} x {height}. Its size is 2 s for an even stride s, and "
                "2 s - 1 for an odd one."
            )
        return keras.ops.convert_to_tensor(kernel, dtype=dtype)
