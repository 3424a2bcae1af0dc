"""What the kit asks of the backend: what it may do now, one kernel for many steps, a loop over chunks."""

import functools

import keras
from keras import ops, tree


def has_dynamic_kernels():
    """Whether the code now running may use TensorFlow kernels and sizes that are known only when it runs.

    True on TensorFlow, eager or in a `tf.function`; False on other backends, and inside ``jit_compile=True``, where XLA
    wants every size beforehand and has no kernel for `tf.image.crop_and_resize`.
    """
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    # TensorFlow exports this for Keras. Should it ever go, the portable code is used: slower on a CPU, equally right.
    enclosing = getattr(tf.__internal__, "get_enclosing_xla_context", None)
    return enclosing is not None and enclosing() is None


def runs_eagerly():
    """Whether TensorFlow computes each step at once, rather than tracing a graph; False on other backends."""
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return tf.executing_eagerly()


def fused(function, *arguments):
    """`function`, or the same compiled by XLA, which makes one pass over the memory of its many steps.

    Compiling takes about a second for each new set of shapes. So it is done only where TensorFlow traces a graph and
    all shapes are known; eager calls, and sizes that change from batch to batch, get the function as it is.

    Args:
        function: takes `arguments`, and perhaps Python numbers after them.
        arguments: tensors, and tuples of them, that it will be called with.

    Returns:
        A function with the same signature.
    """
    if not has_dynamic_kernels() or runs_eagerly() or any(None in tensor.shape for tensor in tree.flatten(arguments)):
        return function
    return _compiled(function)


@functools.cache
def _compiled(function):
    import tensorflow as tf

    return tf.function(function, jit_compile=True, autograph=False)


def map_in_chunks(function, tensors, chunk):
    """Apply `function` to slices of `chunk` rows of `tensors`, one after the other, and join what it returns.

    Peak memory is that of one chunk and the result, however many rows there are.

    Args:
        function: takes one tensor (chunk, ...) for each entry of `tensors`, returns a tensor (chunk, ...).
        tensors: list of tensors with the same first axis.
        chunk: rows at a time; the last chunk is filled up with zeros, which are cut off again.

    Returns:
        Tensor (rows, ...).
    """
    num_rows = ops.shape(tensors[0])[0]
    if isinstance(num_rows, int) and num_rows <= chunk:
        return function(*tensors)
    filling = -num_rows % chunk
    filled = [ops.pad(t, [[0, filling]] + [[0, 0]] * (len(t.shape) - 1)) for t in tensors]
    stacked = [ops.reshape(t, (-1, chunk, *ops.shape(t)[1:])) for t in filled]
    result = ops.map(lambda slices: function(*slices), stacked)  # (chunks, chunk, ...)
    return ops.reshape(result, (-1, *ops.shape(result)[2:]))[:num_rows]
