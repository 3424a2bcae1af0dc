"""Fast style transfer after Johnson: a network learns one style, and then needs one pass for an image."""

import keras
import numpy as np
from keras import ops

from cvkit.backbones import backbone
from cvkit.losses.perceptual import feature_reconstruction_loss, normalized_style_loss
from cvkit.losses.total_variation import total_variation_loss
from cvkit.models.detector import Losses
from cvkit.style.stylize import CONTENT_TAPS, STYLE_TAPS
from cvkit.validation import check_positive, check_shape

_NAMES = ("content", "style", "total_variation")


def fit_style_net(
    network,
    images,
    style,
    *,
    features=None,
    content_tap=CONTENT_TAPS[0],
    style_taps=STYLE_TAPS,
    content_weight=1.0,
    style_weight=10.0,
    total_variation_weight=0.0,
    epochs=1,
    batch_size=4,
    learning_rate=2e-3,
    seed=0,
    **options,
):
    r"""Train an image transformation network f on photographs, so that f(x) has x's content and one style.

    $$\min_W\; \alpha\, \ell_{feat}(f_W(x), x) + \beta \sum_l \ell_{style}^l(f_W(x), a) + \gamma V(f_W(x))$$

    with the losses of `cvkit.losses` that bear Johnson's names, each divided by the size of its map, so that these
    weights do not depend on the size of the images, and are not those of `stylize`. Adam's learning rate falls along a
    cosine to zero.

    Args:
        network: `keras.Model` from images (B, H, W, 3), 0 to 255, to images of the same size, such as
            `cvkit.models.style_net` makes. It is changed in place.
        images: array (N, H, W, 3), values from 0 to 255, as `photo_crops` makes.
        style: array (H', W', 3), values from 0 to 255, at the size at which its brush strokes are to appear.
        features: `keras.Model` from images to a dict of maps, which stays as it is; the embedded network if None.
        content_tap: name of the map that must stay.
        style_taps: names of the maps whose Gram matrices must be the style's; they are added.
        content_weight, style_weight, total_variation_weight: α, β, and γ, which counts a mean over the pixels.
        epochs, batch_size: as in Keras. What is left over by the last batch is left out.
        learning_rate: at the start.
        seed: of the order of the images.
        **options: further arguments of `keras.Model.fit`, such as `verbose` and `callbacks`.

    Returns:
        A `keras.callbacks.History`: "content_loss", "style_loss" and "total_variation_loss", each with its weight, and
        their sum, "loss".

    Raises:
        ValueError: an argument does not fit.

    Example:
        >>> from cvkit.models import style_net
        >>> photos, painting = np.random.default_rng(0).uniform(0, 255, (4, 32, 32, 3)), np.ones((32, 32, 3))
        >>> history = fit_style_net(style_net(4, 1), photos, painting, batch_size=2, verbose=0)
        >>> sorted(history.history)
        ['content_loss', 'loss', 'style_loss', 'total_variation_loss']

    Reference:
        Johnson et al., 2016, arXiv 1603.08155, sections 3.1, 3.2 and 4.1: there VGG-16, batches of 4, Adam at 1e-3, two
        epochs of 80,000 photographs of 256 × 256 pixels.
    """
    images, style = np.asarray(images, "float32"), np.asarray(style, "float32")
    check_shape("images", images, ("N", "H", "W", 3), "photographs of one size")
    check_shape("style", style, ("H", "W", 3), "one image in colour")
    check_positive("batch_size", batch_size, "images at a time", integer=True)
    whole = len(images) // batch_size * batch_size
    if not whole:
        raise ValueError(f"images must hold at least one batch of {batch_size}. Received {len(images)}.")
    features = _frozen(features or backbone(taps=tuple(dict.fromkeys([*style_taps, content_tap]))))
    targets = features.predict_on_batch(style[None])
    weights = {"content": content_weight, "style": style_weight, "total_variation": total_variation_weight}

    def losses(made, wanted, *maps):
        maps = dict(zip(style_taps, maps[:-1], strict=True)) | {"content": maps[-1]}
        style = sum(normalized_style_loss(maps[tap], targets[tap]) for tap in style_taps)
        variation = total_variation_loss(made) / np.prod(images.shape[1:])
        terms = feature_reconstruction_loss(maps["content"], wanted), style, variation
        return tuple(weights[name] * term for name, term in zip(_NAMES, terms, strict=True))

    inputs = keras.Input(images.shape[1:])
    made = network(inputs)
    maps = features(made)
    tensors = [made, features(inputs)[content_tap], *(maps[tap] for tap in style_taps), maps[content_tap]]
    training = keras.Model(inputs, Losses(losses, _NAMES)(tensors))
    schedule = keras.optimizers.schedules.CosineDecay(learning_rate, epochs * whole // batch_size)
    training.compile(keras.optimizers.Adam(schedule), loss=dict.fromkeys(_NAMES, _mean_of_output))
    order = np.random.default_rng(seed).permutation(len(images))[:whole]
    nothing = dict.fromkeys(_NAMES, np.zeros(whole, "float32"))
    return training.fit(images[order], nothing, batch_size, epochs, **options)


def photo_crops(photos, number, size, seed=0):
    """Square cut-outs of photographs, of any place and scale, half of them mirrored.

    Args:
        photos: arrays (H, W, 3), values from 0 to 255, each at least `size` high and wide.
        number: how many crops.
        size: height and width of a crop in pixels.
        seed: of the choice.

    Returns:
        Uint8 array (number, size, size, 3). A crop shows a square of `size` to the photograph's shorter side.

    Raises:
        ValueError: a photograph is smaller than a crop.

    Example:
        >>> photo_crops([np.zeros((40, 60, 3)), np.ones((32, 32, 3))], 5, 32).shape
        (5, 32, 32, 3)
    """
    photos = [np.asarray(photo, "float32") for photo in photos]
    check_positive("number", number, "crops", integer=True)
    check_positive("size", size, "pixels", integer=True)
    smallest = min((min(photo.shape[:2]) for photo in photos), default=0)
    if smallest < size:
        raise ValueError(f"photos must be at least {size} pixels high and wide. Received one of {smallest}.")
    rng = np.random.default_rng(seed)
    crops = np.empty((number, size, size, 3), "uint8")
    for k in range(number):
        photo = photos[rng.integers(len(photos))]
        side = int(rng.integers(size, min(photo.shape[:2]) + 1))
        y, x = (int(rng.integers(0, length - side + 1)) for length in photo.shape[:2])
        crop = ops.image.resize(photo[y : y + side, x : x + side], (size, size), antialias=True)
        crop = np.clip(np.rint(ops.convert_to_numpy(crop)), 0, 255)
        crops[k] = crop[:, :: -1 if rng.random() < 0.5 else 1]
    return crops


def _frozen(features):
    copy = keras.models.clone_model(features)
    copy.set_weights(features.get_weights())
    copy.trainable = False
    return copy


def _mean_of_output(_, loss):
    return ops.mean(loss)
