"""The four losses of Faster R-CNN, each for every image of a batch: two of the proposals, two of the detector."""

from keras import ops

from cvkit.losses.smooth_l1 import smooth_l1_loss
from cvkit.validation import as_float32, check_shape


def proposal_losses(targets, target_deltas, logits, deltas):
    r"""Losses of a region proposal network: is there an object at this anchor, and where exactly.

    $$L_\text{class} = \frac{1}{n} \sum_{i \in S} -\log p_i(t_i), \qquad
      L_\text{box} = \frac{1}{n} \sum_{i \in S:\, t_i = 1} \text{smooth}_{L_1}(d_i - t^*_i)$$

    S are the n anchors that take part.

    Args:
        targets: integer tensor (B, N), 1 for an object, 0 for none; all other anchors take no part.
        target_deltas: float tensor (B, N, 4); used where the target is 1.
        logits: float tensor (B, N).
        deltas: float tensor (B, N, 4), what the network says.

    Returns:
        Two float tensors (B,); both are 0 for an image without anchors that take part.

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> losses = proposal_losses([[1, 0, -1]], ops.zeros((1, 3, 4)), [[0.0, 0.0, 9.0]], ops.ones((1, 3, 4)) * 2.0)
        >>> [round(float(loss[0]), 3) for loss in losses]  # log 2; and 4 x (2 - 1/18) / 2
        [0.693, 3.889]

    Reference:
        Ren et al., "Faster R-CNN", 2015, arXiv 1506.01497, equation 1. There the second sum is divided by the number of
        positions and multiplied by 10, which comes to nearly the same; here both are divided by n, as in the authors'
        later code. The smooth L1 loss has its bend at 1/9, as in their code.
    """
    targets, logits, deltas = ops.convert_to_tensor(targets), as_float32(logits), as_float32(deltas)
    check_shape("logits", logits, _pattern(targets), "one score for each anchor")
    check_shape("deltas", deltas, (*_pattern(targets), 4), "four deltas for each anchor")
    takes_part, is_object = (ops.cast(mask, "float32") for mask in (targets >= 0, targets == 1))
    cross_entropy = ops.binary_crossentropy(is_object, logits, from_logits=True)
    return _shares(takes_part, is_object, cross_entropy, smooth_l1_loss(target_deltas, deltas, beta=1 / 9))


def region_losses(classes, target_deltas, logits, deltas):
    r"""Losses of the head of Fast R-CNN: which class is in this region, and where exactly.

    $$L_\text{class} = \frac{1}{n} \sum_{i \in S} -\log p_i(u_i), \qquad
      L_\text{box} = \frac{1}{n} \sum_{i \in S:\, u_i \ge 1} \text{smooth}_{L_1}(d_i^{u_i} - v_i)$$

    Args:
        classes: integer tensor (B, R), 0 for the background, k + 1 for class k; negative for regions that take no part.
        target_deltas: float tensor (B, R, 4); used where the class is 1 or more.
        logits: float tensor (B, R, K + 1), the background first.
        deltas: float tensor (B, R, K, 4): each class has its own box.

    Returns:
        Two float tensors (B,); both are 0 for an image without regions that take part.

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> losses = region_losses([[2, 0]], ops.zeros((1, 2, 4)), ops.zeros((1, 2, 3)), ops.ones((1, 2, 2, 4)))
        >>> [round(float(loss[0]), 3) for loss in losses]  # log 3; and 4 x 1/2, shared by two regions
        [1.099, 1.0]

    Reference:
        Girshick, "Fast R-CNN", 2015, arXiv 1504.08083, equations 1 to 3, with lambda = 1.
    """
    classes, logits, deltas = ops.convert_to_tensor(classes), as_float32(logits), as_float32(deltas)
    check_shape("logits", logits, (*_pattern(classes), "K + 1"), "scores of the background and of each class")
    num_classes = logits.shape[-1] - 1
    check_shape("deltas", deltas, (*_pattern(classes), num_classes, 4), "a box for each class but the background")
    takes_part, is_object = (ops.cast(mask, "float32") for mask in (classes >= 0, classes >= 1))
    cross_entropy = ops.sparse_categorical_crossentropy(ops.maximum(classes, 0), logits, from_logits=True)
    own = ops.maximum(classes - 1, 0)[..., None, None]  # (B, R, 1, 1)
    deltas = ops.squeeze(ops.take_along_axis(deltas, own, axis=2), axis=2)  # (B, R, 4)
    return _shares(takes_part, is_object, cross_entropy, smooth_l1_loss(target_deltas, deltas))


def _shares(takes_part, is_object, class_loss, box_loss):
    count = ops.maximum(ops.sum(takes_part, axis=-1), 1)  # (B,)
    return ops.sum(takes_part * class_loss, axis=-1) / count, ops.sum(is_object * box_loss, axis=-1) / count


def _pattern(tensor):
    return tuple("any" if axis is None else axis for axis in tensor.shape)
