import numpy as np
import pytest
from keras import ops

from cvkit.losses import mask_loss
from tests import reference
from tests.support import assert_close, check_gradient, gradient, raises, to_numpy, ways_to_run

RANDOM = np.random.default_rng(0)
CLASSES = np.array([[1, -1, 0, 2], [-1, -1, -1, -1], [2, 2, -1, 0]], "int32")
MASKS = (RANDOM.random((3, 4, 2, 3)) < 0.5).astype("float32")
LOGITS = RANDOM.normal(size=(3, 4, 2, 3, 3)).astype("float32") * 3


def test_hand_worked_case():
    # Two pixels of class 1: logits 0 (target 1: log 2) and log 3 (target 0: -log(1 - 3/4) = log 4). Mean: (log 2 +
    # log 4) / 2 = 1.5 log 2. Class 0 of the region and the whole second region take no part.
    logits = np.zeros((1, 2, 1, 2, 2))
    logits[0, 0, 0, :, 1] = 0, np.log(3)
    logits[0, :, :, :, 0] = logits[0, 1] = 50
    assert_close(mask_loss([[1, -1]], [[[[1.0, 0.0]], [[0.0, 0.0]]]], logits), [1.5 * np.log(2)], "float32")


def test_equals_the_loop_in_every_way_to_run():
    expected = reference.mask_loss(CLASSES, MASKS, LOGITS)
    assert expected[1] == 0
    for _, run in ways_to_run(lambda logits: mask_loss(CLASSES, MASKS, logits)):
        assert_close(run(LOGITS), expected)


def test_other_classes_and_regions_without_an_object_learn_nothing():
    slope = gradient(lambda logits: mask_loss(CLASSES, MASKS, logits), LOGITS)
    learns = np.zeros(LOGITS.shape, bool)
    for b, r in np.argwhere(CLASSES >= 0):
        learns[b, r, ..., CLASSES[b, r]] = True
    assert (slope[learns] != 0).all()
    assert (slope[~learns] == 0).all()
    check_gradient(lambda logits: mask_loss(CLASSES[:1, :2], MASKS[:1, :2], logits), LOGITS[:1, :2])


def test_half_precision_is_widened():
    loss = mask_loss(CLASSES, MASKS, ops.cast(LOGITS, "float16"))
    assert_close(to_numpy(loss), reference.mask_loss(CLASSES, MASKS, LOGITS), "float16")
    assert np.isfinite(to_numpy(mask_loss(CLASSES, MASKS, LOGITS * 1e4))).all()


@pytest.mark.parametrize(
    ("masks", "logits", "message"),
    [
        (MASKS[:, :3], LOGITS, r"target_masks must have shape \(3, 4, h, w\).*Received shape \(3, 3, 2, 3\)"),
        (MASKS, LOGITS[..., 0], r"logits must have shape \(3, 4, 2, 3, K\).*Received shape \(3, 4, 2, 3\)"),
        (MASKS, LOGITS[:, :, :1], r"logits must have shape \(3, 4, 2, 3, K\)"),
    ],
)
def test_shapes_are_checked(masks, logits, message):
    with raises(message):
        mask_loss(CLASSES, masks, logits)
