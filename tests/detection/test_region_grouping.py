import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from skimage.filters import gaussian
from skimage.measure import label

from cvkit.detection.region_grouping import MEASURES, Regions, describe_regions, group_regions, similarities
from tests import reference
from tests.support import assert_close

MANY = settings(max_examples=20 * settings.default.max_examples)
SUMS = [MEASURES, MEASURES[1:], ("size",), ("fill",), ("colour", "fill")]


@st.composite
def segmented(draw):
    """Labels of connected regions on a small grid, and channels of noise."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    height, width = draw(st.integers(2, 6)), draw(st.integers(2, 6))
    coarse = rng.integers(0, 3, (height, width))
    return label(coarse, background=-1) - 1, rng.random((height, width, draw(st.integers(1, 3))))


# Three stripes of 4 rows: A two columns wide, B one, C three. 24 pixels.
STRIPES = np.array([[0, 0, 1, 2, 2, 2]] * 4)
A, B, C, AB, BC, ABC = [0, 0, 2, 4], [2, 0, 3, 4], [3, 0, 6, 4], [0, 0, 3, 4], [2, 0, 6, 4], [0, 0, 6, 4]


@pytest.mark.parametrize(
    ("measures", "greys", "merged"),
    [
        (("size",), (0, 0, 0), AB),  # A and B: 1 - 12/24; B and C: 1 - 16/24
        (("colour",), (0.9, 0.1, 0.1), BC),  # B and C share their one bin of colour
        (("colour",), (0.1, 0.1, 0.9), AB),
        (("fill",), (0.9, 0.1, 0.1), AB),  # both fill the box around them: a tie, and the lower numbers come first
        (("colour", "size"), (0.9, 0.1, 0.1), BC),  # 1 + 1/3 against 0 + 1/2
    ],
)
def test_three_stripes_grow_as_worked_out_by_hand(measures, greys, merged):
    regions = describe_regions(STRIPES, np.array(greys)[STRIPES][:, :, None])
    assert group_regions(regions, measures).tolist() == [A, B, C, merged, ABC]


def test_texture_groups_what_looks_alike():
    # Flat, striped, striped: all rises of the flat part lie in the lowest bin of every direction.
    image = np.zeros((24, 36, 1))
    image[::4, 12:] = image[1::4, 12:] = 1
    regions = describe_regions(np.repeat([[0, 1, 2]], 12, axis=1).repeat(24, axis=0), image)
    assert group_regions(regions, ("texture",))[3].tolist() == [12, 0, 36, 24]
    flat, striped = regions.texture[0].reshape(8, 10), regions.texture[2].reshape(8, 10)
    assert flat[:, 0].sum() > 0.9
    assert striped[0, 0] == striped[4, 0] == 1 / 8  # nothing rises to the right or to the left
    assert striped[2, 0] < 0.9 / 8  # it does downwards


def test_similarities_of_hand_worked_regions():
    # Image of 100 pixels. Region 0: 20 pixels, box (0, 0) to (5, 4); region 1: 10 pixels, box (4, 2) to (8, 6). The box
    # around both has 8 * 6 = 48 pixels: size 1 - 30/100, fill 1 - (48 - 30)/100. Colour .2 + .3, texture .1 + 0 + .4.
    regions = Regions(
        sizes=np.array([20.0, 10.0]),
        boxes=np.array([[0, 0, 5, 4], [4, 2, 8, 6]]),
        colour=np.array([[0.7, 0.3], [0.2, 0.8]]),
        texture=np.array([[0.5, 0.1, 0.4], [0.1, 0.0, 0.9]]),
        pairs=np.array([[0, 1]]),
        area=100,
    )
    expected = {"colour": 0.5, "texture": 0.5, "size": 0.7, "fill": 0.82}
    for measure, value in expected.items():
        assert_close(similarities(regions, 0, np.array([1]), (measure,)), [value], "float64")
    assert_close(similarities(regions, 1, np.array([0]), MEASURES), [2.52], "float64")


def scaled(channels):
    """Colours and rises of every pixel as the oracle takes them: from 0 to 1, and direction by direction."""
    smooth = gaussian(channels, 1, channel_axis=-1)
    rises = np.zeros((*channels.shape, 8))
    for y, x, c, d in np.ndindex(rises.shape):
        before, after = ([max(p - 1, 0), min(p + 1, n - 1)] for p, n in zip((y, x), channels.shape[:2], strict=True))
        down = (smooth[before[1], x, c] - smooth[before[0], x, c]) / (before[1] - before[0])
        across = (smooth[y, after[1], c] - smooth[y, after[0], c]) / (after[1] - after[0])
        rises[y, x, c, d] = max(across * np.cos(d * np.pi / 4) + down * np.sin(d * np.pi / 4), 0)
    return channels, (rises / rises.max((0, 1)).clip(1e-6)).reshape(*channels.shape[:2], -1)


@settings(max_examples=5 * settings.default.max_examples)
@given(segmented())
def test_descriptions_equal_the_loop_over_pixels(case):
    labels, channels = case
    regions = describe_regions(labels, channels)
    colours, slopes = scaled(channels)
    for number in range(labels.max() + 1):
        inside = labels == number
        colour, texture = reference.region_histograms(inside, colours, slopes)
        assert_close(regions.colour[number], colour, "float64")
        assert_close(regions.texture[number], texture, "float64")
        assert regions.sizes[number] == inside.sum()
        assert regions.boxes[number].tolist() == reference.box_of(inside)
    touching = {
        (i, j) for i in range(number + 1) for j in range(i + 1, number + 1) if reference.touch(labels == i, labels == j)
    }
    assert {tuple(pair) for pair in regions.pairs.tolist()} == touching


@pytest.mark.parametrize("measures", SUMS[:2])
@settings(max_examples=3 * settings.default.max_examples)
@given(case=segmented())
def test_grouping_equals_similarities_computed_anew_from_the_pixels(measures, case):
    labels, channels = case
    assume(labels.max() < 9)
    expected = reference.group_regions(labels, *scaled(channels), measures)
    assume(expected is not None)
    assert group_regions(describe_regions(labels, channels), measures).tolist() == expected


@MANY
@given(segmented(), st.sampled_from(SUMS))
def test_similarities_are_symmetric_and_bounded(case, measures):
    regions = describe_regions(*case)
    everyone = np.arange(len(regions.sizes))
    table = np.stack([similarities(regions, one, everyone, measures) for one in everyone])
    assert_close(table, table.T, "float64")
    apart = table[~np.eye(len(table), dtype=bool)]
    assert ((apart >= -1e-12) & (apart <= len(measures) + 1e-12)).all()


@MANY
@given(segmented(), st.sampled_from(SUMS))
def test_every_merge_is_around_two_earlier_boxes_and_the_last_is_the_image(case, measures):
    labels, channels = case
    boxes = group_regions(describe_regions(labels, channels), measures)
    count = labels.max() + 1
    assert len(boxes) == 2 * count - 1
    assert boxes[-1].tolist() == [0, 0, *labels.shape[::-1]]
    for k in range(count, len(boxes)):
        inside = (boxes[:k, :2] >= boxes[k, :2]).all(-1) & (boxes[:k, 2:] <= boxes[k, 2:]).all(-1)
        assert inside.sum() >= 2
        assert (boxes[:k][inside][:, :2].min(0) == boxes[k, :2]).all()
        assert (boxes[:k][inside][:, 2:].max(0) == boxes[k, 2:]).all()
