"""Pairs of images for verification: of one person, and of two."""

import numpy as np

from cvkit.validation import check_positive, check_same_shape, check_shape


def all_pairs(labels):
    """Every two images of a set, once.

    Args:
        labels: integers (N,), the person in each image.

    Returns:
        Arrays first, second (M,) of indices, with first below second, and same (M,), bool; M = N (N - 1) / 2.

    Raises:
        ValueError: labels is not (N,).

    Example:
        >>> first, second, same = all_pairs([7, 7, 8])
        >>> first.tolist(), second.tolist(), same.tolist()
        ([0, 0, 1], [1, 2, 2], [True, False, False])
    """
    labels = _check(labels)
    first, second = np.triu_indices(len(labels), k=1)
    return first, second, labels[first] == labels[second]


def draw_pairs(labels, num_pairs, seed=0):
    """Pairs at random, as many of one person as of two; no image is paired with itself.

    For a pair of one person first the person is drawn, among those with two images at least, so that everybody has the
    same chance; for a pair of two people, two people. Then an image of each. A pair may come twice.

    Args:
        labels: integers (N,), the person in each image.
        num_pairs: M; if it is odd, there is one more of two people.
        seed: of what is drawn.

    Returns:
        Arrays first, second (M,) of indices, and same (M,), bool; in an order drawn at random.

    Raises:
        ValueError: labels is not (N,), nobody has two images, or there is one person only.

    Example:
        >>> first, second, same = draw_pairs([7, 7, 8, 8, 8], 10)
        >>> int(same.sum()), bool((first != second).all())
        (5, True)
    """
    labels = _check(labels)
    check_positive("num_pairs", num_pairs, "how many are drawn", integer=True)
    people, counts = np.unique(labels, return_counts=True)
    if len(people) < 2 or counts.max() < 2:
        raise ValueError(
            f"labels must hold two people, and two images of one of them. Received {len(people)} people with at most "
            f"{counts.max(initial=0)} images each."
        )
    rng, order = np.random.default_rng(seed), np.argsort(labels, kind="stable")
    starts = np.cumsum(counts) - counts  # person k's images are order[starts[k] : starts[k] + counts[k]]
    person = rng.choice(np.flatnonzero(counts > 1), num_pairs // 2)
    one = rng.integers(counts[person])
    other = (one + rng.integers(1, counts[person])) % counts[person]  # a step of 1 to n - 1: never the same image
    alike = np.stack([order[starts[person] + one], order[starts[person] + other]])
    left = rng.integers(len(people), size=num_pairs - num_pairs // 2)
    right = (left + rng.integers(1, len(people), size=len(left))) % len(people)
    apart = np.stack([order[starts[who] + rng.integers(counts[who])] for who in (left, right)])
    first, second = np.concatenate([alike, apart], axis=1)[:, shuffled := rng.permutation(num_pairs)]
    return first, second, shuffled < num_pairs // 2


def pair_distances(first, second, squared=True):
    r"""Distance of each pair of embeddings, row by row.

    $$d = \sum_i (x_i - y_i)^2$$

    Args:
        first, second: float arrays (M, D).
        squared: squared Euclidean distances; with False, plain ones.

    Returns:
        Float array (M,).

    Raises:
        ValueError: the two are not of one shape (M, D).

    Example:
        >>> pair_distances([[0.0, 0.0]], [[3.0, 4.0]]).tolist()
        [25.0]
    """
    first, second = np.asarray(first), np.asarray(second)
    check_shape("first", first, ("M", "D"), "one embedding a row")
    check_same_shape("second", second, "first", first)
    total = np.sum((first - second) ** 2, axis=1)
    return total if squared else np.sqrt(total)


def _check(labels):
    labels = np.asarray(labels)
    check_shape("labels", labels, ("N",), "the person in each image")
    return labels
