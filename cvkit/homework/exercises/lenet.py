"""Exercises of lesson 02: LeNet's table of connections, its pooling, and how a classifier is judged."""

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake

_TABLES = (
    np.array([[1, 0, 1], [1, 1, 0]]),
    np.array([[1, 0, 1, 1], [1, 1, 0, 1], [0, 1, 1, 1]]),
    np.ones((2, 5), int),
)


def table_parameters(table, kernel_size):
    """Weights and biases of a convolution whose table says which input map each output map sees."""
    return int(table.sum()) * kernel_size**2 + table.shape[1]


TABLE_PARAMETERS = Exercise(
    id="table-parameters",
    points=2,
    reference=table_parameters,
    cases=((_TABLES[0], 5), (_TABLES[1], 3), (_TABLES[2], 5)),
    mistakes=(
        Mistake(
            lambda table, k: table.size * k**2 + table.shape[1],
            "You counted every pair of maps. Only the pairs with a 1 in the table have a kernel.",
        ),
        Mistake(
            lambda table, k: int(table.sum()) * k**2,
            "You left out the biases: one for each output map.",
        ),
        Mistake(
            lambda table, k: int(table.sum()) * (k**2 + 1),
            "You gave each connection a bias. An output map has one, however many maps it sees.",
        ),
        Mistake(
            lambda table, k: int(table.sum()) * k**2 + table.shape[0],
            "You counted a bias for each input map. Biases belong to output maps, the columns of the table.",
        ),
        Mistake(
            lambda table, k: int(table.sum()) * k + table.shape[1],
            "You counted k weights for a kernel that is k pixels high and k wide: it has k x k.",
        ),
    ),
)


def subsample(maps, coefficient, bias):
    """LeNet's pooling of 1998: the sum of each 2x2 window, times the map's coefficient, plus its bias."""
    sums = maps[0::2, 0::2] + maps[0::2, 1::2] + maps[1::2, 0::2] + maps[1::2, 1::2]
    return sums * coefficient + bias


_MAPS = (np.arange(32.0).reshape(4, 4, 2) % 5, np.arange(24.0).reshape(2, 4, 3) ** 2 % 7)
_WEIGHTS = ((np.array([0.25, 2.0]), np.array([0.5, -1.0])), (np.array([1.0, -0.5, 0.1]), np.array([0.0, 3.0, 1.0])))

SUBSAMPLE = Exercise(
    id="subsample",
    points=2,
    reference=subsample,
    cases=tuple((maps, *weights) for maps, weights in zip(_MAPS, _WEIGHTS, strict=True)),
    mistakes=(
        Mistake(
            lambda maps, w, b: subsample(maps, w, b * 0) / 4 + b,
            "You took the mean of each window. LeNet-5 sums the four values; the coefficient can make a mean of it.",
        ),
        Mistake(
            lambda maps, w, b: np.maximum.reduce([maps[i::2, j::2] for i in (0, 1) for j in (0, 1)]) * w + b,
            "You took the maximum of each window. Max pooling came later; here the four values are summed.",
        ),
        Mistake(
            lambda maps, w, b: (subsample(maps, 1, 0) + b) * w,
            "You added the bias before multiplying by the coefficient. Multiply first, then add.",
        ),
        Mistake(
            lambda maps, w, b: subsample(maps, w, 0),
            "You left out the bias.",
        ),
    ),
)


def confusion_matrix(labels, predictions, num_classes):
    """How often each class (row) was taken for each class (column)."""
    matrix = np.zeros((num_classes, num_classes), int)
    np.add.at(matrix, (labels, predictions), 1)
    return matrix


def _counted_once(labels, predictions, num_classes):
    matrix = np.zeros((num_classes, num_classes), int)
    matrix[labels, predictions] += 1
    return matrix


def _as_shares(labels, predictions, num_classes):
    matrix = confusion_matrix(labels, predictions, num_classes)
    return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)


def _errors_only(labels, predictions, num_classes):
    matrix = confusion_matrix(labels, predictions, num_classes)
    np.fill_diagonal(matrix, 0)
    return matrix


CONFUSION_MATRIX = Exercise(
    id="confusion-matrix",
    points=2,
    reference=confusion_matrix,
    cases=(
        (np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 2, 2]), 3),
        (np.array([3, 1, 1, 1, 0]), np.array([1, 1, 1, 0, 0]), 5),
    ),
    mistakes=(
        Mistake(
            lambda labels, predictions, n: confusion_matrix(predictions, labels, n),
            "Your matrix is transposed. The row is the true class, the column what the network said.",
        ),
        Mistake(
            _counted_once,
            "Each pair is counted once at most. With `matrix[labels, predictions] += 1` NumPy adds only once where a "
            "pair "
            "occurs several times; use a loop or `np.add.at`.",
        ),
        Mistake(
            _as_shares,
            "You divided by the number of images in each class. Here the plain counts are asked for.",
        ),
        Mistake(
            _errors_only,
            "You counted only the errors. The diagonal holds the images that were recognised.",
        ),
    ),
)

EXERCISES = (TABLE_PARAMETERS, SUBSAMPLE, CONFUSION_MATRIX)
