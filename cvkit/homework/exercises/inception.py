"""Exercises of lesson 04: global average pooling, the cost of an inception block, auxiliary losses, and depth."""

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake


def class_scores(maps, weights, biases):
    """Scores of the classes: a 1 x 1 convolution to one map for each class, and the mean of each map."""
    return (maps @ weights + biases).mean(axis=(0, 1))


_RNG = np.random.default_rng(4)


def _features(height, width, channels, classes):
    return tuple(_RNG.integers(-3, 4, shape) / 2 for shape in ((height, width, channels), (channels, classes), classes))


CLASS_SCORES = Exercise(
    id="class-scores",
    points=2,
    reference=class_scores,
    cases=(_features(2, 3, 2, 4), _features(4, 2, 3, 3)),
    mistakes=(
        Mistake(
            lambda maps, w, b: (maps @ w + b).max(axis=(0, 1)),
            "You took the largest value of each map. Global average pooling takes the mean.",
        ),
        Mistake(
            lambda maps, w, b: (maps @ w + b).sum(axis=(0, 1)),
            "You summed each map. Divide by the number of its positions, or a larger image gets larger scores.",
        ),
        Mistake(
            lambda maps, w, b: (maps @ w).mean(axis=(0, 1)),
            "You left out the biases of the 1 x 1 convolution: one for each class.",
        ),
        Mistake(
            lambda maps, w, b: np.maximum(maps @ w + b, 0).mean(axis=(0, 1)),
            "You put a ReLU before the mean. The class maps may be negative here, and so may the scores.",
        ),
        Mistake(
            lambda maps, w, b: (maps @ w + b).mean(axis=-1),
            "You took the mean over the classes at each position. Take it over the positions, for each class.",
        ),
    ),
)


def block_parameters(channels, widths):
    """Weights and biases of an inception block with dimension reduction."""
    n1, r3, n3, r5, n5, p = widths
    reading_input = (channels + 1) * (n1 + r3 + r5 + p)
    return reading_input + (9 * r3 + 1) * n3 + (25 * r5 + 1) * n5


def _weights_only(channels, widths):
    n1, r3, n3, r5, n5, p = widths
    return block_parameters(channels, widths) - (n1 + r3 + n3 + r5 + n5 + p)


def _large_kernels_read_the_input(channels, widths):
    n1, r3, n3, r5, n5, p = widths
    return (channels + 1) * (n1 + r3 + r5 + p) + (9 * channels + 1) * n3 + (25 * channels + 1) * n5


def _naive(channels, widths):
    n1, _, n3, _, n5, _ = widths
    return (channels + 1) * n1 + (9 * channels + 1) * n3 + (25 * channels + 1) * n5


def _no_projection(channels, widths):
    return block_parameters(channels, (*widths[:5], 0))


BLOCK_PARAMETERS = Exercise(
    id="block-parameters",
    points=2,
    reference=block_parameters,
    cases=((192, (64, 96, 128, 16, 32, 32)), (10, (1, 2, 3, 4, 5, 6)), (256, (128, 128, 192, 32, 96, 64))),
    mistakes=(
        Mistake(_weights_only, "You left out the biases: one for each channel that a convolution makes."),
        Mistake(
            _large_kernels_read_the_input,
            "Your large kernels read the block's input. They read the r3 and r5 channels that the 1 x 1 convolutions "
            "before them leave; that is where the saving is.",
        ),
        Mistake(_naive, "That is the naive block. The reduced one has a 1 x 1 convolution in three more places."),
        Mistake(
            _no_projection,
            "You left out the 1 x 1 convolution after the pooling. The pooling has no parameters, the convolution has.",
        ),
        Mistake(
            lambda channels, widths: block_parameters(channels, widths) - 16 * widths[3] * widths[4],
            "You gave the 5 x 5 kernels 3 x 3 weights: a kernel over r5 channels has 25 r5 of them.",
        ),
    ),
)


