"""The loss of SSD: by hand, against a slow loop, and what must not matter."""

import numpy as np
import pytest

from cvkit.losses import hard_negatives, multibox_loss
from tests.support import assert_close, finite_differences, gradient, raises, to_numpy, ways_to_run


def example(seed=0, num_boxes=20):
    """Three images with two classes, the last one without objects."""
    random = np.random.default_rng(seed)
    classes = np.where(random.random((3, num_boxes)) < 0.15, random.integers(1, 3, (3, num_boxes)), 0)
    classes[:2, :2], classes[2] = 1, 0
    floats = (random.normal(size=(3, num_boxes, *rest)).astype("float32") for rest in ((4,), (3,), (4,)))
    return classes, *floats


def slow(classes, targets, logits, deltas, negatives=3):
    """One image, from the definition."""
    positive = [i for i, label in enumerate(classes) if label > 0]
    if not positive:
        return 0, 0
    entropy = [np.log(np.exp(row).sum()) - row[label] for row, label in zip(logits, classes, strict=True)]
    rest = sorted((entropy[i] for i, label in enumerate(classes) if label == 0), reverse=True)
    chosen = rest if negatives is None else rest[: negatives * len(positive)]
    errors = np.abs(deltas - targets)[positive]
    box = np.where(errors < 1, errors**2 / 2, errors - 0.5).sum()
    return (sum(entropy[i] for i in positive) + sum(chosen)) / len(positive), box / len(positive)


def test_by_hand():
    # Two positives with logits 0, 0: log 2 each. Their boxes are off by 2, 0, 0, 0.5: 1.5 + 0.125, and by nothing.
    # Negatives: log(1 + e^x) for x = 3, 1, 2. With one for each positive the hardest two are 3 and 2.
    classes, x = [[1, 1, 0, 0, 0]], np.array([0, 0, 3, 1, 2], "float32")
    logits = np.stack([np.zeros(5, "float32"), x], axis=1)[None]
    deltas = np.zeros((1, 5, 4), "float32")
    deltas[0, 0], deltas[0, 2:] = (2, 0, 0, 0.5), 9
    terms = multibox_loss(classes, np.zeros((1, 5, 4), "float32"), logits, deltas, negatives=1)
    assert_close(terms["class"], [(2 * np.log(2) + np.log1p(np.exp(3)) + np.log1p(np.exp(2))) / 2])
    assert_close(terms["box"], [1.625 / 2])


@pytest.mark.parametrize("negatives", [3, 1, None])
def test_equal_to_a_slow_loop_in_every_way_to_run(negatives):
    inputs = example()
    expected = np.array([slow(*(x[row] for x in inputs), negatives) for row in range(3)]).T
    assert expected[0, 2] == 0
    for _, run in ways_to_run(lambda *inputs: multibox_loss(*inputs, negatives=negatives)):
        terms = run(*inputs)
        assert_close(terms["class"], expected[0])
        assert_close(terms["box"], expected[1])


def test_the_hardest_negatives_are_chosen_and_of_equal_ones_no_more():
    losses = np.array([[0.5, 2, 0.5, 0.5, 1], [3, 3, 3, 3, 3]], "float32")
    is_object = np.array([[False, False, False, False, True], [True, False, False, False, False]])
    chosen = to_numpy(hard_negatives(losses, is_object, np.array([1, 1]), 2))
    assert chosen[0].tolist() == [True, True, False, False, False]
    assert chosen[1].sum() == 2
    assert not chosen[1, 0]
    assert not to_numpy(hard_negatives(losses, is_object, np.array([0, 0]), 2)).any()
    assert (to_numpy(hard_negatives(losses, is_object, np.array([1, 1]), 9)) == ~is_object).all()


def test_an_easy_negative_does_not_matter_and_a_hard_one_does():
    classes, targets, logits, deltas = example(num_boxes=60)
    logits[classes == 0] = [5, 0, 0]
    usual = to_numpy(multibox_loss(classes, targets, logits, deltas)["class"])
    place = np.flatnonzero(classes[0] == 0)
    logits[0, place[0]] = [9, 0, 0]
    easy = to_numpy(multibox_loss(classes, targets, logits, deltas)["class"])
    logits[0, place[0]] = [0, 5, 0]
    hard = to_numpy(multibox_loss(classes, targets, logits, deltas)["class"])
    assert_close(easy, usual)  # another one of equal loss is there in its stead
    assert hard[0] > usual[0] + 0.3
    assert_close(hard[1:], usual[1:])


def test_gradients_reach_what_learns_and_nothing_else():
    classes, targets, logits, deltas = example()

    def loss(x):
        return multibox_loss(classes, targets, x, deltas)["class"]

    slope = gradient(loss, logits)
    assert_close(slope, finite_differences(loss, logits, 1e-3), "gradient")
    learns = np.abs(slope).sum(axis=-1) > 0
    positive = (classes > 0).sum(axis=1)
    assert (learns.sum(axis=1) == np.minimum(4 * positive, classes.shape[1])).all()
    assert not learns[2].any()
    slope = gradient(lambda x: multibox_loss(classes, targets, logits, x)["box"], deltas)
    assert ((np.abs(slope).sum(axis=-1) > 0) == (classes > 0)).all()


def test_what_does_not_fit_is_refused():
    classes, targets, logits, deltas = example()
    with raises(r"target_deltas must have shape \(3, 20, 4\)"):
        multibox_loss(classes, targets[:, 1:], logits, deltas)
    with raises(r"logits must have shape \(3, 20, K \+ 1\)"):
        multibox_loss(classes, targets, logits[0], deltas)
    with raises(r"deltas must have shape \(3, 20, 4\)"):
        multibox_loss(classes, targets, logits, deltas[..., :3])
    with raises("negatives must be a positive integer: hard negatives for each positive, or None for all"):
        multibox_loss(classes, targets, logits, deltas, negatives=0)
