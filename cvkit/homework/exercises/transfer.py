"""Exercises of lesson 08: top-k accuracy, a split that does not leak, what learns in a partly frozen network."""

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake


def top_k_accuracy(scores, labels, k):
    """Share of images whose label is among the k classes with the largest scores."""
    best = np.argsort(-scores, axis=1)[:, :k]  # (N, k)
    return np.mean((best == labels[:, None]).any(axis=1))


def _smallest(scores, labels, k):
    return top_k_accuracy(-scores, labels, k)


def _the_kth_alone(scores, labels, k):
    return np.mean(np.argsort(-scores, axis=1)[:, k - 1] == labels)


def _divided_by_k(scores, labels, k):
    return top_k_accuracy(scores, labels, k) / k


def _the_best_alone(scores, labels, k):
    return top_k_accuracy(scores, labels, 1)


TOP_K = Exercise(
    id="top-k-accuracy",
    points=2,
    reference=top_k_accuracy,
    cases=(
        (
            np.array([[0.1, 2.0, 1.0, -1.0], [3.0, 0.0, 1.0, 2.0], [0.0, 1.0, 2.0, 3.0], [0.3, 0.2, 0.1, 0.0]]),
            np.array([2, 2, 3, 3]),
            2,
        ),
        (np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3], [0.4, 0.5, 0.1]]), np.array([1, 2, 2]), 1),
        (np.array([[-3.0, -1.0, -2.0, -5.0, -4.0], [1.0, 2.0, 3.0, 4.0, 5.0]]), np.array([0, 0]), 3),
    ),
    mistakes=(
        Mistake(
            _smallest,
            "You took the smallest scores. np.argsort sorts upwards: the best classes stand at the end of each row.",
        ),
        Mistake(_the_best_alone, "You looked at the best class only. The label may be any of the k best."),
        Mistake(_the_kth_alone, "You looked at the k-th class only. The label may be any of the k best."),
        Mistake(_divided_by_k, "You divided by k as well. Count images: each is right or wrong, whatever k is."),
    ),
)


def train_mask(groups, share):
    """True for the images of the first groups, in order of number, until at least `share` of all images are in."""
    numbers, sizes = np.unique(groups, return_counts=True)
    needed = np.searchsorted(np.cumsum(sizes), share * len(groups) - 1e-9) + 1  # groups
    return np.isin(groups, numbers[:needed])


def _by_image(groups, share):
    count = int(np.ceil(share * len(groups) - 1e-9))
    mask = np.zeros(len(groups), bool)
    mask[np.argsort(groups, kind="stable")[:count]] = True
    return mask


def _by_position(groups, share):
    return np.arange(len(groups)) < int(np.ceil(share * len(groups) - 1e-9))


def _share_of_groups(groups, share):
    numbers = np.unique(groups)
    return np.isin(groups, numbers[: int(np.ceil(share * len(numbers) - 1e-9))])


def _one_group_short(groups, share):
    numbers, sizes = np.unique(groups, return_counts=True)
    return np.isin(groups, numbers[np.cumsum(sizes) <= share * len(groups) + 1e-9])


def _test_mask(groups, share):
    return ~train_mask(groups, share)


TRAIN_MASK = Exercise(
    id="split-by-group",
    points=3,
    reference=train_mask,
    cases=(
        (np.array([1, 1, 1, 1, 2, 3, 3, 4, 4, 4]), 0.4),
        (np.array([7, 3, 7, 5, 3, 3, 7, 5, 7, 3]), 0.5),
        (np.array([2, 1, 2, 1]), 0.5),
    ),
    mistakes=(
        Mistake(
            _by_image,
            "You counted images and cut through a group. Its images are then on both sides: take whole groups.",
        ),
        Mistake(
            _by_position,
            "You took the first images of the array. Which group an image belongs to is what counts.",
        ),
        Mistake(
            _share_of_groups,
            "You took a share of the groups. They differ in size: add up their images until the share is reached.",
        ),
        Mistake(
            _one_group_short,
            "You stopped before the share was reached. Take the group that crosses it as well.",
        ),
        Mistake(_test_mask, "You marked the test images. True stands for training."),
    ),
)


def count_trainable(network, first):
    """Parameters that learn: those of the layers from `first` on, batch normalisation left out."""
    names = [name for name, _, _ in network]
    return sum(size for _, kind, size in network[names.index(str(first)) :] if kind != "BatchNormalization")


def _with_normalisation(network, first):
    names = [name for name, _, _ in network]
    return sum(size for _, _, size in network[names.index(str(first)) :])


def _after_first(network, first):
    names = [name for name, _, _ in network]
    return sum(size for _, kind, size in network[names.index(str(first)) + 1 :] if kind != "BatchNormalization")


def _all_layers(network, first):
    return sum(size for _, kind, size in network if kind != "BatchNormalization")


def _frozen(network, first):
    return _with_normalisation(network, network[0][0]) - count_trainable(network, first)


_LAYERS = (
    ("conv1", "Conv2D", 432),
    ("norm1", "BatchNormalization", 64),
    ("conv2", "Conv2D", 2304),
    ("norm2", "BatchNormalization", 64),
    ("head", "Dense", 136),
)

COUNT_TRAINABLE = Exercise(
    id="count-trainable",
    points=2,
    reference=count_trainable,
    cases=((_LAYERS, "conv2"), (_LAYERS, "norm1"), (_LAYERS, "head")),
    mistakes=(
        Mistake(_with_normalisation, "You counted batch normalisation. It stays frozen, wherever it stands."),
        Mistake(_after_first, "You began after the layer `first`. It is the first one that learns."),
        Mistake(_all_layers, "You counted layers before `first` as well. They are frozen."),
        Mistake(_frozen, "You counted what is frozen. The question is what learns."),
    ),
)

EXERCISES = (TOP_K, TRAIN_MASK, COUNT_TRAINABLE)
