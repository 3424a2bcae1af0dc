"""Our YOLO and KerasCV's YOLOv8, trained for the same time on the same scenes: mean average precision at an IoU of 0.5.

KerasCV's begins with random weights, for none of its come without a network; so ours is also trained from random ones.
"""

import time

import keras
import numpy as np

from cvkit.backbones import backbone
from cvkit.data import load
from cvkit.detection import kmeans_anchors, mean_average_precision
from cvkit.detection.batches import pad_targets
from cvkit.models import YOLO

SECONDS = 60  # of training each, what TensorFlow needs to begin left out
BATCH, RATE, MAX_EPOCHS = 4, 1e-3, 1000  # Adam at a constant rate
MOST = 6  # objects a scene
SCENES = dict(image_size=64, num_objects=(1, MOST), classes=4, num_train=1600, num_test=200)
STARTS = ("embedded", None)
_ANSWERS = ("boxes", "confidence", "classes", "num_detections")


class StopAfter(keras.callbacks.Callback):
    """End the training so many seconds after its first batch."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds, self.start, self.steps = seconds, None, 0

    def on_train_batch_end(self, batch, logs=None):
        """Count the batch, and look at the clock."""
        self.steps += 1
        self.start = self.start or time.perf_counter()
        if time.perf_counter() - self.start > self.seconds:
            self.model.stop_training = True


def ours(images, targets, test_images, weights):
    """Detections, images seen and parameters of our YOLO with three anchors of k-means."""
    keras.utils.set_random_seed(0)
    sizes = np.concatenate([target["boxes"][:, 2:] - target["boxes"][:, :2] for target in targets])
    detector = YOLO(backbone(weights=weights, taps=("C3",)), 4, kmeans_anchors(sizes, 3)[0], width=128)
    stop, rate = StopAfter(SECONDS), keras.optimizers.Adam(RATE)
    options = dict(epochs=MAX_EPOCHS, batch_size=BATCH, learning_rate=rate, verbose=0, callbacks=[stop])
    detector.fit(images, targets, **options)
    return detector.predict(test_images), BATCH * stop.steps, detector.network.count_params()


def keras_cv_yolo():
    """KerasCV's detector, built from explicit arguments: four stages of one block each."""
    import keras_cv

    body = keras_cv.models.YOLOV8Backbone([32, 64, 96, 128], [1, 1, 1, 1], True, input_shape=(64, 64, 3))
    return keras_cv.models.YOLOV8Detector(body, num_classes=4, bounding_box_format="xyxy", fpn_depth=1)


def theirs(images, targets, test_images):
    """The same of KerasCV's."""
    keras.utils.set_random_seed(0)
    detector, stop = keras_cv_yolo(), StopAfter(SECONDS)
    padded = pad_targets(targets, MOST)
    truth = {"boxes": padded["boxes"], "classes": padded["labels"].astype("float32")}
    detector.compile(
        optimizer=keras.optimizers.Adam(RATE, global_clipnorm=10.0),
        classification_loss="binary_crossentropy",
        box_loss="ciou",
        jit_compile=False,
    )
    detector.fit(np.float32(images), truth, batch_size=BATCH, epochs=MAX_EPOCHS, verbose=0, callbacks=[stop])
    answers = detector.predict(np.float32(test_images), verbose=0)
    found = []
    for boxes, scores, labels, count in zip(*(answers[name] for name in _ANSWERS), strict=True):
        found.append(dict(boxes=boxes[:count], scores=scores[:count], labels=labels[:count].astype("int64")))
    return found, BATCH * stop.steps, detector.count_params()


def run():
    """Lines of the table."""
    (images, targets), (test_images, truths) = (
        (data["images"], data["objects"]) for data in (load("shapes", split, **SCENES) for split in ("train", "test"))
    )
    candidates = {f"YOLO, {weights or 'random'} weights": (ours, weights) for weights in STARTS}
    candidates["YOLOV8Detector, random weights"] = (theirs,)
    for name, (train, *arguments) in candidates.items():
        found, seen, parameters = train(images, targets, test_images, *arguments)
        scores = mean_average_precision(found, truths, iou_thresholds=(0.5,))
        yield (
            f"{name:31} {parameters / 1e6:.1f} M parameters, {SECONDS} s of training ({seen:,} scenes): mAP@.5 "
            f"{scores.ap50:.3f} of {len(truths)} scenes"
        )


if __name__ == "__main__":
    for line in run():
        print(line, flush=True)
