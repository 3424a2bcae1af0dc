"""Wrong answers to the exercises of lesson 02."""

import numpy as np


def confusion(labels, predictions, num_classes, transposed=False):
    matrix = np.zeros((num_classes, num_classes))
    for label, prediction in zip(labels, predictions, strict=True):
        if transposed:
            label, prediction = prediction, label
        matrix[label, prediction] += 1
    return matrix


def confusion_without_repeats(labels, predictions, num_classes):
    matrix = np.zeros((num_classes, num_classes))
    for pair in set(zip(labels.tolist(), predictions.tolist(), strict=True)):
        matrix[pair] = 1
    return matrix


def confusion_in_shares(labels, predictions, num_classes):
    matrix = confusion(labels, predictions, num_classes)
    totals = matrix.sum(axis=1, keepdims=True)
    return np.divide(matrix, totals, out=np.zeros_like(matrix), where=totals > 0)


def windows(maps):
    height, width, channels = maps.shape
    return maps.reshape(height // 2, 2, width // 2, 2, channels)


WRONG = {
    "table-parameters": [
        (lambda table, k: len(table) * len(table[0]) * k * k + len(table[0]), "counted every pair"),
        (lambda table, k: sum(map(sum, table)) * k * k, "left out the biases"),
        (lambda table, k: sum(map(sum, table)) * k * k + len(table), "Biases belong to output maps"),
    ],
    "subsample": [
        (lambda maps, w, b: windows(maps).mean(axis=(1, 3)) * w + b, "mean of each window"),
        (lambda maps, w, b: windows(maps).max(axis=(1, 3)) * w + b, "maximum of each window"),
        (lambda maps, w, b: (windows(maps).sum(axis=(1, 3)) + b) * w, "before multiplying"),
    ],
    "confusion-matrix": [
        (lambda labels, predictions, n: confusion(labels, predictions, n, transposed=True), "transposed"),
        (confusion_without_repeats, "counted once at most"),
        (confusion_in_shares, "plain counts"),
    ],
}
