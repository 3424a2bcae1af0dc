"""Bilinear interpolation to the size of another map, whatever that is."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="cvkit")
class ResizeLike(keras.layers.Layer):
    r"""Interpolate maps bilinearly to the height and width of others: ``layer([maps, like])``.

    Along an axis that goes from $l$ to $L$ positions, position $i$ reads the old ones $j$ with the weights

    $$w_{ij} = \max(0,\, 1 - |x_i - j|), \qquad x_i = \tfrac{l}{L}\left(i + \tfrac12\right) - \tfrac12$$

    with $x_i$ held between the first and the last position; the whole is two products with such matrices. The numbers
    are those of `keras.ops.image.resize`, which wants the size when the network is made; here it may be unknown until
    an image comes.

    Args:
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Example:
        >>> ResizeLike()([ops.ones((1, 3, 3, 8)), ops.ones((1, 7, 5, 2))]).shape
        TensorShape([1, 7, 5, 8])
    """

    def call(self, inputs):
        """Resize a batch of maps (B, h, w, C) to (B, H, W, C)."""
        maps, like = inputs
        sides = zip(ops.shape(maps)[1:3], ops.shape(like)[1:3], strict=True)
        rows, columns = (ops.cast(_weights(*side), maps.dtype) for side in sides)  # (H, h), (W, w)
        return ops.einsum("xw,bywc->byxc", columns, ops.einsum("yh,bhwc->bywc", rows, maps))

    def compute_output_shape(self, input_shape):
        """(B, H, W, C)."""
        maps, like = input_shape
        return (maps[0], *like[1:3], maps[3])


def _weights(old, new):
    """The weights (L, l) of the old positions for each new one."""
    places = ops.arange(new, dtype="float32") + 0.5
    places = places * (ops.cast(old, "float32") / ops.cast(new, "float32")) - 0.5  # (L,)
    places = ops.clip(places, 0, ops.cast(old - 1, "float32"))
    return ops.maximum(1 - ops.abs(places[:, None] - ops.arange(old, dtype="float32")), 0)
