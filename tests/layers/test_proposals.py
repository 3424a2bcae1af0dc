"""Proposals: what a region proposal network says, decoded, cut and thinned out."""

import keras
import numpy as np
import pytest

from cvkit.detection import anchor_grid, clip_boxes, decode_deltas, nms
from cvkit.layers import Anchors, Proposals
from tests.support import assert_close, raises, to_numpy, ways_to_run

RANDOM = np.random.default_rng(0)
ANCHORS = to_numpy(anchor_grid((4, 6), 8, (12, 20), (0.5, 2)))  # (96, 4)
LOGITS = RANDOM.normal(size=(3, 96)).astype("float32")
DELTAS = 0.4 * RANDOM.normal(size=(3, 96, 4)).astype("float32")
SIZES = np.array([[32, 48], [20, 40], [32, 10]], "float32")


def slowly(num_proposals, iou_threshold, num_candidates, smallest):
    """The same, image by image, in the order of the paper's section 3.3."""
    boxes, logits = np.zeros((3, num_proposals, 4), "float32"), np.full((3, num_proposals), -np.inf, "float32")
    for row, (height, width) in enumerate(SIZES):
        found = to_numpy(clip_boxes(decode_deltas(DELTAS[row], ANCHORS), (float(height), float(width))))
        large = np.flatnonzero((found[:, 2:] - found[:, :2] >= smallest).all(axis=1))
        surest = large[np.argsort(-LOGITS[row, large])][:num_candidates]
        kept, count = nms(found[surest], LOGITS[row, surest], iou_threshold, num_proposals)
        kept = surest[to_numpy(kept)[: int(count)]]
        boxes[row, : len(kept)], logits[row, : len(kept)] = found[kept], LOGITS[row, kept]
    return boxes, logits


@pytest.mark.parametrize("options", [(20, 0.5, 6000, 1.0), (5, 0.7, 30, 4.0), (90, 0.3, 96, 1.0)])
def test_equal_the_steps_one_after_the_other(options):
    for actual, expected in zip(Proposals(*options)([ANCHORS, LOGITS, DELTAS, SIZES]), slowly(*options), strict=True):
        assert_close(actual, expected)


def test_every_way_to_run_agrees():
    layer = Proposals(10)
    expected = [to_numpy(value) for value in layer([ANCHORS, LOGITS, DELTAS, SIZES])]
    for _, run in ways_to_run(lambda *inputs: layer(list(inputs))):
        for actual, want in zip(run(ANCHORS, LOGITS, DELTAS, SIZES), expected, strict=True):
            assert_close(actual, want)


def test_boxes_lie_inside_their_image():
    boxes, logits = (to_numpy(value) for value in Proposals(40)([ANCHORS, LOGITS, DELTAS, SIZES]))
    assert (boxes >= 0).all()
    assert (boxes <= SIZES[:, None, [1, 0, 1, 0]]).all()
    assert (np.isfinite(logits) == (boxes[..., 2:] > boxes[..., :2]).all(axis=-1)).all()
    for row in logits:
        assert (np.diff(row[np.isfinite(row)]) <= 0).all()  # the surest first


def test_anchors_follow_the_map_in_a_network_of_any_size():
    features = keras.Input((None, None, 3))
    network = keras.Model(features, Anchors(8, (12, 20), (0.5, 2))(features))
    assert_close(network(np.zeros((2, 4, 6, 3), "float32")), ANCHORS)
    assert tuple(network(np.zeros((1, 3, 5, 3), "float32")).shape) == (60, 4)
    assert Anchors(8, (12, 20), (0.5, 2))(keras.Input((4, 6, 3))).shape == (96, 4)


@pytest.mark.parametrize("layer", [Anchors(8, (12, 20), (0.5, 2)), Proposals(7, 0.6, 50, 2.0)])
def test_config_rebuilds_the_layer(layer):
    config = layer.get_config()
    assert type(layer).from_config(config).get_config() == config


def test_what_does_not_fit_is_refused():
    with raises("num_proposals must be a positive integer"):
        Proposals(0)
    with raises("num_candidates must be a positive integer"):
        Proposals(5, num_candidates=-1)
    with raises("scales must be a list of at least one positive number"):
        Anchors(8, (), (1,))
