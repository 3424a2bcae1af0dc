"""Where the windows of pooling lie: size, stride and padding along both axes."""

from keras import ops


class PoolingWindow:
    """Size, stride and padding of pooling windows, as Keras and TensorFlow place them.

    Args:
        pool_size: height and width in positions, an integer or a pair.
        strides: positions between windows, an integer or a pair; `pool_size` if None.
        padding: ``"valid"`` or ``"same"``.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> PoolingWindow(3, 2, "same").places((8, 9))  # windows, and padding before the first
        [(4, 0), (5, 1)]
    """

    def __init__(self, pool_size, strides=None, padding="valid"):
        self.size = _pair("pool_size", pool_size, "height and width of the window")
        self.strides = self.size if strides is None else _pair("strides", strides, "positions between windows")
        if padding not in ("valid", "same"):
            raise ValueError(f'padding must be "valid" or "same". Received {padding!r}.')
        self.padding = padding

    def places(self, sides):
        """(number of windows, padding before the first) along each axis; sides may be tensors.

        Raises:
            ValueError: the window is larger than the map.
        """
        return [self._place(*axis) for axis in zip(sides, self.size, self.strides, strict=True)]

    def pooled_sides(self, sides):
        """Height and width after pooling; None stays None."""
        axes = zip(sides, self.size, self.strides, strict=True)
        return [None if side is None else self._place(side, size, stride)[0] for side, size, stride in axes]

    def paddings(self, sides):
        """Padding before the first window along each axis; None counts as divisible by the stride."""
        axes = zip(sides, self.size, self.strides, strict=True)
        return [self._place(size * stride if side is None else side, size, stride)[1] for side, size, stride in axes]

    def whole_sides(self, pooled_sides):
        """Height and width that the windows cover exactly, as of a transposed convolution; None stays None."""
        axes = zip(pooled_sides, self.size, self.strides, strict=True)
        surplus = 0 if self.padding == "same" else 1
        return [None if n is None else n * stride + surplus * (size - stride) for n, size, stride in axes]

    def config(self):
        """The arguments by name."""
        return {"pool_size": self.size, "strides": self.strides, "padding": self.padding}

    def _place(self, side, size, stride):
        if self.padding == "valid":
            if isinstance(side, int) and side < size:
                raise ValueError(
                    f"pool_size must not be larger than the map. Received {size} positions for a side of {side}. "
                    'Take padding="same" or a smaller window.'
                )
            return (side - size) // stride + 1, 0
        count = -(-side // stride)
        needed = (count - 1) * stride + size - side  # positions beyond the map, before and after
        return count, (max(needed, 0) if isinstance(side, int) else ops.maximum(needed, 0)) // 2


def _pair(name, value, meaning):
    pair = (value, value) if isinstance(value, int) else value
    fits = isinstance(pair, (tuple, list)) and len(pair) == 2
    if not fits or not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in pair):
        raise ValueError(f"{name} must be a positive integer or a pair of them: {meaning}. Received {value!r}.")
    return tuple(pair)
