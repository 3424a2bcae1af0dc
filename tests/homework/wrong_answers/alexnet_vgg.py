"""Wrong answers to the exercises of lesson 03."""

import numpy as np


def normalize(channels, n, k, alpha, beta, reach=None, square=True, skip=False):
    reach = n // 2 if reach is None else reach
    result = []
    for i, value in enumerate(channels):
        total = 0
        for j in range(i - reach, i + reach + 1):
            if 0 <= j < len(channels) and not (skip and j == i):
                total += channels[j] ** 2 if square else channels[j]
        result.append(value / (k + alpha * total) ** beta)
    return np.array(result)


def normalize_around_the_corner(channels, n, k, alpha, beta):
    total = sum(np.roll(channels**2, shift) for shift in range(-(n // 2), n // 2 + 1))
    return channels / (k + alpha * total) ** beta


def parameters(filters, k, channels, area=True, biases=True):
    total = 0
    for i in range(len(filters)):
        below = channels if i == 0 else filters[i - 1]
        total += filters[i] * below * (k * k if area else k) + (filters[i] if biases else 0)
    return total


WRONG = {
    "response-normalization": [
        (lambda a, n, k, alpha, beta: normalize(a, n, k, alpha / n, beta), "divided alpha by n"),
        (lambda a, n, k, alpha, beta: normalize(a, n, k, alpha, beta, square=False), "squares are asked for"),
        (lambda a, n, k, alpha, beta: normalize(a, n, k, alpha, beta, reach=n), "n channels to each side"),
        (lambda a, n, k, alpha, beta: normalize(a, n, k, alpha, beta, skip=True), "left the channel itself out"),
        (normalize_around_the_corner, "goes on at the other end"),
        (lambda a, n, k, alpha, beta: normalize(a, n, k, alpha, 1), "left out the power"),
    ],
    "dropout": [
        (lambda values, kept, rate: np.where(kept, values, 0), "must grow"),
        (lambda values, kept, rate: values * kept.astype(float) * (1 - rate), "smaller"),
        (lambda values, kept, rate: np.where(kept, values / rate, 0), "divided by the rate"),
        (lambda values, kept, rate: np.where(kept, 0, values / (1 - rate)), "dropped what was to be kept"),
        (lambda values, kept, rate: values * kept * kept.size / kept.sum(), "happened to stay"),
    ],
    "stack-parameters": [
        (lambda filters, k, channels: parameters(filters, k, channels, biases=False), "left out the biases"),
        (lambda filters, k, channels: parameters(filters, k, channels, area=False), "k pixels high and k wide"),
        (lambda filters, k, channels: sum(f * (k * k * channels + 1) for f in filters), "channels of the image"),
        (lambda filters, k, channels: sum(f * k * k + f for f in filters), "looks at all maps"),
    ],
}
