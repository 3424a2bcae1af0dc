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


def iou(a, b):
    return overlap(a, b) / (area(a) + area(b) - overlap(a, b))


def rounds(boxes, classes, order, strike):
    kept, gone = [], set()
    for place, k in enumerate(order):
        if k not in gone:
            kept.append(k)
            gone |= {j for j in order[place + 1 :] if classes[j] == classes[k] and strike(iou(boxes[k], boxes[j]))}
    return kept


def worst_first(boxes, scores, classes, threshold):
    return rounds(boxes, classes, list(np.argsort(scores, kind="stable")), lambda value: value > threshold)


def whatever_class(boxes, scores, classes, threshold):
    return rounds(boxes, 0 * classes, list(np.argsort(-scores, kind="stable")), lambda value: value > threshold)


def at_the_threshold_too(boxes, scores, classes, threshold):
    return rounds(boxes, classes, list(np.argsort(-scores, kind="stable")), lambda value: value >= threshold)


def sorted_backwards(boxes, scores, classes, threshold):
    order = sorted(range(len(boxes)), key=lambda k: (scores[k], k), reverse=True)
    return rounds(boxes, classes, order, lambda value: value > threshold)


def compared_with_all(boxes, scores, classes, threshold):
    kept = []
    for k in np.argsort(-scores, kind="stable"):
        before = [j for j in range(len(boxes)) if (-scores[j], j) < (-scores[k], k) and classes[j] == classes[k]]
        if all(iou(boxes[j], boxes[k]) <= threshold for j in before):
            kept.append(k)
    return kept


def mirrored(boxes, width, swap=True, last=0):
    result = boxes.copy()
    result[:, 0] = width - last - boxes[:, 2 if swap else 0]
    result[:, 2] = width - last - boxes[:, 0 if swap else 2]
    return result


def upside_down(boxes, width):
    result = boxes.copy()
    result[:, 1], result[:, 3] = width - boxes[:, 3], width - boxes[:, 1]
    return result


def around(a, b):
    corners = np.array([np.minimum(a[:2], b[:2]), np.maximum(a[2:], b[2:])]).ravel()
    return area(corners)


def union(a, b):
    return area(a) + area(b) - overlap(a, b)


def similarity(a, b):
    return iou(a, b) - 1 + union(a, b) / around(a, b)


def wrong_sign(a, b):
    return union(a, b) / around(a, b) - iou(a, b)


def share_of_the_union(a, b):
    return around(a, b) / union(a, b) - iou(a, b)


WRONG = {
    "box-iou": [
        (never_stops_at_zero, "did not stop at zero"),
        (lambda a, b: overlap(a, b) / (area(a) + area(b)), "sum of the areas"),
        (lambda a, b: overlap(a, b) / min(area(a), area(b)), "smaller area"),
        (corner_and_size, "width and height"),
    ],
    "suppress-by-class": [
        (worst_first, "began with the least sure box"),
        (whatever_class, "one of another class"),
        (at_the_threshold_too, "equals the threshold"),
        (sorted_backwards, "took the last one first"),
        (compared_with_all, "A box that was struck out struck out others"),
    ],
    "mirror-boxes": [
        (lambda boxes, width: mirrored(boxes, width, swap=False), "left edges lie to the right"),
        (upside_down, "upside down"),
        (lambda boxes, width: mirrored(boxes, width, last=1), "width - 1"),
    ],
    "giou-loss": [
        (lambda a, b: 1 - iou(a, b), "the plain IoU loss"),
        (similarity, "returned the GIoU itself"),
        (wrong_sign, "subtracted the empty share"),
        (share_of_the_union, "by the union"),
    ],
}
