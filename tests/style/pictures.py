"""Small pictures and a small network, for the tests of style."""

import keras
import numpy as np
from keras import layers


def pictures(number, size=(12, 10), seed=0):
    """Smooth random images, float32 (number, H, W, 3), from 0 to 255."""
    rng = np.random.default_rng(seed)
    coarse = keras.ops.image.resize(rng.uniform(0, 255, (number, 4, 4, 3)).astype("float32"), size)
    return keras.ops.convert_to_numpy(coarse)


def two_maps():
    """A network with maps "A", of stride 1, and "B", of stride 2."""
    keras.utils.set_random_seed(0)
    images = keras.Input((None, None, 3))
    a = layers.Conv2D(4, 3, padding="same", activation="softplus")(layers.Rescaling(1 / 127.5, -1)(images))
    b = layers.Conv2D(6, 3, strides=2, padding="same", activation="softplus")(a)
    return keras.Model(images, {"A": a, "B": b})
