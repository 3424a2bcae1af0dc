"""Embeddings on a sheet of paper."""

import numpy as np

from cvkit.validation import check_shape

METHODS = ("pca", "tsne")


def embedding_view(embeddings, method="pca", seed=0):
    """Two numbers for each embedding, to draw them as dots; by scikit-learn.

    "pca" is a projection on the two directions in which the embeddings vary most: far apart on paper is far apart in
    fact, but what is near on paper may lie far apart in other directions. "tsne" keeps neighbours together, and says
    nothing by the distance, size or density of its groups.

    Args:
        embeddings: float array (N, D), N at least 4, D at least 2.
        method: "pca" or "tsne".
        seed: of t-SNE, which begins with the projection and then draws.

    Returns:
        Float array (N, 2).

    Raises:
        ValueError: the embeddings are too few or of another shape, or there is no such method.

    Example:
        >>> import numpy as np
        >>> embedding_view(np.random.default_rng(0).normal(size=(9, 5))).shape
        (9, 2)

    Reference:
        van der Maaten and Hinton, "Visualizing Data using t-SNE", Journal of Machine Learning Research 9, 2008.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}. Received {method!r}.")
    embeddings = np.asarray(embeddings, "float64")
    check_shape("embeddings", embeddings, ("N", "D"), "one embedding a row")
    if len(embeddings) < 4 or embeddings.shape[1] < 2:
        raise ValueError(f"embeddings must be 4 at least, of 2 numbers at least. Received {embeddings.shape}.")
    if method == "pca":
        from sklearn.decomposition import PCA

        return PCA(2, random_state=seed).fit_transform(embeddings)
    from sklearn.manifold import TSNE

    perplexity = min(30, (len(embeddings) - 1) / 3)
    return TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(embeddings)
