"""Content and style of an image after Gatys: features themselves, and how often they occur together."""

from keras import ops

from cvkit.validation import as_float32, check_same_shape, check_shape

_MEANING = "a layer's feature maps, channels last"
_HINT = "For one image pass features[None]."


def gram_matrix(features):
    r"""Gram matrix of each image's features: how strongly every two channels fire together, wherever they do.

    $$G_{ij} = \sum_k F_{ki} F_{kj}, \qquad G = F^\top F$$

    with k over the positions. Not normalised: it grows with the number of positions.

    Args:
        features: float tensor (B, H, W, C).

    Returns:
        Float tensor (B, C, C), symmetric and positive semi-definite.

    Raises:
        ValueError: features is not (B, H, W, C).

    Example:
        >>> gram_matrix([[[[1.0, 0.0], [2.0, 3.0]]]]).numpy()
        array([[[5., 6.],
                [6., 9.]]], dtype=float32)

    Reference:
        Gatys et al., "A Neural Algorithm of Artistic Style", 2015, arXiv 1508.06576, equation 3. There F is channels
        by positions, so the same matrix is written F Fᵀ.
    """
    features = as_float32(features)
    check_shape("features", features, ("B", "H", "W", "C"), _MEANING, _HINT)
    batch, height, width, channels = ops.shape(features)
    rows = ops.reshape(features, (batch, height * width, channels))  # (B, H * W, C)
    return ops.matmul(ops.transpose(rows, (0, 2, 1)), rows)  # (B, C, C)


def style_loss(features, target):
    r"""Style loss of one layer: how far the Gram matrices of two images lie apart.

    $$E = \frac{1}{4 N^2 M^2} \sum_{ij} (G_{ij} - A_{ij})^2$$

    with N channels and M = H × W positions. Johnson's form, `normalized_style_loss`, is exactly 4 times this value;
    Johnson's content term, `feature_reconstruction_loss`, is `content_loss` times 2 / (N M). So the weights of one
    paper do not fit the other: a ratio style weight : content weight of Gatys becomes that ratio / (2 N M).

    Args:
        features: float tensor (B, H, W, C), features of the image that is being made.
        target: float tensor (B, H', W', C), features (not the Gram matrix) of the style image; B may be 1 to serve the
            whole batch. Its size may differ, but M is that of `features`, and a Gram matrix grows with the
            positions: bring the style image to the same size first, so that equal textures have loss 0.

    Returns:
        Float tensor (B,), zero or more.

    Raises:
        ValueError: an input has not four axes, or channels or batches differ.

    Example:
        >>> style_loss([[[[1.0, 0.0], [2.0, 3.0]]]], [[[[1.0, 0.0], [1.0, 0.0]]]]).numpy()  # (9 + 36 + 36 + 81) / 64
        array([2.53125], dtype=float32)

    Reference:
        Gatys et al., arXiv 1508.06576, equation 4.
    """
    features, target = as_float32(features), as_float32(target)
    gram, wanted = gram_matrix(features), gram_matrix(target)
    check_style_target(features, target)
    positions = ops.shape(features)[1] * ops.shape(features)[2]
    scale = 2 * features.shape[-1] * ops.cast(positions, gram.dtype)  # 2 N M
    return ops.sum(ops.square((gram - wanted) / scale), axis=(1, 2))


def content_loss(features, target):
    r"""Content loss of one layer: half the squared difference of the features.

    $$L = \tfrac12 \sum_{ij} (F_{ij} - P_{ij})^2$$

    Args:
        features: float tensor (B, H, W, C), features of the image that is being made.
        target: float tensor (B, H, W, C), features of the content image.

    Returns:
        Float tensor (B,), zero or more.

    Raises:
        ValueError: the two are not of one shape (B, H, W, C).

    Example:
        >>> content_loss([[[[1.0, 2.0]]]], [[[[0.0, 4.0]]]]).numpy()
        array([2.5], dtype=float32)

    Reference:
        Gatys et al., arXiv 1508.06576, equation 1.
    """
    features, target = as_float32(features), as_float32(target)
    check_shape("features", features, ("B", "H", "W", "C"), _MEANING, _HINT)
    check_same_shape("target", target, "features", features, "Content is compared place by place.")
    return 0.5 * ops.sum(ops.square(features - target), axis=(1, 2, 3))


def check_style_target(features, target):
    """Raise unless `target` is (B or 1, any, any, C) for features (B, H, W, C).

    Example:
        >>> check_style_target(ops.zeros((4, 8, 8, 3)), ops.zeros((1, 6, 6, 3)))
    """
    batch, channels = features.shape[0], features.shape[-1]
    many = batch is not None and target.shape[0] not in (1, None, batch)
    if many or target.shape[-1] != channels:
        raise ValueError(
            f"target must have shape ({batch} or 1, H, W, {channels}): the style image's features at the same layer. "
            f"Received shape {tuple(target.shape)}."
        )
