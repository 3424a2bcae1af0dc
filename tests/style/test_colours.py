import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cvkit.style import match_colours
from tests.support import assert_close, raises


def colours(seed, spread=15):
    """An image whose channels go together in part, well within the range."""
    rng = np.random.default_rng(seed)
    return 128 + spread * np.clip(rng.normal(size=(20, 15, 3)) @ rng.uniform(-0.5, 0.5, (3, 3)), -3, 3)


def test_hand_worked_case():
    # Mean 120 and deviation 20 in each channel, all channels alike; wanted: mean 50, deviation 10.
    image = np.repeat([[[100.0], [140.0]]], 3, axis=-1)
    assert_close(match_colours(image, np.repeat([[[40.0], [60.0]]], 3, axis=-1)), image / 2 - 10, "float16")


@given(st.integers(0, 50))
def test_mean_and_covariance_are_those_of_the_reference(seed):
    image, reference = colours(seed), colours(seed + 100)
    matched = match_colours(image, reference).astype("float64").reshape(-1, 3)
    reference = reference.reshape(-1, 3)
    np.testing.assert_allclose(matched.mean(axis=0), reference.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(np.cov(matched.T), np.cov(reference.T), rtol=1e-3, atol=1e-2)


def test_an_image_matches_itself():
    assert_close(match_colours(colours(0), colours(0)), colours(0).astype("float32"), "float16")


def test_one_colour_takes_the_mean_of_the_reference():
    matched = match_colours(np.full((4, 4, 3), 7.0), colours(1))
    assert_close(matched, np.tile(colours(1).mean(axis=(0, 1)), (4, 4, 1)).astype("float32"))


def test_values_stay_in_range_and_arguments_as_they_are():
    image = colours(0)
    before = image.copy()
    matched = match_colours(image, np.random.default_rng(0).choice([0, 255], (9, 9, 3)))
    assert matched.min() >= 0
    assert matched.max() <= 255
    assert (image == before).all()


def test_errors():
    with raises("image must have shape .H, W, 3.: one image in colour"):
        match_colours(np.ones((4, 4)), colours(0))
    with raises("reference must have shape"):
        match_colours(colours(0), np.ones((0, 4, 3)))
