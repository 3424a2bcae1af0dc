"""Fast R-CNN: one pass over the image, then each proposal is cut out of the map instead of the image."""

import keras
import numpy as np
from keras import layers, ops

from cvkit.detection.batched_nms import batched_nms
from cvkit.detection.batches import check_proposals
from cvkit.detection.clip_boxes import clip_boxes
from cvkit.detection.deltas import decode_deltas
from cvkit.layers.region_targets import STDS, RegionTargets
from cvkit.layers.roi_align import ROIAlign
from cvkit.layers.roi_levels import LevelChoice
from cvkit.layers.roi_pooling import ROIPooling
from cvkit.losses.region import region_losses
from cvkit.models.detector import Detector, Losses, common_channels, find_taps, image_inputs, target_inputs, train

POOLING = {"pool": ROIPooling, "align": ROIAlign}


def region_head(pool_size, num_channels, num_classes, width=1024):
    """Two dense layers on each region's features, then a score for each class and a box for each class.

    Args:
        pool_size: p, cells along one side of a region.
        num_channels: C, of the feature map.
        num_classes: K.
        width: units of the dense layers.

    Returns:
        A `keras.Model` from (B, R, p, p, C) to [logits (B, R, K + 1), the background first, deltas (B, R, K, 4)].

    Example:
        >>> [tuple(x.shape) for x in region_head(7, 64, 20)(keras.ops.zeros((1, 5, 7, 7, 64)))]
        [(1, 5, 21), (1, 5, 20, 4)]

    Reference:
        Girshick, "Fast R-CNN", 2015, arXiv 1504.08083, section 2; its dense layers are VGG-16's, of 4,096 units.
    """
    regions = keras.Input((None, pool_size, pool_size, num_channels))
    x = layers.Reshape((-1, pool_size * pool_size * num_channels))(regions)
    for name in ("dense1", "dense2"):
        x = layers.Dense(width, "relu", name=name)(x)
    small = keras.initializers.RandomNormal
    logits = layers.Dense(num_classes + 1, kernel_initializer=small(stddev=0.01), name="classes")(x)
    deltas = layers.Dense(4 * num_classes, kernel_initializer=small(stddev=0.001), name="region_deltas")(x)
    return keras.Model(regions, [logits, layers.Reshape((-1, num_classes, 4))(deltas)], name="regions")


