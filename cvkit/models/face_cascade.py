"""A cascade of three networks for face detection: most windows are thrown away by the smallest."""

import math
import time
import weakref

import keras
import numpy as np
from keras import layers, ops

from cvkit.detection.calibration import CALIBRATION_PATTERNS, average_pattern, mend_boxes
from cvkit.detection.cut_windows import cut_windows
from cvkit.detection.image_pyramid import image_pyramid, pyramid_scales
from cvkit.detection.nms import nms
from cvkit.models.convolutional import make_convolutional

# Of each network: channels of its convolutions, side of their kernels, width of its dense layer.
FACE_NETS = {12: ((16,), 3, 16), 24: ((64,), 5, 128), 48: ((64, 64), 5, 256)}
CALIBRATION_NETS = {12: ((16,), 3, 128), 24: ((32,), 5, 64), 48: ((64, 64), 5, 256)}

_SLIDING = weakref.WeakKeyDictionary()


def face_net(size, width=1.0):
    """One of the three networks that tell faces from what is none: convolutions, pooling, two dense layers.

    Args:
        size: side of its images: 12, 24 or 48 pixels.
        width: share of the paper's channels and units.

    Returns:
        `keras.Model` from images (B, size, size, 3), 0 to 255, to logits (B, 1), above 0 for a face.

    Raises:
        ValueError: there is no network of this size.

    Example:
        >>> [face_net(size).count_params() for size in (12, 24, 48)]
        [4625, 668865, 1156801]

    Reference:
        Li et al., "A Convolutional Neural Network Cascade for Face Detection", CVPR 2015, figure 2. There a softmax of
        two classes, contrast normalisation in the 48-net, and the dense layer of the smaller network beside that of
        the larger; here one logit, batch normalisation behind each convolution, and each network for itself.
    """
    return _network(FACE_NETS, size, width, 1, "face_net")


def calibration_net(size, width=1.0):
    """One of the three networks that say in which of 45 ways a window is off a face.

    Args:
        size, width: as for `face_net`.

    Returns:
        `keras.Model` from images (B, size, size, 3), 0 to 255, to logits (B, 45), one for each of
        `cvkit.detection.CALIBRATION_PATTERNS`.

    Example:
        >>> calibration_net(12).output_shape
        (None, 45)

    Reference:
        Li et al., CVPR 2015, figure 3; differences as for `face_net`.
    """
    return _network(CALIBRATION_NETS, size, width, len(CALIBRATION_PATTERNS), "calibration_net")


