"""Exercises of lesson 06: a dense block's weights, RegNet's widths, and which networks are worth their operations."""

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake


def dense_block_weights(k0, k, num_layers):
    """Weights of the kernels of a dense block with bottlenecks."""
    return sum((k0 + k * (l - 1)) * 4 * k + 9 * 4 * k * k for l in range(1, num_layers + 1))  # noqa: E741


DENSE_BLOCK_WEIGHTS = Exercise(
    id="dense-block-weights",
    points=2,
    reference=dense_block_weights,
    cases=((16, 12, 1), (64, 32, 6), (7, 5, 3)),
    mistakes=(
        Mistake(
            lambda k0, k, n: n * (k0 * 4 * k + 36 * k * k),
            "You let every layer read the k0 maps in front of the block. Layer l also reads k of each layer before it: "
            "k0 + k (l - 1).",
        ),
        Mistake(
            lambda k0, k, n: sum((k0 + k * l) * 4 * k + 36 * k * k for l in range(1, n + 1)),  # noqa: E741
            "You are one layer ahead: the first layer reads k0 maps, the second k0 + k.",
        ),
        Mistake(
            lambda k0, k, n: sum((k0 + k * i) * 9 * k for i in range(n)),
            "You counted a block without bottlenecks. Here a 1 x 1 convolution to 4k maps comes before each 3 x 3 one.",
        ),
        Mistake(
            lambda k0, k, n: sum((k0 + k * i) * k + 9 * k * k for i in range(n)),
            "Your bottlenecks have k maps. They have 4k.",
        ),
        Mistake(
            lambda k0, k, n: (k0 + k * (n - 1)) * 4 * k + 36 * k * k,
            "You counted the last layer only. Add up all of them.",
        ),
        Mistake(
            lambda k0, k, n: sum((k0 + k * i) * 4 * k + 4 * k * k for i in range(n)),
            "A 3 x 3 kernel has nine weights for each pair of maps; you counted one.",
        ),
    ),
)


def block_widths(w0, wa, wm, depth):
    """Width of each block of a RegNet, before the group width is looked at."""
    line = w0 + wa * np.arange(depth)
    steps = w0 * wm ** np.round(np.log(line / w0) / np.log(wm))
    return 8 * np.round(steps / 8).astype(int)


def _widths(line=lambda w0, wa, j: w0 + wa * j, nearest=np.round, multiple=lambda w: 8 * np.round(w / 8)):
    def widths(w0, wa, wm, depth):
        u = line(w0, wa, np.arange(depth))
        return multiple(w0 * wm ** nearest(np.log(u / w0) / np.log(wm)))

    return widths


BLOCK_WIDTHS = Exercise(
    id="block-widths",
    points=3,
    reference=block_widths,
    cases=((24, 36.44, 2.49, 13), (48, 36.97, 2.24, 16), (16, 10.0, 2.0, 5)),
    mistakes=(
        Mistake(
            lambda w0, wa, wm, depth: 8 * np.round((w0 + wa * np.arange(depth)) / 8),
            "These are the points of the line, rounded to multiples of 8. Move each to the nearest power of wm first.",
        ),
        Mistake(
            _widths(multiple=lambda w: w),
            "The steps are right, but a width is a multiple of 8: round them.",
        ),
        Mistake(
            _widths(nearest=np.floor),
            "You round the exponent down. Round it to the nearest whole number.",
        ),
        Mistake(
            _widths(line=lambda w0, wa, j: w0 + wa * (j + 1)),
            "Your line is one block ahead: block 0 has the width w0.",
        ),
        Mistake(
            _widths(multiple=lambda w: 8 * np.floor(w / 8)),
            "You round down to a multiple of 8. Take the nearest one.",
        ),
    ),
)


def worth_it(operations, accuracies):
    """Whether each network is the most accurate among those that need no more operations than it does."""
    operations, accuracies = np.asarray(operations), np.asarray(accuracies)
    return np.array([a >= accuracies[operations <= o].max() for o, a in zip(operations, accuracies, strict=True)])


def _not_fewest(operations, accuracies):
    return [a >= np.asarray(accuracies)[np.asarray(operations) >= o].max() for o, a in zip(operations, accuracies)]  # noqa: B905


def _only_cheaper(operations, accuracies):
    cheaper = [np.asarray(accuracies)[np.asarray(operations) < o] for o in operations]
    return [not len(others) or others.min() < a for others, a in zip(cheaper, accuracies, strict=True)]


WORTH_IT = Exercise(
    id="worth-its-operations",
    points=3,
    reference=worth_it,
    cases=(
        (np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([0.6, 0.5, 0.8, 0.7, 0.9])),
        (np.array([4.0, 1.0, 2.0, 2.0]), np.array([0.8, 0.4, 0.9, 0.3])),
        (np.array([3.0, 1.0, 2.0]), np.array([0.7, 0.6, 0.9])),
    ),
    mistakes=(
        Mistake(
            lambda operations, accuracies: ~worth_it(operations, accuracies),
            "It is the other way round: you marked the networks that a cheaper one beats.",
        ),
        Mistake(
            _not_fewest,
            "You compare each network with those that need more operations. Compare it with those that need as many or "
            "fewer.",
        ),
        Mistake(
            lambda operations, accuracies: accuracies == accuracies.max(),
            "You marked only the most accurate one. A less accurate network is worth it too if nothing as cheap beats "
            "it.",
        ),
        Mistake(
            _only_cheaper,
            "A network must beat all that are cheaper, not just one of them.",
        ),
        Mistake(
            lambda operations, accuracies: (
                accuracies / operations >= np.sort(accuracies / operations)[len(operations) // 2]
            ),
            "You rank by accuracy for each operation, which favours small networks. Compare each with the others.",
        ),
    ),
)

EXERCISES = (DENSE_BLOCK_WEIGHTS, BLOCK_WIDTHS, WORTH_IT)
