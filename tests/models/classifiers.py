"""What the tests of the classifiers share."""

import keras
import numpy as np

from cvkit.analysis import on_paper
from tests.support import assert_close, to_numpy


def count(make, *measures):
    """``[measure(make()) for each]``, of a network that has shapes but no numbers: half a gigabyte stays on paper."""
    model = on_paper(make)
    return [measure(model) for measure in measures]


def check_saves_and_learns(model, path):
    """A classifier saved and loaded gives equal outputs; one training step lowers its loss on the same images."""
    images = np.random.default_rng(0).normal(size=(2, *model.input_shape[1:])).astype("float32")
    labels = np.array([0, 1])
    model.save(path)
    assert_close(keras.saving.load_model(path)(images), to_numpy(model(images)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(1e-2), loss)
    before = model.evaluate(images, labels, verbose=0)
    model.train_on_batch(images, labels)
    assert model.evaluate(images, labels, verbose=0) < before
