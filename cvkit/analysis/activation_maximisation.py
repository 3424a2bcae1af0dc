"""Activation maximisation: the image that a class's score likes best, found by climbing its gradient."""

import numpy as np

from cvkit.analysis.image_input import num_classes, score_of
from cvkit.analysis.input_gradient import gradient_function
from cvkit.validation import check_positive


def activation_maximisation(model, classes, image_shape=None, steps=100, step_size=0.02, decay=1e-3, jitter=2, seed=0):
    r"""Images found by gradient ascent on the score of a class, minus a penalty on large values.

    $$x \leftarrow x + \eta\, \frac{g}{\mathrm{rms}(g)}, \qquad g = \frac{\partial S_k}{\partial x} - 2 \lambda x$$

    Args:
        model: `keras.Model` from images (B, H, W, C), values around zero, to scores (B, K), logits. For a unit inside a
            network, cut it: ``keras.Model(model.input, GlobalAveragePooling2D()(model.get_layer(name).output))``.
        classes: list of N integers, the class k of each image.
        image_shape: (H, W, C), for a model that takes images of any size; by default the model's own.
        steps: number of steps.
        step_size: the step η, in the units of the image: how far a pixel moves, in root mean square.
        decay: the weight λ of the penalty on the sum of squares.
        jitter: each step shifts the image by up to so many pixels in each direction, and back after it; what leaves at
            one side comes in at the other. It keeps out patterns that fit one place only.
        seed: of the first image, faint noise, and of the shifts.

    Returns:
        NumPy array (N, H, W, C), float32.

    Raises:
        ValueError: an argument does not fit, or the model's image size is not known.

    Example:
        >>> import keras
        >>> x = keras.Input((1, 1, 2))
        >>> dense = keras.layers.Dense(1, kernel_initializer=keras.initializers.Constant([[3.0], [-4.0]]))
        >>> image = activation_maximisation(keras.Model(x, dense(keras.layers.Flatten()(x))), [0], decay=1.0, steps=400)
        >>> np.abs(image.ravel() - [1.5, -2.0]).max() < 0.05  # 3 a - 4 b - a² - b² is largest there
        np.True_

    Reference:
        Erhan et al., "Visualizing higher-layer features of a deep network", 2009; Simonyan, Vedaldi and Zisserman,
        2013, arXiv 1312.6034, section 2, with the penalty. The step of constant length and the jitter are those of
        Mordvintsev, Olah and Tyka, "Inceptionism", 2015.
    """
    count = num_classes(model)
    classes = np.asarray(classes)
    if classes.ndim != 1 or classes.dtype.kind not in "iu" or not ((classes >= 0) & (classes < count)).all():
        raise ValueError(f"classes must be a list of integers from 0 to {count - 1}. Received {classes.tolist()}.")
    for name, value, meaning in (("steps", steps, "number of steps"), ("step_size", step_size, "length of a step")):
        check_positive(name, value, meaning, integer=name == "steps")
    if decay < 0 or not isinstance(jitter, int) or jitter < 0:
        raise ValueError(f"decay and jitter must be zero or more, jitter whole. Received {decay!r} and {jitter!r}.")
    shape = _image_shape(model, image_shape)
    rng = np.random.default_rng(seed)
    images = rng.normal(scale=0.01, size=(len(classes), *shape)).astype("float32")
    slope = gradient_function(score_of(model, classes.astype("int32")))
    for _ in range(steps):
        shift = rng.integers(-jitter, jitter + 1, 2)
        gradients = np.roll(slope(np.roll(images, shift, axis=(1, 2))), -shift, axis=(1, 2)) - 2 * decay * images
        size = np.sqrt((gradients**2).mean(axis=(1, 2, 3), keepdims=True))  # (N, 1, 1, 1)
        images = images + (step_size * gradients / (size + 1e-8)).astype("float32")
    return images


def _image_shape(model, given):
    own = tuple(model.inputs[0].shape[1:])
    shape = own if given is None else tuple(given)
    fits = len(shape) == len(own) == 3 and all(a is None or a == b for a, b in zip(own, shape, strict=True))
    if not fits or None in shape:
        raise ValueError(f"image_shape must be (H, W, C) and fit the model's {own}. Received {given}.")
    return shape
