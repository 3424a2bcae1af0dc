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


def drop_always(values, draws, rate, training):
    result = values.copy()
    result[draws < rate] = 0
    return result / (1 - rate)


def drop_as_in_the_paper(values, draws, rate, training):
    if training:
        return np.where(draws < rate, 0, values)
    return values * (1 - rate)


def costs(n, channels, side, biases=True, maps=True, large=None, places=None, bias_work=False):
    answer = []
    for sizes in ([3] * n, [large or 2 * n + 1]):
        weights = sum(size * size * (channels if maps else 1) * channels for size in sizes)
        offsets = channels * len(sizes)
        answer.append(weights + offsets if biases else weights)
        answer.append((weights + offsets if bias_work else weights) * (side * side if places is None else places))
    return np.array(answer)


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
        (drop_always, "at test time too"),
        (drop_as_in_the_paper, "the paper's way"),
        (lambda values, draws, rate, training: np.where(draws < rate, 0, values) if training else values, "must grow"),
        (
            lambda values, draws, rate, training: (
                np.where(draws < rate, 0, values * (1 - rate)) if training else values
            ),
            "smaller",
        ),
        (
            lambda values, draws, rate, training: np.where(draws < rate, 0, values / rate) if training else values,
            "divided by the rate",
        ),
        (
            lambda values, draws, rate, training: (
                np.where(draws < rate, values / (1 - rate), 0) if training else values
            ),
            "kept what was to be dropped",
        ),
    ],
    "stack-against-one": [
        (lambda n, channels, side: costs(n, channels, side, biases=False), "left out the biases"),
        (lambda n, channels, side: costs(n, channels, side, bias_work=True), "A bias is only added"),
        (lambda n, channels, side: costs(n, channels, side, maps=False), "one for each input map"),
        (lambda n, channels, side: costs(n, channels, side, large=3 * n), "side of 3n"),
        (lambda n, channels, side: costs(n, channels, side, places=1), "one place of the map"),
        (lambda n, channels, side: costs(n, channels, side, places=side), "`side` for the number of places"),
    ],
}
