"""A training step of our networks against the same network of `keras.applications`, on small images."""

import keras
import numpy as np

from benchmarks import measure
from cvkit.models import resnet, vgg

BATCH, SIDE, CLASSES = 2, 64, 10
ROUNDS = 7

# name: (ours, theirs), each a function that makes the network, from images to logits
NETWORKS = {
    "VGG-16": (
        lambda shape: vgg("D", num_classes=CLASSES, dropout=0.0, input_shape=shape),
        lambda shape: keras.applications.VGG16(
            weights=None, input_shape=shape, classes=CLASSES, classifier_activation=None
        ),
    ),
    "ResNet-50": (
        lambda shape: resnet(50, num_classes=CLASSES, input_shape=shape, stride_in="1x1"),
        lambda shape: keras.applications.ResNet50(
            weights=None, input_shape=shape, classes=CLASSES, classifier_activation=None
        ),
    ),
}


def training_step(make):
    """A function that takes one step of gradient descent with (images, labels)."""
    model = make((SIDE, SIDE, 3))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(1e-3), loss)
    return model.train_on_batch


def run():
    """Lines of the table: best time of a step, median ratio with its quartiles."""
    rng = np.random.default_rng(0)
    images = rng.normal(size=(BATCH, SIDE, SIDE, 3)).astype("float32")
    labels = rng.integers(0, CLASSES, BATCH)
    for network, makers in NETWORKS.items():
        steps = {name: training_step(make) for name, make in zip(("cvkit", "keras"), makers, strict=True)}
        seconds = measure.times(steps, (images, labels), ROUNDS)
        for name, (low, middle, high) in measure.ratios(seconds, "keras").items():
            times = f"{1000 * min(seconds[name]):6.1f} ms, x{middle:.2f} ({low:.2f} to {high:.2f})"
            yield f"{network:16}{name:10} training step  {times}"
