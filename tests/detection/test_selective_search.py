import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvkit.data.scenes import SceneOptions, draw_scene
from cvkit.detection import SELECTIVE_SEARCH_MODES, selective_search
from cvkit.detection.selective_search import colour_space
from tests import reference
from tests.support import assert_close, raises

MANY = settings(max_examples=8 * settings.default.max_examples)


@st.composite
def images(draw):
    """A few flat rectangles on a background, with or without noise."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    height, width = draw(st.integers(2, 40)), draw(st.integers(2, 40))
    image = np.full((height, width, 3), rng.integers(0, 256, 3))
    for _ in range(draw(st.integers(0, 4))):
        y, x = rng.integers(0, height), rng.integers(0, width)
        image[y : y + rng.integers(3, 20), x : x + rng.integers(3, 20)] = rng.integers(0, 256, 3)
    noise = draw(st.sampled_from([0, 0, 5, 128]))
    return (image + rng.integers(-noise, noise + 1, image.shape)).clip(0, 255).astype("uint8")


def stripes():
    # Red, dark red and blue, each 12 x 24 pixels. In HSV the reds share hue and saturation, the dark red and the blue
    # saturation only; all else is equal. So the reds merge first, and then the image.
    image = np.zeros((24, 36, 3), "uint8")
    image[:, :12] = 250, 0, 0
    image[:, 12:24] = 120, 0, 0
    image[:, 24:] = 0, 0, 250
    return image


def as_set(boxes):
    return {tuple(box) for box in boxes.tolist()}


def test_three_flat_regions_and_how_they_grow():
    expected = {(0, 0, 12, 24), (12, 0, 24, 24), (24, 0, 36, 24), (0, 0, 24, 24), (0, 0, 36, 24)}
    boxes = selective_search(stripes(), "single")
    assert boxes.dtype == "float32"
    assert as_set(boxes) == expected
    turned = selective_search(stripes().transpose(1, 0, 2), "single")
    assert as_set(turned) == {(y1, x1, y2, x2) for x1, y1, x2, y2 in expected}
    # Without colour and from other segmentations, both pairs of neighbours are found.
    assert as_set(selective_search(stripes(), "quality")) == expected | {(12, 0, 36, 24)}


def test_narrow_boxes_are_left_out():
    assert as_set(selective_search(stripes(), "single", min_size=13)) == {(0, 0, 24, 24), (0, 0, 36, 24)}
    assert selective_search(stripes(), "single", min_size=25).shape == (0, 4)


def test_an_image_of_one_colour_is_one_box():
    for value in (0, 77, 255):
        assert selective_search(np.full((9, 14, 3), value, "uint8"), "quality").tolist() == [[0, 0, 14, 9]]


def test_the_modes_are_those_of_the_paper():
    counts = {mode: np.prod([len(part) for part in parts]) for mode, parts in SELECTIVE_SEARCH_MODES.items()}
    assert counts == {"single": 1, "fast": 8, "quality": 80}  # table 5


def test_the_seed_decides_the_order_and_nothing_else():
    image = draw_scene(SceneOptions(texture="textured", num_objects=4), "test", 0).image
    boxes = selective_search(image)
    assert (selective_search(image) == boxes).all()
    other = selective_search(image, seed=1)
    assert as_set(other) == as_set(boxes)
    assert not (other == boxes).all()


def test_large_regions_tend_to_come_first():
    # The rank of the whole image is at most 1, that of the n-th region below it n / 2 on average.
    scenes = [draw_scene(SceneOptions(texture="textured", num_objects=4), "test", index).image for index in range(6)]
    found = [selective_search(image) for image in scenes]
    areas = [[(b[2] - b[0]) * (b[3] - b[1]) for b in boxes] for boxes in found]
    assert all(np.mean(a[: len(a) // 4]) > np.mean(a[len(a) // 4 :]) for a in areas)


@pytest.mark.parametrize("texture", ["plain", "textured"])
def test_recall_on_shapes_is_above_that_of_as_many_random_boxes(texture):
    options = SceneOptions(texture=texture, num_objects=(1, 5))
    rng = np.random.default_rng(0)
    ours, random = [], []
    for index in range(20):
        scene = draw_scene(options, "test", index)
        boxes = selective_search(scene.image)
        corners = rng.uniform(0, 64, (len(boxes), 2, 2))
        anywhere = np.concatenate([corners.min(1), corners.max(1)], 1)
        for found, recall in ((boxes, ours), (anywhere, random)):
            recall += list(reference.iou(scene.boxes, found).max(1) >= 0.5)
    assert np.mean(ours) > 0.85
    assert np.mean(ours) > np.mean(random) + 0.3


@MANY
@given(images(), st.integers(1, 12))
def test_boxes_lie_in_the_image_differ_and_are_large_enough(image, min_size):
    height, width = image.shape[:2]
    boxes = selective_search(image, "single", min_size)
    assert len(as_set(boxes)) == len(boxes)
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:] <= [width, height]).all()
    assert ((boxes[:, 2:] - boxes[:, :2]) >= min_size).all()
    assert ((0, 0, width, height) in as_set(boxes)) == (min(height, width) >= min_size)


@MANY
@given(images())
def test_float_images_give_the_same_boxes_and_are_left_as_they_are(image):
    floats = image / 255
    before = floats.copy()
    assert (selective_search(floats, "single") == selective_search(image, "single")).all()
    assert (floats == before).all()


def test_float_images_of_textured_scenes_give_the_same_boxes():
    for index in range(4):
        image = draw_scene(SceneOptions(texture="textured", noise=32), "test", index).image
        assert selective_search(image / 255).tolist() == selective_search(image).tolist()


@settings(max_examples=2 * settings.default.max_examples)
@given(images())
def test_fast_holds_the_boxes_of_single_and_quality_those_of_fast(image):
    single, fast = as_set(selective_search(image, "single")), as_set(selective_search(image, "fast"))
    assert single <= fast
    if image.size < 1000:
        assert fast <= as_set(selective_search(image, "quality"))


@settings(max_examples=10 * settings.default.max_examples)
@given(images(), st.sampled_from(["HSV", "Lab", "rgI", "H", "I"]))
def test_colours_lie_between_0_and_1(image, space):
    channels = colour_space(image / 255, space)
    assert channels.shape == (*image.shape[:2], len(space))
    assert ((channels >= 0) & (channels <= 1)).all()


def test_colour_spaces_of_hand_worked_pixels():
    # Pure blue: hue 240 of 360 degrees. Black: L = a = b = 0, and a, b start at -128. Black has no shares.
    assert_close(colour_space(np.array([[[0.0, 0, 1]]]), "HSV"), [[[2 / 3, 1, 1]]], "float64")
    assert_close(colour_space(np.array([[[0.0, 0, 1]]]), "H"), [[[2 / 3]]], "float64")
    assert_close(colour_space(np.zeros((1, 1, 3)), "Lab"), [[[0, 128 / 255, 128 / 255]]], "float64")
    assert_close(colour_space(np.zeros((1, 1, 3)), "rgI"), [[[1 / 3, 1 / 3, 0]]], "float64")
    assert_close(colour_space(np.array([[[0.2, 0.6, 0.0]]]), "I"), [[[0.8 / 3]]], "float64")


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((8, 8), "uint8"), r"must have shape \(H, W, 3\).*Received shape \(8, 8\).*np.stack"),
        (np.zeros((1, 8, 8, 3), "uint8"), r"must have shape \(H, W, 3\).*Received shape \(1, 8, 8, 3\)"),
        (np.zeros((8, 8, 4), "uint8"), r"Received shape \(8, 8, 4\)"),
        (np.zeros((1, 8, 3), "uint8"), r"at least 2 x 2 pixels. Received shape \(1, 8, 3\)"),
        (np.zeros((8, 8, 3), "int32"), "must be uint8, or float with values from 0 to 1. Received type int32"),
        (np.full((8, 8, 3), 200.0), "for pixels from 0 to 255 pass uint8. Received values from 200 to 200"),
        (np.full((8, 8, 3), -0.5), "Received values from -0.5 to -0.5"),
        (np.full((8, 8, 3), np.nan), "must have values from 0 to 1 where it is float.*Received values from nan"),
    ],
)
def test_images_that_do_not_fit_are_refused(image, message):
    with raises(message):
        selective_search(image)


def test_unknown_modes_and_sizes_are_refused():
    with raises("mode must be one of single, fast, quality. Received 'slow'"):
        selective_search(stripes(), "slow")
    with raises("min_size must be a positive number: the smallest width and height.*Received 0"):
        selective_search(stripes(), min_size=0)
