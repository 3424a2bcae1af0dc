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


def normalise_with_loops(maps, gamma, beta, epsilon, per_image=False, plain_deviation=False):
    result = np.zeros(maps.shape)
    for c in range(maps.shape[-1]):
        for i in range(len(maps)):
            values = maps[i, :, :, c] if per_image else maps[..., c]
            scale = np.std(values) + epsilon if plain_deviation else (np.var(values) + epsilon) ** 0.5
            result[i, :, :, c] = gamma[c] * (maps[i, :, :, c] - np.mean(values)) / scale + beta[c]
    return result


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
    "batch-normalise": [
        (lambda x, g, b, e: (x - np.mean(x, 0)) / np.sqrt(np.var(x, 0) + e) * g + b, "over the images only"),
        (lambda x, g, b, e: normalise_with_loops(x, g, b, e, per_image=True), "each image by itself"),
        (lambda x, g, b, e: normalise_with_loops(x, g, b, e, plain_deviation=True), "belongs under the root"),
        (lambda x, g, b, e: g * (x - x.mean()) / (x.var() + e) ** 0.5 + b, "one mean over all channels"),
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
}
