"""Triplet training on photographs of 30 people, verification of 10 others: the ORL faces."""

import os
import time
from pathlib import Path

import keras
import numpy as np

from cvkit.backbones import backbone, freeze, unfreeze
from cvkit.data import image_folder
from cvkit.faces import PersonBatches, all_pairs, area_under_roc, equal_error_rate, pair_distances
from cvkit.losses import TripletLoss
from cvkit.models import facenet

FOLDER = "orl_faces"
SIDE = 64  # pixels; the middle of each photograph
TRAINED, PEOPLE = 30, 40  # the last ten are never seen in training
STEPS = 100
WANTED = 0.97  # area under the ROC of the ten


def load():
    """Images float32 (400, 64, 64, 3) and labels (400,), 0 to 39."""
    names = tuple(f"s{number}" for number in range(1, PEOPLE + 1))
    data = image_folder(Path(os.environ["CVKIT_DATA"]) / FOLDER, SIDE, names)
    return data["images"].astype("float32"), data["labels"]


def build(seed=0):
    """Two networks that share their weights: one to train, with small changes of each image, and one to ask."""
    keras.utils.set_random_seed(seed)
    body = unfreeze(freeze(backbone(taps=("C3",), input_shape=(SIDE, SIDE, 3))), from_layer="conv4_1")
    embedding = facenet(body, 64, pooling="flatten")
    changes = [
        keras.layers.RandomFlip("horizontal"),
        keras.layers.RandomTranslation(0.06, 0.06, fill_mode="nearest"),
        keras.layers.RandomZoom(0.08, fill_mode="nearest"),
    ]
    return keras.Sequential([keras.Input((SIDE, SIDE, 3)), *changes, embedding]), embedding, body


def run(seed=0):
    """The line of the table, and whether the area is what is wanted."""
    images, labels = load()
    is_new = labels >= TRAINED
    unseen, (first, second, same) = images[is_new], all_pairs(labels[is_new])

    def rates(values):
        values = np.reshape(values, (len(unseen), -1)).astype("float64")
        distances = pair_distances(values[first], values[second])
        return f"{area_under_roc(same, distances):.3f} ({equal_error_rate(same, distances)[0]:.1%})", distances

    learner, embedding, body = build(seed)
    pixels, _ = rates(unseen / 255)
    maps = body.predict(unseen, verbose=0)["C3"].reshape(len(unseen), -1)
    untrained, _ = rates(maps / np.linalg.norm(maps, axis=1, keepdims=True))
    start = time.perf_counter()
    batches = PersonBatches(images[~is_new], labels[~is_new], people=15, images_each=4, turns=STEPS // 2, seed=seed)
    schedule = keras.optimizers.schedules.CosineDecay(1e-3, STEPS)
    learner.compile(keras.optimizers.Adam(schedule), TripletLoss(margin=0.2, mining="semi_hard"))
    learner.fit(batches, verbose=0)
    seconds = time.perf_counter() - start
    trained, distances = rates(embedding.predict(unseen, verbose=0))
    line = (
        f"{'orl_faces':14} {TRAINED} people to train, {PEOPLE - TRAINED} unseen to test, {len(same)} pairs; area under "
        f"the ROC (equal error rate): pixels {pixels}, embedded backbone's C3 {untrained}, after {STEPS} batches of "
        f"semi-hard triplets {trained}; wanted {WANTED}; {seconds:.0f} s"
    )
    return line, area_under_roc(same, distances) >= WANTED