def _network(table, size, width, num_outputs, name):
    if size not in table:
        raise ValueError(f"size must be one of {', '.join(map(str, table))}, in pixels. Received {size!r}.")
    channels, kernel, units = table[size]
    x = image = keras.Input((size, size, 3))
    x = layers.Rescaling(1 / 127.5, -1)(x)
    for count in channels:
        x = layers.Conv2D(max(1, round(width * count)), kernel, use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
        x = layers.MaxPooling2D(3, 2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(max(1, round(width * units)), activation="relu")(x)
    return keras.Model(image, layers.Dense(num_outputs)(x), name=f"{name}_{size}")


def slide(network, image, window, smallest, factor=2**0.5, every=1):
    """Every window of a network on every level of an image pyramid, by the network's fully convolutional form.

    Args:
        network: what `cvkit.models.make_convolutional` made of a `face_net`: from images of any size to maps of logits.
        image: uint8 array (H, W, 3).
        window: side of the network's window in pixels.
        smallest: side of the smallest face to be found, in pixels of the image.
        factor: from one level to the next.
        every: of the rows and columns of the network's map take every so-manieth.

    Returns:
        Tuple (boxes float32 (N, 4) in pixels of the image, logits float32 (N,), level of each int64 (N,)).
    """
    scales = pyramid_scales(image.shape[:2], window, smallest, factor)
    stride = math.prod(layer.strides[0] for layer in network.layers if hasattr(layer, "strides"))
    boxes, scores, levels = [np.zeros((0, 4))], [np.zeros(0, "float32")], [np.zeros(0, "int64")]
    for number, (scale, level) in enumerate(zip(scales, image_pyramid(image, scales), strict=True)):
        answers = ops.convert_to_numpy(network.predict_on_batch(level[None].astype("float32")))
        # Pooling may leave a border pixel out, so that the map has a position more than windows fit.
        rows, columns = (max(0, (side - window) // (stride * every) + 1) for side in level.shape[:2])
        answers = answers[0, ::every, ::every, 0][:rows, :columns]
        rows, columns = np.indices(answers.shape).reshape(2, -1)
        corner = np.stack([columns, rows], axis=1) * (stride * every / scale)
        boxes.append(np.concatenate([corner, corner + window / scale], axis=1))
        scores.append(answers.ravel())
        levels.append(np.full(answers.size, number))
    return np.concatenate(boxes).astype("float32"), np.concatenate(scores), np.concatenate(levels)


class FaceCascade:
    """Three networks in a row, or the first of them: each looks only at the windows that the one before let through.

    The first network slides over an image pyramid. What it lets through is calibrated, and of windows of one level
    that overlap the best is kept; the next network looks at what is left, cut out of the image at its own size; and so
    on. After the last network overlapping windows of all levels are suppressed, and then calibrated.

    Args:
        networks: one or more of `face_net`, in the order of their sizes.
        calibrations: for each network a `calibration_net` of its size, or None for none; shorter lists end in None.
        thresholds: for each network the logit that a window must exceed.
        smallest: side of the smallest face to be found, in pixels.
        factor: from one level of the pyramid to the next.
        every: positions of the first network's map from one window to the next; 2 is 4 pixels of the level.
        iou_threshold: of two windows that overlap more, the better one is kept.

    Raises:
        ValueError: the lists do not fit each other, or a network has no square input.

    Example:
        >>> cascade = FaceCascade([face_net(12)], thresholds=[0.0], smallest=48)
        >>> sorted(cascade.detect(np.zeros((96, 96, 3), "uint8")))
        ['boxes', 'labels', 'scores']

    Reference:
        Li et al., CVPR 2015, section 3. Their networks see windows calibrated in the same order.
    """

    def __init__(
        self, networks, calibrations=(), thresholds=(), smallest=40, factor=2**0.5, every=2, iou_threshold=0.5
    ):
        self.networks, self.thresholds = list(networks), list(thresholds)
        self.sizes = [network.input_shape[1] for network in self.networks]
        if not self.networks or len(self.thresholds) != len(self.networks) or sorted(self.sizes) != self.sizes:
            raise ValueError(
                "networks must be one or more in the order of their sizes, and thresholds as many numbers. "
                f"Received networks of {self.sizes} pixels and {len(self.thresholds)} thresholds."
            )
        self.calibrations = [*calibrations, *[None] * (len(self.networks) - len(calibrations))]
        for network, calibration in zip(self.networks, self.calibrations, strict=True):
            if calibration is not None and calibration.input_shape != network.input_shape:
                raise ValueError(
                    f"Each calibration must have its network's size, {network.input_shape}. "
                    f"Received {calibration.input_shape}."
                )
        self.smallest, self.factor, self.every, self.iou_threshold = smallest, factor, every, iou_threshold
        self.sliding = _sliding(self.networks[0])

    def detect(self, image):
        """Faces in an image.

        Args:
            image: uint8 array (H, W, 3).

        Returns:
            Dict of "boxes" float32 (n, 4), xyxy in pixels, best first; "scores" float32 (n,), logits; "labels" int64
            (n,), all 0.
        """
        last = self.stages(image)[-1]
        labels = np.zeros(len(last["boxes"]), "int64")
        return {"boxes": last["boxes"], "scores": last["scores"], "labels": labels}

    def stages(self, image):
        """What each stage makes of an image.

        Args:
            image: uint8 array (H, W, 3).

        Returns:
            List of a dict a stage: "seen", the windows that its network looked at, (n, 4); "scores_seen", their logits
            (n,); "passed", those above the threshold; "boxes" and "scores", what is left after calibration and
            suppression; "seconds".
        """
        found, boxes, levels = [], None, None
        for k, (network, threshold) in enumerate(zip(self.networks, self.thresholds, strict=True)):
            start = time.perf_counter()
            if k == 0:
                boxes, scores, levels = slide(
                    self.sliding, image, self.sizes[0], self.smallest, self.factor, self.every
                )
            else:
                scores = _answers(network, image, boxes, self.sizes[k])[:, 0]
            passed = scores > threshold
            stage = {"seen": boxes, "scores_seen": scores, "passed": boxes[passed]}
            boxes, scores, levels = boxes[passed], scores[passed], levels[passed]
            if k + 1 < len(self.networks):
                boxes = self._calibrated(k, image, boxes)
                kept = _best_of_each_level(boxes, scores, levels, self.iou_threshold)
                boxes, scores, levels = boxes[kept], scores[kept], levels[kept]
            else:
                kept = _best(boxes, scores, self.iou_threshold)
                boxes, scores = self._calibrated(k, image, boxes[kept]), scores[kept]
            found.append(stage | {"boxes": boxes, "scores": scores, "seconds": time.perf_counter() - start})
        return found

    def _calibrated(self, k, image, boxes):
        if self.calibrations[k] is None or not len(boxes):
            return boxes
        logits = _answers(self.calibrations[k], image, boxes, self.sizes[k])
        probabilities = np.exp(logits - logits.max(axis=1, keepdims=True))
        patterns = average_pattern(probabilities / probabilities.sum(axis=1, keepdims=True))
        return mend_boxes(boxes, patterns).astype("float32")


def _sliding(network):
    # Cascades that begin with the same network share its sliding form: Keras compiles each network anew.
    if network not in _SLIDING:
        _SLIDING[network] = make_convolutional(network)
    sliding = _SLIDING[network]
    pairs = zip(network.get_weights(), sliding.weights, strict=True)  # it may have learned since
    sliding.set_weights([value.reshape(weight.shape) for value, weight in pairs])
    return sliding


def _answers(network, image, boxes, size):
    if not len(boxes):
        return np.zeros((0, network.output_shape[-1]), "float32")
    return ops.convert_to_numpy(network.predict_on_batch(cut_windows(image, boxes, size).astype("float32")))


def _best(boxes, scores, iou_threshold):
    if not len(boxes):
        return np.zeros(0, "int64")
    indices, count = nms(boxes, scores, iou_threshold, max_output_size=len(boxes))
    return ops.convert_to_numpy(indices)[: int(count)]


def _best_of_each_level(boxes, scores, levels, iou_threshold):
    each = [np.flatnonzero(levels == level) for level in np.unique(levels)]
    kept = [mine[_best(boxes[mine], scores[mine], iou_threshold)] for mine in each]
    return np.concatenate(kept) if kept else np.zeros(0, "int64")
