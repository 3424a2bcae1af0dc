"""Max pooling that remembers where each maximum was."""

import keras
import numpy as np
from keras import ops

from cvkit.layers.pooling_window import PoolingWindow
from cvkit.validation import as_float, check_shape


def max_pool_with_switches(inputs, pool_size=2, strides=None, padding="valid"):
    r"""Largest value of each window, and its position in the map: the *switch*.

    $$Y_{b,i,j,c} = \max_{(y, x) \in W_{ij}} X_{b,y,x,c} \qquad s_{b,i,j,c} = y^* W + x^*$$

    where $(y^*, x^*)$ is the position of that maximum and $W$ the width of the map. Of equal values the first counts,
    line by line. Only that position has a gradient.

    Args:
        inputs: float tensor (B, H, W, C).
        pool_size: height and width of the window in positions, an integer or a pair.
        strides: positions between windows, an integer or a pair; `pool_size` if None. Windows may overlap.
        padding: ``"valid"``, windows stay inside; or ``"same"``, ceil(H / stride) windows. Padding is never chosen.

    Returns:
        (pooled, switches): float tensor and int32 tensor, both (B, H', W', C). Switches count from 0 within each map,
        as those of PyTorch do.

    Raises:
        ValueError: a shape or an argument does not fit.

    Example:
        >>> pooled, switches = max_pool_with_switches([[[[1.0], [5.0]], [[3.0], [5.0]]]])
        >>> pooled.numpy().ravel(), switches.numpy().ravel()  # both fives are largest: position 1 comes first
        (array([5.], dtype=float32), array([1], dtype=int32))

    Reference:
        Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2013, arXiv 1311.2901, section 2.1.
        TensorFlow's ``max_pool_with_argmax`` counts through the channels too: position * C + c.
    """
    inputs = as_float(inputs)
    check_shape("inputs", inputs, ("B", "H", "W", "C"), "a batch of images or feature maps, channels last")
    window = PoolingWindow(pool_size, strides, padding)
    _, height, width, _ = ops.shape(inputs)
    (rows, top), (columns, left) = window.places((height, width))
    margins = [0, 0] if padding == "valid" else [size - 1 for size in window.size]
    frame = [[0, 0], [margins[0]] * 2, [margins[1]] * 2, [0, 0]]
    padded = ops.pad(inputs, frame, constant_values=-np.inf) if any(margins) else inputs
    pooled = switches = None
    for a, b in np.ndindex(*window.size):  # the window's positions, line by line
        y = ops.arange(rows, dtype="int32") * window.strides[0] + (a - top)  # (H',)
        x = ops.arange(columns, dtype="int32") * window.strides[1] + (b - left)  # (W',)
        values = padded[
            :,
            slice_of(margins[0] - top + a, rows, window.strides[0]),
            slice_of(margins[1] - left + b, columns, window.strides[1]),
        ]  # (B, H', W', C)
        if pooled is None:  # where the window begins in the padding, its first position is the first inside the map
            first = ops.maximum(y, 0)[:, None, None] * width + ops.maximum(x, 0)[:, None]  # (H', W', 1)
            pooled, switches = values, first + ops.zeros_like(values, dtype="int32")
        else:
            larger = values > pooled
            pooled = ops.where(larger, values, pooled)
            switches = ops.where(larger, y[:, None, None] * width + x[:, None], switches)
    return pooled, switches


def slice_of(start, count, step):
    """The slice that takes `count` positions, `step` apart."""
    return slice(start, start + (count - 1) * step + 1, step)


@keras.saving.register_keras_serializable(package="cvkit")
class MaxPoolingWithSwitches2D(keras.layers.Layer):
    """`max_pool_with_switches` as a layer: returns the pooled maps and the switches, for `MaxUnpooling2D`.

    Args:
        pool_size: height and width of the window in positions, an integer or a pair.
        strides: positions between windows, an integer or a pair; `pool_size` if None.
        padding: ``"valid"`` or ``"same"``.
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> pooled, switches = MaxPoolingWithSwitches2D(3, strides=2)(ops.ones((1, 9, 7, 4)))
        >>> pooled.shape, switches.shape
        (TensorShape([1, 4, 3, 4]), TensorShape([1, 4, 3, 4]))

    Reference:
        Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2013, arXiv 1311.2901, section 2.1.
    """

    def __init__(self, pool_size=2, strides=None, padding="valid", **kwargs):
        super().__init__(**kwargs)
        self.window = PoolingWindow(pool_size, strides, padding)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def call(self, inputs):
        """Pool a batch of feature maps (B, H, W, C)."""
        return max_pool_with_switches(inputs, self.window.size, self.window.strides, self.window.padding)

    def compute_output_shape(self, input_shape):
        """Twice (B, H', W', C); an unknown side stays unknown."""
        batch, *sides, channels = input_shape
        shape = (batch, *self.window.pooled_sides(sides), channels)
        return shape, shape

    def compute_output_spec(self, inputs):
        """Pooled maps in the layer's type, switches as int32."""
        pooled, switches = self.compute_output_shape(inputs.shape)
        return keras.KerasTensor(pooled, self.compute_dtype), keras.KerasTensor(switches, "int32")

    def receptive_field(self, spans, input_shape, output_shape):
        """That of max pooling; see `cvkit.analysis.receptive_field`."""
        places = self.window.paddings(input_shape[1:3])
        rows = zip(spans, self.window.size, self.window.strides, places, strict=True)
        return [span.slide(size, stride, padding=before) for span, size, stride, before in rows]

    def get_config(self):
        """Arguments that rebuild the layer."""
        return {**super().get_config(), **self.window.config()}
