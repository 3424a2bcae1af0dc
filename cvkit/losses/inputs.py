"""What every loss does with its arguments first: enough precision, and shapes that belong together."""

import keras
from keras import ops

from cvkit.validation import as_float


def as_float32(value):
    """Float tensor of `value` in float32 at least: float16 and bfloat16 are widened, float64 stays.

    Sums of squares leave the range of float16 (65,504) soon, so losses are computed in float32 under mixed precision.

    Example:
        >>> keras.backend.standardize_dtype(as_float32(ops.ones((2,), "float16")).dtype)
        'float32'
    """
    tensor = as_float(value)
    half = keras.backend.standardize_dtype(tensor.dtype) in ("float16", "bfloat16")
    return ops.cast(tensor, "float32") if half else tensor


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
