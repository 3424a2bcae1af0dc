"""Wrong answers to the exercises of lesson 17."""

import numpy as np


def as_on_the_slide(anchors, positives, negatives, margin=0.2):
    near = ((anchors - positives) ** 2).sum(axis=1)
    far = ((anchors - negatives) ** 2).sum(axis=1)
    return np.minimum(near - far + margin, 0)


def no_margin(anchors, positives, negatives, margin=0.2):
    losses = []
    for a, p, n in zip(anchors, positives, negatives, strict=True):
        losses.append(max(np.sum((a - p) ** 2) - np.sum((a - n) ** 2), 0))
    return np.array(losses)


def with_norms(anchors, positives, negatives, margin=0.2):
    near = np.linalg.norm(anchors - positives, axis=1)
    return np.maximum(near - np.linalg.norm(anchors - negatives, axis=1) + margin, 0)


def other_way_round(anchors, positives, negatives, margin=0.2):
    near = ((anchors - positives) ** 2).sum(axis=1)
    far = ((anchors - negatives) ** 2).sum(axis=1)
    return np.clip(far - near + margin, 0, None)


def unclipped(anchors, positives, negatives, margin=0.2):
    return ((anchors - positives) ** 2).sum(axis=1) - ((anchors - negatives) ** 2).sum(axis=1) + margin


def rejects_first(same, distances, threshold):
    false_accepts = np.sum((distances <= threshold) & ~same) / np.sum(~same)
    false_rejects = np.sum((distances > threshold) & same) / np.sum(same)
    return np.array([false_rejects, false_accepts])


def below_only(same, distances, threshold):
    return np.array([np.mean(distances[~same] < threshold), np.mean(distances[same] >= threshold)])


def of_all_pairs(same, distances, threshold):
    wrong = [0, 0]
    for s, d in zip(same, distances, strict=True):
        if d <= threshold and not s:
            wrong[0] += 1
        if d > threshold and s:
            wrong[1] += 1
    return np.array(wrong) / len(same)


def large_is_alike(same, distances, threshold):
    return np.array([np.mean(distances[~same] >= threshold), np.mean(distances[same] < threshold)])


def index_forgotten(first, second, weights):
    return sum(w * (x - y) ** 2 / (x + second.sum()) for w, x, y in zip(weights, first, second, strict=True))


def nothing_over_nothing(first, second, weights):
    with np.errstate(invalid="ignore"):
        return np.dot(weights, (first - second) ** 2 / (first + second))


def not_squared(first, second, weights):
    return sum(w * abs(x - y) / (x + y) if x + y else 0 for w, x, y in zip(weights, first, second, strict=True))


def equal_weights(first, second, weights):
    total = first + second
    return np.sum((first - second)[total > 0] ** 2 / total[total > 0])


def one_denominator(first, second, weights):
    return (weights * (first - second) ** 2).sum() / (first + second).sum()


def somebody_always(gallery, people, probe, threshold):
    return people[np.argmin(np.linalg.norm(gallery - probe, axis=1))]


def root_against_threshold(gallery, people, probe, threshold):
    distances = np.linalg.norm(gallery - probe, axis=1)
    return people[distances.argmin()] if distances.min() <= threshold else -1


def which_row(gallery, people, probe, threshold):
    distances = ((gallery - probe) ** 2).sum(axis=1)
    return int(distances.argmin()) if distances.min() <= threshold else -1


def the_first_that_fits(gallery, people, probe, threshold):
    for values, person in zip(gallery, people, strict=True):
        if np.sum((values - probe) ** 2) <= threshold:
            return person
    return -1


WRONG = {
    "triplet-losses": [
        (as_on_the_slide, "as the slide prints it"),
        (no_margin, "margin is missing"),
        (with_norms, "plain distances"),
        (other_way_round, "swapped"),
        (unclipped, "go below 0"),
    ],
    "error-rates": [
        (rejects_first, "swapped"),
        (below_only, "equals the threshold"),
        (of_all_pairs, "divided by all pairs"),
        (large_is_alike, "small means alike"),
    ],
    "chi-square-distance": [
        (index_forgotten, "lacks its index"),
        (nothing_over_nothing, "you gave nan"),
        (not_squared, "not squared"),
        (equal_weights, "left out the weights"),
        (one_denominator, "of its own"),
    ],
    "recognise": [
        (somebody_always, "always name somebody"),
        (root_against_threshold, "one of squared distances"),
        (which_row, "row of the gallery"),
        (the_first_that_fits, "must be the nearest"),
    ],
}
