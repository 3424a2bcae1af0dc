"""The set `olivetti`: the ORL faces as scikit-learn serves them. Personal data: see its card."""

import numpy as np
from sklearn.datasets import fetch_olivetti_faces

from cvkit.data.by_scikit_learn import by_scikit_learn

_URL = "https://ndownloader.figshare.com/files/5976027"  # where scikit-learn fetches it from
_TRAIN = 30  # people


def load(split):
    """Read the photographs from scikit-learn's folder, or let scikit-learn fetch them.

    The people of train and test are different ones: the first 30, and the other 10.

    Args:
        split: "train", "test" or "all".

    Returns:
        Dict of "images" uint8 (N, 64, 64, 1), grey, and "labels" int64 (N,), the person, 0 to 39.

    Raises:
        DataError: the set is neither here nor can it be fetched.
    """
    faces = by_scikit_learn("olivetti", fetch_olivetti_faces, _URL)
    labels = faces.target.astype("int64")
    chosen = {"train": labels < _TRAIN, "test": labels >= _TRAIN, "all": labels >= 0}[split]
    images = np.rint(255 * faces.images[chosen]).astype("uint8")[..., None]  # there they are 0 to 1; (N, 64, 64, 1)
    return {"images": images, "labels": labels[chosen]}
