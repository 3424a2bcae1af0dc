"""The confusion matrix of pixels: how many of each class were taken for which."""

import numpy as np

from cvkit.segmentation.label_maps import read_label_maps
from cvkit.segmentation.scores import segmentation_scores
from cvkit.validation import check_positive


def confusion_matrix(targets, predictions, num_classes, ignore_label=None):
    r"""Count the pixels of each true class, by the class that was predicted for them.

    $$n_{ij} = \left|\{p : t_p = i,\ y_p = j\}\right|$$

    Matrices of parts of a data set add up to that of the whole.

    Args:
        targets: integer array of any shape, such as (N, H, W): the true class of each pixel.
        predictions: integer array of the same shape.
        num_classes: K; classes count from 0 to K - 1.
        ignore_label: pixels whose target is this number are left out, whatever was predicted for them; None if all
            count.

    Returns:
        int64 array (K, K): a row for each true class, a column for each predicted one.

    Raises:
        ValueError: the shapes differ, or a label that counts is not from 0 to K - 1.

    Example:
        >>> confusion_matrix([[0, 0, 1], [1, 1, 9]], [[0, 1, 1], [1, 0, 0]], num_classes=2, ignore_label=9)
        array([[1, 1],
               [1, 2]])

    Reference:
        Long et al., "Fully Convolutional Networks for Semantic Segmentation", 2014, arXiv 1411.4038, section 5, where
        n_ij is used.
    """
    check_positive("num_classes", num_classes, "classes of the pixels", integer=True)
    targets, predictions, counted = read_label_maps(targets, predictions, num_classes, ignore_label)
    pairs = targets[counted] * num_classes + predictions[counted]
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


class ConfusionMatrix:
    """A `confusion_matrix` that grows batch by batch, so that no more than a batch need be in memory.

    Args:
        num_classes: K.
        ignore_label: label of target pixels that do not count, or None.

    Attributes:
        matrix: int64 array (K, K) of all that has been seen.

    Raises:
        ValueError: `num_classes` is not a positive integer.

    Example:
        >>> confusion = ConfusionMatrix(num_classes=2)
        >>> for target, prediction in (([0, 0], [0, 1]), ([1, 1], [1, 1])):
        ...     confusion.update(target, prediction)
        >>> confusion.scores().pixel_accuracy
        0.75
    """

    def __init__(self, num_classes, ignore_label=None):
        check_positive("num_classes", num_classes, "classes of the pixels", integer=True)
        self.num_classes, self.ignore_label = num_classes, ignore_label
        self.matrix = np.zeros((num_classes, num_classes), "int64")

    def update(self, targets, predictions):
        """Count another batch; see `confusion_matrix` for what it holds."""
        self.matrix += confusion_matrix(targets, predictions, self.num_classes, self.ignore_label)

    def scores(self):
        """The `SegmentationScores` of all that has been seen."""
        return segmentation_scores(self.matrix)
