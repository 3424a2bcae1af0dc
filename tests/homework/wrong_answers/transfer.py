"""Wrong answers to the exercises of lesson 08."""

import numpy as np


def top_k_smallest(scores, labels, k):
    order = np.argsort(scores, axis=1)[:, :k]
    return np.mean([label in row for label, row in zip(labels, order, strict=True)])


def top_one(scores, labels, k):
    return (scores.argmax(axis=1) == labels).mean()


def top_k_last(scores, labels, k):
    order = np.argsort(scores, axis=1)[:, ::-1]
    return (order[:, k - 1] == labels).mean()


def top_k_divided(scores, labels, k):
    order = np.argsort(scores, axis=1)[:, -k:]
    return (order == labels[:, None]).sum() / order.size


def mask_by_count(groups, share):
    order = sorted(range(len(groups)), key=lambda i: groups[i])
    mask = np.zeros(len(groups), dtype=bool)
    mask[order[: round(share * len(groups))]] = True
    return mask


def mask_by_place(groups, share):
    mask = np.zeros(len(groups), dtype=bool)
    mask[: round(share * len(groups))] = True
    return mask


def mask_of_group_share(groups, share):
    names = sorted(set(groups.tolist()))
    chosen = names[: int(np.ceil(share * len(names)))]
    return np.array([group in chosen for group in groups])


def mask_too_short(groups, share):
    mask = np.zeros(len(groups), dtype=bool)
    for group in np.unique(groups):
        longer = mask | (groups == group)
        if longer.mean() > share:
            break
        mask = longer
    return mask


def mask_of_test(groups, share):
    mask = np.zeros(len(groups), dtype=bool)
    for group in np.unique(groups):
        if mask.mean() >= share:
            break
        mask |= groups == group
    return np.logical_not(mask)


def trainable_with_norm(network, first):
    total, learning = 0, False
    for name, _, size in network:
        learning = learning or name == first
        total += size * learning
    return total


def trainable_after(network, first):
    total, learning = 0, False
    for name, kind, size in network:
        if learning and kind != "BatchNormalization":
            total += size
        learning = learning or name == first
    return total


def trainable_everything(network, first):
    return sum(size for _, kind, size in network if "Normalization" not in kind)


def trainable_frozen(network, first):
    learning, frozen = False, 0
    for name, kind, size in network:
        learning = learning or name == first
        if not learning or kind == "BatchNormalization":
            frozen += size
    return frozen


WRONG = {
    "top-k-accuracy": [
        (top_k_smallest, "smallest scores"),
        (top_one, "best class only"),
        (top_k_last, "k-th class only"),
        (top_k_divided, "divided by k"),
    ],
    "split-by-group": [
        (mask_by_count, "cut through a group"),
        (mask_by_place, "first images of the array"),
        (mask_of_group_share, "share of the groups"),
        (mask_too_short, "before the share was reached"),
        (mask_of_test, "marked the test images"),
    ],
    "count-trainable": [
        (trainable_with_norm, "counted batch normalisation"),
        (trainable_after, "began after"),
        (trainable_everything, "before `first`"),
        (trainable_frozen, "what is frozen"),
    ],
}
