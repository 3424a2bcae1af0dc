"""Neural style transfer after Gatys: the pixels of an image are changed until it has one content and another style."""

import dataclasses

import keras
import numpy as np
from keras import ops
from scipy import optimize

from cvkit.analysis.input_gradient import value_and_gradient_function
from cvkit.backbones import backbone
from cvkit.style.colours import match_colours
from cvkit.style.objective import StyleObjective
from cvkit.validation import check_positive

CONTENT_TAPS = ("C2",)  # of the embedded network
STYLE_TAPS = ("C0", "C1", "C2", "C3")


@dataclasses.dataclass
class StyleResult:
    """An image that `stylize` has made, and how.

    Attributes:
        image: float32 array (H, W, 3), from 0 to 255.
        losses: dict of the terms of the loss, "content", "style" and "total_variation", each with its weight: float
            array (steps + 1,), the start first.
        evaluations: how often the loss and its gradient were computed.
        moments: what Adam remembers, so that a further call goes on as if there had been no break; None with L-BFGS.
    """

    image: np.ndarray
    losses: dict
    evaluations: int
    moments: list | None = None

    @property
    def picture(self):
        """The image as uint8 (H, W, 3), to be shown or written to a file."""
        return np.uint8(np.round(self.image))


def stylize(
    content=None,
    style=None,
    *,
    features=None,
    content_taps=CONTENT_TAPS,
    style_taps=STYLE_TAPS,
    content_weight=1.0,
    style_weight=1e8,
    total_variation_weight=0.0,
    style_shares=None,
    size=None,
    start="content",
    method="lbfgs",
    steps=100,
    learning_rate=5.0,
    preserve_colours=False,
    seed=0,
    callback=None,
    verbose=0,
):
    r"""Make an image with the content of one picture and the style of another.

    $$x^* = \arg\min_x\; L(x), \qquad 0 \le x \le 255$$

    with the loss of `StyleObjective`. The network stays as it is; what changes are the pixels.

    Without a content image a texture comes out: the style alone. Without a style image the content is made again from
    one map, which shows what this map still knows of it.

    Args:
        content: array (H, W, 3), values from 0 to 255, or None.
        style: array (H', W', 3), or a list of several, or None. It is resized to cover the image that is made, and what
            juts out is cut off: its brush strokes are as large as its size on that image lets them be.
        features, content_taps, style_taps, content_weight, style_weight, total_variation_weight, style_shares: as for
            `StyleObjective`; the embedded network if `features` is None. Weights depend on the network and, as the
            content's loss is a sum over the map, on the size.
        size: (height, width) of the image that is made; the content's if None, or else the first style's.
        start: "content", "noise", an array (H, W, 3), or a `StyleResult` to go on from.
        method: "lbfgs", SciPy's L-BFGS-B, or "adam", Keras' Adam, after each step of which pixels are clipped.
        steps: of the method. A step of L-BFGS may need the loss more than once.
        learning_rate: of Adam, about how many grey levels a pixel moves in a step.
        preserve_colours: give the style images the colours of the content first, see `match_colours`.
        seed: of the noise.
        callback: function of (step, image, losses), called after each step: image float32 (H, W, 3), losses a dict.
        verbose: 1 for a progress bar.

    Returns:
        A `StyleResult`. After an interrupt from the keyboard it holds what was reached, to go on from.

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> photo, painting = rng.uniform(0, 255, (2, 32, 32, 3))
        >>> result = stylize(photo, painting, steps=2)
        >>> result.picture.shape, bool(result.losses["style"][-1] < result.losses["style"][0])
        ((32, 32, 3), True)

    Reference:
        Gatys, Ecker and Bethge, "A Neural Algorithm of Artistic Style", 2015, arXiv 1508.06576. They begin with noise
        and minimise with L-BFGS.
    """
    styles = [] if style is None else list(style) if isinstance(style, (list, tuple)) else [style]
    if content is None and not styles:
        raise ValueError("content and style must not both be None: there is nothing to make an image from.")
    content = None if content is None else _image("content", content)
    styles = [_image("style", image) for image in styles]
    size = tuple(size or (styles[0] if content is None else content).shape[:2])
    content = None if content is None else resize_to_cover(content, size)
    styles = [resize_to_cover(image, size) for image in styles]
    if preserve_colours:
        if content is None:
            raise ValueError("preserve_colours needs a content image: its colours are what is preserved.")
        styles = [match_colours(image, content) for image in styles]
    check_positive("steps", steps, "steps of the method", integer=True)
    if method not in _METHODS:
        raise ValueError(f"method must be one of {', '.join(_METHODS)}. Received {method!r}.")
    first, before = _start(start, content, size, seed)
    features = backbone(taps=tuple(dict.fromkeys([*content_taps, *style_taps]))) if features is None else features
    objective = StyleObjective(
        features,
        content,
        styles,
        content_taps,
        style_taps,
        content_weight,
        style_weight,
        total_variation_weight,
        style_shares,
    )
    progress = _Progress(objective, steps, before, callback, verbose)
    image, moments = _METHODS[method](progress, first, steps, learning_rate, before)
    return progress.result(image, moments)


