"""The same image at many scales, so that a window of one size finds things of every size."""

import numpy as np
from PIL import Image

from cvkit.validation import check_positive


def pyramid_scales(image_size, window, smallest, factor=2**0.5):
    r"""Scales of an image pyramid, the largest first.

    $$s_k = \frac{w}{f_0 \, q^k}, \qquad k = 0, 1, \dots \quad\text{while}\quad s_k \min(H, W) \ge w$$

    At the scale s_k a window of w pixels covers a square of f_0 q^k pixels of the image.

    Args:
        image_size: (height, width) of the image in pixels.
        window: w, side of the window in pixels.
        smallest: f_0, side of the smallest square to be found, in pixels of the image.
        factor: q > 1, from one size to the next.

    Returns:
        List of scales; empty if the smallest square is larger than the image.

    Raises:
        ValueError: a size is not positive, or the factor not above 1.

    Example:
        >>> pyramid_scales((240, 320), window=12, smallest=48, factor=2)
        [0.25, 0.125, 0.0625]

    Reference:
        Li et al., "A Convolutional Neural Network Cascade for Face Detection", CVPR 2015, section 3.1: "if the
        acceptable minimum face size is F, the test image is first built into image pyramid to cover faces at different
        scales and each level in the image pyramid is resized by 12/F".
    """
    height, width = image_size
    for name, value in (("height", height), ("width", width), ("window", window), ("smallest", smallest)):
        check_positive(name, value, "pixels")
    check_positive("factor", factor, "from one size to the next")
    if factor <= 1:
        raise ValueError(f"factor must be above 1: each square is larger than the one before. Received {factor!r}.")
    scales, side = [], smallest
    while side <= min(height, width):
        scales.append(window / side)
        side *= factor
    return scales


def image_pyramid(image, scales):
    """An image scaled to several sizes, by a triangle filter as wide as the scaling asks for (Pillow's BILINEAR).

    Args:
        image: uint8 array (H, W, 3).
        scales: positive numbers; sizes are rounded to whole pixels.

    Returns:
        List of uint8 arrays (round(s H), round(s W), 3).

    Example:
        >>> [level.shape for level in image_pyramid(np.zeros((240, 320, 3), "uint8"), [0.25, 0.125])]
        [(60, 80, 3), (30, 40, 3)]
    """
    height, width = image.shape[:2]
    sizes = [(max(1, round(scale * width)), max(1, round(scale * height))) for scale in scales]
    picture = Image.fromarray(image)
    return [np.array(picture.resize(size, Image.Resampling.BILINEAR)) for size in sizes]
