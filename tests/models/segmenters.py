"""What the tests of the segmentation networks share."""

import keras
import numpy as np
from keras import layers

from tests.support import assert_close, to_numpy

IMAGES = np.random.default_rng(0).uniform(0, 255, (2, 21, 26, 3)).astype("float32")


def small_backbone(padding="same"):
    """Two convolutions of stride 2, then one more: maps C1 and C2."""
    images = keras.Input((None, None, 3))
    x, maps = layers.Rescaling(1 / 64, offset=-2)(images), {}
    for k, filters in ((1, 4), (2, 6)):
        x = layers.Conv2D(filters, 3, strides=2, padding=padding, activation="relu", name=f"conv{k}")(x)
        maps[f"C{k}"] = x
    return keras.Model(images, maps, name="backbone")


def mean_backbone():
    """Means of 2 x 2 and of 4 x 4 pixels, without weights: maps C1 and C2."""
    images = keras.Input((None, None, 3))
    maps = {"C1": layers.AveragePooling2D(2)(images), "C2": layers.AveragePooling2D(4)(images)}
    return keras.Model(images, maps, name="means")


def check_segmenter(network, path, num_classes):
    """Any size, saved and loaded with equal outputs, and a few steps lower its loss, with a label to ignore."""
    assert network.output_shape == (None, None, None, num_classes)
    assert network(IMAGES).shape == (*IMAGES.shape[:3], num_classes)
    assert network(IMAGES[:1, :9, :16]).shape == (1, 9, 16, num_classes)
    labels = (IMAGES[..., 0] > 128).astype("int32")
    labels[:, :3] = 255
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=255)
    network.compile(keras.optimizers.SGD(1e-2), loss)
    before = network.evaluate(IMAGES, labels, verbose=0)
    network.fit(IMAGES, labels, batch_size=2, epochs=3, verbose=0)
    network.fit(IMAGES[:, :12], labels[:, :12], batch_size=2, verbose=0)  # another size
    outputs = to_numpy(network(IMAGES))
    assert np.isfinite(outputs).all()
    network.save(path)
    assert_close(keras.saving.load_model(path)(IMAGES), outputs)
    return before, float(loss(labels, outputs))
