"""Tight frames around masks."""

import numpy as np
from pycocotools import mask as coco_mask

from cvkit.segmentation import mask_boxes
from tests.support import raises


def test_equals_pycocotools():
    rng = np.random.default_rng(0)
    masks = rng.random((12, 9, 14)) < rng.choice([0.01, 0.05, 0.5], 12)[:, None, None]
    codes = [coco_mask.encode(np.asfortranarray(mask, "uint8")) for mask in masks]
    x, y, width, height = np.array([coco_mask.toBbox(code) for code in codes]).T
    expected = np.stack([x, y, x + width, y + height], axis=1)
    expected[~masks.any(axis=(1, 2))] = 0
    np.testing.assert_array_equal(mask_boxes(masks), expected)


def test_no_masks_have_no_boxes():
    assert mask_boxes(np.zeros((0, 5, 5), bool)).shape == (0, 4)


def test_one_mask_alone_is_refused():
    with raises(r"masks must have shape \(n, H, W\)"):
        mask_boxes(np.zeros((5, 5), bool))
