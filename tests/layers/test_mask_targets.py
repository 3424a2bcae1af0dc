import keras
import numpy as np

from cvkit.layers import MaskTargets
from tests.support import raises, to_numpy, ways_to_run

# One image of 16 x 16 with two objects: a full square of 8 and, of the box beside it, the left half only.
BOXES = np.array([[[0, 0, 8, 8], [8, 8, 16, 16], [0, 0, 0, 0]]], "float32")
LABELS = np.array([[4, 1, -1]], "int32")
MASKS = np.zeros((1, 3, 16, 16), "float32")
MASKS[0, 0, :8, :8] = MASKS[0, 1, 8:, 8:12] = 1
# Shifted right by two: IoU 6 / 10 with the first; shifted by four: 4 / 12, too little; and filling.
ROIS = np.array([[[2, 0, 10, 8], [4, 0, 12, 8], [0, 0, 0, 0]]], "float32")


def test_hand_worked_case():
    rois, classes, masks = (to_numpy(x) for x in MaskTargets(8, 4)([ROIS, BOXES, LABELS, MASKS]))
    assert classes.dtype == np.int32
    assert sorted(classes[0].tolist()) == [-1] * 5 + [1, 4, 4]
    found = {tuple(roi): mask for roi, mask, label in zip(rois[0], masks[0], classes[0], strict=True) if label >= 0}
    assert set(found) == {(0, 0, 8, 8), (2, 0, 10, 8), (8, 8, 16, 16)}
    assert found[0, 0, 8, 8].all()
    # Four columns of two pixels from x = 2 to 10: the object ends at 8, so the last column is empty.
    np.testing.assert_array_equal(found[2, 0, 10, 8], [[1, 1, 1, 0]] * 4)
    np.testing.assert_array_equal(found[8, 8, 16, 16], [[1, 1, 0, 0]] * 4)


def test_no_more_than_the_sample_and_none_where_there_is_no_object():
    rois, classes, masks = MaskTargets(2, 4)([ROIS, BOXES, LABELS, MASKS])
    assert (rois.shape, classes.shape, masks.shape) == ((1, 2, 4), (1, 2), (1, 2, 4, 4))
    assert (to_numpy(classes) >= 0).all()
    _, classes, _ = MaskTargets(4, 4)([ROIS, BOXES * 0, LABELS * 0 - 1, MASKS * 0])
    assert (to_numpy(classes) == -1).all()


def test_every_way_to_run_and_symbolic_shapes():
    layer = MaskTargets(8, 4)
    for _, run in ways_to_run(lambda rois: layer([rois, BOXES, LABELS, MASKS])[1]):
        assert sorted(to_numpy(run(ROIS))[0].tolist()) == [-1] * 5 + [1, 4, 4]
    symbols = [keras.Input(x.shape[1:], dtype=str(x.dtype)) for x in (ROIS, BOXES, LABELS, MASKS)]
    assert [x.shape for x in layer(symbols)] == [(None, 8, 4), (None, 8), (None, 8, 4, 4)]


def test_arguments_are_checked():
    with raises("num_samples must be a positive integer"):
        MaskTargets(0, 4)
    with raises("mask_size must be a positive integer"):
        MaskTargets(4, 1.5)
