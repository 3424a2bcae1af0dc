"""Wrong answers to the exercises of lesson 10."""

import math

import numpy as np


def negatives_where(features, w, b, overlaps, rule, highest=0.3):
    places = []
    for place, (feature, overlap) in enumerate(zip(features, overlaps, strict=True)):
        if overlap < highest and rule(sum(feature * w) + b):
            places.append(place)
    return np.array(places, dtype=int)


def parts(box):
    x1, y1, x2, y2 = box
    return (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1


def deltas(box, proposal, divide="proposal", logarithm=True):
    (xp, yp, wp, hp), (x, y, w, h) = parts(proposal), parts(box)
    width, height = {"proposal": (wp, hp), "object": (w, h), "nothing": (1, 1)}[divide]
    scale = math.log if logarithm else float
    return np.array([(x - xp) / width, (y - yp) / height, scale(w / wp), scale(h / hp)])


def corners(box, proposal):
    width, height = proposal[2] - proposal[0], proposal[3] - proposal[1]
    return np.array([(box[0] - proposal[0]) / width, (box[1] - proposal[1]) / height, *deltas(box, proposal)[2:]])


def pooled(region, p, end=math.ceil, reduce=np.max):
    height, width = region.shape
    answer = np.zeros((p, p))
    for i in range(p):
        for j in range(p):
            rows = slice(i * height // p, end((i + 1) * height / p))
            answer[i, j] = reduce(region[rows, j * width // p : end((j + 1) * width / p)])
    return answer


def cut_off(region, p):
    height, width = region.shape[0] // p, region.shape[1] // p
    return region[: p * height, : p * width].reshape(p, height, p, width).max(axis=(1, 3))


WRONG = {
    "hard-negatives": [
        (lambda f, w, b, o: negatives_where(f, w, b, o, lambda score: score >= 0), "only negatives on the wrong side"),
        (lambda f, w, b, o: negatives_where(f, w, b, o, lambda score: -1 < score < 1), "only negatives within the"),
        (lambda f, w, b, o: negatives_where(f, w, b, o, lambda score: score < -1), "easy negatives"),
        (lambda f, w, b, o: negatives_where(f, w, b, o, lambda score: score > -1, 2), "did not look at the overlaps"),
        (lambda f, w, b, o: negatives_where(f, w, 0, o, lambda score: score > -1), "left out b"),
        (lambda f, w, b, o: np.logical_and(f.dot(w) > -1 - b, o < 0.3), "True or False"),
    ],
    "box-deltas": [
        (lambda box, proposal: deltas(proposal, box), "from the box to the proposal"),
        (corners, "upper left corners"),
        (lambda box, proposal: deltas(box, proposal, "object"), "At test time it is not known"),
        (lambda box, proposal: deltas(box, proposal, "nothing"), "left the shift in pixels"),
        (lambda box, proposal: deltas(box, proposal, logarithm=False), "left out the logarithm"),
    ],
    "roi-pool": [
        (lambda region, p: pooled(region, p, math.floor), "rounded the ends of the bins down"),
        (lambda region, p: pooled(region, p, reduce=np.mean), "takes the maximum"),
        (lambda region, p: pooled(region, p).T, "lies on its side"),
        (cut_off, "left out the last rows"),
    ],
    "proposals-needed": [
        (lambda share, crop, image, region: image / region, "one half only"),
        (lambda share, crop, image, region: image * share / region, "lost the n h"),
        (lambda share, crop, image, region: (1 / share - 1) * image / region, "falls when the share grows"),
        (lambda share, crop, image, region: region / (image * (1 / share - 1)), "upside down"),
        (lambda share, crop, image, region: share * image / (crop - share * region), "asked for a ratio of `share`"),
    ],
}
