"""Wrong answers to the exercises of lesson 06."""

import math

import numpy as np


def count(k0, k, num_layers, start=0, narrow=4, growing=True):
    total, maps = 0, k0 + start
    for _ in range(num_layers):
        total += maps * narrow * k + narrow * k * 3 * 3 * k
        if growing:
            maps += k
    return total


def staircase(w0, wa, wm, depth, first=0, rounding=round, eight=True):
    widths = []
    for j in range(first, first + depth):
        exponent = rounding(math.log((w0 + wa * j) / w0) / math.log(wm))
        width = w0 * wm**exponent
        widths.append(round(width / 8) * 8 if eight else width)
    return widths


def beaten(operations, accuracies):
    pairs = list(zip(operations, accuracies, strict=True))
    return [any(p <= o and b > a for p, b in pairs) for o, a in pairs]


def beats_what_costs_more(operations, accuracies):
    pairs = list(zip(operations, accuracies, strict=True))
    return [not any(p >= o and b > a for p, b in pairs) for o, a in pairs]


def only_the_best(operations, accuracies):
    best = int(np.argmax(accuracies))
    return [i == best for i in range(len(operations))]


WRONG = {
    "dense-block-weights": [
        (lambda k0, k, n: count(k0, k, n, growing=False), "let every layer read the k0 maps"),
        (lambda k0, k, n: count(k0, k, n, start=k), "one layer ahead"),
        (lambda k0, k, n: count(k0, k, n, narrow=1), "They have 4k"),
        (lambda k0, k, n: sum(9 * k * (k0 + i * k) for i in range(n)), "without bottlenecks"),
    ],
    "block-widths": [
        (lambda w0, wa, wm, d: [round((w0 + wa * j) / 8) * 8 for j in range(d)], "nearest power of wm first"),
        (lambda w0, wa, wm, d: staircase(w0, wa, wm, d, eight=False), "multiple of 8: round them"),
        (lambda w0, wa, wm, d: staircase(w0, wa, wm, d, rounding=int), "round the exponent down"),
        (lambda w0, wa, wm, d: staircase(w0, wa, wm, d, first=1), "one block ahead"),
    ],
    "worth-its-operations": [
        (beaten, "other way round"),
        (beats_what_costs_more, "need more operations"),
        (only_the_best, "only the most accurate"),
    ],
}
