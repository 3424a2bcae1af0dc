"""Wrong answers to the exercises of lesson 09."""

import numpy as np


def overlap(a, b, clip=True):
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    return np.prod(np.clip(sides, 0, None) if clip else sides)


def area(box):
    return np.prod(np.subtract(box[2:], box[:2]))


def never_stops_at_zero(a, b):
    shared = overlap(a, b, clip=False)
    return shared / (area(a) + area(b) - shared)


def corner_and_size(a, b):
    corners = [np.array([box[0], box[1], box[0] + box[2], box[1] + box[3]]) for box in (a, b)]
    shared = overlap(*corners)
    return shared / (area(corners[0]) + area(corners[1]) - shared)


def one_too_few(height, width, smallest=1):
    total = 0
    for h in range(smallest, height + 1):
        for w in range(smallest, width + 1):
            total += (height - h) * (width - w)
    return total


def squares(height, width, smallest=1):
    return sum((height - s + 1) * (width - s + 1) for s in range(smallest, min(height, width) + 1))


def from_one(height, width, smallest=1):
    return height * (height + 1) // 2 * width * (width + 1) // 2


def mirrored(boxes, width, swap=True, last=0):
    result = boxes.copy()
    result[:, 0] = width - last - boxes[:, 2 if swap else 0]
    result[:, 2] = width - last - boxes[:, 0 if swap else 2]
    return result


def upside_down(boxes, width):
    result = boxes.copy()
    result[:, 1], result[:, 3] = width - boxes[:, 3], width - boxes[:, 1]
    return result


def channels_first(weights, height, width):
    units = weights.shape[1]
    channels = len(weights) // (height * width)
    return weights.reshape(channels, height, width, units).transpose(1, 2, 0, 3)


def width_first(weights, height, width):
    return weights.reshape(width, height, len(weights) // (height * width), weights.shape[1])


def turned_over(weights, height, width):
    return np.flip(weights.reshape(height, width, -1, weights.shape[1]), axis=(0, 1))


WRONG = {
    "box-iou": [
        (never_stops_at_zero, "did not stop at zero"),
        (lambda a, b: overlap(a, b) / (area(a) + area(b)), "sum of the areas"),
        (lambda a, b: overlap(a, b) / min(area(a), area(b)), "smaller area"),
        (corner_and_size, "width and height"),
    ],
    "count-boxes": [
        (one_too_few, "left out one position"),
        (squares, "only squares"),
        (from_one, "whatever `smallest` says"),
    ],
    "mirror-boxes": [
        (lambda boxes, width: mirrored(boxes, width, swap=False), "left edges lie to the right"),
        (upside_down, "upside down"),
        (lambda boxes, width: mirrored(boxes, width, last=1), "width - 1"),
    ],
    "dense-to-kernel": [
        (channels_first, "channels for the slowest axis"),
        (width_first, "Height and width are swapped"),
        (turned_over, "turned the kernel over"),
    ],
}
