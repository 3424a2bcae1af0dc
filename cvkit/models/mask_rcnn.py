"""Mask R-CNN: Faster R-CNN, and a third head that says which pixels of a box belong to the object."""

import keras
import numpy as np
from keras import layers, ops

from cvkit.detection.batches import pad_boxes
from cvkit.detection.mask_batches import MaskBatches
from cvkit.layers.mask_targets import MaskTargets
from cvkit.losses.mask import mask_loss
from cvkit.models.detector import Detector, Losses, common_channels, find_taps, image_inputs, target_inputs
from cvkit.models.fast_rcnn import POOLING
from cvkit.models.faster_rcnn import FasterRCNN
from cvkit.models.rpn import RATIOS
from cvkit.segmentation.paste_masks import paste_masks


def mask_head(pool_size, num_channels, num_classes, width=256, num_convolutions=4):
    """A small fully convolutional network on each region's features: a mask for each class, twice as large.

    Args:
        pool_size: p, cells along one side of a region.
        num_channels: C, of the feature map.
        num_classes: K.
        width: channels of the convolutions.
        num_convolutions: of 3 × 3, before the transposed convolution that enlarges.

    Returns:
        A `keras.Model` from (B, p, p, C), a region each, to logits (B, 2p, 2p, K).

    Example:
        >>> mask_head(14, 64, 20)(ops.zeros((3, 14, 14, 64))).shape
        TensorShape([3, 28, 28, 20])

    Reference:
        He et al., "Mask R-CNN", 2017, arXiv 1703.06870, figure 4, right.
    """
    x = region = keras.Input((pool_size, pool_size, num_channels))
    for i in range(1, num_convolutions + 1):
        x = layers.Conv2D(width, 3, padding="same", activation="relu", name=f"mask_conv{i}")(x)
    x = layers.Conv2DTranspose(width, 2, strides=2, activation="relu", name="mask_enlarge")(x)
    return keras.Model(region, layers.Conv2D(num_classes, 1, name="masks")(x), name="mask_head")


class OnEachRegion(keras.layers.Layer):
    """A network for one region, on all regions of all images: (B, R, ...) to (B, R, ...)."""

    def __init__(self, network, **kwargs):
        super().__init__(**kwargs)
        self.network = network

    def call(self, regions):
        """Fold images and regions into one axis, and back."""
        batch, count = ops.shape(regions)[:2]
        answers = self.network(ops.reshape(regions, (-1, *regions.shape[2:])))  # (B * R, ...)
        return ops.reshape(answers, (batch, count, *answers.shape[1:]))

    def compute_output_shape(self, input_shape):
        """(B, R, ...)."""
        return (*input_shape[:2], *self.network.output_shape[1:])


