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


def laid_out(lateral, above):
    height, width = above.shape[:2]
    result = np.zeros(lateral.shape)
    for i in range(2 * height):
        for j in range(2 * width):
            result[i, j] = lateral[i, j] + above[i % height, j % width]
    return result


def holes(lateral, above):
    enlarged = np.zeros(lateral.shape)
    enlarged[::2, ::2] = above
    return enlarged + lateral


def side_by_side(lateral, above):
    return np.concatenate([lateral, above.repeat(2, 0).repeat(2, 1)], 2)


def average(lateral, above):
    return 0.5 * lateral + 0.5 * above.repeat(2, 0).repeat(2, 1)


def only_coarse(lateral, above):
    return above.repeat(2, 0).repeat(2, 1)


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
    "way-down": [
        (laid_out, "np.tile"),
        (holes, "zeros between"),
        (side_by_side, "side by side"),
        (average, "mean"),
        (only_coarse, "left out the fine one"),
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
