"""Faster R-CNN on photographs of blood cells: mean average precision, and the minutes its training took."""

import os
import time
import warnings
from pathlib import Path

import keras
import numpy as np

from cvkit.backbones import backbone
from cvkit.data import shrink, voc_folder
from cvkit.detection import mean_average_precision
from cvkit.models import FasterRCNN

FOLDER = "bccd"
WANTED, MINUTES = 0.75, 30  # mean average precision at IoU .5, within so long a training
EPOCHS = 3  # each shows every image four times: as it is, and mirrored left-right, up-down, and both
SCALES = (20, 45, 90)  # about the middle sizes of platelets, red and white cells in pixels


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


def build(num_classes):
    """Faster R-CNN on the embedded backbone's C3; its first two stages stay as they are."""
    keras.utils.set_random_seed(0)
    body = backbone(taps=("C3",))
    for layer in body.layers:
        if layer.name.startswith(("conv1", "norm1", "conv2", "norm2")):
            layer.trainable = False
    rpn = dict(width=128, num_proposals=100, num_samples=64)
    return FasterRCNN(body, num_classes, SCALES, rpn=rpn, pooling="align", width=256)


def run():
    """The line of the table, and whether the mean average precision and the time are what is wanted."""
    images, targets, classes = load("train", mirrored=True)
    detector = build(len(classes))
    start = time.perf_counter()
    detector.fit(images, targets, epochs=EPOCHS, batch_size=4, verbose=0)
    minutes = (time.perf_counter() - start) / 60

    images, targets, _ = load("test")
    detector.predict(images[:8])  # the first call compiles
    start = time.perf_counter()
    found = detector.predict(images)
    frames = len(images) / (time.perf_counter() - start)
    scores = mean_average_precision(found, targets, 0.5, rule="voc")
    each = ", ".join(f"{classes[label]} {ap:.1%}" for label, ap in scores.per_class.items())
    line = (
        f"{'blood_cells':14} Faster R-CNN, embedded backbone, C3 at 320 x 240 px: mAP@.5 {scores.mean:.1%} of "
        f"{len(images)} test images ({each}; wanted {WANTED:.0%}), {minutes:.1f} minutes of training "
        f"(at most {MINUTES}), {frames:.1f} images a second"
    )
    return line, scores.mean >= WANTED and minutes <= MINUTES
