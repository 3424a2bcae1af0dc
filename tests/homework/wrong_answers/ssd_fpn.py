"""Wrong answers to the exercises of lesson 13."""

import numpy as np


def small_losses(losses, is_object, ratio=3):
    negatives = [k for k in range(len(losses)) if not is_object[k]]
    negatives.sort(key=lambda k: losses[k])
    result = np.zeros(len(losses), bool)
    result[negatives[: ratio * int(is_object.sum())]] = True
    return result


def everybody_ranked(losses, is_object, ratio=3):
    result = np.zeros(len(losses), bool)
    for k in sorted(range(len(losses)), key=lambda k: -losses[k])[: ratio * int(is_object.sum())]:
        result[k] = True
    return result


def struck_out_afterwards(losses, is_object, ratio=3):
    result = everybody_ranked(losses, is_object, ratio)
    result[is_object] = False
    return result


def all_that_learn(losses, is_object, ratio=3):
    negatives = [k for k in range(len(losses)) if not is_object[k]]
    negatives.sort(key=lambda k: -losses[k])
    result = is_object.copy()
    result[negatives[: ratio * int(is_object.sum())]] = True
    return result


def three_in_all(losses, is_object, ratio=3):
    negatives = [k for k in range(len(losses)) if not is_object[k]]
    negatives.sort(key=lambda k: -losses[k])
    result = np.zeros(len(losses), bool)
    result[negatives[:ratio]] = True
    return result


def every_negative(losses, is_object, ratio=3):
    return np.array([not b for b in is_object])


def only_above_the_threshold(overlaps, threshold=0.5):
    result = []
    for row in overlaps:
        result.append(int(np.argmax(row)) if row.max() > threshold else -1)
    return np.array(result)


def best_pairs_only(overlaps, threshold=0.5):
    table = overlaps.copy()
    result = -np.ones(len(table), int)
    while table.max() > 0:
        box, object_ = divmod(int(table.argmax()), table.shape[1])
        result[box] = object_
        table[box, :] = 0
        table[:, object_] = 0
    return result


def own_best_box(overlaps, threshold=0.5):
    result = only_above_the_threshold(overlaps, threshold)
    for k in range(overlaps.shape[1]):
        result[overlaps[:, k].argmax()] = k
    return result


def column_by_column(overlaps, threshold=0.5):
    result = only_above_the_threshold(overlaps, threshold)
    taken = []
    for k in range(overlaps.shape[1]):
        free = [i for i in range(len(overlaps)) if i not in taken]
        box = max(free, key=lambda i: overlaps[i, k])
        taken.append(box)
        result[box] = k
    return result


def threshold_has_the_last_word(overlaps, threshold=0.5):
    result = best_pairs_only(overlaps)
    for i, row in enumerate(overlaps):
        if row.max() > threshold:
            result[i] = row.argmax()
    return result


def object_everywhere(probabilities, is_object, gamma=2.0):
    return np.array([-((1 - p) ** gamma) * np.log(p) for p in probabilities])


def favours_the_easy(probabilities, is_object, gamma=2.0):
    right = [p if o else 1 - p for p, o in zip(probabilities, is_object, strict=True)]
    return np.array([-(p**gamma) * np.log(p) for p in right])


def cross_entropy(probabilities, is_object, gamma=2.0):
    return np.where(is_object, -np.log(probabilities), -np.log(1 - probabilities))


def no_minus(probabilities, is_object, gamma=2.0):
    right = np.where(is_object, probabilities, 1 - probabilities)
    return (1 - right) ** gamma * np.log(right)


def added_up(probabilities, is_object, gamma=2.0):
    right = np.where(is_object, probabilities, 1 - probabilities)
    return np.sum(-((1 - right) ** gamma) * np.log(right))


def same_factor(probabilities, is_object, gamma=2.0):
    return (1 - probabilities) ** gamma * cross_entropy(probabilities, is_object)


WRONG = {
    "choose-negatives": [
        (small_losses, "easy ones"),
        (everybody_ranked, "Among those you chose"),
        (struck_out_afterwards, "too few negatives"),
        (all_that_learn, "as well"),
        (three_in_all, "in all"),
        (every_negative, "all negatives"),
    ],
    "match-boxes": [
        (only_above_the_threshold, "threshold alone"),
        (best_pairs_only, "stopped after the first step"),
        (own_best_box, "took the same box"),
        (column_by_column, "order of their columns"),
        (threshold_has_the_last_word, "still free"),
    ],
    "focal-loss": [
        (object_everywhere, "as if it were an object"),
        (favours_the_easy, "large where the answer is right"),
        (same_factor, "for background, too"),
        (cross_entropy, "plain cross-entropy"),
        (no_minus, "sign is wrong"),
        (added_up, "added the losses up"),
    ],
}
