"""What one output position really depends on: the gradient with respect to the image."""

import numpy as np
from keras import ops

from cvkit.analysis.image_input import check_images
from cvkit.analysis.input_gradient import input_gradient


def gradient_footprint(model, position=None, images=None):
    r"""Absolute gradient of one output position with respect to each input pixel.

    $$S_{yx} = \frac{1}{B} \sum_{b,c} \left| \frac{\partial}{\partial x_{byxc}} \sum_k f(x)_{b\,ij\,k} \right|$$

    It is zero where the output does not look, so its extent measures the receptive field; its size tells how much each
    pixel counts. With weights drawn at random take several random images: a rectifier or a maximum lets only some of
    the paths through at a time.

    Args:
        model: `keras.Model` from images (B, H, W, C) to maps (B, H', W', K) or vectors (B, K).
        position: (row, column) of the output position; the middle if None. Not used for vectors.
        images: float tensor (B, H, W, C) at which the slope is taken; one image of ones if None.

    Returns:
        NumPy array (H, W), zero or more.

    Raises:
        ValueError: the model does not take one batch of images, its size is unknown and no images are given, or the
            position lies outside the output.

    Example:
        >>> import keras
        >>> conv = keras.layers.Conv2D(1, 3, dilation_rate=2, kernel_initializer="ones")
        >>> gradient_footprint(keras.Sequential([keras.Input((5, 5, 1)), conv]))[0]
        array([1., 0., 1., 0., 1.], dtype=float32)

    Reference:
        Luo et al., "Understanding the Effective Receptive Field in Deep Convolutional Neural Networks", 2016,
        arXiv 1701.04128, section 2. They average the gradient over images before taking its size; here after, so that
        signs do not cancel.
    """
    images = check_images(model, images)
    shape = tuple(model.compute_output_shape(tuple(images.shape)))
    if len(shape) not in (2, 4):
        raise ValueError(
            f"model must make maps (B, H, W, K) or vectors (B, K). Received an output of shape {shape}. "
            "Cut it with keras.Model(model.input, model.get_layer(name).output)."
        )
    row, column = position or (shape[1] // 2, shape[-2] // 2)
    if len(shape) == 4 and not (0 <= row < shape[1] and 0 <= column < shape[2]):
        raise ValueError(f"position must lie in the output of {shape[1]} × {shape[2]}. Received {(row, column)}.")

    def output(x):
        y = model(x, training=False)
        return ops.sum(y if len(shape) == 2 else y[:, row, column])

    return np.abs(input_gradient(output, images)).sum(axis=-1).mean(axis=0)  # (H, W)
