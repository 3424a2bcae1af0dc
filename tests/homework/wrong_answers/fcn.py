"""Wrong answers to the exercises of lesson 15."""

import numpy as np


def stamps(values, kernel, stride, step=None, replace=False):
    step = step or (stride, stride)
    result = np.zeros(
        ((values.shape[0] - 1) * step[0] + kernel.shape[0], (values.shape[1] - 1) * step[1] + kernel.shape[1])
    )
    for y in range(values.shape[0]):
        for x in range(values.shape[1]):
            for a in range(kernel.shape[0]):
                for b in range(kernel.shape[1]):
                    if replace:
                        result[y * step[0] + a, x * step[1] + b] = 0
                    result[y * step[0] + a, x * step[1] + b] += values[y, x] * kernel[a, b]
    return result


def last_one_wins(values, kernel, stride):
    return stamps(values, kernel, stride, replace=True)


def tiles(values, kernel, stride):
    return stamps(values, kernel, stride, step=kernel.shape)


def turned(values, kernel, stride):
    return stamps(values, np.rot90(kernel, 2), stride)


def always_one(values, kernel, stride):
    return stamps(values, kernel, 1)


def multiple_of_the_stride(values, kernel, stride):
    return stamps(values, kernel, stride)[: values.shape[0] * stride, : values.shape[1] * stride]


def everything_counts(targets, predictions, num_classes, ignore_label):
    found = []
    for k in range(num_classes):
        union = np.logical_or(targets == k, predictions == k).sum()
        if union > 0:
            found.append(np.logical_and(targets == k, predictions == k).sum() / union)
    return sum(found) / len(found)


def zero_for_absent(targets, predictions, num_classes, ignore_label):
    keep = targets != ignore_label
    total = 0
    for k in range(num_classes):
        union = (keep & ((targets == k) | (predictions == k))).sum()
        total += (keep & (targets == k) & (predictions == k)).sum() / max(union, 1)
    return total / num_classes


def recall(targets, predictions, num_classes, ignore_label):
    found = []
    for k in range(num_classes):
        if (targets == k).any():
            found.append((predictions[targets == k] == k).mean())
    return np.mean(found)


def half_dice(targets, predictions, num_classes, ignore_label):
    t, p = targets[targets != ignore_label], predictions[targets != ignore_label]
    both = np.array([((t == k) & (p == k)).sum() for k in range(num_classes)])
    sizes = np.array([(t == k).sum() + (p == k).sum() for k in range(num_classes)])
    return np.mean(both[sizes > 0] / sizes[sizes > 0])


def share_right(targets, predictions, num_classes, ignore_label):
    keep = targets != ignore_label
    return (targets[keep] == predictions[keep]).sum() / keep.sum()


def tents(size, places):
    weights = np.zeros((len(places), size))
    for i, x in enumerate(places):
        for j in range(size):
            weights[i, j] = max(0, 1 - abs(x - j))
    return weights


def unclipped(size, factor):
    return tents(size, [(i + 0.5) / factor - 0.5 for i in range(size * factor)])


def no_half_pixel(size, factor):
    return tents(size, [min(i / factor, size - 1) for i in range(size * factor)])


def corners_on_corners(size, factor):
    return tents(size, np.linspace(0, size - 1, size * factor))


def repeated(size, factor):
    return np.kron(np.eye(size), np.ones((factor, 1)))


def lying_down(size, factor):
    return tents(size, [min(max((i + 0.5) / factor - 0.5, 0), size - 1) for i in range(size * factor)]).transpose()


WRONG = {
    "stamp": [
        (last_one_wins, "add up"),
        (tiles, "side by side"),
        (turned, "turned by 180"),
        (always_one, "one pixel apart"),
        (multiple_of_the_stride, "the whole of it"),
    ],
    "mean-iou": [
        (everything_counts, "without a label count"),
        (zero_for_absent, "counts as 0"),
        (recall, "share of them that was found"),
        (half_dice, "twice"),
        (share_right, "pixel accuracy"),
    ],
    "bilinear-weights": [
        (unclipped, "do not add up to 1"),
        (no_half_pixel, "half a pixel further"),
        (corners_on_corners, "borders"),
        (repeated, "nearest pixel"),
        (lying_down, "transposed"),
    ],
}
