"""The embedded set `digits`: scikit-learn's handwritten digits, 8 x 8."""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split


def load(split):
    """Read the digits that ship inside scikit-learn.

    There a pixel counts the inked dots among 4 x 4, 0 to 16; here it is round(255 / 16 count), so that all images of
    the course share the range 0 to 255. No two counts become one. The splits are 70 and 30 per cent of each class,
    drawn with seed 0; within a split the images keep their order.

    Args:
        split: "train", "test" or "all".

    Returns:
        Dict of "images" uint8 (N, 8, 8, 1) and "labels" int64 (N,).

    Example:
        >>> load("test")["images"].shape
        (540, 8, 8, 1)
    """
    digits = load_digits()
    images = np.rint(digits.images * (255 / 16)).astype("uint8")[..., None]  # (N, 8, 8, 1)
    labels = digits.target.astype("int64")
    if split == "all":
        return {"images": images, "labels": labels}
    train, test = train_test_split(np.arange(len(labels)), test_size=0.3, stratify=labels, random_state=0)
    chosen = np.sort(train if split == "train" else test)
    return {"images": images[chosen], "labels": labels[chosen]}
