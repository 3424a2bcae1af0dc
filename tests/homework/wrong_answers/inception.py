"""Wrong answers to the exercises of lesson 04."""

import math

import numpy as np


def maps_of_classes(maps, weights, biases):
    height, width, _ = maps.shape
    result = np.zeros((height, width, len(biases)))
    for i in range(height):
        for j in range(width):
            result[i, j] = weights.T @ maps[i, j] + biases
    return result


def conv(size, channels, filters):
    return size * size * channels * filters + filters


def kernels_that_read_everything(channels, widths):
    n1, r3, n3, r5, n5, p = widths
    ones = sum(conv(1, channels, n) for n in (n1, r3, r5, p))
    return ones + conv(3, channels, n3) + conv(5, channels, n5)


def without_projection(channels, widths):
    n1, r3, n3, r5, n5, _ = widths
    return sum(conv(1, channels, n) for n in (n1, r3, r5)) + conv(3, r3, n3) + conv(5, r5, n5)


def without_biases(channels, widths):
    n1, r3, n3, r5, n5, p = widths
    return channels * (n1 + r3 + r5 + p) + 9 * r3 * n3 + 25 * r5 * n5


def cross_entropies(logits, labels):
    """One for each output."""
    result = []
    for scores in logits:
        rows = [math.log(sum(math.exp(s) for s in row)) - row[label] for row, label in zip(scores, labels, strict=True)]
        result.append(sum(rows) / len(rows))
    return result


def heads_count_in_full(logits, labels):
    return sum(cross_entropies(logits, labels))


def weighted_mean(logits, labels):
    main, first, second = cross_entropies(logits, labels)
    return (main + 0.3 * first + 0.3 * second) / (1 + 0.3 + 0.3)


def summed_over_images(logits, labels):
    main, first, second = cross_entropies(logits, labels)
    return len(labels) * (main + 0.3 * (first + second))


def longest_chain(reads, has_weights):
    def below(name):
        return 1 + max([below(source) for source in reads[name]], default=0)

    return max(below(name) for name in reads)


def along_the_first(reads, has_weights):
    count, name = 0, list(reads)[-1]
    while True:
        count += has_weights[name]
        if not reads[name]:
            return count
        name = reads[name][0]


WRONG = {
    "class-scores": [
        (lambda maps, w, b: maps_of_classes(maps, w, b).max(axis=0).max(axis=0), "largest value"),
        (lambda maps, w, b: maps_of_classes(maps, w, b).sum(axis=0).sum(axis=0), "Divide by the number"),
        (lambda maps, w, b: maps.mean(axis=0).mean(axis=0) @ w, "left out the biases"),
    ],
    "block-parameters": [
        (kernels_that_read_everything, "read the block's input"),
        (without_projection, "after the pooling"),
        (without_biases, "left out the biases"),
    ],
    "training-loss": [
        (heads_count_in_full, "the same weight"),
        (weighted_mean, "sum of the weights"),
        (summed_over_images, "summed over the images"),
        (lambda logits, labels: cross_entropies(logits, labels)[0], "left out the heads"),
    ],
    "depth": [
        (lambda reads, has_weights: len([n for n in reads if has_weights[n]]), "side by side"),
        (longest_chain, "every layer of the path"),
        (along_the_first, "Look at all of them"),
    ],
}
