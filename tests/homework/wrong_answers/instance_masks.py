"""Wrong answers to the exercises of lesson 16."""

import numpy as np


def every_patch_has_a_mask(labels, masks, mask_logits, scores, score_weight=1 / 32):
    pixels = np.array([np.mean(np.log(1 + np.exp(-m * f))) for m, f in zip(masks, mask_logits, strict=True)])
    return pixels + score_weight * np.log(1 + np.exp(-labels * scores))


def half_forgotten(labels, masks, mask_logits, scores, score_weight=1 / 32):
    height, width = masks.shape[1:]
    pixels = np.log(1 + np.exp(-masks * mask_logits)).sum(axis=(1, 2)) / (height * width)
    return (1 + labels) * pixels + score_weight * np.log(1 + np.exp(-labels * scores))


def times_label(labels, masks, mask_logits, scores, score_weight=1 / 32):
    pixels = np.log(1 + np.exp(-masks * mask_logits)).mean(axis=(1, 2))
    return labels * pixels + score_weight * np.log(1 + np.exp(-labels * scores))


def summed(labels, masks, mask_logits, scores, score_weight=1 / 32):
    pixels = np.log(1 + np.exp(-masks * mask_logits)).sum(axis=2).sum(axis=1)
    return (1 + labels) / 2 * pixels + score_weight * np.log(1 + np.exp(-labels * scores))


def plus_sign(labels, masks, mask_logits, scores, score_weight=1 / 32):
    pixels = np.log(1 + np.exp(masks * mask_logits)).mean(axis=(1, 2))
    return (1 + labels) / 2 * pixels + score_weight * np.log(1 + np.exp(labels * scores))


def both_parts_alike(labels, masks, mask_logits, scores, score_weight=1 / 32):
    pixels = np.log(1 + np.exp(-masks * mask_logits)).mean(axis=(1, 2))
    return (1 + labels) / 2 * pixels + np.log(1 + np.exp(-labels * scores))


def objects_only(labels, masks, mask_logits, scores, score_weight=1 / 32):
    pixels = np.log(1 + np.exp(-masks * mask_logits)).mean(axis=(1, 2))
    return np.where(labels > 0, pixels + score_weight * np.log(1 + np.exp(-scores)), 0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def entropy(targets, p):
    return -targets * np.log(p) - (1 - targets) * np.log(1 - p)


def others_empty(classes, targets, logits):
    wanted = np.zeros(logits.shape)
    for i, k in enumerate(classes):
        wanted[i, :, :, k] = targets[i]
    return np.mean(entropy(wanted, sigmoid(logits)))


def same_target_for_all(classes, targets, logits):
    return np.mean([entropy(targets, sigmoid(logits[..., k])).mean() for k in range(logits.shape[-1])])


def with_softmax(classes, targets, logits):
    p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    return np.mean([entropy(targets[i], p[i, :, :, k]) for i, k in enumerate(classes)])


def first_mask(classes, targets, logits):
    return entropy(targets, sigmoid(logits[..., 0])).mean()


def not_divided(classes, targets, logits):
    return np.mean([entropy(targets[i], sigmoid(logits[i, :, :, k])).sum() for i, k in enumerate(classes)])


def only_the_object(classes, targets, logits):
    own = np.stack([logits[i, :, :, k] for i, k in enumerate(classes)])
    return np.mean(-targets * np.log(sigmoid(own)))


def bilinear(mask, y, x):
    top, left = int(y), int(x)
    bottom, right = min(top + 1, len(mask) - 1), min(left + 1, len(mask) - 1)
    v, u = y - top, x - left
    above = (1 - u) * mask[top, left] + u * mask[top, right]
    below = (1 - u) * mask[bottom, left] + u * mask[bottom, right]
    return (1 - v) * above + v * below


def slowly(mask, box, size, threshold, value, middle=0.5):
    pasted = np.zeros(size, bool)
    m, (x1, y1, x2, y2) = len(mask), box
    for y in range(size[0]):
        for x in range(size[1]):
            if x1 <= x + 0.5 < x2 and y1 <= y + 0.5 < y2:
                row = min(max(m * (y + middle - y1) / (y2 - y1) - middle, 0), m - 1)
                column = min(max(m * (x + middle - x1) / (x2 - x1) - middle, 0), m - 1)
                pasted[y, x] = value(mask, row, column) >= threshold
    return pasted


def whole_pixels(mask, box, size, threshold=0.5):
    return slowly(mask, [round(float(side)) for side in box], size, threshold, bilinear)


def no_half(mask, box, size, threshold=0.5):
    return slowly(mask, box, size, threshold, bilinear, middle=0)


def nearest_cell(mask, box, size, threshold=0.5):
    return slowly(mask, box, size, threshold, lambda mask, y, x: mask[int(y + 0.5), int(x + 0.5)])


def binary_first(mask, box, size, threshold=0.5):
    return slowly(np.where(mask >= threshold, 1.0, 0.0), box, size, 0.5, bilinear)


def rows_for_columns(mask, box, size, threshold=0.5):
    y1, x1, y2, x2 = box
    return slowly(mask, (x1, y1, x2, y2), size, threshold, bilinear)


def transposed(mask, box, size, threshold=0.5):
    return slowly(mask.T, box, size, threshold, bilinear)


WRONG = {
    "joint-loss": [
        (every_patch_has_a_mask, "no mask to learn"),
        (half_forgotten, "twice as large"),
        (times_label, "rewarded for"),
        (summed, "summed over the pixels"),
        (plus_sign, "A sign is lost"),
        (both_parts_alike, "lacks its weight"),
        (objects_only, "switched off the score's part"),
    ],
    "own-class-loss": [
        (others_empty, "wanted those of the others to be empty"),
        (same_target_for_all, "by the same target"),
        (with_softmax, "compete for the pixel"),
        (first_mask, "always took the mask of class 0"),
        (not_divided, "summed over the pixels"),
        (only_the_object, "pixels of the object only"),
    ],
    "paste": [
        (whole_pixels, "rounded the box"),
        (no_half, "compared corners"),
        (nearest_cell, "nearest cell"),
        (binary_first, "before stretching"),
        (rows_for_columns, "swapped x and y"),
        (transposed, "mirrored at its diagonal"),
    ],
}
