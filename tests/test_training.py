"""A restarted network trains as a new one does."""

import keras
import numpy as np
import pytest
from keras import layers

from cvkit import restart

IMAGES = np.random.default_rng(0).normal(size=(40, 6)).astype("float32")
LABELS = np.arange(40) % 3
OPTIMIZERS = {
    "momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "adam, cosine": lambda: keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.01, 20)),
    "adagrad": lambda: keras.optimizers.Adagrad(0.1),  # its memory does not begin at zero
}


def build():
    """Weights, running averages and a layer with random numbers of its own."""
    x = inputs = keras.Input((6,))
    for layer in (
        layers.Dense(8, "relu"),
        layers.BatchNormalization(momentum=0.5),
        layers.Dropout(0.5),
        layers.Dense(3),
    ):
        x = layer(x)
    return keras.Model(inputs, x)


def compiled(optimizer):
    model = build()
    model.compile(optimizer(), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def losses(model):
    return model.fit(IMAGES, LABELS, batch_size=8, epochs=2, verbose=0).history["loss"]


@pytest.mark.tensorflow_only  # elsewhere a network's first training draws more random numbers
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=list(OPTIMIZERS))
def test_trains_as_a_new_network_does(optimizer):
    expected = {}
    for seed in (0, 1):
        keras.utils.set_random_seed(seed)
        expected[seed] = losses(compiled(optimizer))
    model = compiled(optimizer)
    for seed in (1, 0):
        assert losses(restart(model, seed)) == pytest.approx(expected[seed], rel=1e-5)
    assert expected[0] != pytest.approx(expected[1], rel=1e-2)


@pytest.mark.parametrize("model", [build, lambda: keras.Sequential([keras.Input((6,)), layers.Dense(3)])])
def test_a_network_with_a_loss_of_ones_own_can_be_restarted(model):
    model = model()
    model.compile("sgd", loss=lambda truth, says: keras.losses.mean_squared_error(truth, says))
    targets = np.zeros((40, 3), "float32")
    first = [restart(model, 0).fit(IMAGES, targets, verbose=0).history["loss"] for _ in range(2)]
    assert first[0] == pytest.approx(first[1], rel=1e-4)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=list(OPTIMIZERS))
def test_begins_as_a_new_network_and_repeats_itself(optimizer):
    keras.utils.set_random_seed(3)
    expected = build().get_weights()
    model = compiled(optimizer)
    losses(model)
    first = losses(restart(model, 3))
    second = losses(restart(model, 3))
    assert second == pytest.approx(first, rel=1e-5)
    assert all(np.array_equal(new, old) for new, old in zip(restart(model, 3).get_weights(), expected, strict=True))


def test_keeps_a_learning_rate_set_by_hand():
    model = compiled(OPTIMIZERS["momentum"])
    losses(model)
    model.optimizer.learning_rate = 0.25
    assert float(restart(model, 0).optimizer.learning_rate) == 0.25


def test_a_model_of_a_class_of_its_own_is_refused():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    model = Own()
    model(IMAGES)
    with pytest.raises(TypeError, match=r"cannot make a second Own\. Build and compile a new one"):
        restart(model, 0)
