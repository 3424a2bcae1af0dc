"""Four numbers for how good a segmentation is, all from the confusion matrix of its pixels."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SegmentationScores:
    """What `segmentation_scores` found. A ratio of nothing to nothing is NaN; means leave NaN out.

    Attributes:
        pixel_accuracy: share of all pixels that are right.
        mean_accuracy: mean over the classes of `accuracy`.
        mean_iou: mean over the classes of `iou`.
        frequency_weighted_iou: mean of `iou`, each class weighted by its share of the true pixels.
        accuracy: float64 (K,), the share of each class's pixels that are right (its recall); NaN for a class without
            true pixels.
        iou: float64 (K,), intersection over union of each class; NaN for a class that is neither true nor predicted
            anywhere, and 0 for one that is predicted but never true.
        pixels: int64 (K,), the true pixels of each class.
    """

    pixel_accuracy: float
    mean_accuracy: float
    mean_iou: float
    frequency_weighted_iou: float
    accuracy: np.ndarray
    iou: np.ndarray
    pixels: np.ndarray


def segmentation_scores(confusion):
    r"""Pixel accuracy, mean accuracy, mean IoU and frequency-weighted IoU.

    With $n_{ij}$ pixels of class $i$ predicted as class $j$, and $t_i = \sum_j n_{ij}$ of class $i$ in all:

    $$\text{pixel accuracy} = \frac{\sum_i n_{ii}}{\sum_i t_i}, \qquad
      \text{accuracy}_i = \frac{n_{ii}}{t_i}, \qquad
      \text{IoU}_i = \frac{n_{ii}}{t_i + \sum_j n_{ji} - n_{ii}}$$

    $$\text{frequency-weighted IoU} = \frac{\sum_i t_i\, \text{IoU}_i}{\sum_i t_i}$$

    and the means are over the classes. A large class, such as the road, rules the first and the last of the four; in
    the means a pole counts as much as the road.

    Args:
        confusion: array (K, K) of pixel counts, true classes in rows, as `confusion_matrix` returns it.

    Returns:
        A `SegmentationScores`.

    Raises:
        ValueError: the matrix is not square, or holds a number that is negative or not whole.

    Example:
        >>> scores = segmentation_scores([[6, 2], [1, 1]])  # IoU 6 / 9 and 1 / 4
        >>> scores.pixel_accuracy, round(scores.mean_iou, 3), scores.mean_accuracy
        (0.7, 0.458, 0.625)

    Reference:
        Long et al., "Fully Convolutional Networks for Semantic Segmentation", 2014, arXiv 1411.4038, section 5,
        "Metrics". There every class occurs; classes that do not are left out of the means, as in the authors' code.
    """
    confusion = np.asarray(confusion)
    if confusion.ndim != 2 or confusion.shape[0] != confusion.shape[1] or not confusion.size:
        raise ValueError(
            f"confusion must have shape (K, K): true classes in rows, predicted in columns. Received {confusion.shape}."
        )
    if not ((confusion >= 0) & (confusion % 1 == 0)).all():
        raise ValueError("confusion must hold counts of pixels, whole numbers from 0. Do not divide it by its sum.")
    confusion = confusion.astype("int64")
    right, true, predicted = np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0)  # (K,) each
    accuracy, iou = _ratio(right, true), _ratio(right, true + predicted - right)
    return SegmentationScores(
        pixel_accuracy=float(_ratio(right.sum(), true.sum())),
        mean_accuracy=_mean(accuracy),
        mean_iou=_mean(iou),
        frequency_weighted_iou=float(_ratio(np.nansum(true * iou), true.sum())),
        accuracy=accuracy,
        iou=iou,
        pixels=true,
    )


def _ratio(part, whole):
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def _mean(values):
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else float("nan")
