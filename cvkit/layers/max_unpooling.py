"""Unpooling: each value goes back to where its maximum was, all else is zero."""

import keras
from keras import ops

from cvkit.layers.pooling_window import PoolingWindow
from cvkit.validation import as_float, check_shape


def max_unpool(values, switches, size):
    r"""Put each value at the position that its switch names; zero elsewhere.

    $$X_{b,y,x,c} = \sum_{i,j\,:\; s_{b,i,j,c} = y W + x} V_{b,i,j,c}$$

    Where windows overlap, two of them may have chosen the same position: their values are **added**. That makes
    unpooling the transpose of the pooling that made the switches, and so its gradient. (PyTorch keeps one of the values
    and does not say which; without overlap there is no difference.)

    Args:
        values: float tensor (B, H', W', C).
        switches: integer tensor (B, H', W', C) from `max_pool_with_switches`, each from 0 to H W - 1.
        size: (H, W), height and width of the map before pooling. With another W all values would go astray.

    Returns:
        Float tensor (B, H, W, C). B H W C must stay below 2^31.

    Raises:
        ValueError: a shape does not fit.

    Example:
        >>> switches = ops.array([[[[0], [3]]]])  # one row of two windows over a map of 2 × 4
        >>> max_unpool(ops.array([[[[7.0], [8.0]]]]), switches, (2, 4))[0, :, :, 0].numpy()
        array([[7., 0., 0., 8.],
               [0., 0., 0., 0.]], dtype=float32)

    Reference:
        Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2013, arXiv 1311.2901, section 2.1.
    """
    values, switches = as_float(values), ops.convert_to_tensor(switches)
    check_shape("values", values, ("B", "H'", "W'", "C"), "a batch of pooled maps, channels last")
    check_shape("switches", switches, tuple(n or "?" for n in values.shape), "one switch for each value")
    if len(size) != 2:
        raise ValueError(f"size must be (height, width) of the map before pooling. Received {size}.")
    height, width = size
    batch, _, _, channels = ops.shape(values)
    image = ops.arange(batch, dtype="int32")[:, None, None, None]
    places = (image * (height * width) + ops.cast(switches, "int32")) * channels + ops.arange(channels, dtype="int32")
    flat = ops.segment_sum(ops.ravel(values), ops.ravel(places), num_segments=batch * height * width * channels)
    return ops.reshape(flat, (batch, height, width, channels))


@keras.saving.register_keras_serializable(package="cvkit")
class MaxUnpooling2D(keras.layers.Layer):
    """`max_unpool` as a layer, called on ``[values, switches]`` or ``[values, switches, before]``.

    `before` is the map that was pooled. Only its height and width are read. Give it wherever pooling left rows or
    columns over (5 × 5 pooled by 2 × 2) or padded. Without it the windows are taken to have covered the map exactly,
    which then has H' stride + pool_size - stride rows with "valid" padding, and H' stride rows with "same".

    Args:
        pool_size, strides, padding: those of the pooling. Not needed when `before` is given.
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> from cvkit.layers import MaxPoolingWithSwitches2D
        >>> pooled, switches = MaxPoolingWithSwitches2D(2)(ops.array([[[[4.0], [9.0]], [[1.0], [2.0]]]]))
        >>> MaxUnpooling2D(2)([pooled, switches])[0, :, :, 0].numpy()
        array([[0., 9.],
               [0., 0.]], dtype=float32)

    Reference:
        Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2013, arXiv 1311.2901, section 2.1.
    """

    def __init__(self, pool_size=2, strides=None, padding="valid", **kwargs):
        super().__init__(**kwargs)
        self.window = PoolingWindow(pool_size, strides, padding)

    def call(self, inputs):
        """Unpool a batch of maps (B, H', W', C)."""
        values, switches, *before = _two_or_three(inputs)
        sides = ops.shape(before[0])[1:3] if before else self.window.whole_sides(ops.shape(values)[1:3])
        return max_unpool(values, switches, sides)

    def compute_output_shape(self, input_shape):
        """(B, H, W, C); an unknown side stays unknown."""
        values, _, *before = _two_or_three(input_shape)
        sides = before[0][1:3] if before else self.window.whole_sides(values[1:3])
        return (values[0], *sides, values[3])

    def receptive_field(self, spans, input_shape, output_shape):
        """That of the windows that hold the position; see `cvkit.analysis.receptive_field`."""
        rows = zip(spans, self.window.size, self.window.strides, self.window.paddings(output_shape[1:3]), strict=True)
        return [span.spread(size, stride, padding=before) for span, size, stride, before in rows]

    def get_config(self):
        """Arguments that rebuild the layer."""
        return {**super().get_config(), **self.window.config()}


def _two_or_three(inputs):
    if not isinstance(inputs, (list, tuple)) or len(inputs) not in (2, 3):
        count = len(inputs) if isinstance(inputs, (list, tuple)) else 1
        raise ValueError(
            f"inputs must be [values, switches] or [values, switches, before]. Received {count} of them. "
            "MaxPoolingWithSwitches2D returns the switches."
        )
    return inputs
