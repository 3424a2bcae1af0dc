"""The anchors of a feature map, as a layer: it looks at the map's size and not at its numbers."""

import keras
from keras import ops

from cvkit.detection.anchor_grid import anchor_grid


@keras.saving.register_keras_serializable(package="cvkit")
class Anchors(keras.layers.Layer):
    """`cvkit.detection.anchor_grid` for a map of any size: (B, H, W, C) to (H * W * A, 4), float32, xyxy in pixels.

    Args:
        stride: image pixels from one cell to the next.
        scales: square roots of the anchors' areas in pixels.
        ratios: widths over heights; there is an anchor for each pair of a scale and a ratio, A in all.
        **kwargs: `keras.layers.Layer` arguments such as ``name``.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> Anchors(stride=8, scales=(16, 32), ratios=(0.5, 1, 2))(ops.zeros((1, 5, 7, 32))).shape  # 5 x 7 x 6
        TensorShape([210, 4])

    Reference:
        Ren et al., "Faster R-CNN", 2015, arXiv 1506.01497, section 3.1.1.
    """

    def __init__(self, stride, scales, ratios, **kwargs):
        super().__init__(autocast=False, **kwargs)
        anchor_grid((1, 1), stride, scales, ratios)  # raises what does not fit
        self.stride, self.scales, self.ratios = stride, tuple(scales), tuple(ratios)

    @property
    def num_anchors(self):
        """Anchors at each position, A."""
        return len(self.scales) * len(self.ratios)

    def call(self, features):
        """Anchors of each position, row by row."""
        return anchor_grid(ops.shape(features)[1:3], self.stride, self.scales, self.ratios)

    def compute_output_spec(self, features):
        """Float32 (H * W * A, 4)."""
        height, width = features.shape[1:3]
        known = None not in (height, width)
        return keras.KerasTensor((height * width * self.num_anchors if known else None, 4), "float32")

    def get_config(self):
        """Arguments that rebuild the layer."""
        return {**super().get_config(), "stride": self.stride, "scales": self.scales, "ratios": self.ratios}
