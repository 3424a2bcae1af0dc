"""The shortcut without weights: every second pixel, and channels of zeros."""

import keras
from keras import ops

from cvkit.validation import check_positive


@keras.saving.register_keras_serializable(package="cvkit")
class PaddedShortcut(keras.layers.Layer):
    r"""Keep every s-th row and column, and append channels of zeros until there are enough.

    $$Y_{i,j,c} = X_{si,\,sj,\,c} \text{ for } c < C, \quad 0 \text{ for } C \le c < C'$$

    Args:
        filters: channels C' of the output, at least as many as the input has.
        stride: steps s in pixels, a positive integer.
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Raises:
        ValueError: an argument is no positive integer, or the input has more channels than the output.

    Example:
        >>> layer = PaddedShortcut(filters=32, stride=2)
        >>> layer(ops.ones((1, 8, 8, 16))).shape, layer.count_params()
        (TensorShape([1, 4, 4, 32]), 0)

    Reference:
        He et al., "Deep Residual Learning for Image Recognition", 2015, arXiv 1512.03385, section 3.3, option A. The
        paper does not say where the zeros go; here they come last.
    """

    def __init__(self, filters, stride=1, **kwargs):
        super().__init__(**kwargs)
        check_positive("filters", filters, "channels of the output", integer=True)
        check_positive("stride", stride, "steps in pixels", integer=True)
        self.filters, self.stride = filters, stride
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def call(self, inputs):
        """Thin out the positions, append the zeros."""
        kept = inputs[:, :: self.stride, :: self.stride]  # (B, ceil(H / s), ceil(W / s), C)
        return ops.pad(kept, ((0, 0), (0, 0), (0, 0), (0, self._missing(inputs.shape))))

    def compute_output_shape(self, input_shape):
        """(B, ceil(H / s), ceil(W / s), C')."""
        self._missing(input_shape)
        batch, *sides, _ = input_shape
        return (batch, *(None if side is None else -(-side // self.stride) for side in sides), self.filters)

    def receptive_field(self, spans, input_shape, output_shape):
        """That of a 1 x 1 window with this stride; see `cvkit.analysis.receptive_field`."""
        return [span.slide(1, self.stride) for span in spans]

    def get_config(self):
        """Arguments that rebuild the layer."""
        return {**super().get_config(), "filters": self.filters, "stride": self.stride}

    def _missing(self, input_shape):
        missing = self.filters - input_shape[-1]
        if missing < 0:
            raise ValueError(
                f"filters must be at least the {input_shape[-1]} channels of the input: this shortcut adds channels "
                f"and drops none. Received {self.filters}. Use a projection, a 1 x 1 convolution, to drop channels."
            )
        return missing
