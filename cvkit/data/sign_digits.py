"""The set `sign_digits`: photographs of hands that sign the digits 0 to 9."""

import re
from pathlib import PurePosixPath

import numpy as np

from cvkit.data.catalogue import entry
from cvkit.data.error import DataError
from cvkit.data.fetch import fetch
from cvkit.data.image_folder import list_images, read_images

_FIRST_TEST_IMAGE = 5350  # its number; 70 per cent of the images come before it, and a pupil begins with it


def load(split, size=100):
    """Read the photographs from the folder that CVKIT_DATA names, in the order in which they were taken.

    Each pupil signed the ten digits one after the other, so consecutive numbers IMG_nnnn show the same hand. The split
    is a cut between two pupils: a random one would ask the network for hands that it has been trained on.

    Args:
        split: "train" or "test".
        size: height and width in pixels; 100 leaves the pixels as they are.

    Returns:
        Dict of "images" uint8 (N, size, size, 3), RGB; "labels" int64 (N,), the digit; "files", a list of N paths
        within the set's folder.

    Raises:
        ValueError: `size` is no positive integer.
        DataError: CVKIT_DATA names no folder that holds the set, or photographs are missing or damaged.
    """
    about = entry("sign_digits")
    folder = fetch(about.name)
    files, labels, _ = list_images(folder, about.classes)
    numbers = np.array([_number(folder, file) for file in files])
    chosen = ((numbers < _FIRST_TEST_IMAGE) == (split == "train")).nonzero()[0]
    if len(chosen) != about.splits[split]:
        raise DataError(
            f"{folder} holds {len(chosen):,} images of the split {split}. Expected {about.splits[split]:,}. "
            "Copy the set again."
        )
    chosen = chosen[numbers[chosen].argsort(kind="stable")]
    files = [files[index] for index in chosen]
    return {"images": read_images(folder, files, size), "labels": labels[chosen], "files": files}


def _number(folder, file):
    match = re.fullmatch(r"IMG_(\d+)", PurePosixPath(file).stem)
    if match is None:
        raise DataError(f"{folder} holds {file}. Expected names such as 0/IMG_1118.JPG. Take it out.")
    return int(match[1])
