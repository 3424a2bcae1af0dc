"""Which map of a feature pyramid a region is cut out of."""

import math

import keras
from keras import ops

from cvkit.validation import as_float32, check_positive, check_shape


def roi_levels(rois, lowest, highest, canonical_side=224):
    r"""Level of the map for each region: large ones go to coarse maps.

    $$k = \Big\lfloor 4 + \log_2 \frac{\sqrt{wh}}{224} \Big\rfloor$$

    Args:
        rois: float tensor (..., 4), corners in pixels.
        lowest, highest: levels of the finest and the coarsest map, integers; k is moved into this range.
        canonical_side: pixels in the place of 224: the side of a square that goes to level 4, of stride 16.

    Returns:
        int32 tensor (...).

    Raises:
        ValueError: a region is not of four numbers, or another argument does not fit.

    Example:
        >>> roi_levels([[0, 0, 100, 112], [0, 0, 224, 224], [10, 0, 510, 400], [0, 0, 900, 900]], 2, 5).numpy()
        array([2, 4, 4, 5], dtype=int32)

    Reference:
        Lin et al., "Feature Pyramid Networks", 2016, arXiv 1612.03144, equation 1.
    """
    check_positive("canonical_side", canonical_side, "pixels, the side of a square that goes to level 4")
    if lowest > highest:
        raise ValueError(f"lowest must be at most highest. Received lowest={lowest!r}, highest={highest!r}.")
    rois = as_float32(rois)
    check_shape("rois", rois, (..., 4), "corners in pixels")
    area = ops.prod(ops.maximum(rois[..., 2:] - rois[..., :2], 1e-3), axis=-1)  # a region without area goes lowest
    level = ops.floor(4 + (ops.log(area) / 2 - math.log(canonical_side)) / math.log(2))
    return ops.cast(ops.clip(level, lowest, highest), "int32")


@keras.saving.register_keras_serializable(package="cvkit")
class LevelChoice(keras.layers.Layer):
    """Of what was cut out of each map for every region, what `roi_levels` says.

    ``layer([rois, *pooled])``: (B, R, 4), and for each map (B, R, ph, pw, C), the finest first; returns one such.

    Args:
        lowest: level of the finest map; the others follow without a gap.
        canonical_side: see `roi_levels`.
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Example:
        >>> rois, maps = ops.convert_to_tensor([[[0.0, 0, 8, 8], [0, 0, 16, 16]]]), ops.ones((1, 2, 1, 1, 1))
        >>> LevelChoice(3, canonical_side=16)([rois, 3 * maps, 4 * maps])[0, :, 0, 0, 0].numpy()
        array([3., 4.], dtype=float32)
    """

    def __init__(self, lowest, canonical_side=224, **kwargs):
        super().__init__(**kwargs)
        check_positive("canonical_side", canonical_side, "pixels, the side of a square that goes to level 4")
        self.lowest, self.canonical_side = lowest, canonical_side

    def call(self, inputs):
        """The chosen ones."""
        rois, *pooled = inputs
        levels = roi_levels(rois, self.lowest, self.lowest + len(pooled) - 1, self.canonical_side)
        levels = levels[..., None, None, None]  # (B, R, 1, 1, 1)
        return sum(ops.where(levels == self.lowest + k, part, ops.zeros_like(part)) for k, part in enumerate(pooled))

    def compute_output_shape(self, shapes):
        """That of each part."""
        return tuple(shapes[1])

    def get_config(self):
        """Arguments that rebuild the layer."""
        return {**super().get_config(), "lowest": self.lowest, "canonical_side": self.canonical_side}
