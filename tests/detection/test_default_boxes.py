"""Default boxes of SSD and their matching: by hand, against slow loops, and what must hold in every case."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.detection import default_box_scales, default_boxes, match_default_boxes
from tests.support import assert_close, raises, to_numpy, ways_to_run


def test_scales_of_the_paper():
    # Six maps from 0.2 to 0.9: steps of 0.7 / 5 = 0.14, and one more beyond.
    assert_close(default_box_scales(6), [0.2, 0.34, 0.48, 0.62, 0.76, 0.9, 1.04])
    assert_close(default_box_scales(2, 0.1, 0.5), [0.1, 0.5, 0.9])


def test_boxes_by_hand():
    # One position, centre (4, 4). Scale 4: 4 x 4; ratio 4: 8 x 2; the square between 4 and 9: 6 x 6.
    # Scale 9: 9 x 9, 18 x 4.5, and between 9 and 16 12 x 12.
    sizes = np.array([[4, 4], [8, 2], [6, 6], [9, 9], [18, 4.5], [12, 12]])
    assert_close(default_boxes((1, 1), 8, (4, 9, 16), (1, 4)), np.concatenate([4 - sizes / 2, 4 + sizes / 2], axis=1))


def slow_boxes(height, width, stride, scales, ratios):
    result = []
    for i in range(height):
        for j in range(width):
            for scale, following in itertools.pairwise(scales):
                sides = [(scale * ratio**0.5, scale / ratio**0.5) for ratio in ratios]
                for w, h in [*sides, 2 * ((scale * following) ** 0.5,)]:
                    x, y = (j + 0.5) * stride, (i + 0.5) * stride
                    result.append((x - w / 2, y - h / 2, x + w / 2, y + h / 2))
    return np.array(result)


@pytest.mark.parametrize("ratios", [(1.0, 2.0, 0.5), (3.0,)])
def test_boxes_equal_a_slow_loop(ratios):
    assert_close(default_boxes((2, 3), 16, (10.0, 17.5, 30.0), ratios), slow_boxes(2, 3, 16, (10, 17.5, 30), ratios))


def test_ssd300_has_8732_default_boxes():
    # The paper, section 3.1: maps of 38, 19, 10, 5, 3 and 1 cells a side, with four boxes at the first and last two.
    maps = zip((38, 19, 10, 5, 3, 1), (8, 16, 32, 64, 100, 300), (4, 6, 6, 6, 4, 4), strict=True)
    few, many = (1.0, 2.0, 0.5), (1.0, 2.0, 0.5, 3.0, 1 / 3)
    counts = [len(default_boxes((n, n), stride, (30, 60), few if a == 4 else many)) for n, stride, a in maps]
    assert sum(counts) == 8732


def slow_match(overlaps, threshold=0.5):
    """One image, from the definition: pairs from the largest IoU down, then every other box for itself."""
    matches = np.full(len(overlaps), -1)
    pairs = sorted(np.ndindex(overlaps.shape), key=lambda pair: -overlaps[pair])
    boxes, objects = set(), set()
    for box, object_ in pairs:
        if overlaps[box, object_] > 0 and box not in boxes and object_ not in objects:
            matches[box] = object_
            boxes.add(box)
            objects.add(object_)
    for box, row in enumerate(overlaps):
        if box not in boxes and row.max() > threshold:
            matches[box] = row.argmax()
    return matches


def tables(seed, num_boxes=12, num_objects=4):
    random = np.random.default_rng(seed)
    overlaps = random.uniform(0, 1, (3, num_boxes, num_objects)).astype("float32")
    overlaps[random.random(overlaps.shape) < 0.5] = 0
    overlaps[1, :, 2:] = 0  # objects that only fill up
    overlaps[2] = 0
    return overlaps


def test_matching_by_hand():
    # Both objects fit box 0 best, the first one better; so the second gets box 2, with an IoU of 0.1 only.
    # Box 1 is above 0.5 with the first. Box 3 is at 0.5 exactly, which is not above.
    overlaps = np.array([[[0.9, 0.7], [0.6, 0.0], [0.0, 0.1], [0.5, 0.0]]], "float32")
    assert_close(match_default_boxes(overlaps), [[0, 0, 1, -1]])
    assert_close(match_default_boxes(overlaps, threshold=0.4), [[0, 0, 1, 0]])


def test_matching_equals_a_slow_loop_in_every_way_to_run():
    for seed in range(5):
        overlaps = tables(seed)
        expected = np.array([slow_match(table) for table in overlaps])
        for _, run in ways_to_run(match_default_boxes):
            assert_close(run(overlaps), expected)


@given(st.integers(0, 10**6))
def test_an_object_that_overlaps_any_box_is_lost_only_where_all_of_them_are_taken(seed):
    for table, matches in zip(tables(seed), to_numpy(match_default_boxes(tables(seed))), strict=True):
        for object_ in range(table.shape[1]):
            touching = table[:, object_] > 0
            assert object_ in matches or (matches[touching] >= 0).all()
        assert (matches[table.max(axis=1) == 0] == -1).all()
        assert (matches[table.max(axis=1) > 0.5] >= 0).all()


def test_what_does_not_fit_is_refused():
    with raises("num_maps must be a positive integer"):
        default_box_scales(0)
    with raises("num_maps must be 2 or more, and 0 < smallest < largest"):
        default_box_scales(1)
    with raises("num_maps must be 2 or more, and 0 < smallest < largest"):
        default_box_scales(3, 0.5, 0.5)
    with raises("scales must be two or more rising numbers"):
        default_boxes((2, 2), 8, (10,))
    with raises("scales must be two or more rising numbers"):
        default_boxes((2, 2), 8, (10, 10))
    with raises("ratios must be a list of at least one positive number"):
        default_boxes((2, 2), 8, (10, 20), ())
    with raises(r"overlaps must have shape \(B, N, M\)"):
        match_default_boxes(np.zeros((3, 2)))
    with raises("threshold must be an IoU, from 0 to 1. Received 2"):
        match_default_boxes(np.zeros((1, 3, 2)), threshold=2)
