"""Read images that lie sorted into folders, one folder a class."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from cvkit.data.class_names import check_class_names
from cvkit.data.error import DataError
from cvkit.data.read_image import read_image


def image_folder(path, size=None, classes=None):
    """Read a folder of images: PATH/CLASS/any name, one folder a class.

    With `size`, an image is scaled until its shorter side has that many pixels, by a triangle filter as wide as the
    scaling asks for (Pillow's BILINEAR: bilinear with antialiasing; integer arithmetic, the same on every machine). The
    middle of the longer side is kept.

    Args:
        path: the folder. Files beside the class folders, and names that begin with a dot, are passed over.
        size: height and width of the images in pixels; None keeps the pixels as they are, if all sizes are equal.
        classes: names of the class folders, in the order of the labels; by default all of them, sorted as text.

    Returns:
        Dict of "images" uint8 (N, H, W, 3), RGB; "labels" int64 (N,); "files", a list of N paths within the folder,
        with forward slashes; "classes", a tuple of names. Images are sorted by class and then by name (as text: 10
        comes before 2).

    Raises:
        ValueError: `size` or `classes` is out of range.
        DataError: there is no such folder, it has no class folders or lacks one, one is empty or holds something else
            than images, or sizes differ and `size` is None.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name, colour in (("red", (255, 0, 0)), ("blue", (0, 0, 255))):
        ...         (Path(folder) / name).mkdir()
        ...         Image.new("RGB", (40, 30), colour).save(Path(folder) / name / "1.png")
        ...     data = image_folder(folder, size=24)
        >>> data["images"].shape, data["labels"].tolist(), data["files"], data["classes"]
        ((2, 24, 24, 3), [0, 1], ['blue/1.png', 'red/1.png'], ('blue', 'red'))
    """
    files, labels, classes = list_images(path, classes)
    return {"images": read_images(path, files, size), "labels": labels, "files": files, "classes": classes}


def list_images(path, classes=None):
    """The files of a folder of images, unread.

    Args:
        path, classes: as in `image_folder`.

    Returns:
        Tuple (files, labels, classes), as `image_folder` gives them.

    Raises:
        ValueError, DataError: as in `image_folder`.
    """
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder. Expected one with a folder of images for each class.")
    classes = _class_folders(folder) if classes is None else check_class_names(classes)
    files, labels = [], []
    for label, name in enumerate(classes):
        if not (folder / name).is_dir():
            raise DataError(f"{folder} has no folder {name}. Expected one for each of {', '.join(classes)}.")
        found = sorted(item.name for item in (folder / name).iterdir() if not item.name.startswith("."))
        if not found:
            raise DataError(f"{folder / name} is empty. Put images into it, or take the folder away.")
        if inner := [item for item in found if (folder / name / item).is_dir()]:
            raise DataError(f"{folder / name} holds a folder, {inner[0]}. Expected images only; move them up, or away.")
        files += [f"{name}/{item}" for item in found]
        labels += [label] * len(found)
    return files, np.array(labels, "int64"), classes


def read_images(path, files, size=None):
    """Read images into one array.

    Args:
        path: the folder.
        files: N >= 1 paths within it.
        size: as in `image_folder`.

    Returns:
        uint8 array (N, H, W, 3).

    Raises:
        ValueError, DataError: as in `image_folder`.
    """
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
        raise ValueError(f"size must be a positive integer, height and width in pixels, or None. Received {size!r}.")
    folder = Path(path).expanduser()
    images = None
    for index, file in enumerate(files):
        image = read_image(folder / file)
        if size is not None:
            image = ImageOps.fit(image, (size, size), Image.Resampling.BILINEAR)
        if images is None:
            images = np.empty((len(files), image.height, image.width, 3), "uint8")
        if (image.height, image.width) != images.shape[1:3]:
            raise DataError(
                f"{folder}: {files[0]} has {images.shape[2]} x {images.shape[1]} pixels and {file} "
                f"{image.width} x {image.height}. Expected equal sizes; pass size=96, for example, to make them so."
            )
        images[index] = image
    return images


def _class_folders(folder):
    names = sorted(item.name for item in folder.iterdir() if item.is_dir() and not item.name.startswith("."))
    if not names:
        raise DataError(f"{folder} has no folders in it. Expected one folder of images for each class.")
    return tuple(names)
