"""Read one annotation of the PASCAL VOC challenge: an XML file with the objects of one image."""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

import numpy as np

from cvkit.data.error import DataError

_CORNERS = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True)
class Annotation:
    """The objects of one image, with their numbers as the file has them.

    `size` (width, height) of the image in pixels, or None where the file is silent; `names`, a list of n class names;
    `corners` float64 (n, 4): xmin, ymin, xmax, ymax, the first and the last pixel of the object, counted from 1;
    `difficult` bool (n,).
    """

    size: tuple | None
    names: list
    corners: np.ndarray
    difficult: np.ndarray


def read_annotation(path):
    """Read an annotation. Its boxes are not looked at; parts of objects are passed over.

    Args:
        path: `pathlib.Path` of the XML file.

    Returns:
        An `Annotation`.

    Raises:
        DataError: the file is no XML, or no annotation, or an object lacks its name or a corner.

    Reference: Everingham et al., "The PASCAL Visual Object Classes (VOC) challenge", IJCV 88, 2010.
    """
    try:
        root = ElementTree.parse(path).getroot()
        if root.tag != "annotation":
            raise ValueError(f"it begins with <{root.tag}> and not with <annotation>")
        size = None
        if root.find("size") is not None:
            size = int(_text(root, "size/width")), int(_text(root, "size/height"))
        objects = root.findall("object")
        names = [_text(item, "name") for item in objects]
        corners = [[float(_text(item, f"bndbox/{corner}")) for corner in _CORNERS] for item in objects]
        difficult = [item.findtext("difficult", "0").strip() == "1" for item in objects]
    except (OSError, ElementTree.ParseError, ValueError, LookupError) as error:
        raise DataError(f"{path} should be an annotation of PASCAL VOC: {error}. Mend it, or take it out.") from error
    return Annotation(size, names, np.array(corners, "float64").reshape(-1, 4), np.array(difficult, bool))


def _text(item, path):
    text = item.findtext(path, "").strip()
    if not text:
        raise ValueError(f"an <{item.tag}> has no <{path}>")
    return text
