"""The loss of YOLO with anchors: is there an object, where exactly, and which."""

from keras import ops

from cvkit.validation import as_float32, check_shape


def yolo_loss(
    classes,
    targets,
    overlaps,
    deltas,
    objectness,
    logits,
    lambda_coord=5.0,
    lambda_noobj=0.5,
    ignore_threshold=0.5,
):
    r"""The terms of the loss of YOLO with anchors, by name, for every image of a batch.

    $$\begin{aligned}
    L_\text{place} &= \lambda_\text{coord} \sum_{i \in O} (\sigma(t_{x,i}) - \sigma(\hat t_{x,i}))^2
        + (\sigma(t_{y,i}) - \sigma(\hat t_{y,i}))^2 \\
    L_\text{size} &= \lambda_\text{coord} \sum_{i \in O} (t_{w,i} - \hat t_{w,i})^2 + (t_{h,i} - \hat t_{h,i})^2 \\
    L_\text{object} &= \sum_{i \in O} -\log \sigma(o_i), \qquad
    L_\text{no object} = \lambda_\text{noobj} \sum_{i \notin O,\; \mathrm{IoU}_i \le t} -\log (1 - \sigma(o_i)) \\
    L_\text{class} &= \sum_{i \in O} \Big[-\log \sigma(z_{i c_i}) - \sum_{c \ne c_i} \log(1 - \sigma(z_{ic}))\Big]
    \end{aligned}$$

    O are the anchors that answer for an object, of class c_i. An anchor that answers for none, but whose predicted box
    overlaps some object well, is left alone: it is no mistake that it has seen something there.

    Args:
        classes: integer tensor (B, N), class of the object that the anchor answers for, -1 for none.
        targets: float tensor (B, N, 4), what the network should say, see `cvkit.detection.encode_yolo`.
        overlaps: float tensor (B, N), the largest IoU of the anchor's predicted box with any object.
        deltas: float tensor (B, N, 4), what the network says.
        objectness: float tensor (B, N), logits.
        logits: float tensor (B, N, C), each class for itself.
        lambda_coord: weight of places and sizes.
        lambda_noobj: weight of the anchors without an object.
        ignore_threshold: t, the IoU above which an anchor without an object takes no part.

    Returns:
        Dict of "place", "size", "object", "no_object" and "class", float tensors (B,): sums over the anchors, the
        weights included. The loss is their sum.

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> zeros = ops.zeros((1, 2, 4))
        >>> terms = yolo_loss([[0, -1]], zeros, [[0.9, 0.6]], zeros + 1.0, [[0.0, 5.0]], [[[0.0], [0.0]]])
        >>> {name: round(float(term[0]), 3) for name, term in terms.items()}  # the second anchor is left alone
        {'place': 0.534, 'size': 10.0, 'object': 0.693, 'no_object': 0.0, 'class': 0.693}

    Reference:
        Redmon and Farhadi, "YOLOv3", 2018, arXiv 1804.02767, sections 2.1 and 2.2: squared errors, cross-entropies of
        independent classes, and the threshold of 0.5. That paper gives no weights; these are YOLOv1's. Its code, too,
        compares places after the sigmoid. In YOLO9000 the objectness is to be the IoU and not 1.
    """
    classes, targets, overlaps = ops.convert_to_tensor(classes), as_float32(targets), as_float32(overlaps)
    deltas, objectness, logits = as_float32(deltas), as_float32(objectness), as_float32(logits)
    _check(classes, targets, overlaps, deltas, objectness, logits)

    has_object = ops.cast(classes >= 0, "float32")  # (B, N)
    is_background = (1 - has_object) * ops.cast(overlaps <= ignore_threshold, "float32")

    place_error = ops.sum(ops.square(ops.sigmoid(deltas[..., :2]) - ops.sigmoid(targets[..., :2])), axis=-1)  # (B, N)
    size_error = ops.sum(ops.square(deltas[..., 2:] - targets[..., 2:]), axis=-1)
    object_error = ops.binary_crossentropy(has_object, objectness, from_logits=True)
    wanted = ops.one_hot(classes, logits.shape[-1])  # zeros where the class is -1
    class_error = ops.sum(ops.binary_crossentropy(wanted, logits, from_logits=True), axis=-1)
    return {
        "place": lambda_coord * ops.sum(has_object * place_error, axis=1),
        "size": lambda_coord * ops.sum(has_object * size_error, axis=1),
        "object": ops.sum(has_object * object_error, axis=1),
        "no_object": lambda_noobj * ops.sum(is_background * object_error, axis=1),
        "class": ops.sum(has_object * class_error, axis=1),
    }


def _check(classes, targets, overlaps, deltas, objectness, logits):
    batch, anchors = ("any" if axis is None else axis for axis in classes.shape)
    check_shape("targets", targets, (batch, anchors, 4), "four numbers for each anchor")
    check_shape("overlaps", overlaps, (batch, anchors), "an IoU for each anchor")
    check_shape("deltas", deltas, (batch, anchors, 4), "four numbers for each anchor")
    check_shape("objectness", objectness, (batch, anchors), "one number for each anchor")
    check_shape("logits", logits, (batch, anchors, "C"), "one number for each class, at each anchor")
