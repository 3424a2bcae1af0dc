"""Wrong answers to the exercises of lesson 06."""

import math

import numpy as np


def count(k0, k, num_layers, bottleneck, start=0, narrow=4, growing=True):
    total, maps = 0, k0 + start
    for _ in range(num_layers):
        total += maps * narrow * k + narrow * k * 3 * 3 * k if bottleneck else maps * 3 * 3 * k
        if growing:
            maps += k
    return total


def stages(widths, group_width, move=round, narrow=True):
    found = []
    for width in sorted(set(widths)):
        groups = move(width / group_width)
        moved = width if narrow and width < group_width else max(groups, 1) * group_width
        found.append((moved, list(widths).count(width)))
    return found


def stages_of_moved_widths(widths, group_width):
    moved = [w if w < group_width else round(w / group_width) * group_width for w in widths]
    return stages(moved, group_width)


def beaten(operations, accuracies):
    pairs = list(zip(operations, accuracies, strict=True))
    return [any(p <= o and b > a for p, b in pairs) for o, a in pairs]


def beats_what_costs_more(operations, accuracies):
    pairs = list(zip(operations, accuracies, strict=True))
    return [not any(p >= o and b > a for p, b in pairs) for o, a in pairs]


def not_even_equalled(operations, accuracies):
    n = range(len(operations))
    return [all(operations[j] > operations[i] or accuracies[j] < accuracies[i] for j in n if j != i) for i in n]


def only_the_best(operations, accuracies):
    best = int(np.argmax(accuracies))
    return [i == best for i in range(len(operations))]


WRONG = {
    "dense-block-weights": [
        (lambda k0, k, n, b: count(k0, k, n, b, growing=False), "let every layer read the k0 maps"),
        (lambda k0, k, n, b: count(k0, k, n, b, start=k), "one layer ahead"),
        (lambda k0, k, n, b: count(k0, k, n, b, narrow=1), "They have 4k"),
        (lambda k0, k, n, b: count(k0, k, n, True), "always count the bottlenecks"),
        (lambda k0, k, n, b: sum(9 * k * (k0 + i * k) for i in range(n)), "always count a block without"),
    ],
    "regnet-stages": [
        (lambda widths, g: [(w, list(widths).count(w)) for w in sorted(set(widths))], "left the widths as they are"),
        (lambda widths, g: stages(widths, g, move=math.floor), "round down"),
        (lambda widths, g: stages(widths, g, move=math.ceil), "round up"),
        (lambda widths, g: stages(widths, g, narrow=False), "widened a stage"),
        (stages_of_moved_widths, "Count the blocks first"),
    ],
    "worth-its-operations": [
        (beaten, "other way round"),
        (beats_what_costs_more, "need more operations"),
        (only_the_best, "only the most accurate"),
        (not_even_equalled, "An equal beats nobody"),
    ],
}
