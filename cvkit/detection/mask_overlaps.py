"""Areas and overlaps of masks, for an evaluation: computed once for each image, then looked up. NumPy."""

import numpy as np
from keras import ops

_EXACT = 2**24  # whole numbers that float32 counts without rounding


class MaskOverlaps:
    """How many pixels each found mask shares with each true one of its image.

    Args:
        predictions: list of dicts, one an image, with "masks", bool (n, H, W).
        targets: list of dicts, likewise, with "masks", bool (m, H, W).

    Attributes:
        found_areas: float64 (D,), pixels of every predicted mask, over all images.
        true_areas: float64 (G,), likewise of the targets.

    Raises:
        ValueError: masks are missing, are not (n, H, W) or not 0 and 1, or those of an image differ in size.

    Example:
        >>> square = np.ones((1, 2, 2), bool)
        >>> masks = MaskOverlaps([{"masks": square}], [{"masks": [[[True, True], [False, False]]]}])
        >>> masks.found_areas, masks.true_areas, masks.shared(np.array([0]), np.array([0]))
        (array([4.]), array([2.]), array([2.]))
    """

    def __init__(self, predictions, targets):
        found_areas, true_areas, tables = [np.zeros(0)], [np.zeros(0)], [np.zeros(0)]
        starts, counts, firsts = [], [], []  # of each image: its table's place; masks; first of them
        done = np.zeros(3, "int64")  # masks found, true masks, entries of tables
        for number, (prediction, target) in enumerate(zip(predictions, targets, strict=True)):
            found = _read(f"predictions[{number}]", prediction)
            true = _read(f"targets[{number}]", target)
            if len(found) and len(true) and found.shape[1:] != true.shape[1:]:
                raise ValueError(
                    f"The masks of image {number} must have one height and width. Received {found.shape[1:]} in "
                    f"predictions and {true.shape[1:]} in targets."
                )
            found_areas.append(found.sum(axis=(1, 2), dtype="float64"))
            true_areas.append(true.sum(axis=(1, 2), dtype="float64"))
            tables.append(_shared(found, true).ravel())
            starts += [done[2]] * len(found)
            counts += [len(true)] * len(found)
            firsts += [(done[0], done[1])] * len(found)
            done += len(found), len(true), len(found) * len(true)
        self.found_areas, self.true_areas = np.concatenate(found_areas), np.concatenate(true_areas)
        self._table = np.concatenate(tables)
        self._starts, self._counts = np.array(starts, "int64"), np.array(counts, "int64")  # (D,)
        self._firsts = np.array(firsts, "int64").reshape(-1, 2)  # (D, 2)

    def shared(self, found, true):
        """Pixels that pairs of masks of one image share.

        Args:
            found: int array (P,), numbers of predicted masks, counted over all images.
            true: int array (P,), numbers of true masks, likewise.

        Returns:
            float64 array (P,).
        """
        row, column = found - self._firsts[found, 0], true - self._firsts[found, 1]
        return self._table[self._starts[found] + row * self._counts[found] + column]


def with_boxes(items):
    """The same dicts with boxes of zeros where there are none, which an evaluation of masks does not look at.

    Example:
        >>> with_boxes([{"masks": np.ones((2, 3, 3))}])[0]["boxes"].shape
        (2, 4)
    """
    return [{**item, "boxes": np.zeros((len(item["masks"]), 4))} for item in items]


def _shared(found, true):
    if not len(found) or not len(true):
        return np.zeros((len(found), len(true)))
    found, true = (masks.reshape(len(masks), -1) for masks in (found, true))  # (n, HW), (m, HW)
    kind = "float32" if found.shape[1] < _EXACT else "float64"
    return (found.astype(kind) @ true.astype(kind).T).astype("float64")  # (n, m)


def _read(name, item):
    if not isinstance(item, dict) or "masks" not in item:
        held = ", ".join(map(str, item)) if isinstance(item, dict) else f"a {type(item).__name__}"
        raise ValueError(f'{name} must be a dict with masks, for iou_of="masks". Received {held}.')
    masks = item["masks"]
    masks = np.asarray(masks if isinstance(masks, (np.ndarray, list, tuple)) else ops.convert_to_numpy(masks))
    if masks.size == 0:
        return np.zeros((len(masks), *(masks.shape[1:] if masks.ndim == 3 else (0, 0))), bool)
    if masks.ndim != 3:
        raise ValueError(
            f"{name}['masks'] must have shape (N, H, W), a mask for each object. Received shape {masks.shape}."
        )
    if masks.dtype != bool and not ((masks == 0) | (masks == 1)).all():
        raise ValueError(f"{name}['masks'] must be bool, or 0 and 1. Compare probabilities with 0.5 first.")
    return masks.astype(bool)
