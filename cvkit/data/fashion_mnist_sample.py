"""The set `fashion_mnist_sample`: 900 real images of Fashion-MNIST, for machines without a network."""

import numpy as np

from cvkit.data.catalogue import entry
from cvkit.data.fetch import fetch
from cvkit.data.verify import check_files


def load(split="all"):
    """Read the sample from the folder that CVKIT_DATA names.

    The images are no random draw and not the standard split, so no published number can be compared with.

    Args:
        split: "all", the only one.

    Returns:
        Dict of "images" uint8 (900, 28, 28, 1), 90 of each class, and "labels" int64 (900,).

    Raises:
        DataError: CVKIT_DATA names no folder that holds it, or the file is damaged.
    """
    folder = fetch("fashion_mnist_sample")
    check_files(entry("fashion_mnist_sample"), folder)
    with np.load(folder / "fashion_mnist_sample.npz") as arrays:
        return {"images": arrays["x"][..., None], "labels": arrays["y"].astype("int64")}