class MaskRCNN(Detector):
    """A `FasterRCNN` that gives a mask with each box.

    Args:
        backbone: `keras.Model` of `cvkit.backbones.backbone`, from images (B, H, W, 3) to a dict of maps.
        num_classes: K.
        scales: square roots of the anchors' areas in pixels.
        ratios: widths over heights of the anchors.
        tap: name of the map to look at, such as "C4"; the coarsest of the backbone if None. Several names for several
            maps, see `RPN` and `FastRCNN`.
        mask_pool_size: cells along one side of a region for the mask head; masks are twice as large.
        mask_width: channels of the mask head.
        mask_convolutions: of the mask head.
        mask_samples: regions an image at most that the mask loss sees.
        rpn: further arguments of `RPN`, as a dict.
        **options: further arguments of `FastRCNN`. `pooling` is "align" unless it says "pool"; the mask head has the
            same.

    Attributes:
        faster: the `FasterRCNN`.
        mask_network: `keras.Model` from the maps by their names and "rois" (B, R, 4) to mask logits (B, R, 2p, 2p, K).

    Raises:
        ValueError: as `FasterRCNN`.

    Example:
        >>> from cvkit.backbones import backbone
        >>> options = dict(pool_size=4, width=16, mask_pool_size=4, mask_width=8)
        >>> detector = MaskRCNN(backbone(weights=None, taps=("C3",)), num_classes=3, scales=(16, 32), **options)
        >>> found = detector.predict([np.zeros((48, 64, 3))])[0]
        >>> sorted(found), found["masks"].shape[1:]
        (['boxes', 'labels', 'masks', 'scores'], (48, 64))

    Reference:
        He et al., "Mask R-CNN", 2017, arXiv 1703.06870. As there, masks are said for the boxes that were found, after
        suppression. The mask loss draws its own sample of regions with an object; in the paper they are those of the
        sample that the box head sees.
    """

    def __init__(
        self,
        backbone,
        num_classes,
        scales,
        ratios=RATIOS,
        tap=None,
        mask_pool_size=14,
        mask_width=256,
        mask_convolutions=4,
        mask_samples=16,
        rpn=None,
        **options,
    ):
        options = {"pooling": "align"} | options
        self.backbone, self.num_classes = backbone, num_classes
        self.faster = FasterRCNN(backbone, num_classes, scales, ratios, tap, rpn, **options)
        self.decode = self.faster.decode
        strides = find_taps(backbone, tap)
        channels = common_channels(backbone, strides)
        head = mask_head(mask_pool_size, channels, num_classes, mask_width, mask_convolutions)
        pooling = POOLING[options["pooling"]]
        self.mask_pooling = {
            tap: pooling(mask_pool_size, 1 / s, name=f"mask_pooling_{tap}") for tap, s in strides.items()
        }
        self.mask_head = OnEachRegion(head, name="mask_heads")
        self.mask_targets = MaskTargets(mask_samples, 2 * mask_pool_size, name="mask_targets")

        inputs = image_inputs(backbone) | target_inputs() | {"masks": keras.Input((None, None, None), name="masks")}
        features, rois, answers, losses = self.faster.stages(inputs)
        asked = {name: inputs[name] for name in ("images", "sizes")}
        maps = {tap: layers.Identity(name=f"map_{tap}")(features[tap]) for tap in strides}
        self.network = keras.Model(asked, answers | maps)
        self.training_network = keras.Model(inputs, losses | self._mask_losses(inputs, features, rois))
        given = {tap: keras.Input(x.shape[1:], name=tap) for tap, x in maps.items()}
        given |= {"rois": keras.Input((None, 4), name="rois")}
        self.mask_network = keras.Model(given, self._masks(given, given["rois"]))

    def _masks(self, features, rois):
        return self.mask_head(self.faster.fast.cut(self.mask_pooling, features, rois))

    def _mask_losses(self, inputs, features, rois):
        rois, *targets = self.mask_targets([rois, inputs["boxes"], inputs["labels"], inputs["masks"]])
        return Losses(lambda *tensors: {"mask": mask_loss(*tensors)}, ("mask",))(
            [*targets, self._masks(features, rois)]
        )

    def batches(self, images, targets, batch_size, seed, proposals=None, augment=None):
        """The data of one training, checked; targets have "masks", bool (n, H, W)."""
        return MaskBatches(super().batches(images, targets, batch_size, seed, proposals, augment), targets)

    def decode_batch(self, answers, sizes):
        """What `Detector.predict` promises, and with it "masks", bool (n, H, W), of the image's size."""
        found = super().decode_batch({k: v for k, v in answers.items() if k not in self.mask_pooling}, sizes)
        most = -(-max([1, *(len(result["boxes"]) for result in found)]) // 8) * 8  # few different shapes
        maps = {tap: answers[tap] for tap in self.mask_pooling}
        rois = pad_boxes([result["boxes"] for result in found], most)
        logits = self.mask_network.predict_on_batch(maps | {"rois": rois})
        probabilities = ops.convert_to_numpy(ops.sigmoid(logits))  # (B, R, 2p, 2p, K)
        for result, values, size in zip(found, probabilities, sizes, strict=True):
            own = values[np.arange(len(result["labels"])), ..., result["labels"]]  # (n, 2p, 2p)
            result["masks"] = paste_masks(own, result["boxes"], size)
        return found

    def save(self, path):
        """Write the weights of all heads to `path`, which ends in `.weights.h5`."""
        self.training_network.save_weights(path)

    def load(self, path):
        """Read weights that a detector built with the same arguments has saved; returns the detector."""
        self.training_network.load_weights(path)
        return self
