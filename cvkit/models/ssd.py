"""SSD: from several maps at once, each for objects of its own size, class and box in one step."""

import itertools

import keras
from keras import layers, ops

from cvkit.detection.default_boxes import default_boxes
from cvkit.detection.default_matching import match_default_boxes
from cvkit.detection.deltas import decode_deltas, encode_deltas
from cvkit.detection.iou import iou
from cvkit.layers.region_targets import STDS
from cvkit.losses.multibox import multibox_loss
from cvkit.models.detector import Detector, Losses, find_taps, image_inputs, target_inputs
from cvkit.models.yolo_grid import objects_of, surest_boxes
from cvkit.validation import check_positive

RATIOS = (1.0, 2.0, 0.5)


def ssd_head(num_channels, num_outputs, width=None, name="ssd_head"):
    """A 3 x 3 convolution: all numbers of the default boxes at each position.

    Args:
        num_channels: of the feature map.
        num_outputs: A (K + 5) for A default boxes at each position and K classes.
        width: channels of one more 3 x 3 convolution with a ReLU before it; None for the paper's head, without it.
        name: of the model, with which the names of its layers begin; see `cvkit.models.grid_head`.

    Returns:
        A `keras.Model` from (B, H, W, num_channels) to (B, H, W, num_outputs).

    Example:
        >>> ssd_head(64, 4 * (20 + 5))(ops.zeros((1, 5, 7, 64))).shape
        TensorShape([1, 5, 7, 100])

    Reference:
        Liu et al., "SSD", 2015, arXiv 1512.02325, section 2.1, "convolutional predictors". There it is drawn as two
        convolutions side by side, one for classes and one for boxes, which is the same.
    """
    x = features = keras.Input((None, None, num_channels))
    if width is not None:
        x = layers.Conv2D(width, 3, padding="same", activation="relu", name=f"{name}_window")(x)
    x = layers.Conv2D(num_outputs, 3, padding="same", name=f"{name}_answers")(x)
    return keras.Model(features, x, name=name)


