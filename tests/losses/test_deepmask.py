import math

import numpy as np
import pytest
from keras import ops

from cvkit.losses import deepmask_loss
from tests.support import assert_close, check_gradient, gradient, raises, to_numpy, ways_to_run

RANDOM = np.random.default_rng(0)
LABELS = np.array([1, -1, 1, -1], "int32")
MASKS = np.where(RANDOM.random((4, 3, 5)) < 0.5, 1, -1).astype("int32")
LOGITS = RANDOM.normal(size=(4, 3, 5)).astype("float32") * 3
SCORES = RANDOM.normal(size=4).astype("float32") * 3


def slide(labels, masks, logits, scores, weight):
    """The slide's formula, term by term."""
    result = []
    for y, m, f, s in zip(labels.tolist(), masks.tolist(), logits.tolist(), scores.tolist(), strict=True):
        pixels = [math.log(1 + math.exp(-a * b)) for row in zip(m, f, strict=True) for a, b in zip(*row, strict=True)]
        result.append((1 + y) / (2 * len(pixels)) * sum(pixels) + weight * math.log(1 + math.exp(-y * s)))
    return result


def test_hand_worked_case():
    # Two pixels: object with logit log 3, log(1 + 1/3) = log 4/3; none with logit 0, log 2. Mean: log(8/3) / 2. The
    # score says log 7: log(1 + 1/7) = log 8/7. The second patch has no object: only log(1 + 7) = log 8 counts.
    masks, logits = [[[1, -1]]] * 2, [[[math.log(3), 0.0]]] * 2
    expected = [math.log(8 / 3) / 2 + math.log(8 / 7) / 32, math.log(8) / 32]
    assert_close(deepmask_loss([1, -1], masks, logits, [math.log(7)] * 2), expected)


@pytest.mark.parametrize("weight", [1 / 32, 2.0])
def test_equals_the_slides_formula_in_every_way_to_run(weight):
    for _, run in ways_to_run(lambda logits, scores: deepmask_loss(LABELS, MASKS, logits, scores, weight)):
        assert_close(run(LOGITS, SCORES), slide(LABELS, MASKS, LOGITS, SCORES, weight))


def test_patches_without_an_object_learn_no_mask():
    slope = gradient(lambda logits: deepmask_loss(LABELS, MASKS, logits, SCORES), LOGITS)
    assert (slope[LABELS == 1] != 0).all()
    assert (slope[LABELS == -1] == 0).all()
    check_gradient(lambda logits: deepmask_loss(LABELS, MASKS, logits, SCORES), LOGITS)
    check_gradient(lambda scores: deepmask_loss(LABELS, MASKS, LOGITS, scores), SCORES)


def test_large_logits_and_half_precision_stay_finite():
    assert np.isfinite(to_numpy(deepmask_loss(LABELS, MASKS, LOGITS * 1e4, SCORES * 1e4))).all()
    loss = deepmask_loss(LABELS, MASKS, ops.cast(LOGITS, "float16"), ops.cast(SCORES, "float16"))
    assert_close(loss, slide(LABELS, MASKS, LOGITS, SCORES, 1 / 32), "float16")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((LABELS, MASKS, LOGITS[0], SCORES), r"mask_logits must have shape \(B, h, w\)"),
        ((LABELS, MASKS[:, :2], LOGITS, SCORES), "masks must have the shape of mask_logits"),
        ((LABELS, MASKS, LOGITS, SCORES[:, None]), r"scores must have shape \(4,\).*Drop a last axis of 1"),
        ((LABELS[:3], MASKS, LOGITS, SCORES), "labels must have the shape of scores"),
        ((LABELS, MASKS, LOGITS, SCORES, 0), "score_weight must be a positive number"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with raises(message):
        deepmask_loss(*arguments)
