"""The word tree of YOLO9000: only siblings exclude each other, so that a dog may be a terrier too."""

import numpy as np
from keras import ops

from cvkit.validation import as_float32, check_shape

ROOT = -1  # the parent of the words at the top


def tree_log_probabilities(logits, parents):
    r"""Logarithm of the probability of each word of a tree.

    Siblings share a softmax: that is the probability of a word if its parent is right. A word is right if all on the
    way to it are:

    $$\log P(w) = \sum_{v \in \text{path}(w)} \log \frac{e^{z_v}}{\sum_{u \text{ sibling of } v} e^{z_u}}$$

    Args:
        logits: float tensor (..., C), one for each word; a word is one of its own siblings.
        parents: C integers, the place of each word's parent, or -1 at the top. A parent comes before its children.

    Returns:
        Float tensor (..., C), float32 at least. The probabilities of a word's children add up to its own.

    Raises:
        ValueError: parents is not such a list, or logits has another length.

    Example:
        >>> parents = [-1, -1, 0, 0]  # animal and vehicle; dog and cat are animals
        >>> ops.exp(tree_log_probabilities([0.0, 0.0, 0.0, 0.0], parents)).numpy()
        array([0.5 , 0.5 , 0.25, 0.25], dtype=float32)

    Reference:
        Redmon and Farhadi, "YOLO9000", 2016, arXiv 1612.08242, section 4, "hierarchical classification". There the
        9,418 words are nouns of WordNet, and the root, "physical object", has the probability of the objectness.
    """
    logits, (siblings, paths) = as_float32(logits), _tree(parents)
    check_shape("logits", logits, (..., len(paths)), "one for each word")
    rivals = ops.where(siblings, logits[..., None, :], -float("inf"))  # (..., C, C)
    given_parent = logits - ops.logsumexp(rivals, axis=-1)  # (..., C)
    return ops.matmul(given_parent, ops.cast(paths.T, logits.dtype))


def tree_loss(labels, logits, parents):
    r"""Minus the logarithm of the probability of the true word, $-\log P(w)$.

    The true word may stand anywhere: of an image that is only known to show a dog, "dog" and all above it learn, and
    the breeds do not.

    Args:
        labels: integer tensor (...).
        logits: float tensor (..., C).
        parents: as for `tree_log_probabilities`.

    Returns:
        Float tensor (...).

    Raises:
        ValueError: as for `tree_log_probabilities`.

    Example:
        >>> tree_loss([0, 3], [[0.0, 0.0, 0.0, 0.0]] * 2, [-1, -1, 0, 0]).numpy().round(3)  # log 2 and log 4
        array([0.693, 1.386], dtype=float32)
    """
    log_probabilities = tree_log_probabilities(logits, parents)
    return -ops.sum(ops.one_hot(labels, len(parents), dtype=log_probabilities.dtype) * log_probabilities, axis=-1)


def tree_predict(logits, parents, threshold=0.5):
    """The most exact word that is still probable enough: down from the top, always to the best child.

    Args:
        logits: float array (..., C).
        parents: as for `tree_log_probabilities`.
        threshold: least probability of the word.

    Returns:
        Integer array (...), -1 where not even a word at the top is probable enough.

    Raises:
        ValueError: as for `tree_log_probabilities`.

    Example:
        >>> parents = [-1, -1, 0, 0]
        >>> tree_predict([[3.0, 0.0, 4.0, 0.0], [3.0, 0.0, 0.1, 0.0], [0.0, 0.0, 9.0, 0.0]], parents, 0.6)
        array([ 2,  0, -1])
    """
    probabilities = ops.convert_to_numpy(ops.exp(tree_log_probabilities(logits, parents)))
    children = [[word for word, parent in enumerate(parents) if parent == above] for above in range(-1, len(parents))]

    def descend(row, word):
        below = children[word + 1]
        best = max(below, key=lambda child: row[child], default=None)
        return word if best is None or row[best] < threshold else descend(row, best)

    rows = probabilities.reshape(-1, len(parents))
    return np.array([descend(row, ROOT) for row in rows], "int64").reshape(probabilities.shape[:-1])


def _tree(parents):
    """Bool (C, C): who is whose sibling, and who lies on whose way from the top."""
    parents = np.asarray(parents)
    fits = parents.ndim == 1 and len(parents) and parents.dtype.kind in "iu"
    if not fits or not ((parents >= ROOT) & (parents < np.arange(len(parents)))).all():
        raise ValueError(
            "parents must be a list of integers: for each word the place of its parent, which comes before it, or -1 "
            f"at the top. Received {parents.tolist()}."
        )
    paths = np.eye(len(parents), dtype=bool)
    for word, parent in enumerate(parents):
        if parent != ROOT:
            paths[word] |= paths[parent]
    return parents[:, None] == parents, paths
