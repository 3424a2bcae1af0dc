"""Triplet loss: two images of one person closer together than images of two people, by a margin."""

import keras
from keras import ops

from cvkit.validation import as_float32, check_positive, check_same_shape, check_shape

_MARGIN = "the gap asked for between the distances to the positive and to the negative"


def triplet_loss(anchor, positive, negative, margin=0.2, squared=True):
    r"""Triplet loss of each triplet (anchor, positive, negative).

    $$L = \max\bigl(\lVert a - p\rVert^2 - \lVert a - n\rVert^2 + \alpha,\; 0\bigr)$$

    Some slides print min(., 0) instead. That would do the opposite: triplets already in order would be pushed, and
    those that violate the margin would be left alone.

    Args:
        anchor: float tensor (B, D), embeddings, usually of length one.
        positive: float tensor (B, D), other images of the anchors' people.
        negative: float tensor (B, D), images of other people.
        margin: positive number, the α of the equation, in the unit of the distance.
        squared: squared Euclidean distances as in the paper; with False, plain ones.

    Returns:
        Float tensor (B,), zero where the negative is farther than the positive by the margin or more.

    Raises:
        ValueError: the three are not all of one shape (B, D), or margin is not positive.

    Example:
        >>> triplet_loss([[0.0, 0.0]], [[1.0, 0.0]], [[0.0, 1.0]], margin=0.5).numpy()
        array([0.5], dtype=float32)

    Reference:
        Schroff et al., "FaceNet: A Unified Embedding for Face Recognition and Clustering", 2015, arXiv 1503.03832,
        section 3.1, equations 1 to 3. The paper sums over triplets; here each keeps its own value.
    """
    anchor, positive, negative = as_float32(anchor), as_float32(positive), as_float32(negative)
    check_shape("anchor", anchor, ("B", "D"), "one embedding a row", "For one triplet pass anchor[None].")
    check_same_shape("positive", positive, "anchor", anchor)
    check_same_shape("negative", negative, "anchor", anchor)
    check_positive("margin", margin, _MARGIN)
    return ops.maximum(_distance(anchor - positive, squared) - _distance(anchor - negative, squared) + margin, 0)


def pairwise_distances(embeddings, squared=True):
    r"""Distance between every two embeddings of a batch.

    $$D_{ij} = \lVert x_i - x_j\rVert^2$$

    The differences are taken before they are squared, which needs B × B × D numbers. The well-known shortcut
    |x|² + |y|² − 2xy needs only B × B, but cancels: equal embeddings come out a little apart.

    Args:
        embeddings: float tensor (B, D).
        squared: squared Euclidean distances; with False, plain ones, whose gradient between equal embeddings is 0.

    Returns:
        Float tensor (B, B), symmetric, with a diagonal of zeros.

    Raises:
        ValueError: embeddings is not (B, D).

    Example:
        >>> pairwise_distances([[0, 0], [3, 4]], squared=False).numpy()
        array([[0., 5.],
               [5., 0.]], dtype=float32)
    """
    embeddings = as_float32(embeddings)
    check_shape("embeddings", embeddings, ("B", "D"), "one embedding a row", "Flatten each to one row first.")
    return _distance(embeddings[:, None, :] - embeddings[None, :, :], squared)  # (B, B)


def batch_triplet_loss(labels, embeddings, margin=0.2, mining="semi_hard", squared=True):
    r"""Triplet loss of a batch of labelled embeddings, over triplets mined from the batch itself.

    $$L = \frac{1}{|T|} \sum_{(a, p, n) \in T} \max(D_{ap} - D_{an} + \alpha,\; 0)$$

    A triplet is an anchor a, another image p of the same person, and an image n of someone else. `mining` chooses T:

    - ``"all"``: every triplet whose loss is positive (satisfied ones would only dilute the mean). Needs B³ numbers.
    - ``"semi_hard"``: every pair (a, p), with the nearest negative that is farther than p. Beyond the margin it costs
      nothing; inside, it is what FaceNet calls semi-hard. Where no negative is farther than p, the farthest negative.
      Anchors are mined one after another, so B² numbers at a time.
    - ``"hard"``: every anchor, with its farthest positive and its nearest negative. Needs B² numbers.

    People with a single image are nobody's anchor or positive. A batch without any triplet has loss 0 and gradient 0.

    Args:
        labels: tensor (B,), the person in each image; equal numbers are the same person.
        embeddings: float tensor (B, D), usually of length one.
        margin: positive number, the α of the equation, in the unit of the distance.
        mining: ``"all"``, ``"semi_hard"`` or ``"hard"``.
        squared: squared Euclidean distances; with False, plain ones.

    Returns:
        Float scalar, zero or more.

    Raises:
        ValueError: shapes are not (B,) and (B, D), margin is not positive, or mining is unknown.

    Example:
        >>> float(batch_triplet_loss([0, 0, 1], [[0.0], [1.0], [2.0]], margin=0.5, mining="hard"))
        0.25

    Reference:
        "all" and "hard": Hermans et al., "In Defense of the Triplet Loss for Person Re-Identification", 2017,
        arXiv 1703.07737, section 2 (batch hard is equation 5; batch all is averaged as their BA≠0). "semi_hard":
        FaceNet (arXiv 1503.03832), section 3.2. Hermans et al. sum equation 5 and prefer plain distances; here means,
        and squared distances unless told otherwise.
    """
    labels, embeddings = ops.convert_to_tensor(labels), as_float32(embeddings)
    check_shape("embeddings", embeddings, ("B", "D"), "one embedding a row", "Flatten each to one row first.")
    check_shape("labels", labels, ("B",), "one person's number an image", "Pass labels[:, 0], or argmax of one-hot.")
    if None not in (labels.shape[0], embeddings.shape[0]) and labels.shape[0] != embeddings.shape[0]:
        raise ValueError(
            f"labels must have one entry for each of the {embeddings.shape[0]} embeddings. "
            f"Received {labels.shape[0]}. Take both from the same batch."
        )
    check_positive("margin", margin, _MARGIN)
    _check_mining(mining)
    if embeddings.shape[0] == 0:
        return ops.sum(embeddings)  # 0, where there is nothing to take a minimum of
    distances = pairwise_distances(embeddings, squared)  # (B, B)
    same = labels[:, None] == labels[None, :]  # (B, B)
    index = ops.arange(ops.shape(labels)[0])
    positives = ops.logical_and(same, index[:, None] != index[None, :])  # (B, B) the anchor itself is not one
    return _MININGS[mining](distances, positives, ops.logical_not(same), margin)