class FastRCNN(Detector):
    """A detector that is given proposals.

    Args:
        backbone: `keras.Model` of `cvkit.backbones.backbone`, from images (B, H, W, 3) to a dict of maps.
        num_classes: K.
        tap: name of the map to look at, such as "C4"; the coarsest of the backbone if None. Several names for several
            maps, as of `cvkit.models.fpn`: each region is cut out of the one that fits its size.
        pool_size: cells along one side of a region.
        pooling: "pool" (ROI pooling, the paper's) or "align" (ROI align, that of Mask R-CNN).
        width: units of the dense layers.
        num_samples: regions an image that the losses see, at most a quarter of them objects.
        iou_threshold: of the suppression of the boxes found.
        score_threshold: least score of a box found.
        max_boxes: boxes an image at most.
        canonical_side: with several maps, the side in pixels of a square that is cut out of the map of stride 16; see
            `cvkit.layers.roi_levels`.

    Raises:
        ValueError: the backbone has no map `tap`, `pooling` is neither, an argument is not positive, or several maps
            leave a stride out or differ in their channels.

    Example:
        >>> from cvkit.backbones import backbone
        >>> detector = FastRCNN(backbone(weights=None, taps=("C3",)), num_classes=3, pool_size=4, width=16)
        >>> found = detector.predict([np.zeros((48, 64, 3))], proposals=[np.array([[0, 0, 20, 30]])])
        >>> sorted(found[0])
        ['boxes', 'labels', 'scores']

    Reference:
        Girshick, "Fast R-CNN", 2015, arXiv 1504.08083. There regions with an IoU from 0.1 to 0.5 stand for the
        background; here all those below 0.5 do, as in Faster R-CNN's code. Several maps: Lin et al., "Feature Pyramid
        Networks", 2016, arXiv 1612.03144, section 4.2.
    """

    def __init__(
        self,
        backbone,
        num_classes,
        tap=None,
        pool_size=7,
        pooling="pool",
        width=1024,
        num_samples=64,
        iou_threshold=0.5,
        score_threshold=0.05,
        max_boxes=100,
        canonical_side=224,
    ):
        if pooling not in POOLING:
            raise ValueError(f"pooling must be one of {', '.join(POOLING)}. Received {pooling!r}.")
        self.backbone, self.num_classes = backbone, num_classes
        strides = find_taps(backbone, tap)
        self.pooling = {name: POOLING[pooling](pool_size, 1 / s, name=f"pooling_{name}") for name, s in strides.items()}
        levels = [int(name[1:]) for name in strides]
        if levels != list(range(levels[0], levels[-1] + 1)):
            raise ValueError(f"tap must leave no stride out. Received {', '.join(strides)}.")
        self.choice = LevelChoice(levels[0], canonical_side, name="level_choice")
        self.head = region_head(pool_size, common_channels(backbone, strides), num_classes, width)
        self.targets = RegionTargets(num_samples, name="region_targets")
        self.suppression = dict(iou_threshold=iou_threshold, score_threshold=score_threshold, max_output_size=max_boxes)

        inputs = image_inputs(backbone) | {"rois": keras.Input((None, 4), name="rois")}
        features = backbone(inputs["images"])
        self.network = keras.Model(inputs, self.answers(features, inputs["rois"]))
        inputs |= target_inputs()
        self.training_network = keras.Model(inputs, self.losses(inputs, features, inputs["rois"]))

    def answers(self, features, rois):
        """Dict of "rois" (B, R, 4), "logits" (B, R, K + 1) and "deltas" (B, R, K, 4)."""
        logits, deltas = self.head(self.cut(self.pooling, features, rois))
        return {"rois": layers.Identity()(rois), "logits": logits, "deltas": deltas}

    def cut(self, pooling, features, rois):
        """The regions (B, R, p, p, C), each from the map that fits its size; `pooling`: a layer for each map."""
        pooled = [pool([features[name], rois]) for name, pool in pooling.items()]
        return self.choice([rois, *pooled]) if len(pooled) > 1 else pooled[0]

    def losses(self, inputs, features, rois):
        """Dict of "class" and "box", each (B,)."""
        rois, *targets = self.targets([rois, inputs["boxes"], inputs["labels"]])
        answers = self.answers(features, rois)
        return Losses(region_losses, ("class", "box"))([*targets, answers["logits"], answers["deltas"]])

    def fit(self, images, targets, proposals, epochs=10, batch_size=2, learning_rate=1e-3, seed=0, **options):
        """`Detector.fit`, but for `augment`, with proposals: N arrays (n, 4) of boxes; the true ones may be missing."""
        batches = self.batches(images, targets, batch_size, seed, proposals, options.pop("augment", None))
        return train(self.training_network, batches, epochs, learning_rate, **options)

    def predict(self, images, proposals, batch_size=8):
        """`Detector.predict` with proposals: N arrays (n, 4) of boxes."""
        check_proposals(images, proposals)
        return self.find(images, batch_size, proposals)

    def decode(self, answers, size):
        """Boxes, scores and labels of one image; see `Detector`."""
        rois, logits = answers["rois"], answers["logits"]
        real = np.all(rois[:, 2:] > rois[:, :2], axis=1)
        boxes = clip_boxes(decode_deltas(answers["deltas"], rois[:, None], STDS), (float(size[0]), float(size[1])))
        boxes = ops.reshape(boxes, (-1, 4))  # (R * K, 4)
        scores = np.where(real[:, None], ops.convert_to_numpy(ops.softmax(logits))[:, 1:], -np.inf).ravel()
        labels = np.tile(np.arange(self.num_classes), len(rois))
        kept, count = batched_nms(boxes, scores, labels, **self.suppression)
        kept = ops.convert_to_numpy(kept)[: int(count)]
        return ops.convert_to_numpy(boxes)[kept], scores[kept], labels[kept]
