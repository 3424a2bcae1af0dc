"""The set `lfw_pairs`: Labeled Faces in the Wild as scikit-learn serves it. Personal data: see its card."""

import numpy as np
from sklearn.datasets import fetch_lfw_pairs

from cvkit.data.by_scikit_learn import by_scikit_learn

_URL = "https://ndownloader.figshare.com/files/5976012"  # the first of the files that scikit-learn fetches


def load(split):
    """Read the pairs from scikit-learn's folder, or let scikit-learn fetch them.

    Args:
        split: "train", "test" or "10_folds": 600 pairs a fold, one fold after the other, half of each of one person.

    Returns:
        Dict of "images" uint8 (N, 2, 62, 47, 3), two photographs each, and "labels" int64 (N,), 1 where both show the
        same person, else 0.

    Raises:
        DataError: the set is neither here nor can it be fetched.
    """
    found = by_scikit_learn("lfw_pairs", fetch_lfw_pairs, _URL, subset=split, color=True)
    return {"images": np.rint(255 * found.pairs).astype("uint8"), "labels": found.target.astype("int64")}
