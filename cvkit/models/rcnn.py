"""R-CNN: each proposal is cut out of the image, warped to one size, and shown to a network for classification."""

import keras
import numpy as np
from keras import ops
from sklearn.linear_model import Ridge

from cvkit.detection.batches import check_proposals, check_targets
from cvkit.detection.clip_boxes import clip_boxes
from cvkit.detection.deltas import decode_deltas, encode_deltas
from cvkit.detection.iou import iou
from cvkit.detection.nms import nms
from cvkit.layers.roi_align import roi_align
from cvkit.models.detector import find_tap
from cvkit.models.linear_machines import hard_negative_machine, linear_scores
from cvkit.validation import check_positive

_NORM = 20.0  # mean length of the feature vectors that the machines see


class RCNN:
    """Frozen features of every proposal, a linear machine a class, and a box regressor a class.

    Args:
        backbone: `keras.Model` of `cvkit.backbones.backbone`, from images (B, H, W, 3) to a dict of maps.
        num_classes: K.
        tap: name of the map whose numbers are the features, such as "C4"; the coarsest of the backbone if None.
        crop_size: height and width to which proposals are warped.
        context: pixels of the warped crop, on each side, that show what lies around the proposal.
        machine: trains a class's machine: a function of positives (p, D), negatives (n, D) and a random generator to
            weights (D + 1,), one of `cvkit.models.linear_machines`.
        ridge: alpha of the box regressors.
        regress: move the boxes with the regressors.
        iou_threshold: of the suppression of the boxes found.
        score_threshold: least score of a box found, -1 being the margin of a support vector machine; None for all.

    Raises:
        ValueError: the backbone has no map `tap`, or an argument is not positive.

    Example:
        >>> from cvkit.backbones import backbone
        >>> RCNN(backbone(taps=("C4",)), num_classes=3, crop_size=32).features(
        ...     np.zeros((48, 64, 3)), [[0, 0, 20, 30], [5, 5, 40, 45]]).shape
        (2, 1024)

    Reference:
        Girshick et al., "Rich feature hierarchies for accurate object detection", 2014, arXiv 1311.2524, section 2 and
        appendices A to C. There the network is fine-tuned on warped proposals first.
    """

    def __init__(
        self,
        backbone,
        num_classes,
        tap=None,
        crop_size=64,
        context=4,
        machine=hard_negative_machine,
        ridge=1000.0,
        regress=True,
        iou_threshold=0.3,
        score_threshold=-1.0,
    ):
        check_positive("num_classes", num_classes, "classes of objects", integer=True)
        check_positive("crop_size", crop_size, "height and width of a warped proposal", integer=True)
        if not 0 <= context < crop_size / 2:
            raise ValueError(f"context must be from 0 to below half of crop_size. Received {context!r}.")
        tap, _ = find_tap(backbone, tap)
        crops = keras.Input((crop_size, crop_size, 3))
        self.network = keras.Model(crops, keras.layers.Flatten()(backbone(crops)[tap]))
        self.num_classes, self.crop_size, self.context = num_classes, crop_size, context
        self.machine, self.ridge, self.regress = machine, ridge, regress
        self.iou_threshold, self.score_threshold = iou_threshold, score_threshold
        self.scale = self.machines = self.regressors = None

    def crops(self, image, boxes):
        """Proposals (n, 4) of an image (H, W, 3), warped to (n, S, S, 3); beyond its border lies its mean colour."""
        image, boxes = np.asarray(image, "float32"), np.reshape(boxes, (-1, 4)).astype("float32")
        grown = 0.5 * self.crop_size / (self.crop_size - 2 * self.context)
        centres, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
        regions = np.concatenate([centres - grown * sides, centres + grown * sides], axis=1)
        mean = image.mean(axis=(0, 1))
        return ops.convert_to_numpy(roi_align((image - mean)[None], regions[None], self.crop_size))[0] + mean

    def features(self, image, boxes):
        """What the network makes of each proposal: float32 (n, D)."""
        if len(boxes) == 0:
            return np.zeros((0, self.network.output.shape[-1]), "float32")
        return self.network.predict(self.crops(image, boxes), batch_size=64, verbose=0)

    def fit(self, images, targets, proposals, seed=0, features=None):
        """Train the machines and the regressors; the network stays as it is.

        Positive for a class are its objects, negative the proposals with an IoU below 0.3 with each of them. Regressors
        learn from its objects and from proposals with an IoU of at least 0.6.

        Args:
            images: N arrays (H, W, 3), values from 0 to 255.
            targets: N dicts of "boxes" (n, 4), xyxy in pixels, and "labels" (n,).
            proposals: N arrays (r, 4) of boxes.
            seed: of the choice of the first negatives.
            features: N arrays (n + r, D), what `features` gives for an image's objects and then its proposals; None to
                have them computed.

        Returns:
            The detector.

        Raises:
            ValueError: the lists differ in length, a target or the features do not fit, or a class occurs nowhere.
        """
        check_targets(images, targets)
        check_proposals(images, proposals)
        random = np.random.default_rng(seed)
        true_boxes = [np.reshape(target["boxes"], (-1, 4)).astype("float32") for target in targets]
        boxes = [np.reshape(each, (-1, 4)).astype("float32") for each in proposals]
        if features is None:
            both = [np.concatenate(pair) for pair in zip(true_boxes, boxes, strict=True)]
            features = [self.features(*pair) for pair in zip(images, both, strict=True)]
        self._check(features, [len(own) + len(rest) for own, rest in zip(true_boxes, boxes, strict=True)])
        parts = [np.split(each, [len(own)]) for each, own in zip(features, true_boxes, strict=True)]
        true_features, features = (np.concatenate(part) for part in zip(*parts, strict=True))
        true_boxes, boxes = np.concatenate(true_boxes), np.concatenate(boxes)
        true_labels = np.concatenate([np.asarray(target["labels"], "int64") for target in targets])
        overlaps, nearest = self._overlaps(targets, proposals)  # (all proposals, K) each
        self.scale = _NORM / np.linalg.norm(features, axis=1).mean()
        features, true_features = self.scale * features, self.scale * true_features

        machines, regressors = [], []
        for label in range(self.num_classes):
            positives = true_features[true_labels == label]
            if not len(positives):
                raise ValueError(f"class {label} has no object in the training images: give one, or fewer num_classes.")
            negatives = features[overlaps[:, label] < 0.3]
            machines.append(self.machine(positives, negatives, random))
            close = overlaps[:, label] >= 0.6
            inputs = np.concatenate([features[close], positives])
            anchors = np.concatenate([boxes[close], true_boxes[true_labels == label]])
            wanted = np.concatenate([true_boxes[nearest[close, label]], true_boxes[true_labels == label]])
            deltas = ops.convert_to_numpy(encode_deltas(wanted, anchors))
            model = Ridge(alpha=self.ridge).fit(inputs, deltas)
            regressors.append(np.concatenate([model.coef_, model.intercept_[:, None]], axis=1))  # (4, D + 1)
        self.machines, self.regressors = np.float32(machines), np.float32(regressors)
        return self

    def predict(self, images, proposals, features=None):
        """Find the objects among the proposals.

        Each class's machine scores all proposals; suppression thins them out, class by class; then regressors move what
        is left.

        Args:
            images: N arrays (H, W, 3).
            proposals: N arrays (r, 4) of boxes.
            features: N arrays (r, D), what `features` gives for them; None to have them computed.

        Returns:
            A list of N dicts of "boxes" float32 (n, 4), "scores" float32 (n,), falling, and "labels" int64 (n,).

        Raises:
            ValueError: the lists differ in length, the features do not fit, or the detector has not been trained.
        """
        check_proposals(images, proposals)
        if self.machines is None:
            raise ValueError("this detector has not been trained: call fit, or load, first.")
        if features is None:
            features = [self.features(*pair) for pair in zip(images, proposals, strict=True)]
        self._check(features, [len(boxes) for boxes in proposals])
        return [self._predict(*each) for each in zip(images, proposals, features, strict=True)]

    def save(self, path):
        """Write machines and regressors to `path`, which ends in `.npz`; the backbone is not in it."""
        if self.machines is None:
            raise ValueError("this detector has not been trained: there is nothing to save.")
        np.savez(path, scale=self.scale, machines=self.machines, regressors=self.regressors)

    def load(self, path):
        """Read what a detector with the same arguments and backbone has saved; returns the detector."""
        with np.load(path, allow_pickle=False) as saved:
            expected = (self.num_classes, self.network.output.shape[-1] + 1)
            if saved["machines"].shape != expected:
                raise ValueError(f"{path} must hold machines of shape {expected}. It holds {saved['machines'].shape}.")
            self.scale, self.machines, self.regressors = float(saved["scale"]), saved["machines"], saved["regressors"]
        return self

    def _check(self, features, counts):
        shapes, expected = [np.shape(each) for each in features], [(n, self.network.output.shape[-1]) for n in counts]
        if shapes != expected:
            wrong = next(
                (pair for pair in zip(shapes, expected, strict=False) if pair[0] != pair[1]), (shapes, expected)
            )
            raise ValueError(
                f"features must hold a row for each box of {len(counts)} images, in fit those of the objects first. "
                f"Expected shape {wrong[1]}. Received {wrong[0]}."
            )

    def _overlaps(self, targets, proposals):
        """Largest IoU of each proposal with the objects of each class, and the place of that object among all."""
        overlaps, nearest, start = [], [], 0
        for target, boxes in zip(targets, proposals, strict=True):
            labels = np.asarray(target["labels"], "int64")
            pair = (np.float32(np.reshape(each, (-1, 4))) for each in (boxes, target["boxes"]))
            values = ops.convert_to_numpy(iou(*pair))
            own = labels[None, :] == np.arange(self.num_classes)[:, None]  # (K, n)
            values = np.where(own[None], values[:, None, :], 0.0)  # (r, K, n)
            values = np.concatenate([values, np.zeros((*values.shape[:2], 1))], axis=2)  # there may be none
            overlaps.append(values.max(axis=2))
            nearest.append(start + np.minimum(values.argmax(axis=2), max(len(labels) - 1, 0)))
            start += len(labels)
        return np.concatenate(overlaps), np.concatenate(nearest)

    def _predict(self, image, proposals, features):
        proposals, features = np.reshape(proposals, (-1, 4)).astype("float32"), self.scale * features
        found = []
        for label, (machine, regressor) in enumerate(zip(self.machines, self.regressors, strict=True)):
            scores, boxes = linear_scores(features, machine), proposals
            kept, count = nms(boxes, scores, self.iou_threshold, None, self.score_threshold)
            kept = ops.convert_to_numpy(kept)[: int(count)]
            boxes, scores = boxes[kept], scores[kept]
            if self.regress:
                boxes = decode_deltas(np.float32(linear_scores(features[kept], regressor)), boxes)
                boxes = ops.convert_to_numpy(clip_boxes(boxes, np.shape(image)[:2]))
            found.append((boxes, scores, np.full(len(kept), label)))
        boxes, scores, labels = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.argsort(-scores, kind="stable")
        return {"boxes": boxes[order], "scores": np.float32(scores[order]), "labels": labels[order]}
