"""What one output position really depends on: the gradient with respect to the image."""

import keras
import numpy as np
from keras import ops

from cvkit.validation import as_float, check_shape


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
        >>> conv = keras.layers.Conv2D(1, 3, dilation_rate=2, kernel_initializer="ones")
        >>> gradient_footprint(keras.Sequential([keras.Input((5, 5, 1)), conv]))[0]
        array([1., 0., 1., 0., 1.], dtype=float32)

    Reference:
        Luo et al., "Understanding the Effective Receptive Field in Deep Convolutional Neural Networks", 2016,
        arXiv 1701.04128, section 2. They average the gradient over images before taking its size; here after, so that
        signs do not cancel.
    """
    images = _images(model, images)
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


def input_gradient(function, x):
    """Gradient of the scalar ``function(x)`` with respect to the tensor `x`, as a NumPy array, on any backend.

    Example:
        >>> input_gradient(lambda x: ops.sum(x**2), ops.array([1.0, 3.0]))
        array([2., 6.], dtype=float32)
    """
    x = ops.convert_to_tensor(x)
    backend = keras.config.backend()
    if backend == "tensorflow":
        slope = _tensorflow_gradient(function, x)
    elif backend == "jax":
        import jax

        slope = jax.grad(function)(x)
    else:
        x = x.detach().requires_grad_()
        function(x).backward()
        slope = x.grad
    return ops.convert_to_numpy(slope)


def _tensorflow_gradient(function, x):
    import tensorflow as tf

    def slope(x):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            value = function(x)
        return tape.gradient(value, x, unconnected_gradients="zero")

    # Traced, so that the gradients of the weights, which nobody reads, are left out. Run eagerly they are computed too,
    # and for a 1 × 1 kernel of stride 2 and few images TensorFlow 2.21 on a CPU then writes beyond its memory.
    return tf.function(slope).get_concrete_function(x)(x)


def _images(model, images):
    if len(model.inputs) != 1 or len(model.inputs[0].shape) != 4:
        raise ValueError(
            "model must take one batch of images (B, H, W, C). "
            f"Received inputs of shape {[tuple(tensor.shape) for tensor in model.inputs]}."
        )
    shape = tuple(model.inputs[0].shape[1:])
    if images is not None:
        images = as_float(images)
        check_shape("images", images, ("B", *(size or "H or W" for size in shape)), "images for the model")
        return images
    if None in shape:
        raise ValueError(f"model takes images of any size, {shape}. Pass images of the size that you mean.")
    return ops.ones((1, *shape))
