"""The set `orl_faces`: photographs of 40 people, ten of each, in one folder a person. Personal data: see its card."""

from cvkit.data.catalogue import entry
from cvkit.data.error import DataError
from cvkit.data.fetch import fetch
from cvkit.data.image_folder import list_images, read_images

_TRAIN = 30  # people s1 to s30


def load(split, size=None):
    """Read the photographs from the folder that CVKIT_DATA names.

    The people of the two splits are different ones: s1 to s30 for training, s31 to s40 for testing.

    Args:
        split: "train" or "test".
        size: height and width in pixels of a square that each photograph is scaled and cut to, see
            `cvkit.data.image_folder`; None keeps the 112 x 92 pixels.

    Returns:
        Dict of "images" uint8 (N, 112, 92, 1), grey; "labels" int64 (N,), the person, from 0; "files", a list of N
        paths within the set's folder.

    Raises:
        ValueError: `size` is no positive integer.
        DataError: CVKIT_DATA names no folder that holds the set, or photographs are missing or damaged.
    """
    about = entry("orl_faces")
    folder = fetch(about.name)
    files, labels, _ = list_images(folder, about.classes)
    chosen = ((labels < _TRAIN) == (split == "train")).nonzero()[0]
    if len(chosen) != about.splits[split]:
        raise DataError(
            f"{folder} holds {len(chosen)} images of the split {split}. Expected {about.splits[split]}. "
            "Copy the set again."
        )
    files = [files[index] for index in chosen]
    images = read_images(folder, files, size)[..., :1]  # grey has three equal channels
    return {"images": images, "labels": labels[chosen], "files": files}
