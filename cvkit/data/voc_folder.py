"""Read a folder of images with boxes, laid out as that of the PASCAL VOC challenge."""

import warnings
from pathlib import Path

import numpy as np

from cvkit.data.class_names import check_class_names
from cvkit.data.error import DataError
from cvkit.data.read_image import image_size, read_image
from cvkit.data.voc_annotation import read_annotation

_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
_SHOWN = 5  # of many faults


def voc_folder(path, split=None, classes=None, bad_boxes="error"):
    """Read JPEGImages/NAME.jpg, Annotations/NAME.xml and ImageSets/Main/SPLIT.txt of a folder.

    VOC counts pixels from 1 and its corners are the first and the last pixel of an object. Ours are edges, counted from
    0 at the image's left and top:

        (x1, y1, x2, y2) = (xmin - 1, ymin - 1, xmax, ymax)

    so that x2 - x1 is the number of columns. Files that count from 0 exist; a corner xmin or ymin of 0 is read as 1,
    the border. A box is bad, and never mended in silence, when it reaches outside its image (a corner below 0, or
    beyond the width or height) or has xmax <= xmin or ymax <= ymin: a click rather than a box.

    Args:
        path: the folder.
        split: name of a list of image names in ImageSets/Main, such as "train"; None reads every image, sorted by name.
        classes: names in the order of the labels; by default all names in the folder's annotations, sorted: those of
            every split, so that a label means the same in each.
        bad_boxes: "error", or "skip": leave bad boxes out, with one warning. Their images stay.

    Returns:
        Dict of "images", a list of N uint8 arrays (H, W, 3), RGB, of any sizes; "objects", a list of N dicts of "boxes"
        float32 (n, 4) xyxy in pixels, "labels" int64 (n,) and "difficult" bool (n,), False where the file does not say;
        "names", a list of N names; "classes", a tuple. An image without objects has n = 0. Images and annotations go
        together by the files' names, whatever <filename> says.

    Raises:
        ValueError: `classes` or `bad_boxes` is out of range.
        DataError: a folder, list, image or annotation is missing or broken; a size in an annotation differs from the
            image's; an object's class is not in `classes`; a box is bad and `bad_boxes` is "error".

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> xml = '''<annotation><object><name>cell</name><bndbox>
        ...     <xmin>1</xmin><ymin>11</ymin><xmax>20</xmax><ymax>30</ymax></bndbox></object></annotation>'''
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for part in ("JPEGImages", "Annotations"):
        ...         (Path(folder) / part).mkdir()
        ...     Image.new("RGB", (40, 30)).save(Path(folder) / "JPEGImages" / "a.jpg")
        ...     _ = (Path(folder) / "Annotations" / "a.xml").write_text(xml)
        ...     data = voc_folder(folder)
        >>> data["images"][0].shape, data["objects"][0]["boxes"].tolist(), data["classes"]
        ((30, 40, 3), [[0.0, 10.0, 20.0, 30.0]], ('cell',))

    Reference: Everingham et al., "The PASCAL Visual Object Classes (VOC) challenge", IJCV 88, 2010.
    """
    if bad_boxes not in ("error", "skip"):
        raise ValueError(f'bad_boxes must be "error" or "skip". Received {bad_boxes!r}.')
    if classes is not None:
        classes = check_class_names(classes)
    folder = Path(path).expanduser()
    images, annotations = _by_name(folder / "JPEGImages", _SUFFIXES), _by_name(folder / "Annotations", (".xml",))
    names = sorted(images.keys() | annotations.keys()) if split is None else _names(folder, split)
    if not names:
        raise DataError(f"{folder} holds neither images nor annotations. Expected JPEGImages/NAME.jpg and the like.")
    _check_all_there(folder / "JPEGImages", "image", names, images)
    _check_all_there(folder / "Annotations", "annotation", names, annotations)
    needed = annotations if classes is None else names
    contents = {name: read_annotation(annotations[name]) for name in needed}
    if classes is None:
        classes = tuple(sorted({name for content in contents.values() for name in content.names}))
    objects, faults = [], []
    for name in names:
        width, height = _agreed_size(images[name], annotations[name], contents[name])
        objects.append(_objects(contents[name], annotations[name], classes))
        faults += _take_out_bad_boxes(name, contents[name], objects[-1], width, height)
    if faults and bad_boxes == "error":
        raise DataError(f'{folder}: {_listed("bad box", faults)}. Mend them, or pass bad_boxes="skip".')
    if faults:
        warnings.warn(f"{folder}: left out {_listed('bad box', faults)}.", stacklevel=2)
    pixels = [np.array(read_image(images[name])) for name in names]
    return {"images": pixels, "objects": objects, "names": names, "classes": classes}


