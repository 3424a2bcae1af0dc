"""The loss of YOLOv1: five squared errors."""

from keras import ops

from cvkit.losses.box_regression import iou_loss
from cvkit.validation import as_float32, check_shape


def yolo_v1_loss(classes, targets, grid_sizes, boxes, confidences, scores, lambda_coord=5.0, lambda_noobj=0.5):
    r"""The terms of YOLOv1's loss, by name, for every image of a batch.

    $$\begin{aligned}
    L_\text{place} &= \lambda_\text{coord} \sum_{i,j} r_{ij} \big[(x_{ij} - \hat x_i)^2 + (y_{ij} - \hat y_i)^2\big] \\
    L_\text{size} &= \lambda_\text{coord} \sum_{i,j} r_{ij}
        \big[(\sqrt{w_{ij}} - \sqrt{\hat w_i})^2 + (\sqrt{h_{ij}} - \sqrt{\hat h_i})^2\big] \\
    L_\text{object} &= \sum_{i,j} r_{ij} (C_{ij} - \mathrm{IoU}_{ij})^2, \qquad
    L_\text{no object} = \lambda_\text{noobj} \sum_{i,j} (1 - r_{ij}) \, C_{ij}^2 \\
    L_\text{class} &= \sum_{i \text{ with an object}} \sum_c (p_i(c) - \hat p_i(c))^2
    \end{aligned}$$

    i counts the N cells and j the B boxes of a cell. r is 1 for the responsible box: that one, in a cell with an
    object, whose IoU with the object is highest at the moment. The square roots let an error of few pixels count more
    for a small box than for a large one. Nearly all cells are empty, so their confidences get a small weight and the
    places a large one.

    Args:
        classes: integer tensor (B, N), class of the object that the cell answers for, -1 for none.
        targets: float tensor (B, N, 4): its x and y in the cell, its w and h beside the image, see
            `cvkit.detection.encode_yolo_v1`.
        grid_sizes: float tensor (B, 2), height and width of each image in cells; (7, 7) in the paper.
        boxes: float tensor (B, N, K, 4), the network's x, y and square roots of w and h for each of K boxes.
        confidences: float tensor (B, N, K), what the network says of P(object) x IoU.
        scores: float tensor (B, N, C), what it says of the probability of each class, if there is an object.
        lambda_coord: weight of places and sizes.
        lambda_noobj: weight of the confidences of all boxes that are not responsible.

    Returns:
        Dict of "place", "size", "object", "no_object" and "class", float tensors (B,): sums over cells and boxes, the
        weights included. The loss is their sum. No gradient flows through the IoU.

    Raises:
        ValueError: the shapes do not fit.

    Example:
        >>> target, box = [[[0.5, 0.5, 1.0, 1.0]]], [[[[0.5, 0.5, 0.5, 1.0]]]]  # as large as the image; half as wide,
        >>> terms = yolo_v1_loss([[0]], target, [[1, 1]], box, [[[1.0]]], [[[0.0]]])  # squared a quarter
        >>> {name: float(term[0]) for name, term in terms.items()}  # 5 x 0.5^2; (1 - 1/4)^2; (1 - 0)^2
        {'place': 0.0, 'size': 1.25, 'object': 0.5625, 'no_object': 0.0, 'class': 1.0}

    Reference:
        Redmon et al., "You Only Look Once", 2015, arXiv 1506.02640, equation 3. That the network's own numbers are the
        square roots is how section 2.2 puts it, and how the authors' code does it. Of boxes with equal IoU, such as
        none at all, the first is responsible; in their code it is the nearest.
    """
    classes, targets, boxes = ops.convert_to_tensor(classes), as_float32(targets), as_float32(boxes)
    confidences, scores, grid_sizes = as_float32(confidences), as_float32(scores), as_float32(grid_sizes)
    _check(classes, targets, grid_sizes, boxes, confidences, scores)

    has_object = ops.cast(classes >= 0, "float32")  # (B, N)
    overlap = ops.stop_gradient(_overlap(targets, grid_sizes, boxes))  # (B, N, K)
    best = ops.one_hot(ops.argmax(overlap, axis=-1), boxes.shape[2])
    responsible = best * has_object[..., None]  # (B, N, K)

    roots = ops.sqrt(ops.maximum(targets[..., 2:], 0))
    place_error = ops.sum(ops.square(boxes[..., :2] - targets[:, :, None, :2]), axis=-1)  # (B, N, K)
    size_error = ops.sum(ops.square(boxes[..., 2:] - roots[:, :, None]), axis=-1)
    class_error = ops.sum(ops.square(scores - ops.one_hot(classes, scores.shape[-1])), axis=-1)  # (B, N)
    return {
        "place": lambda_coord * ops.sum(responsible * place_error, axis=(1, 2)),
        "size": lambda_coord * ops.sum(responsible * size_error, axis=(1, 2)),
        "object": ops.sum(responsible * ops.square(confidences - overlap), axis=(1, 2)),
        "no_object": lambda_noobj * ops.sum((1 - responsible) * ops.square(confidences), axis=(1, 2)),
        "class": ops.sum(has_object * class_error, axis=1),
    }


def _overlap(targets, grid_sizes, boxes):
    """IoU (B, N, K) of each predicted box with its cell's object."""
    cell = 1 / ops.flip(grid_sizes, axis=-1)[:, None, None]  # (B, 1, 1, 2) width and height of a cell

    def corners(place, size):  # in shares of the image, from the cell's own corner
        return ops.concatenate([place * cell - size / 2, place * cell + size / 2], axis=-1)

    predicted = corners(boxes[..., :2], ops.square(boxes[..., 2:]))  # (B, N, K, 4)
    true = corners(targets[:, :, None, :2], targets[:, :, None, 2:])  # (B, N, 1, 4)
    return 1 - iou_loss(true + ops.zeros_like(predicted), predicted)


def _check(classes, targets, grid_sizes, boxes, confidences, scores):
    batch, cells = ("any" if axis is None else axis for axis in classes.shape)
    check_shape("targets", targets, (batch, cells, 4), "x, y, w and h of each cell's object")
    check_shape("grid_sizes", grid_sizes, (batch, 2), "height and width of each image in cells")
    check_shape("boxes", boxes, (batch, cells, "K", 4), "the boxes of each cell")
    check_shape("confidences", confidences, (batch, cells, boxes.shape[2]), "one for each box")
    check_shape("scores", scores, (batch, cells, "C"), "one for each class, in each cell")
