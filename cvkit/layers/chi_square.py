"""The weighted chi-square distance of two embeddings, as in DeepFace."""

import keras
from keras import ops

from cvkit.layers.embedding_pair import check_pair, check_pair_shapes
from cvkit.validation import as_float


def chi_square(first, second, weights=None, bias=0.0):
    r"""Weighted chi-square similarity of each pair of embeddings.

    $$\chi^2(x, y) = \sum_i w_i\, \frac{(x_i - y_i)^2}{x_i + y_i}$$

    A difference counts more where both numbers are small: 0.1 against 0.2 is more telling than 0.8 against 0.9. The
    features must not be negative; DeepFace divides each by its largest value in the training set, so that they lie from
    0 to 1. A feature that is 0 in both adds nothing. L1 prints the denominator as a_i + a, without an index on the
    second; it is the same feature's.

    Args:
        first: x, float tensor (B, D), one embedding a row, zero or more.
        second: y, float tensor (B, D), zero or more.
        weights: w, float tensor (D,); ones if None, and then this is a distance.
        bias: a number to be added.

    Returns:
        Float tensor (B,).

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> chi_square([[0.1, 0.8, 0.0]], [[0.3, 0.8, 0.0]]).numpy().round(3)  # 0.2² / 0.4, and twice nothing
        array([0.1], dtype=float32)

    Reference:
        Taigman, Yang, Ranzato and Wolf, "DeepFace: Closing the Gap to Human-Level Performance in Face Verification",
        2014, section 4.1; its weights are learned by a linear support vector machine. The values are not checked for
        their sign, which a compiled network could not; pass what comes out of a ReLU or a sigmoid.
    """
    first, second = as_float(first), as_float(second)
    weights = ops.ones(first.shape[-1:], first.dtype) if weights is None else ops.cast(as_float(weights), first.dtype)
    check_pair(first, second, weights)
    total = first + second  # (B, D)
    is_empty = total <= 0
    ratio = ops.square(first - second) / ops.where(is_empty, ops.ones_like(total), total)  # (B, D)
    return ops.sum(weights * ops.where(is_empty, ops.zeros_like(ratio), ratio), axis=-1) + ops.cast(bias, first.dtype)


@keras.saving.register_keras_serializable(package="cvkit")
class ChiSquare(keras.layers.Layer):
    """`chi_square` as a layer: D + 1 weights to learn. Takes [first, second], (B, D) each; returns logits (B, 1).

    The weights begin at -1 and the bias at 0: at first, the farther the less alike.

    Args:
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Example:
        >>> layer = ChiSquare()
        >>> layer([ops.array([[0.1, 0.8]]), ops.array([[0.3, 0.8]])]).numpy().round(3), layer.count_params()
        (array([[-0.1]], dtype=float32), 3)

    Reference:
        Taigman et al., 2014, section 4.1. There the weights are learned after the network, by a support vector machine;
        here along with it, or on its stored outputs, by cross-entropy.
    """

    def build(self, input_shape):
        """Make the weights (D,) and the bias."""
        size = check_pair_shapes("ChiSquare", input_shape)
        self.pair_weights = self.add_weight(name="weights", shape=(size,), initializer=keras.initializers.Constant(-1))
        self.bias = self.add_weight(name="bias", shape=(), initializer="zeros")

    def call(self, inputs):
        """Logits (B, 1) of pairs of embeddings."""
        first, second = inputs
        return chi_square(first, second, self.pair_weights, self.bias)[:, None]

    def compute_output_shape(self, input_shape):
        """(B, 1)."""
        return (input_shape[0][0], 1)

    def multiply_adds(self, input_shape, output_shape):
        """A square, a quotient and a product for each feature."""
        return 3 * input_shape[0][-1]
