"""Exercises of lesson 06: a dense block's weights, RegNet's stages, and which networks are worth their operations."""

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake


def dense_block_weights(k0, k, num_layers, bottleneck):
    """Weights of the kernels of a dense block."""
    read = [k0 + k * n for n in range(num_layers)]
    return sum(r * 4 * k + 9 * 4 * k * k if bottleneck else r * 9 * k for r in read)


def _weights(layer, read=lambda k0, k, n: k0 + k * n):
    def weights(k0, k, num_layers, bottleneck):
        return sum(layer(read(k0, k, n), k, bottleneck) for n in range(num_layers))

    return weights


def _layer(r, k, bottleneck):
    return r * 4 * k + 36 * k * k if bottleneck else r * 9 * k


DENSE_BLOCK_WEIGHTS = Exercise(
    id="dense-block-weights",
    points=2,
    reference=dense_block_weights,
    cases=((16, 12, 1, True), (64, 32, 6, True), (64, 32, 6, False), (7, 5, 3, True)),
    mistakes=(
        Mistake(
            _weights(_layer, read=lambda k0, k, n: k0),
            "You let every layer read the k0 maps in front of the block. Layer l also reads k of each layer before it: "
            "k0 + k (l - 1).",
        ),
        Mistake(
            _weights(_layer, read=lambda k0, k, n: k0 + k * (n + 1)),
            "You are one layer ahead: the first layer reads k0 maps, the second k0 + k.",
        ),
        Mistake(
            _weights(lambda r, k, bottleneck: _layer(r, k, False)),
            "You always count a block without bottlenecks. With them, a 1 x 1 convolution to 4k maps comes before each "
            "3 x 3 one.",
        ),
        Mistake(
            _weights(lambda r, k, bottleneck: _layer(r, k, True)),
            "You always count the bottlenecks. Without them, each 3 x 3 convolution reads all the maps of the stack.",
        ),
        Mistake(
            _weights(lambda r, k, bottleneck: r * k + 9 * k * k if bottleneck else r * 9 * k),
            "Your bottlenecks have k maps. They have 4k.",
        ),
        Mistake(
            lambda k0, k, num_layers, bottleneck: _layer(k0 + k * (num_layers - 1), k, bottleneck),
            "You counted the last layer only. Add up all of them.",
        ),
        Mistake(
            _weights(lambda r, k, bottleneck: r * 4 * k + 4 * k * k if bottleneck else r * k),
            "A 3 x 3 kernel has nine weights for each pair of maps; you counted one.",
        ),
    ),
)


def regnet_stages(widths, group_width):
    """(width, blocks) of each stage of a RegNet, the widths made to fit the group width."""
    return _stages(lambda w, g: g * round(w / g) if w >= g else w)(widths, group_width)


def _stages(fit):
    def stages(widths, group_width):
        counted = zip(*np.unique(widths, return_counts=True), strict=True)
        return [(fit(int(width), group_width), int(blocks)) for width, blocks in counted]

    return stages


def _fit_then_count(widths, group_width):
    fitted = np.repeat(*np.array(regnet_stages(widths, group_width)).T)
    return np.column_stack(np.unique(fitted, return_counts=True))


REGNET_STAGES = Exercise(
    id="regnet-stages",
    points=3,
    reference=regnet_stages,
    cases=(
        (np.repeat([88, 200, 448, 1000], [2, 6, 15, 2]), 48),  # RegNetX-3.2GF: 96, 192, 432 and 1008
        (np.array([16, 40, 40, 88]), 24),  # the first is narrower than a group
        (np.array([64, 80, 80]), 24),  # both become 72
    ),
    mistakes=(
        Mistake(
            _stages(lambda w, g: w),
            "You left the widths as they are. A 3 x 3 convolution in groups needs a multiple of the group width.",
        ),
        Mistake(
            _stages(lambda w, g: g * (w // g) if w >= g else w),
            "You round down to a multiple of the group width. Take the nearest one.",
        ),
        Mistake(
            _stages(lambda w, g: g * -(-w // g) if w >= g else w),
            "You round up to a multiple of the group width. Take the nearest one.",
        ),
        Mistake(
            _stages(lambda w, g: g * max(round(w / g), 1)),
            "You widened a stage that is narrower than a group. It stays as it is, and makes one group.",
        ),
        Mistake(
            _fit_then_count,
            "You moved the widths first and counted then, so two stages became one. Count the blocks first.",
        ),
        Mistake(
            lambda widths, group_width: [(blocks, width) for width, blocks in regnet_stages(widths, group_width)],
            "Your pairs are (blocks, width). They should be (width, blocks).",
        ),
    ),
)


def worth_it(operations, accuracies):
    """Whether each network is the most accurate among those that need no more operations than it does."""
    operations, accuracies = np.asarray(operations), np.asarray(accuracies)
    return np.array([a >= accuracies[operations <= o].max() for o, a in zip(operations, accuracies, strict=True)])


def _not_fewest(operations, accuracies):
    return [a >= np.asarray(accuracies)[np.asarray(operations) >= o].max() for o, a in zip(operations, accuracies)]  # noqa: B905


def _unless_equalled(operations, accuracies):
    pairs = [*zip(operations, accuracies, strict=True)]
    return [not any(p <= o and b >= a and (p, b) != (o, a) for p, b in pairs) for o, a in pairs]


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
        (np.array([1.0, 2.0, 2.0, 4.0, 5.0]), np.array([50.0, 70.0, 60.0, 70.0, 80.0])),  # an equal beats nobody
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
            _unless_equalled,
            "You marked a network as beaten that a cheaper one only equals. An equal beats nobody.",
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

EXERCISES = (DENSE_BLOCK_WEIGHTS, REGNET_STAGES, WORTH_IT)
