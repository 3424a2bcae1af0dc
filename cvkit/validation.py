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


def as_float32(value):
    """Float tensor of `value` in float32 at least: float16 and bfloat16 are widened, float64 stays.

    Sums of squares leave the range of float16 (65,504) soon, and so do areas in pixels: losses and boxes are computed
    in float32 under mixed precision.

    Example:
        >>> keras.backend.standardize_dtype(as_float32(ops.ones((2,), "float16")).dtype)
        'float32'
    """
    tensor = as_float(value)
    half = keras.backend.standardize_dtype(tensor.dtype) in ("float16", "bfloat16")
    return ops.cast(tensor, "float32") if half else tensor


def check_shape(name, tensor, pattern, meaning="", hint=""):
    """Raise unless `tensor` has the shape that `pattern` asks for.

    Args:
        name: the argument's name, for the message.
        tensor: anything with a `.shape`.
        pattern: one entry an axis; an int must match, a string such as ``"N"`` stands for any size, and ``...``
            in front for any number of axes.
        meaning: what the tensor holds, in words.
        hint: how to mend a wrong one.

    Raises:
        ValueError: the rank or a fixed axis differs. An unknown (`None`) axis is accepted.

    Example:
        >>> check_shape("boxes", ops.zeros((5, 4)), ("N", 4), "boxes as x1, y1, x2, y2")
        >>> check_shape("boxes", ops.zeros((2, 5, 4)), (..., 4), "boxes as x1, y1, x2, y2")
        >>> check_shape("boxes", ops.zeros((4,)), ("N", 4), "boxes as corners", "Pass boxes[None] for one.")
        Traceback (most recent call last):
        ValueError: boxes must have shape (N, 4): boxes as corners. Received shape (4,). Pass boxes[None] for one.
    """
    shape, axes = tuple(tensor.shape), [axis for axis in pattern if axis is not ...]
    last = shape[max(0, len(shape) - len(axes)) :] if ... in pattern else shape
    fits = len(last) == len(axes) and all(
        isinstance(want, str) or have is None or have == want for want, have in zip(axes, last, strict=True)
    )
    if not fits:
        words = ", ".join("..." if axis is ... else str(axis) for axis in pattern)
        wanted = f"({words}{',' if len(pattern) == 1 else ''})" + (f": {meaning}" if meaning else "")
        raise ValueError(f"{name} must have shape {wanted}. Received shape {shape}. {hint}".rstrip())


def check_same_shape(name, tensor, other_name, other, hint=""):
    """Raise unless `tensor` has the shape of `other`; axes of unknown size (`None`) are accepted.

    Example:
        >>> check_same_shape("positive", ops.zeros((2, 3)), "anchor", ops.zeros((2, 3)))
        >>> check_same_shape("positive", ops.zeros((2, 4)), "anchor", ops.zeros((2, 3)), "Embed both alike.")
        Traceback (most recent call last):
        ValueError: positive must have the shape of anchor, (2, 3). Received shape (2, 4). Embed both alike.
    """
    have, want = tuple(tensor.shape), tuple(other.shape)
    fits = len(have) == len(want) and all(None in pair or pair[0] == pair[1] for pair in zip(have, want, strict=True))
    if not fits:
        raise ValueError(f"{name} must have the shape of {other_name}, {want}. Received shape {have}. {hint}".rstrip())


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
