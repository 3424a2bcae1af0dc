"""Which map of a pyramid a region is cut out of: by hand, against a slow loop, in every way to run."""

import math

import numpy as np

from cvkit.layers import LevelChoice, roi_levels
from tests.support import assert_close, check_layer, check_saved_copy, raises, ways_to_run


def squares(*sides):
    return np.array([[3, 5, 3 + side, 5 + side] for side in sides], "float32")


def test_by_hand():
    # 224 is at level 4; just below it is at 3; 448 at 5. Halved again and again: 112 at 3, 56 at 2, 28 at 1.
    assert_close(roi_levels(squares(223, 224, 448, 112, 56), 2, 5), [3, 4, 5, 3, 2])
    assert_close(roi_levels(squares(28, 5000, 0), 2, 5), [2, 5, 2])  # moved into the range
    assert_close(roi_levels([[0, 0, 100, 400]], 2, 5), [3])  # sqrt(w h) = 200
    assert_close(roi_levels(squares(15, 16, 32), 2, 4, canonical_side=16), [3, 4, 4])


def test_equal_to_a_slow_loop_in_every_way_to_run():
    random = np.random.default_rng(0)
    corner, size = random.uniform(0, 50, (2, 20, 2)), random.uniform(5, 900, (2, 20, 2))
    rois = np.concatenate([corner, corner + size], axis=-1).astype("float32")
    expected = np.clip([[math.floor(4 + math.log2(math.sqrt(w * h) / 224)) for w, h in row] for row in size], 2, 5)
    for _, run in ways_to_run(lambda x: roi_levels(x, 2, 5)):
        assert_close(run(rois), expected)


def test_the_layer_takes_each_region_from_its_map(tmp_path):
    rois = np.stack([squares(10, 20, 40), squares(80, 20, 10)])
    pooled = [np.random.default_rng(k).normal(size=(2, 3, 2, 2, 5)).astype("float32") for k in range(3)]
    layer = LevelChoice(2, canonical_side=40)
    output = check_layer(layer, rois, *pooled)  # 10 at level 2, 20 at 3, 40 and 80 at 4
    for row, levels in enumerate([[0, 1, 2], [2, 1, 0]]):
        assert_close(output[row], [pooled[level][row, k] for k, level in enumerate(levels)])
    check_saved_copy(layer, tmp_path / "choice.keras", rois, *pooled)


def test_what_does_not_fit_is_refused():
    with raises(r"rois must have shape \(..., 4\)"):
        roi_levels(np.zeros((3, 5)), 2, 5)
    with raises("lowest must be at most highest"):
        roi_levels(np.zeros((3, 4)), 5, 2)
    with raises("canonical_side must be a positive number"):
        LevelChoice(2, canonical_side=0)
