"""FCN-8s on CamVid's street scenes: mean IoU over eleven classes, that of each, and the minutes its training took."""

import os
import time
from pathlib import Path

import keras
import numpy as np
from keras import layers

from cvkit.backbones import backbone
from cvkit.data import label_folder
from cvkit.models import fcn
from cvkit.segmentation import ConfusionMatrix

FOLDER = "camvid"
CLASSES = ["sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian", "bicyclist"]
UNLABELLED = 11
SIZE = (180, 240)  # half of the photographs' height and width
STRIDE = 4  # of the finest map in pixels of an image at half size: 8 pixels of the photograph
MINUTES = 40  # of training at most
WANTED = 0.45  # mean IoU
EPOCHS, BATCH, RATE = 12, 4, 1e-3  # in each epoch every image as it is and mirrored; Adam, down to zero by a cosine


def load(split, size=None):
    """Images uint8 (N, H, W, 3), and the class of each pixel uint8 (N, H, W), `UNLABELLED` for none."""
    folder = Path(os.environ["CVKIT_DATA"]) / FOLDER
    data = label_folder(folder, split, size, classes=CLASSES, ignore_label=UNLABELLED)
    return data["images"], data["semantic_masks"]


def build():
    """FCN on the embedded backbone: its maps of stride 16, 8 and 4, since it has none of 32.

    As in the paper's fc6, a position of the coarsest map looks at 7 × 7 positions; it has 128 channels, not 4,096. The
    backbone's first stage stays as it is.
    """
    keras.utils.set_random_seed(0)
    body = backbone(taps=("C2", "C3", "C4"))
    for layer in body.layers:
        if layer.name.startswith(("conv1", "norm1")):
            layer.trainable = False
    wide = layers.Conv2D(128, 7, padding="same", activation="relu", kernel_initializer="he_normal")
    head = keras.Sequential([keras.Input(body.output["C4"].shape[1:]), wide, layers.Dropout(0.3)], name="head")
    return fcn(body, len(CLASSES), STRIDE, head)


def weights_of(masks):
    r"""A weight for each pixel, float32 (N, H, W): $\sqrt{m / f_k}$, and 0 where there is no label.

    $f_k$ is the share of class k among the labelled pixels, and m the median of these shares.
    """
    share = np.bincount(masks.ravel(), minlength=len(CLASSES) + 1)[: len(CLASSES)] / np.sum(masks != UNLABELLED)
    return np.append(np.sqrt(np.median(share) / share), 0).astype("float32")[masks]


def train(network, images, masks, epochs=EPOCHS):
    """Train on images and their mirror images; returns the minutes it took."""
    images, masks = (np.concatenate([x, x[:, :, ::-1]]) for x in (images, masks))
    steps = epochs * -(-len(images) // BATCH)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=UNLABELLED)
    network.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(RATE, steps)), loss)
    start = time.perf_counter()
    network.fit(images, masks, sample_weight=weights_of(masks), batch_size=BATCH, epochs=epochs, verbose=0)
    return (time.perf_counter() - start) / 60


def score(network, split):
    """`SegmentationScores` at full size: the scores of images at half size, interpolated; and the number of images."""
    (images, _), (_, masks) = load(split, SIZE), load(split)
    confusion = ConfusionMatrix(len(CLASSES), ignore_label=UNLABELLED)
    for image, mask in zip(images, masks, strict=True):
        logits = network.predict_on_batch(np.float32(image[None]))
        confusion.update(mask, np.argmax(keras.ops.image.resize(logits, mask.shape)[0], axis=-1))
    return confusion.scores(), len(images)


def run():
    """The line of the table, and whether the mean IoU and the time are what is wanted."""
    network = build()
    minutes = train(network, *load("train", SIZE))
    scores, count = score(network, "test")
    each = ", ".join(f"{name} {iou:.0%}" for name, iou in zip(CLASSES, scores.iou, strict=True))
    line = (
        f"{'camvid':14} FCN-8s, embedded backbone at 240 x 180 px (strides of 4, 8 and 16 are 8, 16 and 32 px of the "
        f"photograph): mean IoU {scores.mean_iou:.1%} of {count} test images at 480 x 360 px ({each}; wanted "
        f"{WANTED:.0%}), {scores.pixel_accuracy:.1%} of their pixels right, {minutes:.1f} minutes of training (at most "
        f"{MINUTES})"
    )
    return line, scores.mean_iou >= WANTED and minutes <= MINUTES
