"""A linear head on MobileNet's frozen features of real photographs."""

import time

import keras
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cvkit import backbones, data

WIDTH = 0.25  # MobileNet's alpha
PENALTY = (
    0.01  # C of the logistic regression, the best of 0.0003 to 0.01 in five-fold cross-validation on cats_and_dogs
)

# set: (pixels a side, tap, averaged over the map?, accuracy wanted)
SETS = {
    "cats_and_dogs": (224, "C5", True, 0.94),
    "sign_digits": (96, "C4", False, 0.90),  # where a finger is matters: the whole map, 6 x 6 positions
}


def accuracy(name):
    """Test accuracy of a logistic regression on frozen features.

    Args:
        name: one of `SETS`.

    Returns:
        Tuple (accuracy, training images, test images).
    """
    side, tap, averaged, _ = SETS[name]
    train, test = (data.load(name, split, size=side) for split in ("train", "test"))
    body = backbones.backbone("MobileNet", "imagenet", (tap,), (side, side, 3), alpha=WIDTH)
    layer = keras.layers.GlobalAveragePooling2D() if averaged else keras.layers.Flatten()
    extract = keras.Model(body.input, layer(body.output[tap]))
    features, unseen = (
        extract.predict(split["images"].astype("float32"), batch_size=50, verbose=0) for split in (train, test)
    )
    head = make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=500))
    head.fit(features, train["labels"])
    return head.score(unseen, test["labels"]), len(features), len(unseen)


def run(name):
    """The line of the table, and whether the accuracy is what is wanted."""
    start = time.perf_counter()
    share, num_train, num_test = accuracy(name)
    side, tap, _, wanted = SETS[name]
    line = (
        f"{name:14} MobileNet {WIDTH}, {tap} at {side} px, linear head: {share:.1%} of {num_test} test images "
        f"({num_train} to train; wanted {wanted:.0%}), {time.perf_counter() - start:.0f} s"
    )
    return line, share >= wanted
