"""The two questions about the backend that the ROI layers ask, and the loop over chunks they share."""

import keras
from keras import ops


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
