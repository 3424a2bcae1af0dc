"""The weighted L1 distance of two embeddings, as a logit for "the same person"."""

import keras
from keras import ops

from cvkit.layers.embedding_pair import check_pair, check_pair_shapes
from cvkit.validation import as_float


def weighted_l1(first, second, weights, bias=0.0):
    r"""Weighted sum of the absolute differences of each pair of embeddings, and one bias.

    $$z = \sum_i w_i\, |x_i - y_i| + b, \qquad P(\text{same person}) = \frac{1}{1 + e^{-z}}$$

    A weight says what a difference of this feature is worth. The weights are learned, and come out negative where a
    difference speaks against the same person. L1 prints a bias for each feature within the sum; they would only add up
    to one. It leaves out the sigmoid that makes a probability of the sum, which cross-entropy asks for.

    Args:
        first: x, float tensor (B, D), one embedding a row.
        second: y, float tensor (B, D).
        weights: w, float tensor (D,).
        bias: b, a number.

    Returns:
        z, float tensor (B,): logits, above 0 where the same person is the likelier answer.

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> weighted_l1([[0.0, 1.0]], [[0.5, 3.0]], weights=[-2.0, -1.0], bias=1.0).numpy()  # -2 · 0.5 - 1 · 2 + 1
        array([-2.], dtype=float32)

    Reference:
        Koch, Zemel and Salakhutdinov, "Siamese Neural Networks for One-shot Image Recognition", 2015, section 3.1,
        "Model", there without a bias. Lecture L1, "Loss functions".
    """
    first, second = as_float(first), as_float(second)
    weights = ops.cast(as_float(weights), first.dtype)
    check_pair(first, second, weights)
    return ops.sum(weights * ops.abs(first - second), axis=-1) + ops.cast(bias, first.dtype)


@keras.saving.register_keras_serializable(package="cvkit")
class WeightedL1(keras.layers.Layer):
    """`weighted_l1` as a layer: D + 1 weights to learn. Takes [first, second], (B, D) each; returns logits (B, 1).

    The weights begin at -1 and the bias at 0: at first, the farther the less alike.

    Args:
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Example:
        >>> layer = WeightedL1()
        >>> layer([ops.array([[0.0, 1.0]]), ops.array([[0.5, 3.0]])]).numpy(), layer.count_params()
        (array([[-2.5]], dtype=float32), 3)

    Reference:
        Koch et al., 2015, section 3.1.
    """

    def build(self, input_shape):
        """Make the weights (D,) and the bias."""
        size = check_pair_shapes("WeightedL1", input_shape)
        self.pair_weights = self.add_weight(name="weights", shape=(size,), initializer=keras.initializers.Constant(-1))
        self.bias = self.add_weight(name="bias", shape=(), initializer="zeros")

    def call(self, inputs):
        """Logits (B, 1) of pairs of embeddings."""
        first, second = inputs
        return weighted_l1(first, second, self.pair_weights, self.bias)[:, None]

    def compute_output_shape(self, input_shape):
        """(B, 1)."""
        return (input_shape[0][0], 1)

    def multiply_adds(self, input_shape, output_shape):
        """One product for each feature."""
        return input_shape[0][-1]
