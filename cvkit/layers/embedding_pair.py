"""Checks of two batches of embeddings that are compared row by row."""

from cvkit.validation import check_same_shape, check_shape


def check_pair(first, second, weights):
    """Raise unless the embeddings are (B, D) both, and there is a weight for each feature.

    Example:
        >>> import numpy as np
        >>> check_pair(np.zeros((4, 2)), np.zeros((4, 2)), np.ones(2))
    """
    check_shape("first", first, ("B", "D"), "one embedding a row", "For one pair pass first[None].")
    check_same_shape("second", second, "first", first, "Row i of one is compared with row i of the other.")
    check_shape("weights", weights, (first.shape[-1],), "one for each feature")


def check_pair_shapes(name, shapes):
    """The size D of the embeddings, from the shapes of a layer's two inputs.

    Raises:
        ValueError: there are not two, or they differ.

    Example:
        >>> check_pair_shapes("WeightedL1", [(None, 8), (None, 8)])
        8
    """
    pair = isinstance(shapes, (list, tuple)) and len(shapes) == 2 and all(isinstance(s, (list, tuple)) for s in shapes)
    if not pair or any(len(shape) != 2 for shape in shapes) or shapes[0][1] != shapes[1][1] or shapes[0][1] is None:
        raise ValueError(
            f"{name} takes a list of two batches of embeddings of one size, (B, D) each. Received shapes {shapes}. "
            "Embed both images by the same network."
        )
    return shapes[0][1]