def training_loss(logits, labels):
    """Loss of a network with two auxiliary heads: the main cross-entropy, and 0.3 of each head's."""
    shifted = logits - logits.max(axis=-1, keepdims=True)  # (3, N, K)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    losses = -log_probabilities[:, np.arange(len(labels)), labels].mean(axis=1)  # (3,)
    return losses @ np.array([1.0, 0.3, 0.3])


def _losses(logits, labels):
    return np.array([training_loss(np.stack([one, one * 0, one * 0]), labels) for one in logits]) - 0.6 * np.log(
        logits.shape[-1]
    )


_LOGITS = tuple(_RNG.normal(size=shape).round(1) for shape in ((3, 2, 3), (3, 4, 2)))

TRAINING_LOSS = Exercise(
    id="training-loss",
    points=2,
    reference=training_loss,
    cases=((_LOGITS[0], np.array([2, 0])), (_LOGITS[1], np.array([1, 1, 0, 1]))),
    mistakes=(
        Mistake(
            lambda logits, labels: _losses(logits, labels).sum(),
            "You gave all three losses the same weight. The main one weighs 1, each head 0.3.",
        ),
        Mistake(
            lambda logits, labels: _losses(logits, labels)[0],
            "You left out the heads. That is right once training is over; while it lasts, each adds 0.3 of its loss.",
        ),
        Mistake(
            lambda logits, labels: _losses(logits, labels) @ np.array([1, 0.3, 0.3]) / 1.6,
            "You divided by the sum of the weights. GoogLeNet adds the weighted losses up as they are.",
        ),
        Mistake(
            lambda logits, labels: training_loss(logits, labels) * len(labels),
            "You summed over the images. A loss is the mean over the batch, or it would grow with the batch.",
        ),
        Mistake(
            lambda logits, labels: _losses(logits, labels) @ np.array([0.3, 0.3, 1]),
            "You gave the last output the weight 1. The main output comes first, then the two heads.",
        ),
    ),
)


def depth(reads, has_weights):
    """Layers with weights on the longest path: from the first layers to each layer, in the order of `reads`."""
    longest = {}
    for name, sources in reads.items():
        longest[name] = max((longest[source] for source in sources), default=0) + has_weights[name]
    return max(longest.values())


def _all_layers_on_the_path(reads, has_weights):
    return depth(reads, dict.fromkeys(reads, 1))


def _along_one(choose):
    """The same with another choice among the layers that a layer reads, followed back from the last one."""

    def wrong(reads, has_weights):
        count = {}
        for name, sources in reads.items():
            count[name] = choose([count[source] for source in sources] or [0]) + has_weights[name]
        return count[list(reads)[-1]]

    return wrong


_BLOCK = {
    "image": [],
    "one": ["image"],
    "reduce": ["image"],
    "three": ["reduce"],
    "pool": ["image"],
    "stack": ["one", "three", "pool"],
    "output": ["stack"],
}
_TWO = {"a": [], "b": ["a"], "c": ["b", "a"], "d": ["a"], "e": ["d", "c"], "f": ["e"]}

DEPTH = Exercise(
    id="depth",
    points=3,
    reference=depth,
    cases=(
        (_BLOCK, {name: int(name in ("one", "reduce", "three", "output")) for name in _BLOCK}),
        (_TWO, {"a": 1, "b": 1, "c": 1, "d": 0, "e": 1, "f": 0}),
    ),
    mistakes=(
        Mistake(
            lambda reads, has_weights: sum(has_weights.values()),
            "You counted all layers with weights. Those that stand side by side in a block add nothing to its depth.",
        ),
        Mistake(
            _all_layers_on_the_path,
            "You counted every layer of the path. Pooling, stacking and the input have no weights and do not count.",
        ),
        Mistake(_along_one(min), "You took the shortest path. The depth is that of the longest."),
        Mistake(
            _along_one(lambda counts: counts[0]),
            "You followed the first of the layers that a layer reads. Look at all of them, and take the deepest.",
        ),
    ),
)

EXERCISES = (CLASS_SCORES, BLOCK_PARAMETERS, TRAINING_LOSS, DEPTH)
