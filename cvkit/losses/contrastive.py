"""Contrastive loss: pull pairs of one person together, push pairs of two people apart up to a margin."""

import keras
from keras import ops

from cvkit.validation import as_float32, check_positive, check_same_shape, check_shape

_MARGIN = "the distance beyond which two people are far enough apart"


def contrastive_loss(same, distance, margin=1.0):
    r"""Contrastive loss of each pair of images.

    $$L = s\,\tfrac12 d^2 + (1 - s)\,\tfrac12 \max(0,\; m - d)^2$$

    Args:
        same: tensor (B,), 1 where both images show the same person, 0 where they do not.
        distance: float tensor (B,), distances of the two embeddings, not squared, zero or more.
        margin: positive number, the m of the equation, in the unit of the distance.

    Returns:
        Float tensor (B,), zero or more.

    Raises:
        ValueError: the two are not of one shape (B,), or margin is not positive.

    Example:
        >>> contrastive_loss([1, 0, 0], [0.5, 0.5, 2.0]).numpy()
        array([0.125, 0.125, 0.   ], dtype=float32)

    Reference:
        Hadsell et al., "Dimensionality Reduction by Learning an Invariant Mapping", 2006, equation 4. The paper's Y is
        the other way round: 0 for a similar pair, 1 for a dissimilar one.
    """
    distance = as_float32(distance)
    same = ops.cast(same, distance.dtype)
    check_shape("distance", distance, ("B",), "one distance a pair", "Pass distance[:, 0] if it is (B, 1).")
    check_same_shape("same", same, "distance", distance)
    check_positive("margin", margin, _MARGIN)
    pull = 0.5 * ops.square(distance)
    push = 0.5 * ops.square(ops.maximum(margin - distance, 0))
    return same * pull + (1 - same) * push


@keras.saving.register_keras_serializable(package="cvkit")
class ContrastiveLoss(keras.losses.Loss):
    """`contrastive_loss` to compile a model with: y_true is 1 for the same person, y_pred the distance.

    Both are (B,) or (B, 1).

    Args:
        margin: positive number, in the unit of the distance.
        reduction: as in every Keras loss.
        name: the loss's name.
        dtype: the type to compute in; Keras' default is float32.

    Raises:
        ValueError: margin is not positive.

    Example:
        >>> float(ContrastiveLoss()(ops.array([1, 0]), ops.array([[0.5], [0.5]])))
        0.125
    """

    def __init__(self, margin=1.0, reduction="sum_over_batch_size", name="contrastive_loss", dtype=None):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        check_positive("margin", margin, _MARGIN)
        self.margin = margin

    def call(self, y_true, y_pred):
        """Loss (B,) of each pair."""
        return contrastive_loss(_column(y_true), _column(y_pred), self.margin)

    def get_config(self):
        """What `from_config` needs to make the same loss."""
        return {**super().get_config(), "margin": self.margin}


def _column(values):
    return values[:, 0] if len(values.shape) == 2 and values.shape[1] == 1 else values  # (B,)
