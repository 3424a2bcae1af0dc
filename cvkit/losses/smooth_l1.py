"""Smooth L1: a squared error near zero and an absolute error far from it, for the four numbers of a box."""

from keras import ops

from cvkit.validation import as_float32, check_positive, check_same_shape


def smooth_l1_loss(targets, values, beta=1.0):
    r"""Smooth L1 loss of each row: the sum over its last axis, which for boxes holds four numbers.

    $$L = \sum_i \begin{cases} d_i^2 / (2 \beta) & \text{if } |d_i| < \beta \\ |d_i| - \beta / 2 & \text{otherwise}
    \end{cases} \qquad d_i = v_i - t_i$$

    Its slope is never more than one, so that one wrong box cannot outweigh all others as it does with a squared error.

    Args:
        targets: float tensor (..., K), what the values should be.
        values: float tensor of the same shape.
        beta: positive number, where the parabola ends, in the unit of the values.

    Returns:
        Float tensor (...), zero or more.

    Raises:
        ValueError: the two differ in shape or have no axis, or beta is not positive.

    Example:
        >>> float(smooth_l1_loss([0.0, 0.0, 0.0, 0.0], [0.0, 0.5, 1.0, -3.0]))  # 0 + 0.125 + 0.5 + 2.5
        3.125

    Reference:
        Girshick, "Fast R-CNN", 2015, arXiv 1504.08083, equations 2 and 3, with beta = 1. `keras.losses.huber` is beta
        times this, and a mean over the last axis where the paper sums.
    """
    targets, values = as_float32(targets), as_float32(values)
    check_same_shape("values", values, "targets", targets)
    if not len(values.shape):
        raise ValueError("values must have at least one axis, over which the loss is summed. Received a single number.")
    check_positive("beta", beta, "the size of an error from which on the loss grows in a straight line")
    error = ops.abs(values - targets)
    loss = ops.where(error < beta, ops.square(error) / (2 * beta), error - beta / 2)
    return ops.sum(loss, axis=-1)