class SSD(Detector):
    """The single-shot detector: default boxes on several maps, one class and one box for each.

    Args:
        backbone: `keras.Model` of `cvkit.backbones.backbone` or `cvkit.models.fpn`, from images (B, H, W, 3) to a dict
            of maps.
        num_classes: K.
        scales: rising numbers in pixels. They are shared out evenly among the maps, the finest one gets the smallest;
            the last number only ends the list. With as many maps as scales but one, each map has its own scale and the
            square between it and the next, see `cvkit.detection.default_boxes`.
        ratios: widths over heights of the default boxes.
        taps: names of the maps, such as ("C3", "C4"); all that the backbone has if None.
        width: of the head, see `ssd_head`; None for the paper's.
        negatives: hard negatives for each positive; None to take all.
        iou_threshold: of the suppression of the boxes found.
        score_threshold: least score of a box found.
        max_boxes: boxes an image at most.

    Attributes:
        scales: dict of each tap to its scales, with the next one's first at the end.
        network: its answer is {tap: (B, H, W, A * (K + 5))}: for each default box of a position the logits of the
            background and of each class, and four deltas.

    Raises:
        ValueError: the backbone has no such map, the scales cannot be shared out, or an argument is not positive.

    Example:
        >>> from cvkit.backbones import backbone
        >>> detector = SSD(backbone(weights=None, taps=("C3", "C4")), num_classes=3, scales=(10, 20, 40))
        >>> detector.scales
        {'C3': (10, 20), 'C4': (20, 40)}
        >>> [sorted(found) for found in detector.predict([ops.zeros((48, 64, 3))])]
        [['boxes', 'labels', 'scores']]

    Reference:
        Liu et al., "SSD", 2015, arXiv 1512.02325, section 2. There the maps are one of VGG-16 and those of layers
        added to it, the first is normalised, images are resized to 300 or 512 pixels and strongly augmented, and the
        suppression has a threshold of 0.45.
    """

    def __init__(
        self,
        backbone,
        num_classes,
        scales,
        ratios=RATIOS,
        taps=None,
        width=None,
        negatives=3,
        iou_threshold=0.5,
        score_threshold=0.05,
        max_boxes=100,
    ):
        check_positive("num_classes", num_classes, "classes of the objects", integer=True)
        self.backbone, self.num_classes, self.negatives = backbone, num_classes, negatives
        self.strides = find_taps(backbone, taps or tuple(backbone.output))
        self.scales, self.ratios = share_scales(scales, list(self.strides)), tuple(ratios)
        self.heads, self._kept = {}, {}
        for tap, own in self.scales.items():
            num_outputs = (len(own) - 1) * (len(self.ratios) + 1) * (num_classes + 5)
            self.heads[tap] = ssd_head(backbone.output[tap].shape[-1], num_outputs, width, f"head_{tap}")
        self.suppression = dict(iou_threshold=iou_threshold, score_threshold=score_threshold, max_output_size=max_boxes)

        inputs = image_inputs(backbone) | target_inputs()
        features = backbone(inputs["images"])
        grids = {tap: head(features[tap]) for tap, head in self.heads.items()}
        self.network = keras.Model({name: inputs[name] for name in ("images", "sizes")}, grids)
        given = [inputs[name] for name in ("boxes", "labels")]
        self.training_network = keras.Model(inputs, Losses(self.losses, ("class", "box"))([*given, *grids.values()]))

    def losses(self, boxes, labels, *grids):
        """`multibox_loss` of the network's answers."""
        defaults = self.default_boxes(grids)  # (N, 4)
        count = ops.shape(boxes)[1]
        overlaps = ops.reshape(iou(defaults, ops.reshape(boxes, (-1, 4))), (ops.shape(defaults)[0], -1, count))
        overlaps = ops.where((labels >= 0)[:, None, :], ops.transpose(overlaps, (1, 0, 2)), 0.0)  # (B, N, M)
        matches = match_default_boxes(overlaps)  # (B, N)
        classes, boxes = objects_of(matches, boxes, labels)  # (B, N), (B, N, 4)
        return multibox_loss(classes + 1, encode_deltas(boxes, defaults, STDS), *self.split(grids), self.negatives)

    def default_boxes(self, grids):
        """The default boxes (N, 4): map by map, then row, column, scale, ratio."""
        parts = zip(grids, self.strides.values(), self.scales.values(), strict=True)
        return ops.concatenate([default_boxes(ops.shape(g)[1:3], stride, own, self.ratios) for g, stride, own in parts])

    def kept_boxes(self, grids):
        """`default_boxes` of an answer, made once for each size of the maps, since that takes time."""
        sides = tuple(tuple(grid.shape[1:3]) for grid in grids)
        if sides not in self._kept:
            self._kept[sides] = ops.convert_to_numpy(self.default_boxes(grids))
        return self._kept[sides]

    def split(self, grids):
        """Class logits (B, N, K + 1), the background first, and deltas (B, N, 4)."""
        shape = ops.shape(grids[0])[0], -1, self.num_classes + 5
        values = ops.concatenate([ops.reshape(grid, shape) for grid in grids], axis=1)
        return values[..., :-4], values[..., -4:]

    def decode(self, answers, size):
        """Boxes, scores and labels of one image; see `Detector`."""
        grids = [answers[tap][None] for tap in self.strides]
        logits, deltas = self.split(grids)
        boxes = decode_deltas(deltas[0], self.kept_boxes(grids), STDS)
        scores = ops.convert_to_numpy(ops.softmax(logits[0]))[:, 1:]  # (N, K)
        return surest_boxes(boxes, scores, size, self.suppression)


def share_scales(scales, taps):
    """Dict of each tap, finest first, to its share of the scales and the first of the next share.

    Example:
        >>> share_scales((8, 12, 16, 24, 32), ["C3", "C4"])
        {'C3': (8, 12, 16), 'C4': (16, 24, 32)}
    """
    scales = tuple(scales)
    each, rest = divmod(len(scales) - 1, len(taps))
    rising = all(0 < a < b for a, b in itertools.pairwise(scales))
    if each < 1 or rest or not rising:
        raise ValueError(
            f"scales must be rising positive numbers, a multiple of the number of taps, {len(taps)}, and one more. "
            f"Received {scales!r}."
        )
    return {tap: scales[k * each : (k + 1) * each + 1] for k, tap in enumerate(taps)}
