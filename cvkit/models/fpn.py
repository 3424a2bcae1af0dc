"""The feature pyramid: maps of every stride, each of which knows what the coarsest one knows."""

import keras
from keras import layers

from cvkit.models.detector import find_taps
from cvkit.validation import check_positive


def fpn(backbone, channels=256, taps=None, top_down=True):
    r"""A backbone whose maps are joined from the coarsest down to the finest.

    $$M_k = \mathrm{conv}_{1 \times 1}(C_k) + \mathrm{up}_2(M_{k+1}), \qquad P_k = \mathrm{conv}_{3 \times 3}(M_k)$$

    up doubles height and width by repeating each number. The coarsest map has nothing to add.

    Args:
        backbone: `keras.Model` of `cvkit.backbones.backbone`, from images (B, H, W, 3) to a dict of maps.
        channels: of every map that comes out.
        taps: names of the maps to join, each of twice the stride of the one before, such as ("C2", "C3", "C4"); all
            that the backbone has if None.
        top_down: False leaves the sum out, which shows what it is good for: the paper's table 1 (d).

    Returns:
        A functional `keras.Model` with the backbone's input and a dict of maps (B, H / 2^k, W / 2^k, channels), finest
        first; Pk belongs to Ck. Every detector takes it as its backbone. Heights and widths of the images must be
        multiples of the coarsest stride, as those are that detectors pad.

    Raises:
        ValueError: the backbone has no such map, the strides leave one out, or `channels` is no positive integer.

    Example:
        >>> from cvkit.backbones import backbone
        >>> pyramid = fpn(backbone(weights=None), channels=64)
        >>> {name: tuple(x.shape) for name, x in pyramid.output.items()}
        {'P2': (None, None, None, 64), 'P3': (None, None, None, 64), 'P4': (None, None, None, 64)}

    Reference:
        Lin et al., "Feature Pyramid Networks", 2016, arXiv 1612.03144, section 3: 256 channels, C2 to C5, nearest
        neighbours, and no non-linearity.
    """
    check_positive("channels", channels, "channels of every map that comes out", integer=True)
    strides = find_taps(backbone, taps or tuple(backbone.output))
    levels = [int(tap[1:]) for tap in strides]
    if levels != list(range(levels[0], levels[-1] + 1)):
        raise ValueError(
            f"taps must leave no stride out, each being twice the one before. Received {', '.join(strides)}: the sum "
            "joins neighbours only."
        )
    above, pyramid = None, {}
    for tap in reversed(strides):
        level = tap[1:]
        merged = layers.Conv2D(channels, 1, name=f"lateral{level}")(backbone.output[tap])
        if above is not None and top_down:
            enlarged = layers.UpSampling2D(2, interpolation="nearest", name=f"up{level}")(above)
            merged = layers.Add(name=f"merged{level}")([merged, enlarged])
        above = merged
        pyramid[f"P{level}"] = layers.Conv2D(channels, 3, padding="same", name=f"smooth{level}")(merged)
    return keras.Model(backbone.input, dict(sorted(pyramid.items())), name="fpn")