@keras.saving.register_keras_serializable(package="cvkit")
class TripletLoss(keras.losses.Loss):
    """`batch_triplet_loss` as a loss to compile a model with: y_true is labels (B,), y_pred embeddings (B, D).

    The value is already a mean over triplets, so there is nothing for `sample_weight` to weigh: it is refused.

    Args:
        margin: positive number, in the unit of the distance.
        mining: ``"all"``, ``"semi_hard"`` or ``"hard"``.
        squared: squared Euclidean distances; with False, plain ones.
        reduction: as in every Keras loss.
        name: the loss's name.
        dtype: the type to compute in; Keras' default is float32.

    Raises:
        ValueError: margin is not positive, or mining is unknown.

    Example:
        >>> loss = TripletLoss(margin=0.5, mining="hard")
        >>> float(loss(ops.array([0, 0, 1]), ops.array([[0.0], [1.0], [2.0]])))
        0.25
    """

    def __init__(
        self,
        margin=0.2,
        mining="semi_hard",
        squared=True,
        reduction="sum_over_batch_size",
        name="triplet_loss",
        dtype=None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        check_positive("margin", margin, _MARGIN)
        _check_mining(mining)
        self.margin, self.mining, self.squared = margin, mining, squared

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Loss of a batch; `sample_weight` must be None."""
        if sample_weight is not None:
            raise ValueError(
                "sample_weight must be None: a triplet belongs to three images, so there is no weight an image. "
                f"Received {type(sample_weight).__name__}. Leave out sample_weight and class_weight."
            )
        return super().__call__(y_true, y_pred)

    def call(self, y_true, y_pred):
        """Scalar loss of labels (B,) and embeddings (B, D)."""
        return batch_triplet_loss(y_true, y_pred, self.margin, self.mining, self.squared)

    def get_config(self):
        """What `from_config` needs to make the same loss."""
        return {**super().get_config(), "margin": self.margin, "mining": self.mining, "squared": self.squared}


def _distance(difference, squared):
    total = ops.sum(ops.square(difference), axis=-1)
    if squared:
        return total
    # The slope of a root is infinite at 0, so 0 takes another way round.
    return ops.where(total > 0, ops.sqrt(ops.where(total > 0, total, 1)), 0)


def _all(distances, positives, negatives, margin):
    losses = ops.maximum(distances[:, :, None] - distances[:, None, :] + margin, 0)  # (B, B, B)
    valid = ops.logical_and(positives[:, :, None], negatives[:, None, :])  # (B, B, B)
    return _mean(losses, ops.logical_and(valid, losses > 0))


def _semi_hard(distances, positives, negatives, margin):
    def mine(anchor):
        distance, negative = anchor  # (B,) of one anchor
        farther = ops.logical_and(negative[None, :], distance[None, :] > distance[:, None])  # (B, B) positive, negative
        nearest = ops.argmin(ops.where(farther, distance[None, :], float("inf")), axis=1)  # (B,)
        farthest = ops.argmax(ops.where(negative, distance, -1.0))
        return ops.where(ops.any(farther, axis=1), nearest, farthest)  # (B,) the negative for each positive

    chosen = ops.map(mine, (ops.stop_gradient(distances), negatives))  # (B, B)
    losses = ops.maximum(distances - ops.take_along_axis(distances, chosen, axis=1) + margin, 0)  # (B, B)
    return _mean(losses, ops.logical_and(positives, ops.any(negatives, axis=1, keepdims=True)))


def _hard(distances, positives, negatives, margin):
    farthest = ops.argmax(ops.where(positives, distances, -1.0), axis=1)[:, None]  # (B, 1)
    nearest = ops.argmin(ops.where(negatives, distances, float("inf")), axis=1)[:, None]  # (B, 1)
    gap = ops.take_along_axis(distances, farthest, axis=1) - ops.take_along_axis(distances, nearest, axis=1)
    losses = ops.maximum(gap[:, 0] + margin, 0)  # (B,)
    return _mean(losses, ops.logical_and(ops.any(positives, axis=1), ops.any(negatives, axis=1)))


def _mean(losses, chosen):
    chosen = ops.cast(chosen, losses.dtype)
    return ops.sum(losses * chosen) / ops.maximum(ops.sum(chosen), 1)


_MININGS = {"all": _all, "semi_hard": _semi_hard, "hard": _hard}


def _check_mining(mining):
    if mining not in _MININGS:
        raise ValueError(f"mining must be one of {', '.join(map(repr, _MININGS))}. Received {mining!r}.")
