"""Wrong answers to the exercises of lesson 14."""

import math

import numpy as np
from scipy.optimize import linear_sum_assignment


def trusts_the_surer_less(mean, variance, measured, noise):
    gain = noise / (noise + variance)
    return np.array([(1 - gain) * mean + gain * measured, variance - gain * variance])


def half_way(mean, variance, measured, noise):
    return np.array([(mean + measured) / 2, variance / 2])


def by_deviations(mean, variance, measured, noise):
    sigma, tau = math.sqrt(variance), math.sqrt(noise)
    gain = sigma / (sigma + tau)
    return [mean + gain * (measured - mean), variance * (1 - gain)]


def as_unsure_as_before(mean, variance, measured, noise):
    return mean + (measured - mean) * variance / (variance + noise), variance


def unsurer(mean, variance, measured, noise):
    mean += variance * (measured - mean) / (variance + noise)
    return np.array([mean, variance + noise])


def best_first(overlaps, iou_threshold=0.3):
    pairs = [(overlaps[t, d], t, d) for t in range(overlaps.shape[0]) for d in range(overlaps.shape[1])]
    result, taken = np.full(len(overlaps), -1), set()
    for value, t, d in sorted(pairs, key=lambda pair: -pair[0]):
        if value >= iou_threshold and result[t] == -1 and d not in taken:
            result[t] = d
            taken.add(d)
    return result


def everyone_for_himself(overlaps, iou_threshold=0.3):
    result = []
    for row in overlaps:
        d = int(np.argmax(row))
        result.append(d if row[d] >= iou_threshold else -1)
    return np.array(result)


def all_pairs(overlaps, iou_threshold=0.3):
    result = np.full(len(overlaps), -1)
    rows, columns = linear_sum_assignment(1 - overlaps)
    result[rows] = columns
    return result


def threshold_last(overlaps, iou_threshold=0.3):
    result = all_pairs(overlaps)
    for t, d in enumerate(result):
        if d >= 0 and overlaps[t, d] < iou_threshold:
            result[t] = -1
    return result


def plain_products(gallery, features):
    return np.array([min(1 - np.dot(row, feature) for row in gallery) for feature in features])


def cosine(a, b):
    return np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b))


def on_average(gallery, features):
    return np.array([np.mean([1 - cosine(row, feature) for row in gallery]) for feature in features])


def worst(gallery, features):
    return np.array([max(1 - cosine(row, feature) for row in gallery) for feature in features])


def similarity(gallery, features):
    return np.array([max(cosine(row, feature) for row in gallery) for feature in features])


def of_each_row(gallery, features):
    return np.array([min(1 - cosine(row, feature) for feature in features) for row in gallery])


WRONG = {
    "kalman-update": [
        (trusts_the_surer_less, "wrong way round"),
        (half_way, "plain average"),
        (by_deviations, "standard deviations"),
        (as_unsure_as_before, "variance stayed"),
        (unsurer, "added the variances"),
    ],
    "pair-up": [
        (best_first, "greedy way"),
        (everyone_for_himself, "share one"),
        (all_pairs, "below the threshold"),
        (threshold_last, "threw bad pairs away afterwards"),
    ],
    "gallery-distance": [
        (plain_products, "not normalised"),
        (on_average, "averaged over the gallery"),
        (worst, "least similar"),
        (similarity, "returned the similarity"),
        (of_each_row, "over the features"),
    ],
}
