"""The set `mnist`: 70,000 handwritten digits, 28 x 28."""

import numpy as np

from cvkit.data.catalogue import entry
from cvkit.data.fetch import fetch
from cvkit.data.verify import check_files


def load(split):
    """Read MNIST, after a download where it is not on this machine.

    Args:
        split: "train" or "test".

    Returns:
        Dict of "images" uint8 (N, 28, 28, 1), white ink on black, and "labels" int64 (N,).

    Raises:
        DataError: the set is out of reach or damaged.
    """
    folder = fetch("mnist")
    check_files(entry("mnist"), folder)
    with np.load(folder / "mnist.npz") as arrays:
        return {"images": arrays[f"x_{split}"][..., None], "labels": arrays[f"y_{split}"].astype("int64")}
