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


def hard_one(distances, people, positive):
    return int(np.argmin(np.where(people == people[positive], np.inf, distances)))


def anybody_farther(distances, people, positive):
    places = [k for k in np.argsort(distances) if distances[k] > distances[positive]]
    return int(places[0]) if places else int(np.argmax(distances))


def at_least_as_far(distances, people, positive):
    others = [k for k in range(len(people)) if people[k] != people[positive]]
    farther = [k for k in others if distances[k] >= distances[positive]]
    return min(farther, key=lambda k: distances[k]) if farther else max(others, key=lambda k: distances[k])


def easiest(distances, people, positive):
    return max((k for k in range(len(people)) if people[k] != people[positive]), key=lambda k: distances[k])


def forgot_the_rest(distances, people, positive):
    masked = distances.copy()
    masked[(people == people[positive]) | (distances <= distances[positive])] = np.inf
    return int(masked.argmin())


def place_in_the_selection(distances, people, positive):
    others = distances[people != people[positive]]
    farther = np.where(others > distances[positive], others, np.inf)
    return int(np.argmin(farther)) if np.isfinite(farther).any() else int(np.argmax(others))


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
    "semi-hard-negative": [
        (hard_one, "the hard negative"),
        (anybody_farther, "own person"),
        (at_least_as_far, "just as far"),
        (easiest, "only where none is farther"),
        (forgot_the_rest, "nothing but infinities"),
        (place_in_the_selection, "place in the batch"),
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
