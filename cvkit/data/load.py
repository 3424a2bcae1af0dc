"""Load a data set as NumPy arrays."""

import importlib

from cvkit.data.catalogue import entry as find_entry

# The module that reads each set; imported when it is asked for, since some bring tensorflow or scikit-learn with them.
LOADERS = {
    "digits": "cvkit.data.digits",
    "shapes": "cvkit.data.shapes",
    "faces": "cvkit.data.faces",
    "photos": "cvkit.data.photos",
    "textures": "cvkit.data.textures",
    "mnist": "cvkit.data.mnist",
    "fashion_mnist": "cvkit.data.fashion_mnist",
    "fashion_mnist_sample": "cvkit.data.fashion_mnist_sample",
    "cifar10": "cvkit.data.cifar10",
    "cifar10_jpeg": "cvkit.data.cifar10_jpeg",
    "cats_and_dogs": "cvkit.data.cats_and_dogs",
    "sign_digits": "cvkit.data.sign_digits",
    "orl_faces": "cvkit.data.orl_faces",
    "olivetti": "cvkit.data.olivetti",
    "lfw_pairs": "cvkit.data.lfw_pairs",
}
_OPTIONS = {  # shapes looks at its own
    "faces": ("people", "images_each", "image_size", "seed"),
    "textures": ("size", "seed"),
    "cats_and_dogs": ("size",),
    "sign_digits": ("size",),
    "orl_faces": ("size",),
}


def load(name, split=None, **options):
    """Load a data set as NumPy arrays: from this machine where it is here, else by a download.

    Args:
        name: name of the set; `cvkit.data.catalogue()` lists them.
        split: name of the split; by default the first one in the catalogue, which is "train" where there is one.
        options: for shapes those of `cvkit.data.scenes.SceneOptions`; for faces those of `cvkit.data.faces.load`; for
            textures those of `cvkit.data.textures.load`; for cats_and_dogs, sign_digits and orl_faces `size`, the
            height and width in pixels that images are scaled to.

    Returns:
        Dict of "images", uint8 (N, H, W, C) from 0 to 255 with C = 1 for grey, and "labels", int64 (N,). The sets
        shapes, faces, cats_and_dogs and sign_digits add what is known besides, see their modules. The sets photos
        and textures are dicts from name to image, and lfw_pairs has two images in each place: (N, 2, H, W, C).

    Raises:
        ValueError: there is no such set, split or option.
        DataError: the set is out of reach, or damaged.

    Example:
        >>> digits = load("digits", "test")
        >>> digits["images"].shape, digits["labels"].dtype
        ((540, 8, 8, 1), dtype('int64'))
        >>> load("digits", "validation")
        Traceback (most recent call last):
        ValueError: digits has no split 'validation'. Its splits are train, test, all.
    """
    entry = find_entry(name)
    split = next(iter(entry.splits)) if split is None else split
    if split not in entry.splits:
        raise ValueError(f"{name} has no split {split!r}. Its splits are {', '.join(entry.splits)}.")
    known = _OPTIONS.get(name, ())
    if name != "shapes" and (unknown := [option for option in options if option not in known]):
        takes = f"only the option{'s' * (len(known) > 1)} {', '.join(known)}" if known else "no options"
        raise ValueError(f"{name} takes {takes}. Received {', '.join(unknown)}.")
    return importlib.import_module(LOADERS[name]).load(split, **options)
