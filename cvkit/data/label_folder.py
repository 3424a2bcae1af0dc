"""Read images with a class for each pixel: one folder of images, and beside it one of label maps."""

from pathlib import Path

import numpy as np
from PIL import Image

from cvkit.data.class_names import check_class_names
from cvkit.data.error import DataError
from cvkit.data.read_image import read_image
from cvkit.validation import check_positive

_PALETTE_OR_GREY = ("1", "L", "P")  # Pillow's modes of pixels that are one number of at most 8 bits


def label_folder(path, split, size=None, classes=None, ignore_label=None):
    """Read PATH/SPLIT/NAME.jpg and PATH/SPLITannot/NAME.png, as CamVid's segmentation set is laid out.

    A label map is a PNG whose pixels are class numbers, grey or with a palette (whose colours are not looked at).

    With `size`, an image is scaled by a triangle filter as wide as the scaling asks for (Pillow's BILINEAR), and of its
    label map the nearest pixel is taken, so that no classes are mixed.

    Args:
        path: the folder.
        split: "train", for example, for the folders train and trainannot.
        size: (height, width) in pixels that images and maps are scaled to; None keeps the pixels as they are, if all
            sizes are equal.
        classes: names in the order of the labels, or None. With names, every label must have one, or be ignored.
        ignore_label: the number of pixels without a class, such as 11 in CamVid; or None. It stays in the maps, for
            `cvkit.segmentation` and for ``ignore_class`` of Keras' losses to leave out.

    Returns:
        Dict of "images" uint8 (N, H, W, 3), RGB; "semantic_masks" uint8 (N, H, W); "names", a list of N names, sorted;
        "classes", a tuple or None; "ignore_label", as given.

    Raises:
        ValueError: `size`, `classes` or `ignore_label` is out of range.
        DataError: a folder, image or label map is missing or broken; a map has colours in place of numbers, another
            size than its image, or a label without a name; sizes differ and `size` is None.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for part, mode, value in (("train", "RGB", (90, 90, 90)), ("trainannot", "L", 1)):
        ...         (Path(folder) / part).mkdir()
        ...         Image.new(mode, (40, 30), value).save(Path(folder) / part / "1.png")
        ...     data = label_folder(folder, "train", size=(15, 20), classes=["sky", "road"])
        >>> data["images"].shape, data["semantic_masks"].shape, data["names"]
        ((1, 15, 20, 3), (1, 15, 20), ['1'])

    Reference:
        Brostow, Fauqueur and Cipolla, "Semantic object classes in video: A high-definition ground truth database",
        Pattern Recognition Letters 30, 2009; Badrinarayanan et al., "SegNet", 2015, arXiv 1511.00561, section 4, whose
        division of CamVid has this layout.
    """
    classes = None if classes is None else check_class_names(classes)
    _check(size, ignore_label)
    folder = Path(path).expanduser()
    images, maps = _by_name(folder / split), _by_name(folder / f"{split}annot")
    for found, others, place in ((images, maps, f"{split}annot"), (maps, images, split)):
        if lacking := sorted(found.keys() - others.keys()):
            raise DataError(
                f"{folder / place} lacks {lacking[0]}{f' and {len(lacking) - 1} more' if lacking[1:] else ''}. "
                "Expected a label map for each image, of the same name; add it, or take the other one out."
            )
    pixels, labels = [], []
    for name in sorted(images):
        image, numbers = _pair(images[name], maps[name], size)
        if pixels and image.shape != pixels[0].shape:
            raise DataError(
                f"{images[name]} has {image.shape[1]} x {image.shape[0]} pixels, and the images before it have "
                f"{pixels[0].shape[1]} x {pixels[0].shape[0]}. Pass size=(360, 480), for example, to make them equal."
            )
        _check_labels(maps[name], numbers, classes, ignore_label)
        pixels.append(image)
        labels.append(numbers)
    data = {"images": np.stack(pixels), "semantic_masks": np.stack(labels), "names": sorted(images)}
    return data | {"classes": classes, "ignore_label": ignore_label}


def _by_name(folder):
    if not folder.is_dir():
        raise DataError(
            f"{folder} is no folder. Expected a folder of images, such as train, and one of label maps, "
            "trainannot, beside it."
        )
    paths = {path.stem: path for path in sorted(folder.iterdir()) if not path.name.startswith(".")}
    if not paths:
        raise DataError(f"{folder} is empty. Expected images in train, for example, and label maps in trainannot.")
    return paths


def _pair(image_path, map_path, size):
    image, labels = read_image(image_path), _read_labels(map_path)
    if image.size != labels.size:
        raise DataError(
            f"{map_path} has {labels.width} x {labels.height} pixels and its image {image.width} x {image.height}. "
            "Put back the image that was labelled, or label this one."
        )
    if size is not None and tuple(size) != (image.height, image.width):
        image = image.resize(size[::-1], Image.Resampling.BILINEAR)
        labels = labels.resize(size[::-1], Image.Resampling.NEAREST)
    return np.array(image), np.array(labels).astype("uint8")


def _read_labels(path):
    try:
        with Image.open(path) as image:
            if image.mode not in _PALETTE_OR_GREY:
                raise DataError(
                    f"{path} has pixels of the kind {image.mode}. Expected class numbers from 0 to 255, grey or with a "
                    "palette: turn colours into numbers first."
                )
            return image.copy()
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(f"{path} should be a label map, and cannot be read as one ({error}). Mend it.") from error


def _check_labels(path, labels, classes, ignore_label):
    if classes is None:
        return
    unknown = [label for label in np.unique(labels).tolist() if label >= len(classes) and label != ignore_label]
    if unknown:
        raise DataError(
            f"{path} has the label {unknown[0]}. Expected 0 to {len(classes) - 1}, for {', '.join(classes)}"
            f"{'' if ignore_label is None else f', or {ignore_label} for none'}. Name it in classes, or pass it as "
            "ignore_label."
        )


def _check(size, ignore_label):
    if size is not None:
        if not isinstance(size, (tuple, list)) or len(size) != 2:
            raise ValueError(f"size must be (height, width) in pixels, or None. Received {size!r}.")
        for side in size:
            check_positive("size", side, "height and width in pixels", integer=True)
    if ignore_label is not None and (isinstance(ignore_label, bool) or ignore_label not in range(256)):
        raise ValueError(f"ignore_label must be a whole number from 0 to 255, or None. Received {ignore_label!r}.")
