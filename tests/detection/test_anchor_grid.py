import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.detection import anchor_grid, convert_boxes
from tests import reference
from tests.support import assert_close, examples, raises, to_numpy, ways_to_run

sides = st.lists(st.floats(1, 600), min_size=1, max_size=3)
ratios = st.lists(st.floats(0.1, 10), min_size=1, max_size=3)


def test_hand_worked_case():
    # Two rows, one column, stride 8: centres (4, 4) and (4, 12). Scales 4 and 8 with ratio 4: 8 x 2 and 16 x 4.
    expected = [[0, 3, 8, 5], [-4, 2, 12, 6], [0, 11, 8, 13], [-4, 10, 12, 14]]
    for _, run in ways_to_run(lambda: anchor_grid((2, 1), 8, (4, 8), (4,))):
        assert_close(run(), expected)


@examples(400)  # of one to 144 anchors each
@given(st.integers(1, 4), st.integers(1, 4), st.sampled_from([1, 4, 16.5]), sides, ratios)
def test_equals_the_loops(height, width, stride, scales, ratios):
    anchors = anchor_grid((height, width), stride, scales, ratios)
    assert_close(anchors, reference.anchors((height, width), stride, scales, ratios))


@given(sides, ratios)
def test_area_and_ratio_are_what_was_asked_for(scales, ratios):
    centred = to_numpy(convert_boxes(anchor_grid((2, 3), 16, scales, ratios), "xyxy", "cxcywh"))
    _, _, width, height = centred.reshape(2, 3, len(scales), len(ratios), 4).transpose(4, 0, 1, 2, 3)
    # Relative to the anchor: its corners are rounded to 24 binary digits, of which a thin one has few left.
    assert_close(width * height / np.square(scales)[:, None] / 20, np.full(width.shape, 1 / 20))
    assert_close(width / height / np.array(ratios) / 20, np.full(width.shape, 1 / 20))


def test_faster_rcnns_nine_anchors():
    # The paper's table 1 gives the sides that its network learns; these are those of its definition, at 800 x 600.
    anchors = anchor_grid((38, 50), 16, (128, 256, 512), (1, 0.5, 2))
    assert tuple(anchors.shape) == (38 * 50 * 9, 4)
    first = to_numpy(anchors)[:3]
    assert_close(first[:, 2] - first[:, 0], [128, 128 / 2**0.5, 128 * 2**0.5])


@pytest.mark.tensorflow_only
def test_the_size_may_be_known_only_when_it_runs():
    import tensorflow as tf

    run = tf.function(lambda maps: anchor_grid(tf.unstack(tf.shape(maps)[1:3]), 8, (4, 8), (4,)))
    assert_close(run(np.zeros((1, 2, 1, 5))), to_numpy(anchor_grid((2, 1), 8, (4, 8), (4,))))


@pytest.mark.parametrize("size", [7, (7,), (0, 3), (2.5, 3)])
def test_sizes_that_do_not_fit_are_refused(size):
    with raises(r"feature_size must be \(height, width\) in cells, two positive integers. Received"):
        anchor_grid(size, 16, (32,), (1,))


def test_other_arguments_that_do_not_fit_are_refused():
    with raises("stride must be a positive number: pixels from one cell of the feature map to the next. Received 0"):
        anchor_grid((2, 2), 0, (32,), (1,))
    for wrong in (32, [], (0, 3), (-1,)):
        with raises("scales must be a list of at least one positive number. Received"):
            anchor_grid((2, 2), 16, wrong, (1,))
        with raises("ratios must be a list of at least one positive number. Received"):
            anchor_grid((2, 2), 16, (32,), wrong)
