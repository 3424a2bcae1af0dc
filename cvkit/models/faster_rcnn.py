"""Faster R-CNN: a network that makes its own proposals, on the map from which it then judges them."""

import keras

from cvkit.models.detector import Detector, image_inputs, target_inputs
from cvkit.models.fast_rcnn import FastRCNN
from cvkit.models.rpn import RATIOS, RPN

SCHEMES = ("joint", "alternating")


class FasterRCNN(Detector):
    """`RPN` and `FastRCNN` on one backbone.

    Args:
        backbone: `keras.Model` of `cvkit.backbones.backbone`, from images (B, H, W, 3) to a dict of maps.
        num_classes: K.
        scales: square roots of the anchors' areas in pixels.
        ratios: widths over heights of the anchors.
        tap: name of the map to look at, such as "C4"; the coarsest of the backbone if None. Several names for several
            maps, see `RPN` and `FastRCNN`.
        rpn: further arguments of `RPN`, as a dict, such as ``{"num_proposals": 100}``.
        **options: further arguments of `FastRCNN`, such as ``pooling="align"``.

    Attributes:
        rpn: the `RPN`.
        fast: the `FastRCNN`.

    Raises:
        ValueError: the backbone has no map `tap`, or an argument does not fit.

    Example:
        >>> from cvkit.backbones import backbone
        >>> detector = FasterRCNN(backbone(weights=None, taps=("C3",)), 3, scales=(16, 32), pool_size=4, width=16)
        >>> [sorted(found) for found in detector.predict([keras.ops.zeros((48, 64, 3))])]
        [['boxes', 'labels', 'scores']]

    Reference:
        Ren et al., "Faster R-CNN", 2015, arXiv 1506.01497. Its training takes 2,000 proposals and its test 300; here it
        is the same number. Anchors that cross the image's border take part.
    """

    def __init__(self, backbone, num_classes, scales, ratios=RATIOS, tap=None, rpn=None, **options):
        self.backbone, self.num_classes = backbone, num_classes
        self.rpn = RPN(backbone, scales, ratios, tap, **(rpn or {}))
        self.fast = FastRCNN(backbone, num_classes, tap, **options)
        self.decode = self.fast.decode

        inputs = image_inputs(backbone) | target_inputs()
        _, _, answers, losses = self.stages(inputs)
        self.network = keras.Model({name: inputs[name] for name in ("images", "sizes")}, answers)
        self.training_network = keras.Model(inputs, losses)

    def stages(self, inputs):
        """The maps by their names, the proposals (B, R, 4), the answers and the losses, for a dict of inputs."""
        features = self.backbone(inputs["images"])
        proposed = self.rpn.answers(features)
        rois, _ = self.rpn.proposals([*proposed, inputs["sizes"]])
        answers = self.fast.answers(features, rois)
        losses = self.rpn.losses(inputs, proposed) | self.fast.losses(inputs, features, rois)
        return features, rois, answers, losses

    def fit(self, images, targets, epochs=10, batch_size=2, learning_rate=1e-3, seed=0, scheme="joint", **options):
        """`Detector.fit` in one of two ways.

        Args:
            images, targets, epochs, batch_size, learning_rate, seed, options: see `Detector.fit`.
            scheme: "joint" takes the sum of the four losses in each step. "alternating" is the paper's, in four
                trainings of `epochs` each: the RPN; a detector on its proposals, on a backbone that starts anew; the
                RPN's head on that backbone, which stays as it is from now on; the detector's head on the new proposals.

        Returns:
            A `keras.callbacks.History`, or a list of four.

        Raises:
            ValueError: `scheme` is neither, or is "alternating" with `augment`, or as for `Detector.fit`.

        Reference:
            Ren et al., 2015, section 3.2, "4-step alternating training" and "approximate joint training".
        """
        if scheme not in SCHEMES:
            raise ValueError(f"scheme must be one of {', '.join(SCHEMES)}. Received {scheme!r}.")
        if scheme == "joint":
            return super().fit(images, targets, epochs, batch_size, learning_rate, seed, **options)
        if options.get("augment") is not None:
            raise ValueError('augment moves the objects away from stored proposals: use it with scheme="joint".')
        given = dict(epochs=epochs, batch_size=batch_size, learning_rate=learning_rate, seed=seed, **options)
        self.batches(images, targets, batch_size, seed)  # raises now, not after the first training
        backbone, start = self.backbone, self.backbone.get_weights()
        trainable = [layer.trainable for layer in backbone.layers]
        history = [self.rpn.fit(images, targets, **given)]
        proposals = self.propose(images)
        backbone.set_weights(start)
        history.append(self.fast.fit(images, targets, proposals, **given))
        backbone.trainable = False
        try:
            history.append(self.rpn.fit(images, targets, **given))
            history.append(self.fast.fit(images, targets, self.propose(images), **given))
        finally:
            backbone.trainable = True
            for layer, was in zip(backbone.layers, trainable, strict=True):
                layer.trainable = was
        return history

    def propose(self, images):
        """The RPN's proposals for each image, a list of N arrays (n, 4)."""
        return [found["boxes"] for found in self.rpn.predict(images)]
