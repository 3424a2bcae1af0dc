"""A convolution in which a table says which input maps each output map looks at."""

import keras
import numpy as np
from keras import ops

# LeNet-5's table: row = map of S2 (6), column = map of C3 (16). LeCun et al. 1998, table I.
LENET_TABLE = np.array(
    [[int(cell) for cell in row] for row in (
        "1000111001111011",
        "1100011100111101",
        "1110001110010111",
        "0111001111001011",
        "0011100111101101",
        "0001110011110111",
    )],
    dtype=bool,
)  # fmt: skip


@keras.saving.register_keras_serializable(package="cvkit")
class TableConv2D(keras.layers.Layer):
    r"""Convolution with sparse connections between maps: weights exist only where the table says 1.

    $$H_{i,j,d} = b_d + \sum_{c\,:\,T_{c,d} = 1} \sum_{u,v} K_{u,v,c,d}\, X_{i+u,\,j+v,\,c}$$

    Args:
        table: boolean array (input maps, output maps).
        kernel_size: height and width of the kernel, one integer.
        activation: a Keras activation, or None.
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Raises:
        ValueError: the table is not a matrix, an output map has no input, or the input has another number of channels.

    Example:
        >>> layer = TableConv2D(LENET_TABLE, kernel_size=5)
        >>> layer(ops.ones((1, 14, 14, 6))).shape, layer.count_params()  # 60 connections x 25 + 16 biases
        (TensorShape([1, 10, 10, 16]), 1516)

    Reference:
        LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998, section II.B and table I.
    """

    def __init__(self, table, kernel_size, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.table = np.asarray(table, dtype=bool)
        if self.table.ndim != 2 or not self.table.any(axis=0).all():
            raise ValueError(
                "table must be a matrix (input maps, output maps) with at least one 1 in every column. "
                f"Received shape {self.table.shape}."
            )
        self.kernel_size = kernel_size
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        """Make one small kernel for each connection, (k, k, connections), and the biases."""
        num_inputs, num_outputs = self.table.shape
        if input_shape[-1] != num_inputs:
            raise ValueError(f"The table is for {num_inputs} input maps. Received an input of shape {input_shape}.")
        num_weights = self.kernel_size**2 * self.table.sum(axis=0).mean()  # of an output map, on average
        deviation = (2 / (num_weights + num_weights * num_outputs / num_inputs)) ** 0.5  # Glorot and Bengio's
        shape = (self.kernel_size, self.kernel_size, int(self.table.sum()))
        initializer = keras.initializers.RandomNormal(stddev=deviation)
        self.kernel = self.add_weight(name="kernel", shape=shape, initializer=initializer)
        self.bias = self.add_weight(name="bias", shape=(num_outputs,), initializer="zeros")

    def call(self, inputs):
        """Convolve, with zeros where the table has no connection."""
        place = np.eye(self.table.size, dtype="float32")[self.table.ravel()]  # (connections, inputs * outputs)
        kernel = ops.matmul(self.kernel, ops.cast(place, self.kernel.dtype))  # (k, k, inputs * outputs)
        kernel = ops.reshape(kernel, (self.kernel_size, self.kernel_size, *self.table.shape))
        outputs = ops.conv(inputs, ops.cast(kernel, inputs.dtype), padding="valid")
        return self.activation(outputs + ops.cast(self.bias, outputs.dtype))

    def compute_output_shape(self, input_shape):
        """(B, H - k + 1, W - k + 1, output maps)."""
        batch, *sides, _ = input_shape
        sides = [None if side is None else side - self.kernel_size + 1 for side in sides]
        return (batch, *sides, self.table.shape[1])

    def multiply_adds(self, input_shape, output_shape):
        """Multiply-adds for one input: one small kernel for each connection and output position."""
        return output_shape[1] * output_shape[2] * int(self.table.sum()) * self.kernel_size**2

    def receptive_field(self, spans, input_shape, output_shape):
        """That of a plain convolution; see `cvkit.analysis.receptive_field`."""
        return [span.slide(self.kernel_size) for span in spans]

    def get_config(self):
        """Arguments that rebuild the layer."""
        return {
            **super().get_config(),
            "table": self.table.astype(int).tolist(),
            "kernel_size": self.kernel_size,
            "activation": keras.activations.serialize(self.activation),
        }
