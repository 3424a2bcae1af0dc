"""Wrong answers to the exercises of lesson 05."""

import numpy as np


def he_without_kernel_size(shape):
    _, _, inputs, _ = shape
    return (2.0 / inputs) ** 0.5


def he_of_outputs(shape):
    fan_out = shape[0] * shape[1] * shape[-1]
    return np.sqrt(2.0 / fan_out)


def glorot(shape):
    area = shape[0] * shape[1]
    return np.sqrt(2 / (area * shape[2] + area * shape[3]))


def averaged(batches, maps, momentum, epsilon, old=None, plain_deviation=False, over=(0, 1, 2)):
    mean, variance = np.zeros(maps.shape[-1]), np.ones(maps.shape[-1])
    old = momentum if old is None else old
    for batch in batches:
        mean = mean * old + np.mean(batch, over) * (1 - old)
        variance = variance * old + np.var(batch, over) * (1 - old)
    if plain_deviation:
        return (maps - mean) / (variance**0.5 + epsilon)
    return (maps - mean) / (variance + epsilon) ** 0.5


def only_one_batch(batches, maps, momentum, epsilon):
    for batch in batches:
        return averaged([batch], maps, momentum, epsilon)


def as_in_training(batches, maps, momentum, epsilon):
    result = np.zeros(maps.shape)
    for c in range(maps.shape[-1]):
        values = maps[..., c]
        result[..., c] = (values - np.mean(values)) / np.sqrt(np.var(values) + epsilon)
    return result


def same_block_again(channels, filters, blocks):
    width = filters // 4
    return blocks * (channels * width + 3 * 3 * width * width + width * filters + channels * filters)


def without_projection(channels, filters, blocks):
    total, width = 0, filters // 4
    for _ in range(blocks):
        total += channels * width + 9 * width**2 + width * filters
        channels = filters
    return total


def projection_everywhere(channels, filters, blocks):
    total = 0
    for _ in range(blocks):
        total += without_projection(channels, filters, 1) + channels * filters
        channels = filters
    return total


def append_zeros(maps, how_many):
    images, height, width, channels = maps.shape
    result = np.zeros((images, height, width, channels + how_many))
    result[..., :channels] = maps
    return result


def pool_then_append(maps, filters, stride):
    images, height, width, channels = maps.shape
    pooled = np.zeros((images, height // stride, width // stride, channels))
    for i in range(height // stride):
        for j in range(width // stride):
            window = maps[:, stride * i : stride * (i + 1), stride * j : stride * (j + 1)]
            pooled[:, i, j] = np.mean(window, axis=(1, 2))
    return append_zeros(pooled, filters - channels)


WRONG = {
    "he-deviation": [
        (lambda shape: 2 / np.prod(shape[:-1]), "gave the variance"),
        (lambda shape: np.prod(shape[:-1]) ** -0.5, "The 2 is missing"),
        (he_without_kernel_size, "input channels only"),
        (he_of_outputs, "counted the outputs"),
        (glorot, "Glorot's deviation"),
    ],
    "normalise-in-use": [
        (as_in_training, "as in training"),
        (lambda b, x, m, e: averaged(b, x, m, e, old=1 - m), "swapped the factors"),
        (only_one_batch, "first batch only"),
        (lambda b, x, m, e: averaged(b, x, m, e, plain_deviation=True), "belongs under the root"),
        (lambda b, x, m, e: averaged(b, x, m, e, over=None), "one mean over all channels"),
    ],
    "padded-shortcut": [
        (lambda x, filters, stride: append_zeros(x, filters - x.shape[-1]), "kept all rows and columns"),
        (lambda x, filters, stride: append_zeros(x[:, ::stride, ::stride], filters), "as many as are missing"),
        (pool_then_append, "mean of each window"),
        (
            lambda x, filters, stride: append_zeros(x[:, ::stride, ::stride], filters - x.shape[-1])[..., ::-1],
            "it must be",
        ),
    ],
    "stage-weights": [
        (same_block_again, "`blocks` times"),
        (without_projection, "projection of the first block is missing"),
        (projection_everywhere, "Only the first needs one"),
    ],
}
