"""What YOLO with and without anchors shares: the head, the cells, and the step from many boxes to few."""

import keras
import numpy as np
from keras import layers, ops

from cvkit.detection.anchor_grid import anchor_grid
from cvkit.detection.batched_nms import batched_nms
from cvkit.detection.clip_boxes import clip_boxes

NUM_CANDIDATES = 1000  # pairs of a box and a class that take part in the suppression, the surest


def grid_head(num_channels, num_outputs, width=256, name="grid_head"):
    """A 3 x 3 convolution with a leaky ReLU, and one of 1 x 1: some numbers for each cell.

    Args:
        num_channels: of the feature map.
        num_outputs: numbers for each cell.
        width: channels of the 3 x 3 convolution.
        name: of the model, with which the names of its layers begin. They must differ from those of other heads: Keras
            on PyTorch tells variables apart by their names, and loses sight of the gradients of namesakes.

    Returns:
        A `keras.Model` from (B, H, W, num_channels) to (B, H, W, num_outputs).

    Example:
        >>> grid_head(64, 5 * 2 + 20)(ops.zeros((1, 7, 7, 64))).shape
        TensorShape([1, 7, 7, 30])
    """
    features = keras.Input((None, None, num_channels))
    x = layers.Conv2D(width, 3, padding="same", name=f"{name}_window")(features)
    x = layers.LeakyReLU(0.1, name=f"{name}_leaky")(x)
    return keras.Model(features, layers.Conv2D(num_outputs, 1, name=f"{name}_grid")(x), name=name)


def grid_cells(grid, stride):
    """Corners (H * W, 4) in pixels of the cells of a grid (B, H, W, D)."""
    return anchor_grid(ops.shape(grid)[1:3], stride, (stride,), (1.0,))


def objects_of(owners, boxes, labels):
    """Label (B, N), -1 for none, and box (B, N, 4) of the object that each place answers for: `owners` (B, N)."""
    own = ops.maximum(owners, 0)
    classes = ops.where(owners >= 0, ops.cast(ops.take_along_axis(labels, own, axis=1), "int32"), -1)
    return classes, ops.take_along_axis(boxes, own[..., None], axis=1)


def surest_boxes(boxes, scores, size, suppression):
    """What `batched_nms` leaves of the boxes of one image.

    Args:
        boxes: float tensor (N, 4), corners in pixels.
        scores: float array (N, C), one for each class.
        size: height and width of the image; boxes are cut there.
        suppression: arguments of `batched_nms`, a dict.

    Returns:
        Boxes (n, 4), scores (n,), falling, and labels (n,), as arrays.

    Example:
        >>> boxes, scores = np.array([[0, 0, 9, 9], [0, 0, 8, 9]], "float32"), np.array([[0.5, 0.1], [0.6, 0.0]])
        >>> [found.tolist() for found in surest_boxes(boxes, scores, (8, 8), dict(score_threshold=0.05))]
        [[[0.0, 0.0, 8.0, 8.0], [0.0, 0.0, 8.0, 8.0]], [0.6, 0.1], [0, 1]]
    """
    boxes = ops.convert_to_numpy(clip_boxes(boxes, (float(size[0]), float(size[1]))))
    real = np.all(boxes[:, 2:] > boxes[:, :2], axis=1)
    scores = np.where(real[:, None], scores, -np.inf)
    num_classes, scores = scores.shape[1], scores.ravel()  # (N * C,)
    surest = np.argsort(-scores, kind="stable")[:NUM_CANDIDATES]
    boxes, scores, labels = boxes[surest // num_classes], scores[surest], surest % num_classes
    kept, count = batched_nms(boxes, scores, labels, **suppression)
    kept = ops.convert_to_numpy(kept)[: int(count)]
    return boxes[kept], scores[kept], labels[kept]
