"""Faster R-CNN and YOLO on photographs of blood cells: mean average precision, and the minutes their training took."""

import os
import time
import warnings
from pathlib import Path

import keras
import numpy as np

from cvkit.backbones import backbone
from cvkit.data import shrink, voc_folder
from cvkit.detection import kmeans_anchors, mean_average_precision
from cvkit.models import YOLO, FasterRCNN

FOLDER = "bccd"
MINUTES = 30  # of training at most
WANTED = {"Faster R-CNN": 0.75, "YOLO": 0.80}  # mean average precision at IoU .5
EPOCHS = {"Faster R-CNN": 3, "YOLO": 4}  # in each every image as it is, mirrored left-right, up-down, and both
RATES = {"Faster R-CNN": 1e-3, "YOLO": 2e-3}  # learning rates at the start
SCALES = (20, 45, 90)  # about the middle sizes of platelets, red and white cells in pixels
NUM_ANCHORS = 4  # of YOLO, by k-means


def load(split, mirrored=False):
    """Images at half size, uint8 (240, 320, 3), their objects, and the names of the classes.

    Two bad boxes of the set, in two images, are left out.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the loader's word on the bad boxes
        data = voc_folder(Path(os.environ["CVKIT_DATA"]) / FOLDER, split, bad_boxes="skip")
    data = shrink(data, side=320)
    images, targets = [], []
    for image, objects in zip(data["images"], data["objects"], strict=True):
        height, width = image.shape[:2]
        for left_right, up_down in [(0, 0), (1, 0), (0, 1), (1, 1)] if mirrored else [(0, 0)]:
            x1, y1, x2, y2 = np.transpose(objects["boxes"])
            x1, x2 = (width - x2, width - x1) if left_right else (x1, x2)
            y1, y2 = (height - y2, height - y1) if up_down else (y1, y2)
            images.append(image[:: -1 if up_down else 1, :: -1 if left_right else 1])
            targets.append({"boxes": np.stack([x1, y1, x2, y2], axis=1), "labels": objects["labels"]})
    return images, targets, data["classes"]


def build(name, num_classes, targets):
    """A detector on the embedded backbone's C3, whose first stages stay as they are: two, or with YOLO one."""
    keras.utils.set_random_seed(0)
    body = backbone(taps=("C3",))
    frozen = ("conv1", "norm1") if name == "YOLO" else ("conv1", "norm1", "conv2", "norm2")
    for layer in body.layers:
        if layer.name.startswith(frozen):
            layer.trainable = False
    if name == "YOLO":
        sizes = np.concatenate([target["boxes"][:, 2:] - target["boxes"][:, :2] for target in targets])
        return YOLO(body, num_classes, kmeans_anchors(sizes, NUM_ANCHORS)[0], width=256)
    rpn = dict(width=128, num_proposals=100, num_samples=64)
    return FasterRCNN(body, num_classes, SCALES, rpn=rpn, pooling="align", width=256)


def run(name="Faster R-CNN"):
    """The line of the table, and whether the mean average precision and the time are what is wanted."""
    images, targets, classes = load("train", mirrored=True)
    detector = build(name, len(classes), targets)
    start = time.perf_counter()
    detector.fit(images, targets, epochs=EPOCHS[name], batch_size=4, learning_rate=RATES[name], verbose=0)
    minutes = (time.perf_counter() - start) / 60

    images, targets, _ = load("test")
    detector.predict(images[:8])  # the first call compiles
    start = time.perf_counter()
    found = detector.predict(images)
    frames = len(images) / (time.perf_counter() - start)
    scores = mean_average_precision(found, targets, 0.5, rule="voc")
    each = ", ".join(f"{classes[label]} {ap:.1%}" for label, ap in scores.per_class.items())
    line = (
        f"{'blood_cells':14} {name}, embedded backbone, C3 at 320 x 240 px: mAP@.5 {scores.mean:.1%} of "
        f"{len(images)} test images ({each}; wanted {WANTED[name]:.0%}), {minutes:.1f} minutes of training "
        f"(at most {MINUTES}), {frames:.1f} images a second"
    )
    return line, scores.mean >= WANTED[name] and minutes <= MINUTES
