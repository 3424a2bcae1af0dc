"""Wrong answers to the exercises of lesson 11."""

import numpy as np


def interpolate(feature_map, y, x):
    height, width = feature_map.shape
    y = min(max(y, 0), height - 1)
    x = min(max(x, 0), width - 1)
    total = 0.0
    for i in range(height):
        for j in range(width):
            weight = max(0, 1 - abs(y - i)) * max(0, 1 - abs(x - j))
            total += weight * feature_map[i, j]
    return total


def no_half(feature_map, y, x):
    return interpolate(feature_map, y, x)


def far_cells_count_most(feature_map, y, x):
    height, width = feature_map.shape
    y, x = max(0, min(y - 0.5, height - 1)), max(0, min(x - 0.5, width - 1))
    i, j = int(np.floor(y)), int(np.floor(x))
    k, m = min(i + 1, height - 1), min(j + 1, width - 1)
    a, b = y - i, x - j
    upper = b * feature_map[i, j] + (1 - b) * feature_map[i, m]
    lower = b * feature_map[k, j] + (1 - b) * feature_map[k, m]
    return a * upper + (1 - a) * lower


def mean_of_four(feature_map, y, x):
    height, width = feature_map.shape
    i, j = int(max(0, min(y - 0.5, height - 1))), int(max(0, min(x - 0.5, width - 1)))
    k, m = min(i + 1, height - 1), min(j + 1, width - 1)
    return (feature_map[i, j] + feature_map[i, m] + feature_map[k, j] + feature_map[k, m]) / 4


def nearest(feature_map, y, x):
    return feature_map[int(y), int(x)]


def x_is_the_row(feature_map, y, x):
    return interpolate(feature_map.T, y - 0.5, x - 0.5)


def nothing_outside(feature_map, y, x):
    total = 0.0
    for i, row in enumerate(feature_map):
        for j, value in enumerate(row):
            total += max(0, 1 - abs(y - 0.5 - i)) * max(0, 1 - abs(x - 0.5 - j)) * value
    return total


def minus_one(feature_map, y, x):
    height, width = feature_map.shape
    i, j = int(np.floor(y - 0.5)), int(np.floor(x - 0.5))
    a, b = y - 0.5 - i, x - 0.5 - j
    k, m = min(i + 1, height - 1), min(j + 1, width - 1)
    upper = (1 - b) * feature_map[i, j] + b * feature_map[i, m]
    lower = (1 - b) * feature_map[k, j] + b * feature_map[k, m]
    return (1 - a) * upper + a * lower


def by_threshold(overlaps, positive=0.7, negative=0.3):
    labels = np.full(len(overlaps), -1)
    labels[overlaps.max(1) < negative] = 0
    labels[overlaps.max(1) >= positive] = 1
    return labels


def with_best(overlaps, positive=0.7, negative=0.3):
    labels = by_threshold(overlaps, positive, negative)
    for column in overlaps.T:
        labels[column == column.max()] = 1
    return labels


def nobody_ignored(overlaps, positive=0.7, negative=0.3):
    labels = np.zeros(len(overlaps), int)
    labels[overlaps.max(1) >= positive] = 1
    for column in overlaps.T:
        if column.max() > 0:
            labels[column == column.max()] = 1
    return labels


def one_each(overlaps, positive=0.7, negative=0.3):
    labels = by_threshold(overlaps, positive, negative)
    for column in overlaps.T:
        if column.max() > 0:
            labels[np.argmax(column)] = 1
    return labels


def in_rounds(overlaps, scores, threshold, change, again=True):
    scores = np.array(scores, float)
    order = list(np.argsort(-scores))
    while order:
        if again:
            order.sort(key=lambda k: -scores[k])
        best = order.pop(0)
        for k in order:
            if overlaps[best, k] > threshold:
                scores[k] = change(scores[k], overlaps[best, k])
    return scores


def struck_out(overlaps, scores, threshold=0.3):
    return in_rounds(overlaps, scores, threshold, lambda score, overlap: 0.0)


def times_overlap(overlaps, scores, threshold=0.3):
    return in_rounds(overlaps, scores, threshold, lambda score, overlap: score * overlap)


def never_sorted_again(overlaps, scores, threshold=0.3):
    return in_rounds(overlaps, scores, threshold, lambda score, overlap: score * (1 - overlap), again=False)


def no_threshold(overlaps, scores, threshold=0.3):
    return in_rounds(overlaps, scores, -1, lambda score, overlap: score * (1 - overlap))


WRONG = {
    "between-cells": [
        (no_half, "belongs to its middle"),
        (far_cells_count_most, "wrong way round"),
        (mean_of_four, "equal weights"),
        (nearest, "That is rounding"),
        (x_is_the_row, "Rows and columns are swapped"),
        (nothing_outside, "zero outside"),
        (minus_one, "index in Python"),
    ],
    "label-anchors": [
        (by_threshold, "second line of the rule"),
        (with_best, "none of them touches"),
        (nobody_ignored, "ignored none"),
        (one_each, "only the first"),
    ],
    "soft-nms": [
        (struck_out, "ordinary suppression"),
        (times_overlap, "multiplied by the IoU"),
        (never_sorted_again, "scores they started with"),
        (no_threshold, "lowered every score"),
    ],
}
