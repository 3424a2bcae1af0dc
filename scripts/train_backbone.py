"""Train the embedded backbone, cvkit/weights/small_vgg.npz: `python scripts/train_backbone.py --help`.

Seeded, logged and resumable: run again after an interruption, and it goes on from the last finished epoch. It runs on
every backend of Keras: minutes on a GPU, about a minute and a half an epoch on two cores.
"""

import argparse
import json
from pathlib import Path

import keras
import numpy as np

import cvkit
from cvkit.backbones import load_embedded
from cvkit.models.small_vgg import small_vgg

ROOT = Path(__file__).parents[1]
SIZE, CLASSES = 32, 10  # CIFAR-10
CHECKPOINT = "state.keras"


class Batches(keras.utils.PyDataset):
    """Shuffled batches of images, each cropped, enlarged, flipped and recoloured at random.

    An epoch depends on the seed and its number alone, so that a run that was interrupted goes on as it would have.
    """

    def __init__(self, images, labels, batch_size, seed, first_epoch, smallest_crop=0.5):
        super().__init__()
        self.images, self.labels, self.batch_size, self.seed = images, labels, batch_size, seed
        self.smallest_crop, self.epoch = smallest_crop, first_epoch
        self.order = np.random.default_rng([seed, first_epoch]).permutation(len(images))

    def __len__(self):
        return len(self.images) // self.batch_size

    def on_epoch_end(self):
        """Draw the next epoch's order."""
        self.epoch += 1
        self.order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.images))

    def __getitem__(self, index):
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        rng = np.random.default_rng([self.seed, self.epoch, index])
        return augment(self.images[chosen], rng, self.smallest_crop), self.labels[chosen]


def augment(images, rng, smallest_crop=0.5):
    """A random square of each image, enlarged to the image's size, mirrored half of the time, brighter or darker.

    Args:
        images: uint8 (B, S, S, 3).
        rng: a `numpy.random.Generator`.
        smallest_crop: smallest side of the square, as a share of S; the largest is 1.125, which shows a black border.

    Returns:
        float32 (B, S, S, 3), 0 to 255.
    """
    count, size = images.shape[:2]
    side = size * rng.uniform(smallest_crop, 1.125, (count, 1))
    steps = (np.arange(size) + 0.5) / size  # (S,)
    rows, columns = ((size - side) * rng.random((count, 1)) + side * steps - 0.5 for _ in range(2))  # (B, S)
    columns = np.where(rng.random((count, 1)) < 0.5, columns[:, ::-1], columns)
    crops = _bilinear(_bilinear(images.astype("float32"), rows), columns, across=True)
    gain = rng.uniform(0.8, 1.2, (count, 1, 1, 3)) * rng.uniform(0.8, 1.2, (count, 1, 1, 1))
    return (crops * gain).clip(0, 255).astype("float32")


def _bilinear(images, places, across=False):
    # Linear interpolation along one axis, black outside.
    size = images.shape[1]
    low = np.floor(places).astype(int)
    weight = (places - low).astype("float32")  # (B, S)
    index = np.arange(len(images))[:, None]

    def line(k):
        inside = ((k >= 0) & (k < size)).astype("float32")
        if across:
            return images.swapaxes(1, 2)[index, k.clip(0, size - 1)].swapaxes(1, 2), inside[:, None, :, None]
        return images[index, k.clip(0, size - 1)], inside[:, :, None, None]

    weight = weight[:, None, :, None] if across else weight[:, :, None, None]
    (below, low_inside), (above, high_inside) = line(low), line(low + 1)
    return below * (low_inside * (1 - weight)) + above * (high_inside * weight)


def build(epochs, steps, rate):
    """The network, compiled: stochastic gradient descent with momentum, the rate rising for an epoch, then a cosine."""
    model = small_vgg(CLASSES, (SIZE, SIZE, 3))
    schedule = keras.optimizers.schedules.CosineDecay(
        rate / 10,
        decay_steps=max(1, (epochs - 1) * steps),
        warmup_target=rate,
        warmup_steps=min(steps, epochs * steps - 1),
    )
    model.compile(
        keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        metrics=["accuracy"],
    )
    return model


class Checkpoint(keras.callbacks.Callback):
    """After each epoch keep the whole state, and a line of the log."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def on_epoch_end(self, epoch, logs=None):
        """Write both."""
        part = self.folder / "part.keras"
        self.model.save(part)
        part.replace(self.folder / CHECKPOINT)
        with (self.folder / "log.jsonl").open("a") as log:
            log.write(
                json.dumps({"epoch": epoch + 1, **{name: round(value, 5) for name, value in logs.items()}}) + "\n"
            )


def train(data, folder, epochs=16, batch_size=128, rate=0.1, seed=0, limit=None):
    """Train, or go on with a training that was interrupted.

    Args:
        data: "cifar10" or "cifar10_jpeg".
        folder: `pathlib.Path` for the state after each epoch and the log.
        epochs: passes over the training images.
        batch_size: images a step.
        rate: largest learning rate.
        seed: of weights, order and augmentation.
        limit: train and test on so many images only; for a trial.

    Returns:
        The trained `keras.Model`.
    """
    images, labels = _arrays(data, "train", limit)
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(seed)
    if (folder / CHECKPOINT).exists():
        model = keras.saving.load_model(folder / CHECKPOINT)
    else:
        model = build(epochs, len(images) // batch_size, rate)
    done = int(model.optimizer.iterations) // (len(images) // batch_size)
    batches = Batches(images, labels, batch_size, seed, done)
    test = _arrays(data, "test", limit)
    options = dict(validation_data=test, validation_batch_size=500, callbacks=[Checkpoint(folder)])
    model.fit(batches, epochs=epochs, initial_epoch=done, **options)
    return model


def save(model, path):
    """Write the weights as float16 by their paths; no pickle."""
    np.savez(path, **{weight.path: keras.ops.convert_to_numpy(weight).astype("float16") for weight in model.weights})


def _arrays(data, split, limit):
    loaded = cvkit.data.load(data, split)
    return loaded["images"][:limit], keras.utils.to_categorical(loaded["labels"][:limit], CLASSES)


def main(arguments=None):
    """Train, write the weights, and test what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="cifar10", choices=["cifar10", "cifar10_jpeg"])
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "backbone", help="state and log")
    parser.add_argument("--to", type=Path, default=ROOT / "cvkit" / "weights" / "small_vgg.npz", help="the weights")
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--limit", type=int, help="train on so many images only, for a trial")
    given = parser.parse_args(arguments)
    model = train(given.data, given.folder, given.epochs, limit=given.limit)
    given.to.parent.mkdir(parents=True, exist_ok=True)
    save(model, given.to)
    stored = load_embedded(small_vgg(CLASSES, (SIZE, SIZE, 3)), given.to)
    stored.compile(metrics=["accuracy"], loss="categorical_crossentropy")
    accuracy = stored.evaluate(*_arrays(given.data, "test", given.limit), batch_size=500, verbose=0)[1]
    print(f"{given.to}: {given.to.stat().st_size:,} bytes; test accuracy of the stored weights {accuracy:.4f}")


if __name__ == "__main__":
    main()
