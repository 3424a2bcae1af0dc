"""LeNet-5's output: how far the features are from a fixed pattern of each class."""

import keras
import numpy as np
from keras import ops

from cvkit.validation import as_float, check_shape


def digit_patterns():
    """A drawing of each digit on 7 x 12 pixels, +1 for ink and -1 for paper, as bars of a pocket calculator's display.

    Returns:
        float32 NumPy array (10, 84). LeNet-5 used drawings of the printed digits; these serve the same purpose.

    Example:
        >>> print("\\n".join("".join(" #"[int(p > 0)] for p in row) for row in digit_patterns()[7].reshape(12, 7)))
        #######
              #
              #
              #
              #
              #
              #
              #
              #
              #
              #
              #
    """
    bars = {
        "top": np.s_[0, :],
        "middle": np.s_[6, :],
        "bottom": np.s_[11, :],
        "upper_left": np.s_[:7, 0],
        "lower_left": np.s_[6:, 0],
        "upper_right": np.s_[:7, 6],
        "lower_right": np.s_[6:, 6],
    }
    digits = {
        0: "top bottom upper_left lower_left upper_right lower_right",
        1: "upper_right lower_right",
        2: "top middle bottom upper_right lower_left",
        3: "top middle bottom upper_right lower_right",
        4: "middle upper_left upper_right lower_right",
        5: "top middle bottom upper_left lower_right",
        6: "top middle bottom upper_left lower_left lower_right",
        7: "top upper_right lower_right",
        8: "top middle bottom upper_left lower_left upper_right lower_right",
        9: "top middle bottom upper_left upper_right lower_right",
    }
    patterns = np.full((10, 12, 7), -1.0, "float32")
    for digit, names in digits.items():
        for name in names.split():
            patterns[digit][bars[name]] = 1.0
    return patterns.reshape(10, 84)


@keras.saving.register_keras_serializable(package="cvkit")
class RadialBasisOutput(keras.layers.Layer):
    r"""Minus half the squared distance of the features from each class's fixed pattern: logits without weights.

    $$z_k = -\tfrac{1}{2} \sum_i (x_i - p_{k,i})^2$$

    Args:
        patterns: array (classes, features).
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Raises:
        ValueError: the patterns are not a matrix.

    Example:
        >>> layer = RadialBasisOutput([[1.0, 1.0], [-1.0, -1.0]])
        >>> layer(ops.ones((1, 2))).numpy(), layer.count_params()
        (array([[-0., -4.]], dtype=float32), 0)

    Reference:
        LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998, section II.B, equation 7. There
        the distance itself is the output, a penalty; its negative half works with a softmax and cross-entropy (equation
        9).
    """

    def __init__(self, patterns, **kwargs):
        super().__init__(**kwargs)
        self.patterns = np.asarray(patterns, "float32")
        check_shape("patterns", self.patterns, ("classes", "features"), "one fixed pattern for each class")

    def call(self, inputs):
        """Logits (B, classes) from features (B, features)."""
        difference = as_float(inputs)[:, None, :] - ops.cast(self.patterns, inputs.dtype)  # (B, classes, features)
        return -0.5 * ops.sum(difference**2, axis=-1)

    def compute_output_shape(self, input_shape):
        """(B, classes)."""
        return (input_shape[0], self.patterns.shape[0])

    def multiply_adds(self, input_shape, output_shape):
        """One squared difference for each class and feature."""
        return self.patterns.size

    def get_config(self):
        """Arguments that rebuild the layer."""
        return {**super().get_config(), "patterns": self.patterns.tolist()}
