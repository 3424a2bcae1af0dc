"""What an evaluation reads: lists of dicts, one an image, flattened into arrays of all images at once. NumPy."""

from dataclasses import dataclass

import numpy as np
from keras import ops


@dataclass(frozen=True)
class Detections:
    """Every detection of every image: `image`, `labels` int64 (D,), `scores` float64 (D,), `boxes` float64 (D, 4).

    `extents` float64 (D,) are their areas, of box or mask; `numbers` int64 (D,) count them as they came.
    """

    image: np.ndarray
    labels: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray
    extents: np.ndarray
    numbers: np.ndarray

    def take(self, order):
        """Those at the places `order`, in that order."""
        parts = (self.image, self.labels, self.boxes, self.scores, self.extents, self.numbers)
        return Detections(*(part[order] for part in parts))


@dataclass(frozen=True)
class Truths:
    """Every object of every image, likewise; `areas` float64 (G,) tell their sizes; `crowd`, `difficult` bool (G,)."""

    image: np.ndarray
    labels: np.ndarray
    boxes: np.ndarray
    extents: np.ndarray
    numbers: np.ndarray
    areas: np.ndarray
    crowd: np.ndarray
    difficult: np.ndarray

    def take(self, order):
        """Those at the places `order`, in that order."""
        parts = (
            self.image,
            self.labels,
            self.boxes,
            self.extents,
            self.numbers,
            self.areas,
            self.crowd,
            self.difficult,
        )
        return Truths(*(part[order] for part in parts))


def read_detections(predictions, extents=None):
    """Flatten the predictions; see `mean_average_precision` for what they hold. `extents` (D,) if not their boxes'.

    Example:
        >>> read_detections([{"boxes": [], "scores": [], "labels": []},
        ...                  {"boxes": [[0, 0, 1, 1]], "scores": [0.5], "labels": [3]}]).image
        array([1])
    """
    image, columns = _read("predictions", predictions, ("scores", "labels"), {})
    _check_finite("predictions", "scores", columns["scores"], image)
    labels, boxes = _as_labels("predictions", columns["labels"], image), columns["boxes"]
    extents = box_areas(boxes) if extents is None else extents
    return Detections(image, labels, boxes, columns["scores"], extents, np.arange(len(image)))


def read_truths(targets, extents=None):
    """Flatten the targets; see `mean_average_precision` for what they hold. `extents` (G,) if not their boxes'.

    Example:
        >>> read_truths([{"boxes": [[0, 0, 2, 3]], "labels": [3]}]).areas
        array([6.])
    """
    image, columns = _read("targets", targets, ("labels",), {"crowd": 0.0, "difficult": 0.0, "area": np.nan})
    boxes, given = columns["boxes"], columns["area"]
    extents = box_areas(boxes) if extents is None else extents
    areas = np.where(np.isnan(given), extents, given)
    labels, numbers = _as_labels("targets", columns["labels"], image), np.arange(len(image))
    return Truths(image, labels, boxes, extents, numbers, areas, columns["crowd"] != 0, columns["difficult"] != 0)


def box_areas(boxes):
    """Areas of boxes (N, 4), xyxy, as float64 (N,); a box with x2 <= x1 or y2 <= y1 has none."""
    return (boxes[:, 2] - boxes[:, 0]).clip(0) * (boxes[:, 3] - boxes[:, 1]).clip(0)


def _read(name, items, keys, optional):
    """Number of the image of each entry, and the columns as float64: "boxes", `keys`, and `optional` with defaults."""
    columns = {key: [] for key in ("boxes", *keys, *optional)}
    for number, item in enumerate(items):
        for key, values in _one_image(f"{name}[{number}]", item, keys, optional).items():
            columns[key].append(values)
    image = np.repeat(np.arange(len(items)), [len(boxes) for boxes in columns["boxes"]])
    empty = np.zeros((0,))
    columns = {key: np.concatenate(parts or [empty]) for key, parts in columns.items()}
    columns["boxes"] = columns["boxes"].reshape(-1, 4)
    _check_finite(name, "boxes", columns["boxes"].sum(-1), image)
    return image, columns


def _one_image(name, item, keys, optional):
    missing = [key for key in ("boxes", *keys) if not isinstance(item, dict) or key not in item]
    if missing:
        held = ", ".join(map(str, item)) if isinstance(item, dict) else f"a {type(item).__name__}"
        raise ValueError(f"{name} must be a dict with boxes, {', '.join(keys)}. Received {held}.")
    boxes = _as_numpy(item["boxes"])
    if boxes.size == 0:
        boxes = boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(
            f"{name}['boxes'] must have shape (N, 4): corners x1, y1, x2, y2 in pixels. Received shape {boxes.shape}."
        )
    columns = {"boxes": boxes}
    for key in (*keys, *optional):
        if item.get(key) is None:
            columns[key] = np.full(len(boxes), optional[key])
            continue
        columns[key] = _as_numpy(item[key])
        if columns[key].shape != (len(boxes),):
            raise ValueError(
                f"{name}[{key!r}] must have shape ({len(boxes)},), one entry a box. "
                f"Received shape {columns[key].shape}."
            )
    return columns


def _as_numpy(value):
    value = value if isinstance(value, (np.ndarray, list, tuple)) else ops.convert_to_numpy(value)
    return np.asarray(value, "float64")


def _as_labels(name, labels, image):
    fits = (labels >= 0) & (labels % 1 == 0)
    if not fits.all():
        wrong = int(fits.argmin())
        raise ValueError(
            f"{name}[{image[wrong]}]['labels'] must be whole numbers from 0. Received {labels[wrong]:g}. "
            "If it pads a batch, leave padded entries out."
        )
    return labels.astype("int64")


def _check_finite(name, key, values, image):
    fits = np.isfinite(values)
    if not fits.all():
        raise ValueError(f"{name}[{image[fits.argmin()]}][{key!r}] must be finite. Received NaN or infinity.")
