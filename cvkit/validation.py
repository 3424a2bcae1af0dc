"""Checks of what comes in, with errors that say what was expected, what came and how to mend it."""

import keras
from keras import ops


def as_float(value):
    """Tensor of `value`; integers become Keras' default float type, floats keep theirs.

    Example:
        >>> as_float([1, 2]).shape
        TensorShape([2])
    """
    tensor = ops.convert_to_tensor(value)
    if keras.backend.is_float_dtype(tensor.dtype):
        return tensor
    return ops.cast(tensor, keras.config.floatx())


def check_shape(name, tensor, pattern, meaning, hint=""):
    """Raise unless `tensor` has the shape that `pattern` asks for.

    Args:
        name: the argument's name, for the message.
        tensor: anything with a `.shape`.
        pattern: one entry an axis; an int must match, a string such as ``"N"`` stands for any size.
        meaning: what the tensor holds, in words.
        hint: how to mend a wrong one.

    Raises:
        ValueError: the rank or a fixed axis differs. An unknown (`None`) axis is accepted.

    Example:
        >>> check_shape("boxes", ops.zeros((5, 4)), ("N", 4), "boxes as x1, y1, x2, y2")
        >>> check_shape("boxes", ops.zeros((4,)), ("N", 4), "boxes as corners", "Pass boxes[None] for one.")
        Traceback (most recent call last):
        ValueError: boxes must have shape (N, 4): boxes as corners. Received shape (4,). Pass boxes[None] for one.
    """
    shape = tuple(tensor.shape)
    fits = len(shape) == len(pattern) and all(
        isinstance(want, str) or have is None or have == want for want, have in zip(pattern, shape, strict=True)
    )
    if not fits:
        wanted = f"({', '.join(map(str, pattern))}{',' if len(pattern) == 1 else ''})"
        raise ValueError(f"{name} must have shape {wanted}: {meaning}. Received shape {shape}. {hint}".rstrip())


def check_positive(name, value, meaning, *, integer=False):
    """Raise unless `value` is a positive number (a positive integer with ``integer=True``).

    Example:
        >>> check_positive("margin", 0.2, "a distance")
        >>> check_positive("stride", 0, "steps in pixels", integer=True)
        Traceback (most recent call last):
        ValueError: stride must be a positive integer: steps in pixels. Received 0.
    """
    kinds = int if integer else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not value > 0:
        kind = "integer" if integer else "number"
        raise ValueError(f"{name} must be a positive {kind}: {meaning}. Received {value!r}.")
