"""Exercises of lesson 05: the first weights, normalisation in use, the shortcut without weights, bottlenecks."""

import math

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake


def he_deviation(shape):
    """Standard deviation of a kernel's first weights, so that ReLU layers keep the variance."""
    return math.sqrt(2 / (shape[0] * shape[1] * shape[2]))


HE_DEVIATION = Exercise(
    id="he-deviation",
    points=2,
    reference=he_deviation,
    cases=(((3, 3, 16, 32),), ((5, 3, 8, 8),), ((7, 7, 3, 64),)),
    mistakes=(
        Mistake(
            lambda shape: he_deviation(shape) ** 2,
            "You gave the variance. The standard deviation is its root.",
        ),
        Mistake(
            lambda shape: math.sqrt(1 / math.prod(shape[:3])),
            "The 2 is missing: ReLU sets half of the squares to 0, and the weights have to make up for it.",
        ),
        Mistake(
            lambda shape: math.sqrt(2 / shape[2]),
            "You counted the input channels only. A convolution adds up height x width x input channels numbers.",
        ),
        Mistake(
            lambda shape: math.sqrt(2 / (shape[0] * shape[1])),
            "You counted one channel only. A convolution adds up height x width x input channels numbers.",
        ),
        Mistake(
            lambda shape: math.sqrt(2 / (shape[0] * shape[1] * shape[3])),
            "You counted the outputs. The variance of one unit depends on how many inputs it adds up.",
        ),
        Mistake(
            lambda shape: math.sqrt(2 / (shape[0] * shape[1] * (shape[2] + shape[3]))),
            "This is Glorot's deviation, which counts inputs and outputs. He's counts the inputs.",
        ),
        Mistake(
            lambda shape: math.sqrt(2 / math.prod(shape)),
            "You counted all weights of the kernel. One unit adds up height x width x input channels numbers.",
        ),
    ),
)


def normalise_in_use(batches, maps, momentum, epsilon):
    """Maps normalised with the running averages that a layer has after these batches."""
    mean, variance = _averages(batches, momentum)
    return (maps - mean) / np.sqrt(variance + epsilon)


def _averages(batches, momentum, first=(0, 1), axes=(0, 1, 2)):
    mean, variance = first
    for batch in batches:
        mean = momentum * mean + (1 - momentum) * batch.mean(axes)
        variance = momentum * variance + (1 - momentum) * batch.var(axes)
    return mean, variance


def _with(*args, **options):
    def normalise(batches, maps, momentum, epsilon):
        mean, variance = _averages(batches, momentum, *args, **options)
        return (maps - mean) / np.sqrt(variance + epsilon)

    return normalise


_RNG = np.random.default_rng(0)
_CASES = (
    (_RNG.normal([3, -1], [2, 0.5], (3, 4, 3, 2, 2)), _RNG.normal([3, -1], [2, 0.5], (2, 3, 2, 2)), 0.9, 0.001),
    (_RNG.normal([0, 5, 1], [1, 3, 0.2], (5, 2, 2, 3, 3)), _RNG.normal([0, 5, 1], [1, 3, 0.2], (1, 2, 3, 3)), 0.7, 0.1),
)

NORMALISE_IN_USE = Exercise(
    id="normalise-in-use",
    points=3,
    reference=normalise_in_use,
    cases=_CASES,
    mistakes=(
        Mistake(
            lambda batches, maps, m, e: (maps - maps.mean((0, 1, 2))) / np.sqrt(maps.var((0, 1, 2)) + e),
            "You normalised with the mean and variance of `maps`, as in training. In use the running averages count.",
        ),
        Mistake(
            lambda batches, maps, m, e: normalise_in_use(batches, maps, 1 - m, e),
            "You swapped the factors: `momentum` belongs to the old average, and 1 - momentum to the new batch.",
        ),
        Mistake(
            _with(first=(0, 0)),
            "Your running variance starts at 0. It starts at 1.",
        ),
        Mistake(
            lambda batches, maps, m, e: normalise_in_use(batches[-1:], maps, m, e),
            "You started again with each batch, so only the last one counts. Go on from the averages so far.",
        ),
        Mistake(
            lambda batches, maps, m, e: normalise_in_use(batches[:1], maps, m, e),
            "You used the first batch only. Is your `return` inside the loop?",
        ),
        Mistake(
            _with(axes=None),
            "You took one mean over all channels. Each channel has a mean and a variance of its own.",
        ),
        Mistake(
            lambda batches, maps, m, e: (maps - _averages(batches, m)[0]) / (_averages(batches, m)[1] + e),
            "You divided by the variance. Divide by its root, the standard deviation.",
        ),
        Mistake(
            lambda batches, maps, m, e: (maps - _averages(batches, m)[0]) / (np.sqrt(_averages(batches, m)[1]) + e),
            "You added epsilon to the standard deviation. It belongs under the root: sqrt(variance + epsilon).",
        ),
    ),
)


