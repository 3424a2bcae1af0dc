"""Make an image's sides divisible by a network's stride, and cut the answer back to the image's size."""

import keras
from keras import ops

from cvkit.validation import check_positive


@keras.saving.register_keras_serializable(package="cvkit")
class PadToMultiple(keras.layers.Layer):
    """Fill images up with zeros, on the right and below, until both sides are multiples of a number.

    With sides that its stride divides, every map of a network has exactly its share of them, and maps of different
    strides fit on each other. `CropLike` undoes it.

    Args:
        multiple: a positive integer, such as the stride of the coarsest map.
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Raises:
        ValueError: `multiple` is not a positive integer.

    Example:
        >>> PadToMultiple(16)(ops.ones((1, 30, 33, 3))).shape
        TensorShape([1, 32, 48, 3])
    """

    def __init__(self, multiple, **kwargs):
        super().__init__(**kwargs)
        check_positive("multiple", multiple, "what the sides are to be divisible by", integer=True)
        self.multiple = multiple
        self.input_spec = keras.layers.InputSpec(ndim=4)

    def call(self, inputs):
        """Pad a batch of images (B, H, W, C)."""
        height, width = ops.shape(inputs)[1:3]
        return ops.pad(inputs, [[0, 0], [0, -height % self.multiple], [0, -width % self.multiple], [0, 0]])

    def compute_output_shape(self, input_shape):
        """(B, H', W', C), sides rounded up; an unknown side stays unknown."""
        batch, *sides, channels = input_shape
        return (batch, *(None if side is None else side + -side % self.multiple for side in sides), channels)

    def receptive_field(self, spans, input_shape, output_shape):
        """Pixels stay where they are; see `cvkit.analysis.receptive_field`."""
        return spans

    def get_config(self):
        """Arguments that rebuild the layer."""
        return {**super().get_config(), "multiple": self.multiple}


@keras.saving.register_keras_serializable(package="cvkit")
class CropLike(keras.layers.Layer):
    """Cut maps to the height and width of an image: ``layer([maps, image])``, from the upper left corner.

    Args:
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Example:
        >>> CropLike()([ops.ones((1, 32, 48, 5)), ops.ones((1, 30, 33, 3))]).shape
        TensorShape([1, 30, 33, 5])
    """

    def call(self, inputs):
        """Cut a batch of maps (B, H', W', C) to (B, H, W, C)."""
        maps, image = inputs
        height, width = ops.shape(image)[1:3]
        return maps[:, :height, :width]

    def compute_output_shape(self, input_shape):
        """(B, H, W, C)."""
        maps, image = input_shape
        return (maps[0], *image[1:3], maps[3])

    def receptive_field(self, spans, input_shape, output_shape):
        """Pixels stay where they are; see `cvkit.analysis.receptive_field`."""
        return spans
