"""Saliency: which pixels the score of a class reacts to."""

import numpy as np

from cvkit.analysis.image_input import check_classes, check_images, score_of
from cvkit.analysis.input_gradient import input_gradient


def saliency(model, images, classes=None):
    r"""Size of the gradient of a class's score with respect to each pixel, the largest over the channels.

    $$M_{yx} = \max_c \left| \frac{\partial S_k}{\partial x_{yxc}} \right|$$

    Args:
        model: `keras.Model` from images (B, H, W, C) to scores (B, K). Logits, not probabilities: those of the other
            classes have a part in the gradient of a softmax.
        images: float array (B, H, W, C), as the model takes them.
        classes: the class k, an integer or one for each image; None for the class that the model gives each image.

    Returns:
        NumPy array (B, H, W), zero or more.

    Raises:
        ValueError: the images do not fit the model, or a class does not exist.

    Example:
        >>> import keras
        >>> x = keras.Input((2, 2, 1))
        >>> dense = keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant([[1.0], [-3.0], [0.0], [2.0]]))
        >>> saliency(keras.Model(x, dense(keras.layers.Flatten()(x))), np.ones((1, 2, 2, 1)))[0]
        array([[1., 3.],
               [0., 2.]], dtype=float32)

    Reference:
        Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks: Visualising Image Classification Models
        and Saliency Maps", 2013, arXiv 1312.6034, section 3.1.
    """
    images = check_images(model, images)
    classes = check_classes(model, images, classes)
    return np.abs(input_gradient(score_of(model, classes), images)).max(axis=-1)  # (B, H, W)