def padded_shortcut(maps, filters, stride):
    """Every stride-th row and column, and channels of zeros behind."""
    kept = maps[:, ::stride, ::stride]
    return np.pad(kept, ((0, 0), (0, 0), (0, 0), (0, filters - maps.shape[3])))


def _window_means(maps, filters, stride):
    images, height, width, channels = maps.shape
    windows = maps.reshape(images, height // stride, stride, width // stride, stride, channels)
    return padded_shortcut(windows.mean(axis=(2, 4)), filters, 1)


def _zeros_first(maps, filters, stride):
    return np.pad(maps[:, ::stride, ::stride], ((0, 0), (0, 0), (0, 0), (filters - maps.shape[3], 0)))


PADDED_SHORTCUT = Exercise(
    id="padded-shortcut",
    points=2,
    reference=padded_shortcut,
    cases=(
        (np.arange(32.0).reshape(1, 4, 4, 2) % 7, 4, 2),
        (np.arange(48.0).reshape(2, 4, 2, 3) ** 2 % 11, 5, 2),
        (np.arange(36.0).reshape(1, 6, 6, 1) % 5, 2, 3),
    ),
    mistakes=(
        Mistake(
            lambda maps, filters, stride: padded_shortcut(maps, filters, 1),
            "You kept all rows and columns. Keep every stride-th one.",
        ),
        Mistake(
            lambda maps, filters, stride: maps[:, ::stride, ::stride],
            "The channels of zeros are missing.",
        ),
        Mistake(
            lambda maps, filters, stride: padded_shortcut(maps, maps.shape[3] + filters, stride),
            "You appended `filters` channels of zeros. Append as many as are missing, so that there are `filters` in "
            "all.",
        ),
        Mistake(
            _zeros_first,
            "Your zeros come first. The channels of the input come first, in their order, and then the zeros.",
        ),
        Mistake(
            _window_means,
            "You took the mean of each window. Option A keeps one pixel of it, the first, and drops the others.",
        ),
        Mistake(
            lambda maps, filters, stride: padded_shortcut(maps[:, stride - 1 :, stride - 1 :], filters, stride),
            "You began with a later row and column. Begin with the first.",
        ),
        Mistake(
            lambda maps, filters, stride: padded_shortcut(maps[:, ::stride], filters, 1),
            "You thinned out the rows and kept all columns.",
        ),
    ),
)


def stage_weights(channels, filters, blocks):
    """Weights of the convolutions in a stage of bottleneck blocks, with a projection in the first."""
    inside = filters // 4
    first = (channels + 9 * inside + filters) * inside
    later = (filters + 9 * inside + filters) * inside
    return channels * filters + first + (blocks - 1) * later


STAGE_WEIGHTS = Exercise(
    id="stage-weights",
    points=2,
    reference=stage_weights,
    cases=((64, 256, 3), (256, 512, 4), (32, 64, 2)),
    mistakes=(
        Mistake(
            lambda channels, filters, blocks: stage_weights(channels, filters, blocks) - channels * filters,
            "The projection of the first block is missing: a 1 x 1 convolution from `channels` to `filters`.",
        ),
        Mistake(
            lambda channels, filters, blocks: stage_weights(channels, filters, 1) * blocks,
            "You counted the first block `blocks` times. The others have `filters` channels at their input, and no "
            "projection.",
        ),
        Mistake(
            lambda channels, filters, blocks: (
                stage_weights(channels, filters, blocks) + (blocks - 1) * filters * filters
            ),
            "You gave each block a projection. Only the first needs one.",
        ),
        Mistake(
            lambda channels, filters, blocks: (
                channels * filters + blocks * stage_weights(0, filters, 2) - blocks * stage_weights(0, filters, 1)
            ),
            "Your first block has `filters` channels at its input. It has `channels`.",
        ),
        Mistake(
            lambda channels, filters, blocks: (
                stage_weights(channels, filters, blocks) - 8 * blocks * (filters // 4) ** 2
            ),
            "Your middle convolution is 1 x 1. It is 3 x 3, with nine weights for each pair of channels.",
        ),
    ),
)

EXERCISES = (HE_DEVIATION, NORMALISE_IN_USE, PADDED_SHORTCUT, STAGE_WEIGHTS)
