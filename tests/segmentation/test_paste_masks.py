import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cvkit.layers import roi_align
from cvkit.segmentation import paste_masks
from tests import reference
from tests.support import raises, to_numpy


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.sampled_from([0.3, 0.5]))
def test_equals_the_loop(seed, cells, threshold):
    random = np.random.default_rng(seed)
    masks, corners = random.random((3, cells, cells)), random.uniform(-6, 14, (3, 2, 2))
    boxes = np.concatenate([corners.min(1), corners.max(1)], 1)
    pasted = paste_masks(masks, boxes, (9, 11), threshold)
    expected = [reference.paste_mask(mask, box, (9, 11), threshold) for mask, box in zip(masks, boxes, strict=True)]
    assert pasted.dtype == bool
    # A value on the threshold may fall on either side by rounding; with random numbers there is none.
    np.testing.assert_array_equal(pasted, expected)


@given(st.integers(0, 2**32 - 1))
def test_what_roi_align_cuts_out_is_put_back(seed):
    """A mask of blocks that are as large as the cells survives the way to the network's mask and back."""
    random = np.random.default_rng(seed)
    cells, block = 4, 3
    top, left = random.integers(0, 6, 2)
    blocks = random.random((cells, cells)) < 0.5
    image = np.zeros((20, 22), bool)
    side = cells * block
    image[top : top + side, left : left + side] = np.kron(blocks, np.ones((block, block))) > 0
    box = np.array([[left, top, left + side, top + side]], "float32")
    small = to_numpy(roi_align(image[None, :, :, None].astype("float32"), box[None], cells))[0, 0, :, :, 0]
    pasted = paste_masks(small[None] >= 0.5, box, image.shape)[0]
    assert (pasted == image).mean() > 0.9
    centres = np.s_[top + 1 : top + side : block, left + 1 : left + side : block]
    np.testing.assert_array_equal(pasted[centres], blocks)


def test_a_full_mask_is_its_box_and_none_are_none():
    pasted = paste_masks(np.ones((2, 7, 7)), [[2, 1, 5, 3], [-4, -4, 99, 99]], (6, 8))
    assert pasted[0].sum() == 6
    assert pasted[0, 1:3, 2:5].all()
    assert pasted[1].all()
    assert not paste_masks(np.ones((1, 3, 3)), [[2, 2, 2, 2]], (6, 8)).any()
    assert paste_masks(np.zeros((0, 7, 7)), np.zeros((0, 4)), np.array([6.0, 8.0])).shape == (0, 6, 8)


def test_shapes_are_checked():
    with raises(r"masks must have shape \(n, m, m\)"):
        paste_masks(np.ones((3, 3)), np.zeros((1, 4)), (5, 5))
    with raises(r"boxes must have shape \(2, 4\): a box for each mask"):
        paste_masks(np.ones((2, 3, 3)), np.zeros((1, 4)), (5, 5))
    with raises(r"size must be \(height, width\)"):
        paste_masks(np.ones((1, 3, 3)), np.zeros((1, 4)), (5, 5, 3))