def resize_to_cover(image, size):
    """Array (H, W, 3) resized to cover `size`, (height, width), its sides in proportion; what juts out is cut off.

    Example:
        >>> resize_to_cover(np.ones((20, 40, 3)), (10, 10)).shape
        (10, 10, 3)
    """
    image = np.asarray(image, "float32")
    if image.shape[:2] == tuple(size):
        return image
    resized = ops.image.resize(image, size, antialias=True, crop_to_aspect_ratio=True)
    return np.clip(ops.convert_to_numpy(resized), 0, 255)


class _Progress:
    """The loss and its gradient, and a record of both."""

    def __init__(self, objective, steps, before, callback, verbose):
        self.names, self.slope = objective.names, value_and_gradient_function(objective)
        self.callback, self.evaluations = callback, before.evaluations if before else 0
        self.record = [] if before is None else list(np.transpose([before.losses[name] for name in self.names]))
        self.bar = keras.utils.Progbar(steps, stateful_metrics=self.names) if verbose else None
        self.steps = 0
        self.last = None, None

    def evaluate(self, image):
        """Terms (3,) and gradient (H, W, 3) at an image (H, W, 3)."""
        if self.last[0] is None or not np.array_equal(image, self.last[0]):
            terms, gradient = self.slope(np.asarray(image, "float32")[None])
            self.evaluations += 1
            self.last = image.copy(), (terms.astype("float64"), gradient[0])
        return self.last[1]

    def note(self, image):
        """The image after a step; the first is the start."""
        terms, _ = self.evaluate(image)
        if self.record and not self.steps:  # goes on from a result: its last image is this first one
            self.record.pop()
        self.record.append(terms)
        losses = dict(zip(self.names, terms.tolist(), strict=True))
        if self.steps and self.bar:
            self.bar.update(self.steps, losses.items())
        if self.steps and self.callback:
            self.callback(self.steps, np.asarray(image, "float32"), losses)
        self.steps += 1

    def result(self, image, moments):
        """What was reached."""
        losses = dict(zip(self.names, np.transpose(self.record), strict=True))
        return StyleResult(np.asarray(image, "float32"), losses, self.evaluations, moments)


def _lbfgs(progress, image, steps, learning_rate, before):
    shape, best = image.shape, [image]

    def loss(x):
        terms, gradient = progress.evaluate(x.reshape(shape))
        return terms.sum(), gradient.ravel().astype("float64")

    def after_step(x):
        best[0] = x.reshape(shape).copy()
        progress.note(best[0])

    progress.note(image)
    options = {"maxiter": steps, "maxfun": 20 * steps, "ftol": 0, "gtol": 0}
    try:
        bounds = optimize.Bounds(0, 255)
        optimize.minimize(
            loss, image.ravel(), jac=True, method="L-BFGS-B", bounds=bounds, callback=after_step, options=options
        )
    except KeyboardInterrupt:
        pass
    return best[0], None


def _adam(progress, image, steps, learning_rate, before):
    check_positive("learning_rate", learning_rate, "grey levels")
    pixels = keras.Variable(image, dtype="float32")
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build([pixels])
    moments = before.moments if before else None
    for variable, value in zip(optimizer.variables, moments or [], strict=bool(moments)):
        variable.assign(value)
    progress.note(image)
    try:
        for _ in range(steps):
            _, gradient = progress.evaluate(image)
            optimizer.apply([ops.convert_to_tensor(gradient)])
            pixels.assign(ops.clip(pixels, 0, 255))
            image = ops.convert_to_numpy(pixels).copy()
            progress.note(image)
    except KeyboardInterrupt:
        pass
    return image, [ops.convert_to_numpy(variable).copy() for variable in optimizer.variables]


_METHODS = {"lbfgs": _lbfgs, "adam": _adam}


def _image(name, image):
    image = np.asarray(image, "float32")
    if image.ndim != 3 or image.shape[-1] != 3:
        raise ValueError(f"{name} must have shape (H, W, 3): one image in colour. Received shape {image.shape}.")
    if not np.isfinite(image).all() or image.min() < 0 or image.max() > 255 or image.max() <= 1:
        raise ValueError(
            f"{name} must hold values from 0 to 255. Received values from {image.min():g} to {image.max():g}. Multiply "
            "by 255 what goes from 0 to 1."
        )
    return image


def _start(start, content, size, seed):
    if isinstance(start, StyleResult):
        image, before = start.image, start
    elif isinstance(start, str) and start == "noise":
        image, before = np.random.default_rng(seed).uniform(0, 255, (*size, 3)), None
    elif isinstance(start, str) and start == "content":
        image, before = content, None
        if content is None:
            return _start("noise", content, size, seed)
    elif isinstance(start, str):
        raise ValueError(f"start must be 'content', 'noise', an image or a StyleResult. Received {start!r}.")
    else:
        image, before = _image("start", start), None
    if image.shape != (*size, 3):
        raise ValueError(f"start must have the shape of the image that is made, {(*size, 3)}. Received {image.shape}.")
    return np.asarray(image, "float32").copy(), before
