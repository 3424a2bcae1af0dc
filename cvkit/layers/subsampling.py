"""The pooling of 1998: a mean with a trainable coefficient and bias for each map."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="cvkit")
class Subsampling2D(keras.layers.Layer):
    r"""Sum of each 2x2 window, times a trainable coefficient of the map, plus its bias, through the activation.

    $$Y_{i,j,c} = \phi\Big(w_c \sum_{u,v \in \{0,1\}} X_{2i+u,\,2j+v,\,c} + b_c\Big)$$

    Args:
        activation: a Keras activation, or None.
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Example:
        >>> layer = Subsampling2D()
        >>> layer(ops.ones((1, 28, 28, 6))).shape, layer.count_params()
        (TensorShape([1, 14, 14, 6]), 12)

    Reference:
        LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998, section II.B. The coefficient
        starts at 1/4, which makes the layer a mean.
    """

    def __init__(self, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def build(self, input_shape):
        """Make a coefficient and a bias for each map."""
        shape = (input_shape[-1],)
        self.coefficient = self.add_weight(
            name="coefficient", shape=shape, initializer=keras.initializers.Constant(0.25)
        )
        self.bias = self.add_weight(name="bias", shape=shape, initializer="zeros")

    def call(self, inputs):
        """Halve height and width."""
        sums = 4 * ops.average_pool(inputs, 2, 2)
        return self.activation(sums * ops.cast(self.coefficient, sums.dtype) + ops.cast(self.bias, sums.dtype))

    def compute_output_shape(self, input_shape):
        """(B, H // 2, W // 2, C)."""
        batch, *sides, channels = input_shape
        return (batch, *(None if side is None else side // 2 for side in sides), channels)

    def multiply_adds(self, input_shape, output_shape):
        """One multiplication by the coefficient for each output."""
        return output_shape[1] * output_shape[2] * output_shape[3]

    def receptive_field(self, spans, input_shape, output_shape):
        """That of 2x2 pooling; see `cvkit.analysis.receptive_field`."""
        return [span.slide(2, 2) for span in spans]

    def get_config(self):
        """Arguments that rebuild the layer."""
        return {**super().get_config(), "activation": keras.activations.serialize(self.activation)}
