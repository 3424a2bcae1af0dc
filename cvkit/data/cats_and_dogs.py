"""The set `cats_and_dogs`: photographs of 350 cats and 350 dogs, for transfer learning."""

import numpy as np

from cvkit.data.catalogue import entry
from cvkit.data.error import DataError
from cvkit.data.fetch import fetch
from cvkit.data.image_folder import list_images, read_images

_PER_CLASS, _TRAIN = 350, 245  # 70 per cent


def load(split, size=96):
    """Read the photographs from the folder that CVKIT_DATA names.

    Of each class the first 350 files count, sorted by name, and are shuffled once with seed 0; the first 245 are the
    split train. Cats and dogs take turns, so that the first n images are of both.

    Args:
        split: "train" or "test".
        size: height and width in pixels that each photograph is scaled and cut to, see `cvkit.data.image_folder`.

    Returns:
        Dict of "images" uint8 (N, size, size, 3), RGB; "labels" int64 (N,), 0 for a cat and 1 for a dog; "files", a
        list of N paths within the set's folder.

    Raises:
        ValueError: `size` is no positive integer.
        DataError: CVKIT_DATA names no folder that holds the set, or photographs are missing or damaged.
    """
    folder = fetch("cats_and_dogs")
    files, labels, classes = list_images(folder, entry("cats_and_dogs").classes)
    counts = np.bincount(labels)
    if counts.min() < _PER_CLASS:
        found = ", ".join(f"{count} of {name}" for name, count in zip(classes, counts, strict=True))
        raise DataError(f"{folder} holds {found}. Expected at least {_PER_CLASS} images of each. Copy the set again.")
    starts = counts.cumsum() - counts
    # RandomState and not default_rng: NumPy promises that its stream never changes.
    order = np.random.RandomState(0).permutation(_PER_CLASS)
    part = order[:_TRAIN] if split == "train" else order[_TRAIN:]
    chosen = (part[:, None] + starts).ravel()  # cat, dog, cat, dog, ...
    files = [files[index] for index in chosen]
    return {"images": read_images(folder, files, size), "labels": labels[chosen], "files": files}
