"""Cross-entropy of "the same person or not", from the weighted L1 distance of two embeddings."""

from keras import ops

from cvkit.layers.weighted_l1 import weighted_l1
from cvkit.validation import as_float32, check_same_shape


def weighted_l1_loss(same, first, second, weights, bias=0.0):
    r"""Binary cross-entropy of each pair of images, whose logit is a weighted L1 distance.

    $$L = -s \log \sigma(z) - (1 - s) \log(1 - \sigma(z)), \qquad z = \sum_i w_i\, |x_i - y_i| + b$$

    To train a network by it use the layer `cvkit.layers.WeightedL1` and ``BinaryCrossentropy(from_logits=True)``, which
    compute the same.

    Args:
        same: s, tensor (B,), 1 where both images show the same person, 0 where they do not.
        first, second: x and y, float tensors (B, D), one embedding a row.
        weights: w, float tensor (D,).
        bias: b, a number.

    Returns:
        Float tensor (B,), above zero.

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> x, y = [[0.0, 1.0]], [[0.0, 1.0]]  # equal embeddings: the bias decides
        >>> weighted_l1_loss([1], x, y, weights=[-1.0, -1.0]).numpy().round(3)  # undecided: log 2
        array([0.693], dtype=float32)

    Reference:
        Koch, Zemel and Salakhutdinov, "Siamese Neural Networks for One-shot Image Recognition", 2015, section 3.2,
        without its L2 penalty on the weights. Lecture L1, "Loss functions".
    """
    logits = weighted_l1(as_float32(first), as_float32(second), weights, bias)  # (B,)
    same = ops.cast(same, logits.dtype)
    check_same_shape("same", same, "the logits", logits)
    return ops.binary_crossentropy(same, logits, from_logits=True)
