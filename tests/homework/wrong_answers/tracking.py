"""Wrong answers to the exercises of lesson 14."""

import math

import numpy as np
from scipy.optimize import linear_sum_assignment


def trusts_the_surer_less(mean, variance, measured, drift, noise):
    result = []
    for z in measured:
        variance += drift
        if z == z:
            gain = noise / (noise + variance)
            mean, variance = (1 - gain) * mean + gain * z, variance - gain * variance
        result.append([mean, variance])
    return np.array(result)


def half_way(mean, variance, measured, drift, noise):
    result = []
    for z in measured:
        variance += drift
        if not math.isnan(z):
            mean, variance = (mean + z) / 2, variance / 2
        result.append([mean, variance])
    return np.array(result)


def by_deviations(mean, variance, measured, drift, noise):
    result, tau = np.zeros((len(measured), 2)), math.sqrt(noise)
    for t, z in enumerate(measured):
        variance += drift
        if not math.isnan(z):
            gain = math.sqrt(variance) / (math.sqrt(variance) + tau)
            mean, variance = mean + gain * (z - mean), variance * (1 - gain)
        result[t] = mean, variance
    return result


def ever_unsurer(mean, variance, measured, drift, noise):
    result = []
    for z in measured:
        variance += drift
        if not math.isnan(z):
            mean += (z - mean) * variance / (variance + noise)
        result.append([mean, variance])
    return np.array(result)


def no_drift(mean, variance, measured, drift, noise):
    result = []
    for z in measured:
        if not math.isnan(z):
            gain = variance / (variance + noise)
            mean, variance = mean + gain * (z - mean), (1 - gain) * variance
        result.append([mean, variance])
    return np.array(result)


def asleep_in_the_gap(mean, variance, measured, drift, noise):
    result = []
    for z in measured:
        if not math.isnan(z):
            variance += drift
            gain = variance / (variance + noise)
            mean, variance = mean + gain * (z - mean), (1 - gain) * variance
        result.append([mean, variance])
    return np.array(result)


def measures_first(mean, variance, measured, drift, noise):
    result = []
    for z in measured:
        if not math.isnan(z):
            gain = variance / (variance + noise)
            mean, variance = mean + gain * (z - mean), (1 - gain) * variance
        variance += drift
        result.append([mean, variance])
    return np.array(result)


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


def as_assign_does(overlaps, iou_threshold=0.3):
    result = np.full(len(overlaps), -1)
    rows, columns = linear_sum_assignment(np.where(overlaps >= iou_threshold, -overlaps, -iou_threshold + 1e-6))
    for t, d in zip(rows, columns, strict=True):
        if overlaps[t, d] >= iou_threshold:
            result[t] = d
    return result


def the_more_the_better(overlaps, iou_threshold=0.3):
    result = np.full(len(overlaps), -1)
    rows, columns = linear_sum_assignment(np.where(overlaps >= iou_threshold, 1 - overlaps, 1000))
    for t, d in zip(rows, columns, strict=True):
        if overlaps[t, d] >= iou_threshold:
            result[t] = d
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
    "follow-place": [
        (trusts_the_surer_less, "wrong way round"),
        (half_way, "plain average"),
        (by_deviations, "standard deviations"),
        (ever_unsurer, "never shrinks"),
        (no_drift, "does not grow"),
        (asleep_in_the_gap, "only in frames with a measurement"),
        (measures_first, "after the measurement"),
    ],
    "pair-up": [
        (best_first, "greedy way"),
        (everyone_for_himself, "share one"),
        (all_pairs, "below the threshold"),
        (threshold_last, "threw bad pairs away afterwards"),
        (as_assign_does, "as `assign` does"),
        (the_more_the_better, "as many pairs as can be"),
    ],
    "gallery-distance": [
        (plain_products, "not normalised"),
        (on_average, "averaged over the gallery"),
        (worst, "least similar"),
        (similarity, "returned the similarity"),
        (of_each_row, "over the features"),
    ],
}
