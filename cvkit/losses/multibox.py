"""The loss of SSD: which class is at each default box, and where exactly, with the hardest of the many negatives."""

from keras import ops

from cvkit.losses.smooth_l1 import smooth_l1_loss
from cvkit.validation import as_float32, check_positive, check_shape


def multibox_loss(classes, target_deltas, logits, deltas, negatives=3):
    r"""The two terms of SSD's loss, by name, for every image of a batch.

    $$L_\text{class} = \frac{1}{n} \Big[ \sum_{i \in P} -\log p_i(c_i) + \sum_{i \in H} -\log p_i(0) \Big], \qquad
      L_\text{box} = \frac{1}{n} \sum_{i \in P} \text{smooth}_{L_1}(d_i - t_i)$$

    P are the n default boxes that learn an object, of class c_i; 0 is the background. H are those of the other boxes
    with the largest $-\log p_i(0)$, the *hard negatives*, 3 n of them, or fewer if there are no more.

    Args:
        classes: integer tensor (B, N), 0 for the background, k + 1 for class k.
        target_deltas: float tensor (B, N, 4); used where the class is 1 or more.
        logits: float tensor (B, N, K + 1), the background first.
        deltas: float tensor (B, N, 4), what the network says.
        negatives: hard negatives for each positive, a positive integer; None to take all negatives.

    Returns:
        Dict of "class" and "box", float tensors (B,). Both are 0 for an image without positives. The loss is their sum.

    Raises:
        ValueError: the shapes do not fit, or `negatives` is neither.

    Example:
        >>> logits = [[[0.0, 0.0], [0.0, 2.0], [0.0, 0.0], [3.0, 0.0]]]  # one positive, three negatives
        >>> terms = multibox_loss([[1, 0, 0, 0]], ops.zeros((1, 4, 4)), logits, ops.ones((1, 4, 4)) * 2.0, negatives=1)
        >>> {name: round(float(term[0]), 3) for name, term in terms.items()}  # log 2 + log(1 + e²); and 4 × 1.5
        {'class': 2.82, 'box': 6.0}

    Reference:
        Liu et al., "SSD", 2015, arXiv 1512.02325, equations 1 to 3 with alpha = 1, and "hard negative mining". There n
        is that of the whole batch; here each image has its own, so that an image's loss does not depend on the others.
    """
    if negatives is not None:
        check_positive("negatives", negatives, "hard negatives for each positive, or None for all", integer=True)
    classes, logits, deltas = ops.cast(classes, "int32"), as_float32(logits), as_float32(deltas)
    batch, number = ("any" if axis is None else axis for axis in classes.shape)
    check_shape("target_deltas", target_deltas, (batch, number, 4), "four numbers for each default box")
    check_shape("logits", logits, (batch, number, "K + 1"), "scores of the background and of each class")
    check_shape("deltas", deltas, (batch, number, 4), "four numbers for each default box")
    cross_entropy = ops.sparse_categorical_crossentropy(classes, logits, from_logits=True)  # (B, N)
    is_object = classes > 0
    count = ops.sum(ops.cast(is_object, "int32"), axis=1)  # (B,)
    learns = is_object | hard_negatives(cross_entropy, is_object, count, negatives)
    share = ops.cast(count > 0, "float32") / ops.maximum(ops.cast(count, "float32"), 1)
    box_error = ops.where(is_object, smooth_l1_loss(target_deltas, deltas), 0.0)
    return {
        "class": share * ops.sum(ops.where(learns, cross_entropy, 0.0), axis=1),
        "box": share * ops.sum(box_error, axis=1),
    }


def hard_negatives(losses, is_object, count, negatives=3):
    """The background boxes with the largest losses.

    Args:
        losses: float tensor (B, N).
        is_object: bool tensor (B, N), True for those that are no background.
        count: integer tensor (B,), how many these are.
        negatives: how many times `count` to choose; None for all. Of equal losses the first are chosen.

    Returns:
        Bool tensor (B, N).

    Example:
        >>> losses = ops.convert_to_tensor([[9.0, 1.0, 3.0, 2.0]])
        >>> hard_negatives(losses, losses > 8, ops.convert_to_tensor([1]), 2).numpy()
        array([[False, False,  True,  True]])
    """
    losses, is_object = ops.convert_to_tensor(losses), ops.convert_to_tensor(is_object)
    if negatives is None:
        return ops.logical_not(is_object)
    ranked = ops.where(is_object, -1.0, ops.stop_gradient(losses))  # losses are 0 or more
    rank = ops.argsort(ops.argsort(-ranked, axis=1), axis=1)  # (B, N), 0 for the largest loss
    return ops.logical_not(is_object) & (
        ops.cast(rank, "int32") < negatives * ops.convert_to_tensor(count, dtype="int32")[:, None]
    )
