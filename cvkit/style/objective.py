"""The total loss of neural style transfer: what an image must keep of one picture and take from others."""

import keras
import numpy as np
from keras import ops

from cvkit.losses.style import content_loss, style_loss
from cvkit.losses.total_variation import total_variation_loss


class StyleObjective:
    r"""Gatys' total loss of an image, each term with its weight.

    $$L(x) = \alpha \sum_l u_l L_{content}^l(x, p) + \beta \sum_s v_s \sum_l w_l E_l(x, a_s) + \gamma V(x)$$

    with the content image p, the style images a_s, taps l of a network, and the total variation V. Without a content
    image, a style image or a weight γ its term is zero.

    Args:
        features: `keras.Model` from images (1, H, W, 3), values from 0 to 255, to a dict of maps, such as
            `cvkit.backbones.backbone` makes.
        content: float array (H, W, 3), or None.
        styles: list of float arrays (H, W, 3), of the size of the image that is made, so that equal textures have
            loss 0.
        content_taps, style_taps: names of maps, which then count alike, u = 1 / number, or a dict with their weights.
        content_weight, style_weight, total_variation_weight: α, β and γ, zero or more.
        style_shares: v, a number for each style image; their sum counts as 1. All alike if None.

    Attributes:
        names: of the terms, in their order.

    Raises:
        ValueError: a tap is unknown, a weight is negative, or the shares do not fit the styles.

    Example:
        >>> from cvkit.backbones import backbone
        >>> image = np.full((32, 32, 3), 100.0, "float32")
        >>> objective = StyleObjective(backbone(taps=("C1",)), image, [image], ("C1",), ("C1",))
        >>> dict(zip(objective.names, objective(image[None]).numpy().tolist()))  # what is wanted already
        {'content': 0.0, 'style': 0.0, 'total_variation': 0.0}

    Reference:
        Gatys, Ecker and Bethge, "A Neural Algorithm of Artistic Style", 2015, arXiv 1508.06576, equations 5 and 7.
        Several styles: Dumoulin, Shlens and Kudlur, "A Learned Representation for Artistic Style", 2016,
        arXiv 1610.07629, mix them in a network; here their losses are added, whose least value lies at the mean of the
        Gram matrices.
    """

    names = ("content", "style", "total_variation")

    def __init__(
        self,
        features,
        content,
        styles,
        content_taps,
        style_taps,
        content_weight=1.0,
        style_weight=1.0,
        total_variation_weight=0.0,
        style_shares=None,
    ):
        self.content_taps = _weights(features, "content_taps", content_taps, content_weight)
        self.style_taps = _weights(features, "style_taps", style_taps, style_weight)
        self.total_variation_weight = _weight("total_variation_weight", total_variation_weight)
        self.shares = _shares(style_shares, len(styles))
        wanted = (self.content_taps if content is not None else {}) | (self.style_taps if styles else {})
        self.features = keras.Model(features.input, {tap: features.output[tap] for tap in wanted}) if wanted else None
        self.content = None if content is None else self._maps(content)
        self.styles = [self._maps(style) for style in styles]

    def __call__(self, images):
        """The terms of images (1, H, W, 3) as a tensor (3,) in the order of `names`; the loss is their sum."""
        maps = self.features(images, training=False) if self.features else {}
        content = style = ops.zeros(())
        if self.content is not None:
            content = sum(u * content_loss(maps[tap], self.content[tap])[0] for tap, u in self.content_taps.items())
        for share, wanted in zip(self.shares, self.styles, strict=True):
            of_one = sum(w * style_loss(maps[tap], wanted[tap])[0] for tap, w in self.style_taps.items())
            style = style + share * of_one
        return ops.stack([content, style, self.total_variation_weight * total_variation_loss(images)[0]])

    def _maps(self, image):
        maps = self.features.predict_on_batch(np.asarray(image, "float32")[None])
        return {tap: ops.convert_to_tensor(value) for tap, value in maps.items()}


def _weights(features, name, taps, factor):
    known = list(features.output) if isinstance(features.output, dict) else []
    taps = taps if isinstance(taps, dict) else {tap: 1 / len(taps) for tap in taps}
    if not taps or not set(taps) <= set(known):
        raise ValueError(
            f"{name} must name some of the maps of features, {', '.join(known) or 'of which it has none'}. Received "
            f"{', '.join(map(str, taps)) or 'none'}. Make features with cvkit.backbones.backbone(taps=...)."
        )
    factor = _weight(name.replace("taps", "weight"), factor)
    return {tap: factor * _weight(f"{name}[{tap!r}]", weight) for tap, weight in taps.items()}


def _weight(name, value):
    if not np.isfinite(value) or value < 0:
        raise ValueError(f"{name} must be a weight of zero or more. Received {value!r}.")
    return float(value)


def _shares(shares, number):
    shares = [1] * number if shares is None else shares
    if len(shares) != number or min(shares, default=0) < 0 or (number and not sum(shares)):
        raise ValueError(
            f"style_shares must hold a number of zero or more for each of the {number} style images, not all zero. "
            f"Received {list(shares)}."
        )
    return [share / sum(shares) for share in shares]
