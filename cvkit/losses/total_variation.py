"""Total variation: how much an image changes from pixel to pixel."""

from keras import ops

from cvkit.validation import as_float32, check_shape


def total_variation_loss(images):
    r"""Total variation of each image: the sum of absolute differences between neighbours, over all channels.

    $$V(x) = \sum_{i,j} |x_{i+1,j} - x_{i,j}| + |x_{i,j+1} - x_{i,j}|$$

    As a loss it asks for smooth images, which removes the fine chequered noise of an image that is optimised directly.

    Args:
        images: float tensor (B, H, W, C).

    Returns:
        Float tensor (B,), zero for an image of one colour.

    Raises:
        ValueError: images is not (B, H, W, C).

    Example:
        >>> total_variation_loss([[[[0.0], [1.0]], [[2.0], [5.0]]]]).numpy()  # 1 + 3 along rows, 2 + 4 down columns
        array([10.], dtype=float32)

    Reference:
        Mahendran and Vedaldi, "Understanding Deep Image Representations by Inverting Them", 2015, arXiv 1412.0035,
        section 3, with β = 1; used by Johnson et al., arXiv 1603.08155, section 3.2. They take the root of the two
        squared differences at each pixel; here, as in tf.image.total_variation, the two are added as they are.
    """
    images = as_float32(images)
    check_shape("images", images, ("B", "H", "W", "C"), "images, channels last", "For one image pass images[None].")
    down = ops.abs(images[:, 1:] - images[:, :-1])  # (B, H - 1, W, C)
    right = ops.abs(images[:, :, 1:] - images[:, :, :-1])  # (B, H, W - 1, C)
    return ops.sum(down, axis=(1, 2, 3)) + ops.sum(right, axis=(1, 2, 3))
