"""The losses of Faster R-CNN: by hand, against a slow loop, and what must not matter."""

import numpy as np

from cvkit.losses import proposal_losses, region_losses
from tests.support import assert_close, gradient, raises, to_numpy, ways_to_run

RANDOM = np.random.default_rng(0)


def smooth_l1(errors, beta):
    return sum(e**2 / (2 * beta) if abs(e) < beta else abs(e) - beta / 2 for e in errors)


def proposal_example():
    targets = RANDOM.integers(-1, 2, (3, 7))
    return targets, *(RANDOM.normal(size=shape).astype("float32") for shape in ((3, 7, 4), (3, 7), (3, 7, 4)))


def region_example():
    classes = RANDOM.integers(-1, 4, (2, 9))
    return classes, *(RANDOM.normal(size=shape).astype("float32") for shape in ((2, 9, 4), (2, 9, 4), (2, 9, 3, 4)))


def test_proposal_losses_by_hand():
    # Two anchors take part. -log sigmoid(0) = -log(1 - sigmoid(0)) = log 2 each: mean log 2.
    # The object's deltas are off by 2, 0, 0 and 1/18: (2 - 1/18) + (1/18)² / (2/9) = 1.94444 + 0.01389, over two.
    deltas = np.array([[[2, 0, 0, 1 / 18], [5, 5, 5, 5], [5, 5, 5, 5]]], "float32")
    losses = proposal_losses([[1, 0, -1]], np.zeros((1, 3, 4), "float32"), np.array([[0, 0, 9.0]], "float32"), deltas)
    assert_close(losses[0], [np.log(2)])
    assert_close(losses[1], [(2 - 1 / 18 + 1 / 72) / 2])


def test_region_losses_by_hand():
    # Class 1 (the second of two) with logits 0, 0, log 2: probability 2/4. The background with the same: 1/4.
    # Its own box is off by 1 and 3: 0.5 + 2.5, over two; that of the other class does not count.
    logits = np.tile(np.array([0, 0, np.log(2)], "float32"), (1, 2, 1))
    deltas = np.array([[[[9, 9, 9, 9], [1, 3, 0, 0]], [[9, 9, 9, 9], [9, 9, 9, 9]]]], "float32")
    losses = region_losses([[2, 0]], np.zeros((1, 2, 4), "float32"), logits, deltas)
    assert_close(losses[0], [(np.log(2) + np.log(4)) / 2])
    assert_close(losses[1], [3 / 2])


def test_proposal_losses_equal_a_slow_loop():
    targets, wanted, logits, deltas = proposal_example()
    for row, values in enumerate(np.transpose([to_numpy(x) for x in proposal_losses(targets, wanted, logits, deltas)])):
        chosen = np.flatnonzero(targets[row] >= 0)
        entropy = sum(np.log1p(np.exp(-logits[row, i] if targets[row, i] else logits[row, i])) for i in chosen)
        box = sum(smooth_l1(deltas[row, i] - wanted[row, i], 1 / 9) for i in chosen if targets[row, i])
        assert_close(values, np.array([entropy, box]) / len(chosen))


def test_region_losses_equal_a_slow_loop():
    classes, wanted, logits, deltas = region_example()
    for row, values in enumerate(np.transpose([to_numpy(x) for x in region_losses(classes, wanted, logits, deltas)])):
        chosen = np.flatnonzero(classes[row] >= 0)
        exponents = np.exp(logits[row])
        entropy = sum(-np.log(exponents[i, classes[row, i]] / exponents[i].sum()) for i in chosen)
        box = sum(smooth_l1(deltas[row, i, c - 1] - wanted[row, i], 1) for i in chosen if (c := classes[row, i]) > 0)
        assert_close(values, np.array([entropy, box]) / len(chosen))


def test_what_takes_no_part_does_not_matter():
    for function, example in ((proposal_losses, proposal_example()), (region_losses, region_example())):
        targets, wanted, logits, deltas = example
        before = function(targets, wanted, logits, deltas)
        out = targets < 0
        wanted[out], logits[out], deltas[out] = 99, 99, 99
        for a, b in zip(before, function(targets, wanted, logits, deltas), strict=True):
            assert_close(a, to_numpy(b))


def test_gradient_flows_where_it_should():
    targets, wanted, logits, deltas = proposal_example()
    slope = gradient(lambda d: proposal_losses(targets, wanted, logits, d)[1], deltas)
    assert (np.any(slope != 0, axis=-1) == (targets == 1)).all()
    slope = gradient(lambda x: proposal_losses(targets, wanted, x, deltas)[0], logits)
    assert ((slope != 0) == (targets >= 0)).all()


def test_an_image_that_takes_no_part_has_no_loss():
    _, wanted, logits, deltas = proposal_example()
    for loss in proposal_losses(np.full((3, 7), -1), wanted, logits, deltas):
        assert_close(loss, np.zeros(3))
    _, wanted, logits, deltas = region_example()
    for loss in region_losses(np.full((2, 9), -1), wanted, logits, deltas):
        assert_close(loss, np.zeros(2))


def test_every_way_to_run_agrees():
    for function, example in ((proposal_losses, proposal_example()), (region_losses, region_example())):
        expected = [to_numpy(loss) for loss in function(*example)]
        for _, run in ways_to_run(function):
            for loss, want in zip(run(*example), expected, strict=True):
                assert_close(loss, want)


def test_what_does_not_fit_is_refused():
    targets, wanted, logits, deltas = proposal_example()
    with raises(r"logits must have shape \(3, 7\).*Received shape \(3, 6\)"):
        proposal_losses(targets, wanted, logits[:, :6], deltas)
    with raises(r"deltas must have shape \(3, 7, 4\)"):
        proposal_losses(targets, wanted, logits, deltas[..., :3])
    classes, wanted, logits, deltas = region_example()
    with raises(r"deltas must have shape \(2, 9, 3, 4\).*a box for each class but the background"):
        region_losses(classes, wanted, logits, deltas[:, :, :2])
