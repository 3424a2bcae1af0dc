"""YOLO as detectors on any backbone: the grid of v1, and the anchors of v2 and v3."""

import keras
import numpy as np
from keras import ops

from cvkit.detection.iou import iou
from cvkit.detection.responsible import responsible_objects
from cvkit.detection.yolo_boxes import decode_yolo, encode_yolo
from cvkit.detection.yolo_v1_boxes import decode_yolo_v1, encode_yolo_v1
from cvkit.losses.yolo import yolo_loss
from cvkit.losses.yolo_v1 import yolo_v1_loss
from cvkit.models.detector import Detector, Losses, find_tap, find_taps, image_inputs, target_inputs
from cvkit.models.yolo_grid import grid_cells, grid_head, objects_of, surest_boxes
from cvkit.validation import check_positive, check_shape

TERMS = ("place", "size", "object", "no_object", "class")
FIRST_OBJECTNESS = -4.6  # logit of 0.01, what an untrained network says: nearly all anchors have no object


class YOLOv1(Detector):
    """The detector of YOLOv1: each cell of a grid tells some boxes, and one set of class probabilities.

    Args:
        backbone: `keras.Model` of `cvkit.backbones.backbone`, from images (B, H, W, 3) to a dict of maps.
        num_classes: C.
        num_boxes: K, boxes of each cell.
        tap: name of the map whose positions are the cells, such as "C4"; the coarsest of the backbone if None.
        width: channels of the head's 3 x 3 convolution.
        iou_threshold: of the suppression of the boxes found.
        score_threshold: least score of a box found.
        max_boxes: boxes an image at most.

    Attributes:
        network: its answer is {"grid": (B, H, W, 5 * K + C)}: for each cell x, y, sqrt(w), sqrt(h) and the confidence
            of each box, then a number for each class, as that of `cvkit.models.yolo_v1`.

    Raises:
        ValueError: the backbone has no map `tap`, or an argument is not positive.

    Example:
        >>> from cvkit.backbones import backbone
        >>> detector = YOLOv1(backbone(weights=None, taps=("C4",)), num_classes=3, width=16)
        >>> [sorted(found) for found in detector.predict([np.zeros((48, 64, 3))])]
        [['boxes', 'labels', 'scores']]

    Reference:
        Redmon et al., "You Only Look Once", 2015, arXiv 1506.02640. There two dense layers, which see the whole image,
        stand in the place of this head, and images are resized to 448 x 448 pixels. Here images keep their size, a cell
        is as large as the map's stride, and w and h are shares of the image without its padding.
    """

    def __init__(
        self,
        backbone,
        num_classes,
        num_boxes=2,
        tap=None,
        width=256,
        iou_threshold=0.5,
        score_threshold=0.05,
        max_boxes=100,
    ):
        check_positive("num_classes", num_classes, "classes of the objects", integer=True)
        check_positive("num_boxes", num_boxes, "boxes of each cell", integer=True)
        self.backbone, self.num_classes, self.num_boxes = backbone, num_classes, num_boxes
        self.tap, self.stride = find_tap(backbone, tap)
        self.head = grid_head(backbone.output[self.tap].shape[-1], 5 * num_boxes + num_classes, width)
        self.suppression = dict(iou_threshold=iou_threshold, score_threshold=score_threshold, max_output_size=max_boxes)

        inputs = image_inputs(backbone) | target_inputs()
        grid = self.head(backbone(inputs["images"])[self.tap])
        self.network = keras.Model({name: inputs[name] for name in ("images", "sizes")}, {"grid": grid})
        given = [inputs[name] for name in ("boxes", "labels", "sizes")]
        self.training_network = keras.Model(inputs, Losses(self.losses, TERMS)([*given, grid]))

    def losses(self, boxes, labels, sizes, grid):
        """`yolo_v1_loss` of the network's answer."""
        cells = grid_cells(grid, self.stride)  # (N, 4)
        owners = ops.map(lambda image: responsible_objects(image[0], cells, None, image[1] >= 0), (boxes, labels))
        classes, boxes = objects_of(owners, boxes, labels)  # (B, N), (B, N, 4)
        targets = encode_yolo_v1(boxes, cells, sizes[:, None])
        return yolo_v1_loss(classes, targets, sizes / self.stride, *self.split(grid))

    def split(self, grid):
        """Boxes (B, N, K, 4) with roots of the sizes, confidences (B, N, K), class scores (B, N, C)."""
        batch, of_boxes = ops.shape(grid)[0], 5 * self.num_boxes
        values = ops.reshape(grid[..., :of_boxes], (batch, -1, self.num_boxes, 5))
        scores = ops.reshape(grid[..., of_boxes:], (batch, -1, self.num_classes))
        return values[..., :4], values[..., 4], scores

    def decode(self, answers, size):
        """Boxes, scores and labels of one image; see `Detector`."""
        grid = answers["grid"][None]
        boxes, confidences, scores = (ops.convert_to_numpy(values)[0] for values in self.split(grid))
        boxes = np.concatenate([boxes[..., :2], boxes[..., 2:] ** 2], axis=-1)  # (N, K, 4)
        boxes = decode_yolo_v1(boxes, grid_cells(grid, self.stride)[:, None], size)
        scores = np.clip(confidences, 0, 1)[..., None] * np.clip(scores, 0, 1)[:, None]  # (N, K, C)
        return surest_boxes(ops.reshape(boxes, (-1, 4)), scores.reshape(-1, self.num_classes), size, self.suppression)


