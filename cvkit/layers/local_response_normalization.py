"""Local response normalisation: each number divided by what its neighbouring channels hold at the same place."""

import keras
from keras import ops

from cvkit.validation import as_float, check_positive


def local_response_normalization(inputs, n=5, k=2.0, alpha=1e-4, beta=0.75):
    r"""Divide each number by a power of k plus alpha times the squares of the n channels around it.

    $$b_c = \frac{a_c}{\Big(k + \alpha \sum_{j=c-m}^{c+m} a_j^2\Big)^\beta}, \qquad m = \frac{n-1}{2}$$

    Here $a_c$ is the number in channel c at one place of the map. Places do not mix; channels do. Channels below the
    first and above the last do not exist, and add nothing.

    Args:
        inputs: float tensor (..., C), channels last.
        n: channels in the window, an odd integer; an even one would have no middle.
        k: what the sum is added to, positive, so that nothing is divided by zero.
        alpha: weight of the sum, positive.
        beta: power, positive.

    Returns:
        Float tensor of the inputs' shape and type. Half precision is computed in float32: squares overflow.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> channels = [1.0, 2.0, 3.0]  # n = 3: the sums of squares are 1 + 4, 1 + 4 + 9 and 4 + 9
        >>> local_response_normalization(channels, n=3, k=1.0, alpha=1.0, beta=1.0).numpy().round(3)
        array([0.167, 0.133, 0.214], dtype=float32)

    Reference:
        Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012,
        section 3.3, with its defaults. Libraries differ. The paper and TensorFlow multiply the sum by alpha; Caffe and
        `torch.nn.LocalResponseNorm` divide alpha by n first, and add k = 1. For the same numbers give PyTorch
        ``alpha=n * alpha, k=k``, and TensorFlow ``depth_radius=n // 2, bias=k``.
    """
    _check_arguments(n, k, alpha, beta)
    inputs = as_float(inputs)
    if len(inputs.shape) == 0:
        raise ValueError("inputs must have an axis of channels, the last one. Received a single number.")
    dtype = keras.backend.standardize_dtype(inputs.dtype)
    x = ops.cast(inputs, "float32") if dtype in ("float16", "bfloat16") else inputs
    squares = ops.pad(ops.square(x), [[0, 0]] * (len(x.shape) - 1) + [[n // 2, n // 2]])  # (..., C + n - 1)
    sums = sum(squares[..., shift : shift + x.shape[-1]] for shift in range(n))  # (..., C)
    return ops.cast(x * ops.power(k + alpha * sums, -beta), dtype)


def _check_arguments(n, k, alpha, beta):
    check_positive("n", n, "channels in the window", integer=True)
    if n % 2 == 0:
        raise ValueError(f"n must be odd, so that the window has a middle channel. Received {n}; try {n + 1}.")
    check_positive("k", k, "what the sum of squares is added to")
    check_positive("alpha", alpha, "weight of the sum of squares")
    check_positive("beta", beta, "power of the divisor")


@keras.saving.register_keras_serializable(package="cvkit")
class LocalResponseNormalization(keras.layers.Layer):
    """`local_response_normalization` as a layer; it has no weights.

    Args:
        n: channels in the window, an odd integer.
        k: what the sum is added to, positive.
        alpha: weight of the sum, positive; not divided by n.
        beta: power, positive.
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> LocalResponseNormalization()(ops.ones((2, 55, 55, 96))).shape
        TensorShape([2, 55, 55, 96])

    Reference:
        Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012,
        section 3.3.
    """

    def __init__(self, n=5, k=2.0, alpha=1e-4, beta=0.75, **kwargs):
        super().__init__(**kwargs)
        _check_arguments(n, k, alpha, beta)
        self.n = n
        self.k = k
        self.alpha = alpha
        self.beta = beta

    def call(self, inputs):
        """Normalise a batch of feature maps."""
        return local_response_normalization(inputs, self.n, self.k, self.alpha, self.beta)

    def compute_output_shape(self, input_shape):
        """That of the input."""
        return input_shape

    def receptive_field(self, spans, input_shape, output_shape):
        """That of the input: places do not mix; see `cvkit.analysis.receptive_field`."""
        return spans

    def get_config(self):
        """Arguments that rebuild the layer."""
        return {**super().get_config(), "n": self.n, "k": self.k, "alpha": self.alpha, "beta": self.beta}
