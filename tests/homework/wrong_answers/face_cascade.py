"""Wrong answers to the exercises of lesson 18."""

import math

import numpy as np


def without_the_first(height, width, window, spacing, smallest, factor):
    total = 0
    side = smallest
    while side <= min(height, width):
        h, w = round(height * window / side), round(width * window / side)
        total += ((h - window) // spacing) * ((w - window) // spacing)
        side *= factor
    return total


def one_level(height, width, window, spacing, smallest, factor):
    h, w = round(height * window / smallest), round(width * window / smallest)
    return ((h - window) // spacing + 1) * ((w - window) // spacing + 1)


def whole_image_each_time(height, width, window, spacing, smallest, factor):
    levels = 0
    side = smallest
    while side <= min(height, width):
        levels += 1
        side *= factor
    return levels * ((height - window) // spacing + 1) * ((width - window) // spacing + 1)


def grown_window(height, width, window, spacing, smallest, factor):
    total = 0
    side = smallest
    while side <= min(height, width):
        total += (math.floor((height - side) / spacing) + 1) * (math.floor((width - side) / spacing) + 1)
        side *= factor
    return total


def every_pixel(height, width, window, spacing, smallest, factor):
    total = 0
    side = smallest
    while side <= min(height, width):
        h, w = round(height * window / side), round(width * window / side)
        total += (h - window + 1) * (w - window + 1)
        side *= factor
    return total


def sum_of_both(height, width, window, spacing, smallest, factor):
    total = 0
    side = smallest
    while side <= min(height, width):
        h, w = round(height * window / side), round(width * window / side)
        total += (h - window) // spacing + 1 + (w - window) // spacing + 1
        side *= factor
    return total


def strictly_smaller(height, width, window, spacing, smallest, factor):
    total, last = 0, 0
    side = smallest
    while side <= min(height, width):
        h, w = round(height * window / side), round(width * window / side)
        last = ((h - window) // spacing + 1) * ((w - window) // spacing + 1)
        total += last
        side *= factor
    return total - last


def mended(box, s, a, b):
    x, y = box[:2]
    w, h = box[2] - x, box[3] - y
    x, y = x - a * w / s, y - b * h / s
    return np.array([x, y, x + w / s, y + h / s])


def by_probability(box, probabilities, patterns, threshold=0.1):
    sure = probabilities > threshold
    return mended(box, *np.average(patterns[sure], axis=0, weights=probabilities[sure]))


def the_best_one(box, probabilities, patterns, threshold=0.1):
    return mended(box, *patterns[probabilities.argmax()])


def expectation(box, probabilities, patterns, threshold=0.1):
    return mended(box, *np.average(patterns, axis=0, weights=probabilities))


def forgot_z(box, probabilities, patterns, threshold=0.1):
    return mended(box, *patterns[probabilities > threshold].sum(0))


def times_s(box, probabilities, patterns, threshold=0.1):
    s, a, b = patterns[probabilities > threshold].mean(0)
    x, y = box[:2]
    w, h = box[2] - x, box[3] - y
    x, y = x - a * w / s, y - b * h / s
    return np.array([x, y, x + w * s, y + h * s])


def plus_for_minus(box, probabilities, patterns, threshold=0.1):
    s, a, b = patterns[probabilities > threshold].mean(0)
    return mended(box, s, -a, -b)


def plain_move(box, probabilities, patterns, threshold=0.1):
    s, a, b = patterns[probabilities > threshold].mean(0)
    x, y = box[:2]
    w, h = box[2] - x, box[3] - y
    x, y = x - a * w, y - b * h
    return np.array([x, y, x + w / s, y + h / s])


def size_for_corner(box, probabilities, patterns, threshold=0.1):
    result = mended(box, *patterns[probabilities > threshold].mean(0))
    result[2:] -= result[:2]
    return result


def seen_of(passed):
    return [math.prod(passed[:k]) for k in range(len(passed))]


def chain(recalls, passed, costs):
    return np.array([min(recalls), sum(s * c for s, c in zip(seen_of(passed), costs, strict=True))])


def average(recalls, passed, costs):
    return np.array([sum(recalls) / len(recalls), sum(s * c for s, c in zip(seen_of(passed), costs, strict=True))])


def subtracted(recalls, passed, costs):
    lost = sum(1 - r for r in recalls)
    return np.array([1 - lost, sum(s * c for s, c in zip(seen_of(passed), costs, strict=True))])


def everyone_everywhere(recalls, passed, costs):
    return np.array([math.prod(recalls), sum(costs)])


def after_the_stage(recalls, passed, costs):
    total, left = 0.0, 1.0
    for p, c in zip(passed, costs, strict=True):
        left *= p
        total += left * c
    return np.array([math.prod(recalls), total])


def only_the_last_share(recalls, passed, costs):
    total = costs[0]
    for k in range(1, len(costs)):
        total += passed[k - 1] * costs[k]
    return np.array([math.prod(recalls), total])


WRONG = {
    "count-windows": [
        (without_the_first, "add one"),
        (one_level, "first level only"),
        (whole_image_each_time, "whole image"),
        (grown_window, "larger window"),
        (every_pixel, "every pixel"),
        (sum_of_both, "added rows and columns"),
        (strictly_smaller, "last level is missing"),
    ],
    "mend-box": [
        (by_probability, "weighted the patterns"),
        (the_best_one, "likeliest pattern only"),
        (expectation, "over all patterns"),
        (forgot_z, "added the patterns up"),
        (times_s, "multiplied width and height"),
        (plus_for_minus, "wrong way"),
        (plain_move, "divide these by s"),
        (size_for_corner, "two corners"),
    ],
    "cascade-cost": [
        (chain, "smallest recall"),
        (average, "averaged the recalls"),
        (subtracted, "added up what the stages lose"),
        (everyone_everywhere, "every window"),
        (after_the_stage, "its own share"),
        (only_the_last_share, "of the stage before alone"),
    ],
}
