"""Exercises of lesson 03: response normalisation, dropout, and what a stack of convolutions weighs."""

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake


def response_normalization(channels, n, k, alpha, beta):
    """Each number over (k + alpha times the squares of the n channels around it) to the power beta."""
    result = np.zeros(len(channels))
    for c in range(len(channels)):
        window = channels[max(0, c - n // 2) : c + n // 2 + 1]
        result[c] = channels[c] / (k + alpha * np.sum(window**2)) ** beta
    return result


def _normalized(channels, n, k, alpha, beta, window, power=2):
    sums = [np.sum(np.asarray(window(channels, c), float) ** power) for c in range(len(channels))]
    return channels / (k + alpha * np.array(sums)) ** beta


def _around(n):
    return lambda channels, c: channels[max(0, c - n // 2) : c + n // 2 + 1]


RESPONSE_NORMALIZATION = Exercise(
    id="response-normalization",
    points=3,
    reference=response_normalization,
    cases=(
        (np.array([1.0, 2.0, 3.0, 4.0]), 3, 1.0, 1.0, 1.0),
        (np.array([3.0, -1.0, 0.5, 2.0, -2.0, 1.0]), 5, 2.0, 0.5, 0.75),
        (np.array([2.0, 0.0, -0.1]), 1, 0.5, 2.0, 0.5),
    ),
    mistakes=(
        Mistake(
            lambda a, n, k, alpha, beta: response_normalization(a, n, k, alpha / n, beta),
            "You divided alpha by n, as Caffe and PyTorch do. The paper multiplies the sum by alpha itself.",
        ),
        Mistake(
            lambda a, n, k, alpha, beta: _normalized(a, n, k, alpha, beta, _around(n), power=1),
            "You summed the numbers; their squares are asked for, so that negative ones count too.",
        ),
        Mistake(
            lambda a, n, k, alpha, beta: response_normalization(a, 2 * n + 1, k, alpha, beta),
            "Your window reaches n channels to each side. It holds n channels in all, n // 2 to each side.",
        ),
        Mistake(
            lambda a, n, k, alpha, beta: _normalized(a, n, k, alpha, beta, lambda x, c: x[c : c + n]),
            "Your window starts at the channel itself. The channel stands in the middle, n // 2 to each side.",
        ),
        Mistake(
            lambda a, n, k, alpha, beta: _normalized(
                a, n, k, alpha, beta, lambda x, c: np.delete(x, c)[max(0, c - n // 2) : c + n // 2]
            ),
            "You left the channel itself out of the sum. The window holds it and its neighbours.",
        ),
        Mistake(
            lambda a, n, k, alpha, beta: _normalized(
                a, n, k, alpha, beta, lambda x, c: x[np.arange(c - n // 2, c + n // 2 + 1) % len(x)]
            ),
            "At the ends your window goes on at the other end. Channels that do not exist add nothing.",
        ),
        Mistake(
            lambda a, n, k, alpha, beta: response_normalization(a, n, k, alpha, 1.0),
            "You left out the power beta: the bracket is raised to it before you divide.",
        ),
    ),
)


def dropout(values, kept, rate):
    """Values where `kept` is true, enlarged so that the mean stays; zero elsewhere."""
    return np.where(kept, values / (1 - rate), 0.0)


DROPOUT = Exercise(
    id="dropout",
    points=2,
    reference=dropout,
    cases=(
        (np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, False, True, True]), 0.2),
        (np.array([[2.0, -1.0], [0.5, 4.0]]), np.array([[False, False], [True, False]]), 0.6),
    ),
    mistakes=(
        Mistake(
            lambda values, kept, rate: values * kept,
            "The kept values must grow, or the next layer gets less in training than later, when nothing is dropped.",
        ),
        Mistake(
            lambda values, kept, rate: values * kept * (1 - rate),
            "You made the kept values smaller. Fewer of them are left, so each must grow: divide by 1 - rate.",
        ),
        Mistake(
            lambda values, kept, rate: values * kept / rate,
            "You divided by the rate, the share that is dropped. Divide by the share that is kept, 1 - rate.",
        ),
        Mistake(
            lambda values, kept, rate: dropout(values, ~kept, rate),
            "You dropped what was to be kept: `kept` is true where a value stays.",
        ),
        Mistake(
            lambda values, kept, rate: values * kept / np.mean(kept),
            "You divided by the share that happened to stay this time. Divide by the average share, 1 - rate.",
        ),
    ),
)


def stack_parameters(filters, kernel_size, channels):
    """Weights and biases of convolutions, one after the other."""
    total = 0
    for count in filters:
        total += count * (kernel_size**2 * channels + 1)
        channels = count
    return total


def _pairs(filters, channels):
    return zip([channels, *filters[:-1]], filters, strict=True)


STACK_PARAMETERS = Exercise(
    id="stack-parameters",
    points=2,
    reference=stack_parameters,
    cases=(([4, 5], 3, 3), ([6, 6, 7], 5, 1), ([8], 1, 2)),
    mistakes=(
        Mistake(
            lambda filters, k, channels: stack_parameters(filters, k, channels) - sum(filters),
            "You left out the biases: one for each filter.",
        ),
        Mistake(
            lambda filters, k, channels: sum(count * (k**2 * channels + 1) for count in filters),
            "You gave every layer the channels of the image. From the second layer on, the maps below are the input.",
        ),
        Mistake(
            lambda filters, k, channels: sum(count * (k**2 * count + 1) for count in filters),
            "You took each layer's filters for its input maps too. Its input maps are the outputs of the layer below.",
        ),
        Mistake(
            lambda filters, k, channels: sum(count * (k * below + 1) for below, count in _pairs(filters, channels)),
            "You counted k weights for a kernel that is k pixels high and k wide: it has k x k for each input map.",
        ),
        Mistake(
            lambda filters, k, channels: sum(count * (k**2 + 1) for count in filters),
            "A filter looks at all maps of the layer below, not at one: it has k x k weights for each of them.",
        ),
    ),
)

EXERCISES = (RESPONSE_NORMALIZATION, DROPOUT, STACK_PARAMETERS)
