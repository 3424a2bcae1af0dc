"""Perceptual losses after Johnson: content and style as in Gatys, each divided by the size of the feature maps."""

from keras import ops

from cvkit.losses.style import check_style_target, content_loss, gram_matrix
from cvkit.validation import as_float32


def feature_reconstruction_loss(features, target):
    r"""Feature reconstruction loss of one layer: the mean squared difference of the features.

    $$\ell_\mathrm{feat} = \frac{1}{C H W} \lVert \phi(\hat y) - \phi(y)\rVert_2^2$$

    This is `content_loss` times 2 / (C H W).

    Args:
        features: float tensor (B, H, W, C), features of the image that is being made.
        target: float tensor (B, H, W, C), features of the content image.

    Returns:
        Float tensor (B,), zero or more.

    Raises:
        ValueError: the two are not of one shape (B, H, W, C).

    Example:
        >>> feature_reconstruction_loss([[[[1.0, 2.0]]]], [[[[0.0, 4.0]]]]).numpy()
        array([2.5], dtype=float32)

    Reference:
        Johnson et al., "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", 2016, arXiv 1603.08155,
        section 3.1, equation 2. Sizes are those of layer j; some slides print an i in their place.
    """
    features = as_float32(features)
    total = content_loss(features, target)  # (B,)
    return 2 * total / _size(features, total.dtype)


def normalized_gram_matrix(features):
    r"""Gram matrix divided by the size of the feature maps, so that images of any size compare.

    $$G_{cc'} = \frac{1}{C H W} \sum_{h,w} \phi_{hwc}\, \phi_{hwc'}$$

    Args:
        features: float tensor (B, H, W, C).

    Returns:
        Float tensor (B, C, C), symmetric and positive semi-definite.

    Raises:
        ValueError: features is not (B, H, W, C).

    Example:
        >>> normalized_gram_matrix([[[[1.0, 0.0], [2.0, 3.0]]]]).numpy()
        array([[[1.25, 1.5 ],
                [1.5 , 2.25]]], dtype=float32)

    Reference:
        Johnson et al., arXiv 1603.08155, section 3.1, equation 3.
    """
    features = as_float32(features)
    gram = gram_matrix(features)
    return gram / _size(features, gram.dtype)


def normalized_style_loss(features, target):
    r"""Style reconstruction loss of one layer: squared distance of the normalised Gram matrices.

    $$\ell_\mathrm{style} = \lVert G(\hat y) - G(y)\rVert_F^2$$

    For images of one size this is exactly 4 times Gatys' `style_loss`, while the content terms differ by 2 / (C H W):
    the weights of one paper do not fit the other. Each Gram matrix is divided by its own size, so the style image may
    be of another size: a texture and the same texture tiled have loss 0.

    Args:
        features: float tensor (B, H, W, C), features of the image that is being made.
        target: float tensor (B, H', W', C), features of the style image; B may be 1 to serve the whole batch.

    Returns:
        Float tensor (B,), zero or more.

    Raises:
        ValueError: an input has not four axes, or channels or batches differ.

    Example:
        >>> normalized_style_loss([[[[1.0, 0.0], [2.0, 3.0]]]], [[[[1.0, 0.0], [1.0, 0.0]]]]).numpy()
        array([10.125], dtype=float32)

    Reference:
        Johnson et al., arXiv 1603.08155, section 3.1, equation 4.
    """
    features, target = as_float32(features), as_float32(target)
    gram, wanted = normalized_gram_matrix(features), normalized_gram_matrix(target)
    check_style_target(features, target)
    return ops.sum(ops.square(gram - wanted), axis=(1, 2))


def _size(features, dtype):
    height, width, channels = ops.shape(features)[1:]
    return ops.cast(height * width * channels, dtype)  # C H W
