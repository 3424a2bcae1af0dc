"""How good recognition is: of people in the gallery, and of strangers."""

import numpy as np


def rank_k_rate(gallery, probes, people, k=1):
    """Share of the probes whose person is among the k nearest of the gallery, without any threshold.

    Args:
        gallery: a `Gallery` in which everybody in `people` is enrolled.
        probes: float array (B, D), embeddings of other images than those enrolled.
        people: integers (B,), who each probe shows.
        k: how many of the nearest people count.

    Returns:
        Float from 0 to 1.

    Raises:
        ValueError: the arrays do not fit, or somebody is not enrolled.

    Example:
        >>> from cvkit.faces import Gallery
        >>> gallery = Gallery(1)
        >>> gallery.enrol([0, 1, 2], [[0.0], [1.0], [2.0]])
        >>> probes, people = [[0.1], [0.6], [1.6]], [0, 0, 1]  # nearest: 0, 1 then 0, and 2 then 1
        >>> round(rank_k_rate(gallery, probes, people), 3), rank_k_rate(gallery, probes, people, k=2)
        (0.333, 1.0)
    """
    people = _check_known(gallery, probes, people)
    found, _ = gallery.nearest(probes, k)
    return float(np.mean(np.any(found == people[:, None], axis=1)))


def identification_rates(gallery, probes, people, strangers, thresholds):
    r"""Detection and identification rate of known people, and false alarm rate of strangers, at each threshold.

    $$\mathrm{DIR}(\tau) = \frac{|\{\text{known: nearest is right, and } d \le \tau\}|}{|\{\text{known}\}|}, \qquad
      \mathrm{FAR}(\tau) = \frac{|\{\text{strangers: } d \le \tau\}|}{|\{\text{strangers}\}|}$$

    d is the squared distance to the nearest person of the gallery.

    Args:
        gallery: a `Gallery` in which everybody in `people` is enrolled, and no stranger is.
        probes: float array (B, D), embeddings of known people.
        people: integers (B,), who each probe shows.
        strangers: float array (S, D), embeddings of people who are not enrolled.
        thresholds: numbers, an array (T,).

    Returns:
        Two float arrays (T,): detection and identification rate, false alarm rate.

    Raises:
        ValueError: the arrays do not fit, or somebody in `people` is not enrolled.

    Example:
        >>> from cvkit.faces import Gallery
        >>> gallery = Gallery(1)
        >>> gallery.enrol([0, 1], [[0.0], [1.0]])
        >>> rates = identification_rates(gallery, [[0.1], [0.7]], [0, 0], [[3.0], [1.2]], [0.02, 0.1, 9.0])
        >>> [values.tolist() for values in rates]
        [[0.5, 0.5, 0.5], [0.0, 0.5, 1.0]]

    Reference:
        Phillips, Grother and Micheals, "Evaluation Methods in Face Recognition", in Li and Jain (eds.), "Handbook of
        Face Recognition", 2nd edition, 2011, on open-set identification; rank 1.
    """
    people = _check_known(gallery, probes, people)
    found, distances = gallery.nearest(probes)
    right = found[:, 0] == people
    _, of_strangers = gallery.nearest(strangers)
    thresholds = np.asarray(thresholds)[:, None]  # (T, 1)
    within = distances[:, 0] <= thresholds  # (T, B)
    return np.mean(within & right, axis=1), np.mean(of_strangers[:, 0] <= thresholds, axis=1)


def _check_known(gallery, probes, people):
    people = np.asarray(people)
    if people.shape != np.shape(probes)[:1] or not people.size:
        raise ValueError(f"people must have an entry for each of the {len(probes)} probes. Received {people.shape}.")
    missing = np.setdiff1d(people, gallery.people)
    if len(missing):
        raise ValueError(f"Person {missing[0]} is not enrolled: pass images of people who are not as strangers.")
    return people
