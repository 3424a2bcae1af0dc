"""A gallery of known people: enrol them by their embeddings, and find who a new face belongs to."""

import numpy as np

from cvkit.validation import check_positive, check_shape


class Gallery:
    r"""Embeddings of known people, searched by squared Euclidean distance.

    The distances of B probes to all N embeddings are one matrix product and two vectors:

    $$\lVert p - g \rVert^2 = \lVert p \rVert^2 - 2\, p \cdot g + \lVert g \rVert^2$$

    Somebody with several images is as near as the nearest of them. In float32 the three terms cancel where two
    embeddings are nearly equal: distances of vectors of length one are right to about 10⁻⁶.

    Args:
        embedding_size: D.

    Raises:
        ValueError: the size is not a positive integer.

    Example:
        >>> gallery = Gallery(2)
        >>> gallery.enrol([7, 8], [[1.0, 0.0], [0.0, 1.0]])
        >>> gallery.recognise([[0.6, 0.8], [-1.0, 0.0]], threshold=0.5).tolist()  # squared distances 0.4 and 2
        [8, -1]
    """

    def __init__(self, embedding_size):
        check_positive("embedding_size", embedding_size, "numbers in an embedding", integer=True)
        self.embedding_size = embedding_size
        self._people, self._embeddings = np.zeros(0, "int64"), np.zeros((0, embedding_size), "float32")
        self._waiting = []

    @property
    def people(self):
        """The numbers of those enrolled, each once, rising."""
        self._sort()
        return self._people[self._starts]

    def enrol(self, people, embeddings):
        """Add embeddings of people, new ones or further images of known ones.

        Args:
            people: integers (N,), from 0: who each embedding belongs to.
            embeddings: float array (N, D).

        Raises:
            ValueError: the shapes do not fit, a number is negative, or an embedding is not finite.
        """
        people, embeddings = np.asarray(people), self._check("embeddings", embeddings)
        if people.shape != embeddings.shape[:1] or people.dtype.kind not in "iu" or (people < 0).any():
            raise ValueError(
                f"people must be {len(embeddings)} integers from 0, one an embedding; -1 means nobody. "
                f"Received shape {people.shape} of {people.dtype}."
            )
        self._waiting.append((people.astype("int64"), embeddings))

    def nearest(self, probes, k=1, batch_size=16):
        """The k nearest people of each probe, the nearest first.

        Args:
            probes: float array (B, D).
            k: how many people, at most as many as are enrolled.
            batch_size: probes in one matrix product; it makes batch_size × N numbers.

        Returns:
            people: int64 array (B, k).
            distances: float32 array (B, k), squared.

        Raises:
            ValueError: the gallery is empty, or an argument does not fit.
        """
        probes = self._check("probes", probes)
        check_positive("batch_size", batch_size, "probes in one matrix product", integer=True)
        check_positive("k", k, "how many people", integer=True)
        known = self.people
        if k > len(known):
            raise ValueError(f"k must be at most the number of people enrolled, {len(known)}. Received {k}.")
        indices, distances = np.empty((len(probes), k), "int64"), np.empty((len(probes), k), "float32")
        for start in range(0, len(probes), batch_size):
            part = slice(start, start + batch_size)
            indices[part], distances[part] = _smallest(self._to_people(probes[part]), k)
        return known[indices], distances

    def recognise(self, probes, threshold, batch_size=16):
        """Who each probe shows: the nearest person, or -1 where nobody is within the threshold.

        Args:
            probes: float array (B, D).
            threshold: the largest squared distance at which somebody is recognised.
            batch_size: as for `nearest`.

        Returns:
            int64 array (B,).

        Raises:
            ValueError: as `nearest`.
        """
        people, distances = self.nearest(probes, 1, batch_size)
        return np.where(distances[:, 0] <= threshold, people[:, 0], -1)

    def _sort(self):
        if self._waiting:  # those enrolled since the last search; everybody's images side by side
            people = np.concatenate([self._people, *(people for people, _ in self._waiting)])
            order = np.argsort(people, kind="stable")
            self._people = people[order]
            self._embeddings = np.concatenate([self._embeddings, *(values for _, values in self._waiting)])[order]
            self._lengths = np.sum(self._embeddings**2, axis=1)  # (N,) squared
            self._waiting = []
        if not len(self._people):
            raise ValueError("The gallery is empty. Enrol somebody first.")
        self._starts = np.flatnonzero(np.diff(self._people, prepend=-1))  # where each person's images begin

    def _to_people(self, probes):
        table = probes @ self._embeddings.T  # (B, N)
        table *= -2
        table += self._lengths
        if len(self._starts) < len(self._people):
            table = np.minimum.reduceat(table, self._starts, axis=1)  # (B, people)
        return np.maximum(table + np.sum(probes**2, axis=1, keepdims=True), 0)

    def _check(self, name, values):
        values = np.asarray(values, "float32")
        check_shape(name, values, ("N", self.embedding_size), "one embedding a row", "For one face pass it as [face].")
        if not np.isfinite(values).all():
            raise ValueError(f"{name} must be finite. Did the training diverge?")
        return values


def _smallest(table, k):
    if k == 1:
        chosen = np.argmin(table, axis=1)[:, None]
        return chosen, np.take_along_axis(table, chosen, axis=1)
    chosen = np.argpartition(table, k - 1, axis=1)[:, :k] if k < table.shape[1] else np.argsort(table, axis=1)
    distances = np.take_along_axis(table, chosen, axis=1)
    order = np.argsort(distances, axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1), np.take_along_axis(distances, order, axis=1)
