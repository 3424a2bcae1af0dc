"""Linear machines that tell one group of feature vectors from another, and the negatives to train them with. NumPy."""

import numpy as np
from sklearn.svm import LinearSVC


def linear_scores(features, weights):
    """``features @ w + b`` with w and b in one array.

    Args:
        features: float array (n, D).
        weights: (D + 1,), or (M, D + 1) for M machines; b comes last.

    Returns:
        Float array (n,), or (n, M).

    Example:
        >>> linear_scores(np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([3.0, 1.0, -2.0]))  # 3 + 2 - 2 and 1 - 2
        array([ 3., -1.])
    """
    return features @ weights[..., :-1].T + weights[..., -1]


def nearest_mean(positives, negatives, random=None):
    r"""The machine that asks which of two means is nearer.

    $$w \cdot f + b = |f - m_0|^2 - |f - m|^2, \qquad w = 2 (m - m_0), \quad b = |m_0|^2 - |m|^2$$

    Args:
        positives: float array (p, D), of mean m.
        negatives: float array (n, D), of mean m_0.
        random: not used; machines that draw among the negatives have it.

    Returns:
        Float array (D + 1,): w, then b.

    Example:
        >>> nearest_mean(np.array([[4.0, 0.0]]), np.array([[0.0, 0.0], [0.0, 2.0]]))  # m = (4, 0), m_0 = (0, 1)
        array([  8.,  -2., -15.])
    """
    mean, other = positives.mean(axis=0), negatives.mean(axis=0)
    return np.append(2 * (mean - other), (other**2).sum() - (mean**2).sum())


def support_vector_machine(positives, negatives, random=None, c=1e-3):
    r"""The plane with a wide margin between two groups.

    $$\tfrac12 |w|^2 + C \sum_i \max\left(0,\ 1 - y_i (w \cdot f_i + b)\right)^2$$

    is made small, with y = 1 for positives and -1 for negatives.

    Args:
        positives, negatives: float arrays (p, D) and (n, D).
        random: not used; machines that draw among the negatives have it.
        c: C, how much a point inside the margin costs.

    Returns:
        Float array (D + 1,): w, then b.

    Example:
        >>> support_vector_machine(np.array([[2.0, 0.0]]), np.array([[0.0, 0.0]]), c=1e6).round(3)  # x - 1
        array([ 1.,  0., -1.])

    Reference:
        scikit-learn's LinearSVC. It counts b, divided by 10, among the numbers that shall be small; R-CNN's machines do
        not square the maximum.
    """
    truth = np.repeat([1, 0], [len(positives), len(negatives)])
    model = LinearSVC(C=c, intercept_scaling=10, max_iter=5000, random_state=0)
    model.fit(np.concatenate([positives, negatives]), truth)
    return np.append(model.coef_[0], model.intercept_)  # (D + 1,)


def choose_negatives(positives, negatives, random, c=1e-3):
    """Some negatives drawn at random, and the hard ones: those that a first machine gets wrong or has in its margin.

    Args:
        positives, negatives: float arrays (p, D) and (n, D).
        random: `numpy.random.Generator`; it draws five negatives a positive for the first machine.
        c: of the first machine.

    Returns:
        Integer array (m,): places in `negatives`, rising.

    Example:
        >>> positives, negatives = np.array([[4.0], [5.0]]), np.array([[-9.0], [-8.0], [3.0], [-7.0]])
        >>> choose_negatives(positives, negatives, np.random.default_rng(0), c=100.0)  # all four, as there are so few
        array([0, 1, 2, 3])

    Reference:
        Girshick et al., "Rich feature hierarchies for accurate object detection", 2014, arXiv 1311.2524, section 2.3.
        There it goes on image by image, and easy negatives are dropped again.
    """
    first = random.permutation(len(negatives))[: 5 * len(positives)]
    machine = support_vector_machine(positives, negatives[first], c=c)
    hard = np.flatnonzero(linear_scores(negatives, machine) > -1)
    return np.union1d(first, hard)


def hard_negative_machine(positives, negatives, random, c=1e-3):
    """`support_vector_machine` with the negatives of `choose_negatives`.

    Args:
        positives, negatives, random, c: as for these.

    Returns:
        Float array (D + 1,): w, then b.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> hard_negative_machine(np.array([[2.0]]), np.array([[0.0], [-5.0]]), rng, c=1e6).round(2)  # x - 1
        array([ 1., -1.])
    """
    chosen = choose_negatives(positives, negatives, random, c)
    return support_vector_machine(positives, negatives[chosen], c=c)
