"""A siamese network: two images through one and the same network, and a comparison of what comes out."""

import keras
from keras import layers, ops

from cvkit.layers.chi_square import ChiSquare
from cvkit.layers.weighted_l1 import WeightedL1

HEADS = ("weighted_l1", "chi_square", "distance")


def siamese(embedding, head="weighted_l1"):
    r"""Both images through the same network, with the same weights, and a head that compares the two embeddings.

    - ``"weighted_l1"``: the logit $\sum_i w_i |x_i - y_i| + b$; train it with binary cross-entropy from logits.
    - ``"chi_square"``: the logit $\sum_i w_i (x_i - y_i)^2 / (x_i + y_i) + b$; the embedding must not be negative.
    - ``"distance"``: $\lVert x - y \rVert$, without weights of its own; train it with `cvkit.losses.ContrastiveLoss`.

    Args:
        embedding: a `keras.Model` from images (B, H, W, C) to embeddings (B, D), such as `cvkit.models.facenet`. It is
            used, not copied: training the pair trains it.
        head: "weighted_l1", "chi_square" or "distance".

    Returns:
        A functional `keras.Model` from {"first": images, "second": images} to (B, 1).

    Raises:
        ValueError: there is no such head, or the network does not return embeddings.

    Example:
        >>> embedding = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(4)])
        >>> siamese(embedding).count_params() - embedding.count_params()  # a weight for each feature, and a bias
        5

    Reference:
        Bromley et al., "Signature Verification using a 'Siamese' Time Delay Neural Network", 1993; Koch et al.,
        "Siamese Neural Networks for One-shot Image Recognition", 2015, section 3.1; Taigman et al., "DeepFace", 2014,
        section 4; Hadsell et al., 2006, for the distance.
    """
    if head not in HEADS:
        raise ValueError(f"head must be one of {', '.join(HEADS)}. Received {head!r}.")
    if len(embedding.outputs[0].shape) != 2:
        raise ValueError(
            f"embedding must return vectors (B, D), one an image. Received {tuple(embedding.outputs[0].shape)}. "
            "cvkit.models.facenet puts such an end on a backbone."
        )
    images = {name: keras.Input(embedding.inputs[0].shape[1:], name=name) for name in ("first", "second")}
    pair = [embedding(image) for image in images.values()]
    heads = {"weighted_l1": WeightedL1, "chi_square": ChiSquare, "distance": EmbeddingDistance}
    return keras.Model(images, heads[head](name=head)(pair), name="siamese")


@keras.saving.register_keras_serializable(package="cvkit")
class EmbeddingDistance(layers.Layer):
    """Euclidean distance (B, 1) of [first, second], (B, D) each; the gradient between equal embeddings is 0.

    Example:
        >>> EmbeddingDistance()([ops.array([[0.0, 0.0]]), ops.array([[3.0, 4.0]])]).numpy()
        array([[5.]], dtype=float32)
    """

    def call(self, inputs):
        """Distances of pairs of embeddings."""
        first, second = inputs
        squared = ops.sum(ops.square(first - second), axis=-1, keepdims=True)  # (B, 1)
        apart = squared > 0  # the slope of a root is infinite at 0, so 0 takes another way round
        return ops.where(apart, ops.sqrt(ops.where(apart, squared, ops.ones_like(squared))), ops.zeros_like(squared))

    def compute_output_shape(self, input_shape):
        """(B, 1)."""
        return (input_shape[0][0], 1)

    def multiply_adds(self, input_shape, output_shape):
        """A square for each feature."""
        return input_shape[0][-1]