def _by_name(folder, suffixes):
    if not folder.is_dir():
        raise DataError(
            f"{folder} is no folder. Expected a folder with JPEGImages and Annotations in it, as PASCAL VOC has them."
        )
    paths = (path for path in sorted(folder.iterdir()) if not path.name.startswith("."))
    return {path.stem: path for path in paths if path.suffix.lower() in suffixes}


def _names(folder, split):
    path = folder / "ImageSets" / "Main" / f"{split}.txt"
    if not path.is_file():
        there = ", ".join(sorted(item.stem for item in path.parent.glob("*.txt"))) or "none"
        raise DataError(f"{path} is missing: the list of the split {split!r}. Lists that are there: {there}.")
    lines = path.read_text(encoding="utf-8-sig", errors="replace").split("\n")
    names = [line.strip() for line in lines if line.strip()]
    if not names or any(len(name.split()) > 1 for name in names):
        raise DataError(f"{path} should hold one image name a line, and nothing else. Mend it, or name another split.")
    return names


def _check_all_there(folder, kind, names, paths):
    if missing := [name for name in names if name not in paths]:
        raise DataError(
            f"{folder} lacks {_listed(kind, missing)}. Add what is missing, or list in ImageSets/Main the images that "
            "have both, and name that split."
        )


def _agreed_size(image, annotation, content):
    size = image_size(image)
    if content.size not in (None, size):
        raise DataError(
            f"{annotation} is for an image of {content.size[0]} x {content.size[1]} pixels, and {image} has "
            f"{size[0]} x {size[1]}. Put back the image that was annotated, or annotate this one."
        )
    return size


def _objects(content, annotation, classes):
    if unknown := [name for name in content.names if name not in classes]:
        raise DataError(
            f"{annotation} has an object of class {unknown[0]!r}. Expected one of {', '.join(classes)}. "
            "Correct it, or add the name to classes."
        )
    boxes = np.maximum(content.corners - (1, 1, 0, 0), 0)  # 0 as a first pixel is read as 1
    labels = np.array([classes.index(name) for name in content.names], "int64")
    return {"boxes": boxes.astype("float32"), "labels": labels, "difficult": content.difficult}


def _take_out_bad_boxes(name, content, objects, width, height):
    # Takes bad boxes out of `objects` and says what is wrong with each. Comparisons are False for what is no number.
    first, last = content.corners[:, :2], content.corners[:, 2:]
    inside = ((first >= 0) & (last <= (width, height))).all(1)  # (n,)
    proper = (first < last).all(1)  # (n,)
    faults = []
    for k in np.flatnonzero(~(inside & proper)):
        corners = ", ".join(f"{value:g}" for value in content.corners[k])
        fault = "has xmax <= xmin or ymax <= ymin" if inside[k] else f"is not within {width} x {height} pixels"
        faults.append(f"{name}: {content.names[k]} at ({corners}) {fault}")
    for key in objects:
        objects[key] = objects[key][inside & proper]
    return faults


def _listed(kind, items):
    # "2 images (a; b)"; of many the first few, then "and 7 more".
    plural = f"{kind}es" if kind.endswith("x") else f"{kind}s"
    more = f"; and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return f"{len(items)} {kind if len(items) == 1 else plural} ({'; '.join(items[:_SHOWN])}{more})"
