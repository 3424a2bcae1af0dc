"""``python -m benchmarks.real``: a linear head on MobileNet's frozen features of real photographs.

The sets are read from the folder that CVKIT_DATA names, the ImageNet weights (2 MB) from Keras' cache. Where a folder
`keras_home` lies beside CVKIT_DATA, a copy of it serves as that cache.
"""

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

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
    import keras
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from cvkit import backbones, data

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


def main():
    """Print one line a set; returns 1 when an accuracy is below what is wanted."""
    folder = os.environ.get("CVKIT_DATA")
    if not folder:
        print("real sets skipped: CVKIT_DATA names no folder of data sets")
        return 0
    with tempfile.TemporaryDirectory() as place:
        shared = Path(folder).parent / "keras_home"
        if shared.is_dir():  # Keras writes into its cache, so it gets a copy; it looks for it when it is imported
            os.environ["KERAS_HOME"] = shutil.copytree(shared, f"{place}/keras")
        short = [_short(name) for name in SETS]
    return int(any(short))


def _short(name):
    from cvkit.data.error import DataError

    start = time.perf_counter()
    try:
        share, num_train, num_test = accuracy(name)
    except DataError as error:
        print(f"{name} skipped: {error}", flush=True)
        return False
    side, tap, _, wanted = SETS[name]
    seconds = time.perf_counter() - start
    print(
        f"{name:14} MobileNet {WIDTH}, {tap} at {side} px, linear head: {share:.1%} of {num_test} test images "
        f"({num_train} to train; wanted {wanted:.0%}), {seconds:.0f} s",
        flush=True,
    )
    return share < wanted


if __name__ == "__main__":
    sys.exit(main())
