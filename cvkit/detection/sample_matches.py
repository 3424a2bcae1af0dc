"""A balanced sample of the anchors: not all of them, since nearly all are negative."""

import keras
from keras import ops

from cvkit.validation import check_positive, check_shape


def sample_matches(matches, num_samples, positive_fraction, seed=None):
    r"""A random sample of positive and negative anchors in a given proportion.

    Positive ones are drawn without replacement until there are `num_samples` * `positive_fraction` (rounded down) or no
    more; negative ones then fill the sample up, as far as there are any. Each of a kind is as likely as any other.

    Args:
        matches: integer tensor (..., N) as from `match_anchors`: at least 0 positive, -1 negative, -2 ignored.
        num_samples: anchors to draw for each image, a positive integer.
        positive_fraction: largest share of positive ones, from 0 to 1.
        seed: an integer for the same sample in each call; a `keras.random.SeedGenerator`, which a layer holds, for
            another in each step; None for Keras' own.

    Returns:
        (indices, num_valid): int32 tensors (..., num_samples) and (...). The first num_valid indices are valid, those
        of the positive ones first; the rest is -1.

    Raises:
        ValueError: matches is a single number, or another argument is out of its range.

    Example:
        >>> matches = [4, -1, -2, -1, 7, -2]  # two positive, two negative
        >>> indices, num_valid = sample_matches(matches, num_samples=5, positive_fraction=0.5, seed=0)
        >>> sorted(indices.numpy().tolist()), int(num_valid)
        ([-1, 0, 1, 3, 4], 4)

    Reference:
        Ren et al., "Faster R-CNN", 2015, arXiv 1506.01497, section 3.1.3: 256 anchors an image, up to half of them
        positive; Girshick, "Fast R-CNN", 2015, arXiv 1504.08083, section 2.3: 64 proposals an image, a quarter.
    """
    matches = ops.convert_to_tensor(matches)
    check_shape("matches", matches, (..., "N"), "one entry an anchor")
    check_positive("num_samples", num_samples, "anchors to draw for each image", integer=True)
    if not 0 <= positive_fraction <= 1:
        raise ValueError(f"positive_fraction must be from 0 to 1. Received {positive_fraction!r}.")
    lots = keras.random.uniform(ops.shape(matches), dtype="float32", seed=seed)  # (..., N): the largest ones win
    num_positive = int(num_samples * positive_fraction)
    positive, is_positive = _draw(lots, matches >= 0, num_samples)  # (..., num_samples) each, the valid ones first
    negative, is_negative = _draw(lots, matches == -1, num_samples)
    is_positive = is_positive & (ops.arange(num_samples) < num_positive)
    indices = ops.concatenate([positive, negative], axis=-1)  # (..., 2 * num_samples)
    valid = ops.concatenate([is_positive, is_negative], axis=-1)
    # The valid ones to the front, in their order, and no more than fit: the earlier the place, the larger its key.
    places = ops.arange(2 * num_samples, 0, -1, dtype="int32")
    _, front = ops.top_k(ops.where(valid, places, 0), num_samples)  # (..., num_samples)
    indices, valid = (ops.take_along_axis(values, front, axis=-1) for values in (indices, valid))
    return ops.where(valid, indices, -1), ops.sum(ops.cast(valid, "int32"), axis=-1)


def _draw(lots, mask, count):
    filling = [[0, 0]] * (len(lots.shape) - 1) + [[0, count]]  # so that there are enough to choose from
    lots = ops.pad(ops.where(mask, lots, -1.0), filling, constant_values=-1.0)
    values, indices = ops.top_k(lots, count)
    return ops.cast(indices, "int32"), values >= 0
