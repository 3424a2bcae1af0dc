"""Colours of one image in another: for a style whose strokes are wanted, but not its colours."""

import numpy as np


def match_colours(image, reference):
    r"""The image with the mean and the covariance of the colours of another.

    $$x' = A (x - \mu_s) + \mu_c, \qquad A = \Sigma_c^{1/2} \Sigma_s^{-1/2}$$

    Args:
        image: array (H, W, 3), values from 0 to 255, with mean μ_s and covariance Σ_s over its pixels.
        reference: array (H', W', 3), with μ_c and Σ_c.

    Returns:
        Float32 array (H, W, 3); values beyond 0 and 255 are clipped.

    Raises:
        ValueError: an argument is not an image in colour.

    Example:
        >>> image = np.array([[[100.0, 100, 100], [140, 140, 140]]])
        >>> match_colours(image, image + 20).round()[0, :, 0]
        array([120., 160.], dtype=float32)

    Reference:
        Gatys, Bethge, Hertzmann and Shechtman, "Preserving Color in Neural Artistic Style Transfer", 2016,
        arXiv 1606.05897, section 4, the form they call image analogies' (equation for A with square roots).
    """
    image, reference = np.asarray(image, "float64"), np.asarray(reference, "float64")
    for name, value in (("image", image), ("reference", reference)):
        if value.ndim != 3 or value.shape[-1] != 3 or not value.size:
            raise ValueError(f"{name} must have shape (H, W, 3): one image in colour. Received shape {value.shape}.")
    mean, root = _statistics(image)
    wanted, wanted_root = _statistics(reference)
    matched = (image - mean) @ np.linalg.pinv(root, rcond=1e-6, hermitian=True) @ wanted_root + wanted
    return np.clip(matched, 0, 255).astype("float32")


def _statistics(image):
    """Mean (3,) of the pixels' colours and the symmetric square root (3, 3) of their covariance."""
    pixels = image.reshape(-1, 3)
    values, vectors = np.linalg.eigh(np.cov(pixels.T, bias=True))
    return pixels.mean(axis=0), vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
