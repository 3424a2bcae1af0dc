"""SharpMask: a coarse mask made finer, map by map, on the way back from the coarsest to the finest."""

import keras
from keras import layers, ops

from cvkit.validation import check_positive


def refinement_module(encoding, features, width, next_width, name):
    r"""One step up: what is known of the mask, joined with the map of the same size, and enlarged by two.

    $$M^{i+1} = \mathrm{up}_2\left(\mathrm{ReLU}\left(\mathrm{conv}\left(
      [M^i,\; \mathrm{ReLU}(\mathrm{conv}(F^i))]\right)\right)\right)$$

    The first convolution brings the map down to as many channels as the mask encoding has, lest hundreds of features
    drown a few numbers about the mask. up₂ repeats each number.

    Args:
        encoding: M, tensor (B, h, w, k), the mask encoding.
        features: F, tensor (B, h, w, C), the backbone's map.
        width: k, channels of the map when it is joined.
        next_width: channels of the encoding that comes out.
        name: of the step; its layers are called after it.

    Returns:
        Tensor (B, 2h, 2w, next_width).

    Reference:
        Pinheiro et al., "Learning to Refine Object Segments", 2016, arXiv 1603.08695, section 3.1. The authors' code
        has two or three convolutions where one stands here, and adds the two paths; a convolution of joined maps is
        such a sum.
    """
    options = dict(padding="same", activation="relu")
    skip = layers.Conv2D(width, 3, name=f"{name}_skip", **options)(features)
    x = layers.Concatenate(name=f"{name}_join")([encoding, skip])
    x = layers.Conv2D(next_width, 3, name=f"{name}_merge", **options)(x)
    return layers.UpSampling2D(2, interpolation="nearest", name=f"{name}_enlarge")(x)


def sharpmask(network, backbone, width=32, taps=None):
    """`deepmask` with its last layer replaced, and a refinement module for each map of the backbone.

    First train `deepmask`. This function then freezes it, the backbone included: what is left to train are a linear
    layer, from the r numbers that DeepMask knows of a mask to a first encoding of the coarsest map's size, and the
    modules. Each halves the channels of the encoding and doubles its size.

    Args:
        network: a trained `deepmask`.
        backbone: the backbone that it was made of.
        width: k, channels of the first encoding.
        taps: names of the maps that modules look at, each of half the stride of the one before, the first being that
            of `deepmask`, such as ("C3", "C2", "C1"); all of the backbone, coarsest first, if None.

    Returns:
        A functional `keras.Model` from patches (B, P, P, 3) to a dict of "masks" (B, 1, 1, S, S), logits, and "scores"
        (B, 1, 1), those of `network`. With modules down to the map C1 masks have the size of the patch.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> from cvkit.backbones import backbone
        >>> from cvkit.models.deepmask import deepmask
        >>> body = backbone(weights=None, taps=("C1", "C2", "C3"))
        >>> coarse = deepmask(body, patch_size=32, mask_size=16, width=8, rank=8)
        >>> sharpmask(coarse, body, width=8)(ops.zeros((1, 32, 32, 3)))["masks"].shape
        TensorShape([1, 1, 1, 32, 32])

    Reference:
        Pinheiro et al., "Learning to Refine Object Segments", 2016, arXiv 1603.08695, sections 3.1 and 3.2: training
        in two stages, 32 channels at first, halved by each module.
    """
    taps = tuple(sorted(backbone.output, reverse=True)) if taps is None else tuple(taps)
    levels = [int(tap[1:]) for tap in taps]
    if not taps or set(taps) - set(backbone.output) or levels != list(range(levels[0], levels[0] - len(levels), -1)):
        raise ValueError(
            f"taps must be maps of the backbone, {', '.join(backbone.output)}, each of half the stride of the one "
            f"before. Received {taps!r}."
        )
    check_positive("width", width, "channels of the first encoding", integer=True)
    if width % 2 ** len(taps):
        raise ValueError(f"width must be a multiple of {2 ** len(taps)}: each module halves it. Received {width}.")
    for layer in network.layers:
        layer.trainable = False
    encoder = network.get_layer("mask_encoding")
    cells = encoder.kernel_size[0]
    # On a patch the encoder's answer has one position: a transposed convolution is a dense layer to all cells.
    x = layers.Conv2DTranspose(width, cells, strides=cells, name="first_encoding")(encoder.output)
    for tap in taps:
        x = refinement_module(x, backbone.output[tap], width, width // 2, f"refine_{tap}")
        width //= 2
    masks = layers.Conv2D(1, 3, padding="same", name="refined_pixels")(x)  # (B, S, S, 1)
    masks = ops.expand_dims(ops.squeeze(masks, axis=-1), axis=(1, 2))
    return keras.Model(backbone.input, {"masks": masks, "scores": network.output["scores"]}, name="sharpmask")
