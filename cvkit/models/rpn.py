"""The region proposal network: at each position of a map, is there an object, and which box fits it."""

import keras
import numpy as np
from keras import layers, ops

from cvkit.layers.anchor_targets import AnchorTargets
from cvkit.layers.anchors import Anchors
from cvkit.layers.proposals import Proposals
from cvkit.losses.region import proposal_losses
from cvkit.models.detector import Detector, Losses, common_channels, find_taps, image_inputs, target_inputs

RATIOS = (0.5, 1.0, 2.0)


def rpn_head(num_channels, num_anchors, width=256):
    """A 3 x 3 convolution, and two of 1 x 1: a score and four deltas for each anchor.

    Args:
        num_channels: of the feature map.
        num_anchors: A, anchors at each position.
        width: channels of the 3 x 3 convolution.

    Returns:
        A `keras.Model` from (B, H, W, C) to [logits (B, H * W * A), deltas (B, H * W * A, 4)].

    Example:
        >>> [tuple(x.shape) for x in rpn_head(64, 9)(keras.ops.zeros((1, 5, 7, 64)))]
        [(1, 315), (1, 315, 4)]

    Reference:
        Ren et al., "Faster R-CNN", 2015, arXiv 1506.01497, section 3.1. There the score is a softmax over two numbers,
        hence the "2 x 9 outputs" of slides; one number and a sigmoid say the same.
    """
    features = keras.Input((None, None, num_channels))
    options = dict(kernel_initializer=keras.initializers.RandomNormal(stddev=0.01))
    x = layers.Conv2D(width, 3, padding="same", activation="relu", name="window", **options)(features)
    logits = layers.Conv2D(num_anchors, 1, name="objectness", **options)(x)
    deltas = layers.Conv2D(4 * num_anchors, 1, name="deltas", **options)(x)
    return keras.Model(features, [layers.Reshape((-1,))(logits), layers.Reshape((-1, 4))(deltas)], name="rpn")


class RPN(Detector):
    """A detector of one class, "object", whose boxes are proposals for another; `fit` takes any labels.

    Args:
        backbone: `keras.Model` of `cvkit.backbones.backbone`, from images (B, H, W, 3) to a dict of maps.
        scales: square roots of the anchors' areas in pixels.
        ratios: widths over heights of the anchors.
        tap: name of the map to look at, such as "C4"; the coarsest of the backbone if None. Several names for several
            maps, as of `cvkit.models.fpn`: the scales are shared out evenly among them, the finest map gets the
            smallest, and one head looks at all of them.
        width: channels of the 3 x 3 convolution.
        num_proposals: boxes an image.
        num_samples: anchors an image that the losses see, at most half of them objects.

    Raises:
        ValueError: the backbone has no map `tap`, an argument is not positive, or several maps differ in their channels
            or cannot share the scales.

    Example:
        >>> from cvkit.backbones import backbone
        >>> rpn = RPN(backbone(weights=None, taps=("C3",)), scales=(16, 32), num_proposals=5)
        >>> rpn.predict([keras.ops.zeros((48, 64, 3))])[0]["boxes"].shape
        (5, 4)

    Reference:
        Ren et al., "Faster R-CNN", 2015, arXiv 1506.01497, section 3.1; for several maps Lin et al., "Feature Pyramid
        Networks", 2016, arXiv 1612.03144, section 4.1, where each has one scale.
    """

    def __init__(self, backbone, scales, ratios=RATIOS, tap=None, width=256, num_proposals=300, num_samples=256):
        self.backbone = backbone
        strides = find_taps(backbone, tap)
        self.taps = tuple(strides)
        self.anchors = {}
        for name, own in share_anchor_scales(scales, self.taps).items():
            self.anchors[name] = Anchors(strides[name], own, ratios, name=f"anchors_{name}")
        num_anchors = self.anchors[self.taps[0]].num_anchors
        self.head = rpn_head(common_channels(backbone, strides), num_anchors, width)
        self.proposals = Proposals(num_proposals, name="proposals")
        self.targets = AnchorTargets(num_samples, name="anchor_targets")

        inputs = image_inputs(backbone) | target_inputs()
        answers = self.answers(backbone(inputs["images"]))
        boxes, logits = self.proposals([*answers, inputs["sizes"]])
        asked = {name: inputs[name] for name in ("images", "sizes")}
        self.network = keras.Model(asked, {"boxes": boxes, "logits": logits})
        self.training_network = keras.Model(inputs, self.losses(inputs, answers))

    def answers(self, features):
        """[anchors (N, 4), logits (B, N), deltas (B, N, 4)] from the backbone's maps, the finest first."""
        anchors = [layer(features[name]) for name, layer in self.anchors.items()]
        logits, deltas = zip(*(self.head(features[name]) for name in self.anchors), strict=True)
        return [_join(anchors, 0), _join(logits, 1), _join(deltas, 1)]

    def losses(self, inputs, answers):
        """Dict of "rpn_class" and "rpn_box", each (B,)."""
        anchors, logits, deltas = answers
        targets = self.targets([anchors, inputs["boxes"], inputs["labels"], inputs["sizes"]])
        return Losses(proposal_losses, ("rpn_class", "rpn_box"))([*targets, logits, deltas])

    def decode(self, answers, size):
        """Boxes, scores and labels (all 0) of the proposals of one image; see `Detector`."""
        real = np.isfinite(answers["logits"])
        scores = 1 / (1 + np.exp(-answers["logits"][real]))
        return answers["boxes"][real], scores, np.zeros(len(scores), "int64")


def share_anchor_scales(scales, taps):
    """Dict of each tap, finest first, to its share of the scales, smallest first.

    Example:
        >>> share_anchor_scales((32, 8, 12, 20), ["P3", "P4"])
        {'P3': (8, 12), 'P4': (20, 32)}
    """
    each, rest = divmod(len(scales), len(taps))
    if len(taps) == 1:
        return {taps[0]: tuple(scales)}
    if rest or not each:
        raise ValueError(f"scales must be a multiple of the number of maps, {len(taps)}. Received {scales!r}.")
    rising = sorted(scales)
    return {tap: tuple(rising[k * each : (k + 1) * each]) for k, tap in enumerate(taps)}


def _join(parts, axis):
    return parts[0] if len(parts) == 1 else ops.concatenate(list(parts), axis=axis)
