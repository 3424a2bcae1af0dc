"""Exercises of lesson 03: response normalisation, dropout, and a stack of convolutions against one."""

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


def dropout(values, draws, rate, training):
    """In training, zero where the draw lies below the rate, and the rest enlarged so that the mean stays."""
    return np.where(draws < rate, 0.0, values / (1 - rate)) if training else values


def _trained(kept):
    return lambda values, draws, rate, training: kept(values, draws, rate) if training else values


_VALUES = np.array([[2.0, -1.0, 3.0], [0.5, 4.0, 1.0]])
_DRAWS = np.array([[0.7, 0.1, 0.5], [0.3, 0.9, 0.25]])

DROPOUT = Exercise(
    id="dropout",
    points=2,
    reference=dropout,
    cases=(
        (np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.6, 0.1, 0.4, 0.9]), 0.2, True),
        (_VALUES, _DRAWS, 0.6, True),
        (_VALUES, _DRAWS, 0.6, False),
    ),
    mistakes=(
        Mistake(
            lambda values, draws, rate, training: dropout(values, draws, rate, True),
            "You drop values at test time too. When `training` is False, return them as they are.",
        ),
        Mistake(
            lambda values, draws, rate, training: values * (draws >= rate if training else 1 - rate),
            "That is the paper's way, smaller at test time. Here what is kept in training is divided by 1 - rate.",
        ),
        Mistake(
            _trained(lambda values, draws, rate: values * (draws >= rate)),
            "The kept values must grow, or the next layer gets less in training than later, when nothing is dropped.",
        ),
        Mistake(
            _trained(lambda values, draws, rate: values * (draws >= rate) * (1 - rate)),
            "You made the kept values smaller. Fewer of them are left, so each must grow: divide by 1 - rate.",
        ),
        Mistake(
            _trained(lambda values, draws, rate: values * (draws >= rate) / rate),
            "You divided by the rate, the share that is dropped. Divide by the share that is kept, 1 - rate.",
        ),
        Mistake(
            _trained(lambda values, draws, rate: values * (draws < rate) / (1 - rate)),
            "You kept what was to be dropped: a value is dropped where its draw lies below the rate.",
        ),
        Mistake(
            _trained(lambda values, draws, rate: values * (draws >= rate) / np.mean(draws >= rate)),
            "You divided by the share that happened to stay this time. Divide by the average share, 1 - rate.",
        ),
    ),
)


def stack_against_one(n, channels, side):
    """Parameters and multiply-adds of n convolutions of 3 x 3, and of one that sees as far."""
    return _costs(n, channels, side)


def _costs(n, channels, side, large=None, inputs=None, layers=None, positions=None, biases=1, bias_work=0):
    numbers = []
    for kernel, count in ((3, n if layers is None else layers), (2 * n + 1 if large is None else large, 1)):
        weights = count * kernel**2 * (channels if inputs is None else inputs) * channels
        work = (weights + bias_work * count * channels) * (side**2 if positions is None else positions)
        numbers += [weights + biases * count * channels, work]
    return numbers


STACK_AGAINST_ONE = Exercise(
    id="stack-against-one",
    points=3,
    reference=stack_against_one,
    cases=((2, 4, 6), (3, 8, 5), (1, 3, 7)),
    mistakes=(
        Mistake(
            lambda n, channels, side: _costs(n, channels, side, biases=0),
            "You left out the biases: each layer has one for each of its output maps.",
        ),
        Mistake(
            lambda n, channels, side: _costs(n, channels, side, bias_work=1),
            "You counted the biases as multiply-adds. A bias is only added; count products with a weight.",
        ),
        Mistake(
            lambda n, channels, side: _costs(n, channels, side, inputs=1),
            "You gave each output map one kernel. It has one for each input map: k x k x channels weights.",
        ),
        Mistake(
            lambda n, channels, side: _costs(n, channels, side, large=3 * n),
            "You gave the one a side of 3n. Each further 3 x 3 sees one pixel more on each side: 2n + 1.",
        ),
        Mistake(
            lambda n, channels, side: _costs(n, channels, side, layers=1),
            "You counted one layer of the stack. It has n of them.",
        ),
        Mistake(
            lambda n, channels, side: _costs(n, channels, side, positions=1),
            "You counted the work at one place of the map. Every weight is used at all side x side places.",
        ),
        Mistake(
            lambda n, channels, side: _costs(n, channels, side, positions=side),
            "You took `side` for the number of places. A map of that side has side x side of them.",
        ),
    ),
)

EXERCISES = (RESPONSE_NORMALIZATION, DROPOUT, STACK_AGAINST_ONE)
