"""Average pooling to a number of bins, for maps of any size."""

import keras
from keras import ops

from cvkit.validation import check_positive, check_shape


@keras.saving.register_keras_serializable(package="cvkit")
class AdaptiveAveragePooling2D(keras.layers.Layer):
    r"""Divide a map of any size into n × n bins and take the mean of each.

    Along an axis of length $L$, bin $i$ holds the positions from $\lfloor i L / n \rfloor$ to below
    $\lceil (i + 1) L / n \rceil$. Where $n$ does not divide $L$, neighbouring bins share a position; where $L < n$, a
    position counts in several bins.

    Args:
        bins: n, a positive integer.
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Raises:
        ValueError: `bins` is not a positive integer.

    Example:
        >>> AdaptiveAveragePooling2D(2)(ops.reshape(ops.arange(9.0), (1, 3, 3, 1)))[0, :, :, 0].numpy()
        array([[2., 3.],
               [5., 6.]], dtype=float32)

    Reference:
        Zhao et al., "Pyramid Scene Parsing Network", 2016, arXiv 1612.01105, section 3.2. The same numbers as PyTorch's
        ``AdaptiveAvgPool2d``.
    """

    def __init__(self, bins, **kwargs):
        super().__init__(**kwargs)
        check_positive("bins", bins, "bins along each side", integer=True)
        self.bins = bins
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def call(self, inputs):
        """Pool a batch of maps (B, H, W, C)."""
        check_shape("inputs", inputs, ("B", "H", "W", "C"), "a batch of feature maps, channels last")
        height, width = ops.shape(inputs)[1:3]
        rows, columns = (ops.cast(self._weights(side), inputs.dtype) for side in (height, width))  # (n, H), (n, W)
        return ops.einsum("jw,biwc->bijc", columns, ops.einsum("ih,bhwc->biwc", rows, inputs))

    def _weights(self, side):
        """The share (n, L) of each position in the mean of each bin."""
        bins, places = ops.arange(self.bins, dtype="int32")[:, None], ops.arange(side, dtype="int32")
        inside = (places >= bins * side // self.bins) & (places < -(-(bins + 1) * side // self.bins))  # (n, L)
        inside = ops.cast(inside, "float32")
        return inside / ops.sum(inside, axis=1, keepdims=True)

    def compute_output_shape(self, input_shape):
        """(B, n, n, C)."""
        return (input_shape[0], self.bins, self.bins, input_shape[3])

    def get_config(self):
        """Arguments that rebuild the layer."""
        return {**super().get_config(), "bins": self.bins}
