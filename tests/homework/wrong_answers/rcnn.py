"""Wrong answers to the exercises of lesson 10."""

import math

import numpy as np


def covering_proposals(overlaps, threshold=0.5):
    return np.mean([column.max() >= threshold for column in overlaps.T])


def covered_twice(overlaps, threshold=0.5):
    return sum(value >= threshold for row in overlaps for value in row) / overlaps.shape[0]


def mean_of_the_best(overlaps, threshold=0.5):
    return np.mean([max(row) for row in overlaps])


def parts(box):
    x1, y1, x2, y2 = box
    return (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1


def deltas(proposal, box, divide="proposal", logarithm=True):
    (xp, yp, wp, hp), (x, y, w, h) = parts(proposal), parts(box)
    width, height = {"proposal": (wp, hp), "object": (w, h), "nothing": (1, 1)}[divide]
    scale = math.log if logarithm else float
    return np.array([(x - xp) / width, (y - yp) / height, scale(w / wp), scale(h / hp)])


def corners(proposal, box):
    width, height = proposal[2] - proposal[0], proposal[3] - proposal[1]
    return np.array([(box[0] - proposal[0]) / width, (box[1] - proposal[1]) / height, *deltas(proposal, box)[2:]])


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
    "proposal-recall": [
        (covering_proposals, "That is precision"),
        (covered_twice, "once for each proposal"),
        (mean_of_the_best, "averaged the best IoUs"),
        (lambda overlaps, threshold=0.5: np.mean(overlaps.max(1) > threshold), "at least means >="),
    ],
    "box-deltas": [
        (lambda proposal, box: deltas(box, proposal), "from the box to the proposal"),
        (corners, "upper left corners"),
        (lambda proposal, box: deltas(proposal, box, "object"), "At test time it is not known"),
        (lambda proposal, box: deltas(proposal, box, "nothing"), "left the shift in pixels"),
        (lambda proposal, box: deltas(proposal, box, logarithm=False), "left out the logarithm"),
    ],
    "roi-pool": [
        (lambda region, p: pooled(region, p, math.floor), "rounded the ends of the bins down"),
        (lambda region, p: pooled(region, p, reduce=np.mean), "takes the maximum"),
        (lambda region, p: pooled(region, p).T, "lies on its side"),
        (cut_off, "left out the last rows"),
    ],
    "speed-up": [
        (lambda n, crop, image, region: n * crop / image, "left out the dense layers"),
        (lambda n, crop, image, region: n * crop / (region + image), "counted the dense layers once"),
        (lambda n, crop, image, region: 1 / (n * crop / (image + n * region)), "upside down"),
    ],
}
