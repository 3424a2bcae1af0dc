"""What every detector owes, and a small backbone to build one on."""

import keras
import numpy as np
from keras import layers

from tests.support import assert_close


def small_backbone(taps=("C2", "C3")):
    """Three convolutions of stride 2; the maps are C1, C2 and C3."""
    x = images = keras.Input((None, None, 3))
    x = layers.Rescaling(1 / 64, offset=-2)(x)
    maps = {}
    for tap, filters in (("C1", 8), ("C2", 16), ("C3", 32)):
        x = maps[tap] = layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu")(x)
    return keras.Model(images, {tap: maps[tap] for tap in taps})


def check_answers(detector, images, score_threshold=0.05):
    """The answers have the form that `Detector.predict` promises; returns them."""
    found = detector.predict(images)
    for result, image in zip(found, images, strict=True):
        count = len(result["scores"])
        assert result["boxes"].shape == (count, 4)
        assert result["labels"].shape == (count,)
        assert result["boxes"].dtype == result["scores"].dtype == np.float32
        assert result["labels"].dtype == np.int64
        assert (np.diff(result["scores"]) <= 0).all()
        assert ((result["scores"] > score_threshold) & (result["scores"] <= 1)).all()
        assert (result["boxes"] >= 0).all()
        assert (result["boxes"] <= np.array([image.shape[1], image.shape[0]] * 2)).all()
    return found


def check_batches(detector, images):
    """An answer does not depend on what else is in the batch; the images fill up to one size."""
    together, one_by_one = (detector.predict(images, batch_size=size) for size in (len(images), 1))
    for a, b in zip(together, one_by_one, strict=True):
        assert_close(a["boxes"], b["boxes"], "float16")
    assert detector.predict([]) == []


def check_saved(detector, fresh, images, folder):
    """A fresh detector gives the same answers once it has read the weights."""
    detector.save(folder / "found.weights.h5")
    again = fresh.load(folder / "found.weights.h5")
    for a, b in zip(detector.predict(images), again.predict(images), strict=True):
        for name in a:
            assert_close(a[name], b[name])