class YOLO(Detector):
    """The detector of YOLOv2 and v3: each cell has some anchors, each with its own box, objectness and classes.

    Args:
        backbone: `keras.Model` of `cvkit.backbones.backbone`, from images (B, H, W, 3) to a dict of maps.
        num_classes: C.
        anchors: widths and heights in pixels (A, 2), as `cvkit.detection.kmeans_anchors` gives them.
        taps: names of the maps whose positions are cells, such as ("C3", "C4"); the coarsest of the backbone if None.
            Each has its own head and the same number of anchors, the finest map the smallest ones.
        width, iou_threshold, score_threshold, max_boxes: as for `YOLOv1`.

    Attributes:
        anchors: dict of each tap to its anchors, float32 (a, 2).
        network: its answer is {tap: (B, H, W, a * (5 + C))}: for each anchor of a cell t_x, t_y, t_w, t_h, objectness
            and class logits.

    Raises:
        ValueError: the backbone has no such map, or the anchors cannot be shared out among the maps.

    Example:
        >>> from cvkit.backbones import backbone
        >>> anchors = [[8, 8], [16, 10], [20, 30], [40, 40]]
        >>> detector = YOLO(backbone(weights=None), 3, anchors, taps=("C3", "C4"), width=16)
        >>> {name: tuple(x.shape) for name, x in detector.network.output.items()}
        {'C3': (None, None, None, 16), 'C4': (None, None, None, 16)}

    Reference:
        Redmon and Farhadi, "YOLO9000", 2016, arXiv 1612.08242, section 2, and "YOLOv3", 2018, arXiv 1804.02767, section
        2. In v3 the coarse maps are also enlarged and joined to the finer ones; here each head sees its own map only.
        The objectness begins at 0.01, as in Lin et al., "Focal Loss", 2017, arXiv 1708.02002, section 3.3: else the
        many anchors without an object drive the first steps.
    """

    def __init__(
        self,
        backbone,
        num_classes,
        anchors,
        taps=None,
        width=256,
        iou_threshold=0.5,
        score_threshold=0.05,
        max_boxes=100,
    ):
        check_positive("num_classes", num_classes, "classes of the objects", integer=True)
        self.backbone, self.num_classes = backbone, num_classes
        self.strides = find_taps(backbone, taps)
        self.anchors = share_anchors(anchors, list(self.strides))
        bias = np.tile([0, 0, 0, 0, FIRST_OBJECTNESS, *[0] * num_classes], len(anchors) // len(self.strides))
        self.heads = {}
        for tap in self.strides:
            self.heads[tap] = grid_head(backbone.output[tap].shape[-1], len(bias), width, f"head_{tap}")
            self.heads[tap].get_layer(f"head_{tap}_grid").bias.assign(bias)
        self.suppression = dict(iou_threshold=iou_threshold, score_threshold=score_threshold, max_output_size=max_boxes)

        inputs = image_inputs(backbone) | target_inputs()
        features = backbone(inputs["images"])
        grids = {tap: head(features[tap]) for tap, head in self.heads.items()}
        self.network = keras.Model({name: inputs[name] for name in ("images", "sizes")}, grids)
        given = [inputs[name] for name in ("boxes", "labels")]
        self.training_network = keras.Model(inputs, Losses(self.losses, TERMS)([*given, *grids.values()]))

    def losses(self, boxes, labels, *grids):
        """`yolo_loss` of the network's answers."""
        cells, anchors = self.places(grids)  # (N, 4), (N, 2)
        deltas, objectness, logits = self.split(grids)
        predicted = ops.stop_gradient(decode_yolo(deltas, cells, anchors))  # (B, N, 4)

        def match(image):
            boxes, labels, predicted = image
            owners = responsible_objects(boxes, cells, anchors, labels >= 0)
            return owners, ops.max(iou(predicted, boxes), axis=1)

        owners, overlaps = ops.map(match, (boxes, labels, predicted))  # (B, N) each
        classes, boxes = objects_of(owners, boxes, labels)  # (B, N), (B, N, 4)
        return yolo_loss(classes, encode_yolo(boxes, cells, anchors), overlaps, deltas, objectness, logits)

    def places(self, grids):
        """Cell (N, 4) and anchor (N, 2) of each answer: map by map, then row, column, anchor."""
        cells, anchors = [], []
        for grid, stride, shapes in zip(grids, self.strides.values(), self.anchors.values(), strict=True):
            places = grid_cells(grid, stride)[:, None] + ops.zeros((len(shapes), 4))  # (H * W, a, 4)
            cells.append(ops.reshape(places, (-1, 4)))
            anchors.append(ops.reshape(ops.zeros_like(places[..., :2]) + ops.convert_to_tensor(shapes), (-1, 2)))
        return ops.concatenate(cells), ops.concatenate(anchors)

    def split(self, grids):
        """Deltas (B, N, 4), objectness (B, N) and class logits (B, N, C)."""
        shape = ops.shape(grids[0])[0], -1, 5 + self.num_classes
        values = ops.concatenate([ops.reshape(grid, shape) for grid in grids], axis=1)
        return values[..., :4], values[..., 4], values[..., 5:]

    def decode(self, answers, size):
        """Boxes, scores and labels of one image; see `Detector`."""
        grids = [answers[tap][None] for tap in self.strides]
        deltas, objectness, logits = self.split(grids)
        boxes = decode_yolo(deltas[0], *self.places(grids))
        scores = ops.sigmoid(objectness[0])[:, None] * ops.sigmoid(logits[0])  # (N, C)
        return surest_boxes(boxes, ops.convert_to_numpy(scores), size, self.suppression)


def share_anchors(anchors, taps):
    """Dict of each tap, finest first, to its share of the anchors, smallest areas first.

    Example:
        >>> {tap: shapes.tolist() for tap, shapes in share_anchors([[40, 40], [8, 10]], ["C3", "C4"]).items()}
        {'C3': [[8.0, 10.0]], 'C4': [[40.0, 40.0]]}
    """
    anchors = np.asarray(anchors, "float32")
    check_shape("anchors", anchors, ("A", 2), "width and height of each anchor in pixels")
    if not len(anchors) or len(anchors) % len(taps) or not (anchors > 0).all():
        raise ValueError(
            f"anchors must be positive, and their number a multiple of that of the taps, {len(taps)}. "
            f"Received {anchors.tolist()}."
        )
    order = np.argsort(anchors.prod(axis=1), kind="stable")
    return dict(zip(taps, np.split(anchors[order], len(taps)), strict=True))
