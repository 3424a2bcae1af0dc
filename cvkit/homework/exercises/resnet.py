"""Exercises of lesson 05: the start of the weights, batch normalisation, and the shortcut without weights."""

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


def batch_normalise(maps, gamma, beta, epsilon):
    """Each channel with mean beta and standard deviation gamma over images and positions."""
    mean, variance = maps.mean(axis=(0, 1, 2)), maps.var(axis=(0, 1, 2))
    return gamma * (maps - mean) / np.sqrt(variance + epsilon) + beta


def _over(axes):
    def normalise(maps, gamma, beta, epsilon):
        mean, variance = maps.mean(axis=axes, keepdims=True), maps.var(axis=axes, keepdims=True)
        return gamma * (maps - mean) / np.sqrt(variance + epsilon) + beta

    return normalise


_RNG = np.random.default_rng(0)
_CASES = (
    (_RNG.normal([3, -1], [2, 0.5], (4, 3, 2, 2)), np.array([1.0, 1.0]), np.array([0.0, 0.0]), 0.001),
    (_RNG.normal([0, 5, 1], [1, 3, 0.2], (2, 2, 3, 3)), np.array([2.0, 0.5, -1.0]), np.array([1.0, 0.0, 3.0]), 0.1),
)

BATCH_NORMALISE = Exercise(
    id="batch-normalise",
    points=3,
    reference=batch_normalise,
    cases=_CASES,
    mistakes=(
        Mistake(
            _over((0,)),
            "You took mean and variance over the images only, at each position by itself. They go over images, rows "
            "and columns; what is left is one number for each channel.",
        ),
        Mistake(
            _over((1, 2)),
            "You normalised each image by itself. Mean and variance go over all images of the batch.",
        ),
        Mistake(
            _over((0, 1, 2, 3)),
            "You took one mean over all channels. Each channel has a mean and a variance of its own.",
        ),
        Mistake(
            lambda maps, g, b, e: g * (maps - maps.mean((0, 1, 2))) / (maps.var((0, 1, 2)) + e) + b,
            "You divided by the variance. Divide by its root, the standard deviation.",
        ),
        Mistake(
            lambda maps, g, b, e: g * (maps - maps.mean((0, 1, 2))) / (maps.std((0, 1, 2)) + e) + b,
            "You added epsilon to the standard deviation. It belongs under the root: sqrt(variance + epsilon).",
        ),
        Mistake(
            lambda maps, g, b, e: batch_normalise(maps, 1, 0, e),
            "You left out gamma and beta.",
        ),
        Mistake(
            lambda maps, g, b, e: g * (batch_normalise(maps, 1, 0, e) + b),
            "You added beta before multiplying by gamma. Multiply first, then add.",
        ),
        Mistake(
            lambda maps, g, b, e: g * (maps - maps.mean((0, 1, 2))) / np.sqrt(maps.var((0, 1, 2), ddof=1) + e) + b,
            "You divided the sum of squares by one less than the count (ddof=1). Here the plain mean is meant.",
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

EXERCISES = (HE_DEVIATION, BATCH_NORMALISE, PADDED_SHORTCUT)
