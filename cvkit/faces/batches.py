"""Batches of P people with K images each, as mining of triplets wants them."""

import keras
import numpy as np

from cvkit.validation import check_positive


class PersonBatches(keras.utils.PyDataset):
    """Batches of images and their people: in each P people, and of each of them K images.

    In a batch drawn at random from many people hardly anybody occurs twice, so that there is no triplet in it. Here an
    anchor always has K - 1 positives and (P - 1) K negatives. In an epoch everybody has one turn, in a new order; if P
    does not divide their number, some are left over, others each epoch. The K images are drawn anew at each turn.
    Somebody with fewer than K images shows some of them twice.

    Args:
        images: array (N, H, W, C), or a sequence that NumPy can index.
        labels: integers (N,), the person in each image.
        people: P, at least 2.
        images_each: K, at least 2.
        turns: how often everybody has a turn in an epoch.
        seed: of all that is drawn.

    Raises:
        ValueError: labels do not fit the images, somebody has a single image, or there are fewer than P people.

    Example:
        >>> batches = PersonBatches(np.zeros((12, 8, 8, 1)), [0] * 4 + [1] * 4 + [2] * 4, people=2, images_each=3)
        >>> images, labels = batches[0]
        >>> len(batches), images.shape, np.unique(labels, return_counts=True)[1].tolist()
        (1, (6, 8, 8, 1), [3, 3])

    Reference:
        Hermans et al., "In Defense of the Triplet Loss for Person Re-Identification", 2017, arXiv 1703.07737,
        section 2, "PK".
    """

    def __init__(self, images, labels, people=16, images_each=4, turns=1, seed=0):
        super().__init__()
        self.images, self.labels = np.asarray(images), np.asarray(labels)
        if self.labels.ndim != 1 or len(self.labels) != len(self.images):
            raise ValueError(
                f"labels must have shape ({len(self.images)},): the person in each image. "
                f"Received shape {self.labels.shape}."
            )
        for name, value in {"people": people, "images_each": images_each}.items():
            check_positive(name, value, "how many in a batch", integer=True)
            if value < 2:
                raise ValueError(f"{name} must be at least 2: a triplet has two people and two images of one of them.")
        check_positive("turns", turns, "how often everybody has a turn in an epoch", integer=True)
        self.persons, counts = np.unique(self.labels, return_counts=True)
        if people > len(self.persons):
            raise ValueError(f"people must be at most {len(self.persons)}, as many as there are. Received {people}.")
        if counts.min() < 2:
            raise ValueError(
                f"Person {self.persons[counts.argmin()]} has a single image, and so no positive. "
                "Leave out people with one image."
            )
        self.people, self.images_each, self.turns = people, images_each, turns
        self.own = np.split(np.argsort(self.labels, kind="stable"), np.cumsum(counts)[:-1])  # each person's images
        self.rng = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self):
        return len(self.order)

    def __getitem__(self, index):
        chosen = self.order[index]
        return self.images[chosen], self.labels[chosen]

    def on_epoch_end(self):
        """A new order of the people, and other images of them."""
        rounds = [self.rng.permutation(len(self.persons)) for _ in range(self.turns)]
        groups = [order[: len(order) // self.people * self.people].reshape(-1, self.people) for order in rounds]
        self.order = [np.concatenate([self._draw(person) for person in group]) for group in np.concatenate(groups)]

    def _draw(self, person):
        own = self.own[person]
        return self.rng.choice(own, self.images_each, replace=len(own) < self.images_each)
