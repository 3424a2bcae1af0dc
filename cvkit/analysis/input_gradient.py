"""Gradient of a number with respect to an image, on any backend."""

import keras
from keras import ops


def input_gradient(function, x):
    """Gradient of the scalar ``function(x)`` with respect to the tensor `x`, as a NumPy array, on any backend.

    Example:
        >>> input_gradient(lambda x: ops.sum(x**2), ops.array([1.0, 3.0]))
        array([2., 6.], dtype=float32)
    """
    return gradient_function(function, compiled=False)(x)


def gradient_function(function, compiled=True):
    """The function x -> gradient of the scalar ``function(x)``, for many calls with one shape.

    Args:
        function: takes a tensor, returns a scalar tensor.
        compiled: whether JAX compiles it, which pays from the second call on. TensorFlow always traces it once a shape.

    Returns:
        A function from a float array or tensor to a NumPy array of its shape.

    Example:
        >>> slope = gradient_function(lambda x: ops.sum(x**3))
        >>> slope([1.0, 2.0]), slope([3.0, 0.0])
        (array([ 3., 12.], dtype=float32), array([27.,  0.], dtype=float32))
    """
    slope = value_and_gradient_function(function, compiled)
    return lambda x: slope(x)[1]


def value_and_gradient_function(function, compiled=True):
    """The function x -> (value of ``function(x)``, its gradient), for many calls with one shape.

    Args:
        function: takes a tensor, returns a tensor of any shape; the gradient is that of the sum of its numbers.
        compiled: as for `gradient_function`.

    Returns:
        A function from a float array or tensor to a pair of NumPy arrays: the value, and the gradient of x's shape.

    Example:
        >>> slope = value_and_gradient_function(lambda x: ops.stack([ops.sum(x), ops.sum(x**2)]))
        >>> slope([1.0, 2.0])
        (array([3., 5.], dtype=float32), array([3., 5.], dtype=float32))
    """
    backend = keras.config.backend()
    if backend == "tensorflow":
        slope = _tensorflow_gradient(function)
    elif backend == "jax":
        slope = _jax_gradient(function, compiled)
    else:
        slope = _torch_gradient(function)
    return lambda x: tuple(ops.convert_to_numpy(part) for part in slope(ops.convert_to_tensor(x)))


def _tensorflow_gradient(function):
    import tensorflow as tf

    def slope(x):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            value = function(x)
        return value, tape.gradient(value, x, unconnected_gradients="zero")

    traced = {}  # one graph a shape

    def run(x):
        key = tuple(x.shape), x.dtype
        if key not in traced:
            # Traced, so that the gradients of the weights, which nobody reads, are left out. Run eagerly they are
            # computed too, and for a 1 × 1 kernel of stride 2 and few images TensorFlow 2.21 on a CPU then writes
            # beyond its memory.
            traced[key] = tf.function(slope).get_concrete_function(x)
        return traced[key](x)

    return run


def _jax_gradient(function, compiled):
    import jax

    def summed(x):
        value = function(x)
        return ops.sum(value), value

    def slope(x):
        gradient, value = jax.grad(summed, has_aux=True)(x)
        return value, gradient

    return jax.jit(slope) if compiled else slope


def _torch_gradient(function):
    import torch

    def slope(x):
        x = x.detach().requires_grad_()
        value = function(x)
        (gradient,) = torch.autograd.grad(ops.sum(value), x)  # of x alone: the weights' gradients stay as they are
        return value, gradient

    return slope
