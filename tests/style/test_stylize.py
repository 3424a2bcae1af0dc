import numpy as np
import pytest

from cvkit.style import resize_to_cover, stylize
from tests.style.pictures import pictures, two_maps
from tests.support import assert_close, raises

CONTENT, STYLE, OTHER = pictures(3)
OPTIONS = {"features": two_maps(), "content_taps": ("B",), "style_taps": ("A", "B"), "style_weight": 100.0}


def make(content=CONTENT, style=STYLE, **options):
    return stylize(content, style, **(OPTIONS | options))


@pytest.mark.parametrize("method", ["lbfgs", "adam"])
@pytest.mark.parametrize("start", ["content", "noise"])
def test_loss_falls_and_pixels_stay_in_range(method, start):
    result = make(method=method, start=start, steps=15)
    total = sum(result.losses.values())
    assert total.shape == (16,)
    assert total[-1] < 0.7 * total[0]
    assert result.picture.dtype == np.uint8
    assert result.image.shape == CONTENT.shape
    assert result.image.min() >= 0
    assert result.image.max() <= 255


def test_lbfgs_never_climbs_and_gets_lower_than_adam_in_as_many_evaluations():
    lbfgs = make(steps=30)
    adam = make(steps=lbfgs.evaluations - 1, method="adam")
    assert adam.evaluations == lbfgs.evaluations
    total = sum(lbfgs.losses.values())
    assert (np.diff(total) <= 1e-5 * total[0]).all()
    assert total[-1] < sum(adam.losses.values())[-1]


def test_content_alone_is_made_again_from_its_map():
    result = make(style=None, start="noise", content_taps=("A",), steps=200)
    before = np.abs(np.random.default_rng(0).uniform(0, 255, CONTENT.shape) - CONTENT).mean()
    assert np.abs(result.image - CONTENT).mean() < 0.1 * before
    assert result.losses["style"].max() == 0


def test_style_alone_is_a_texture_of_the_size_asked_for():
    result = make(content=None, size=(8, 20), steps=40)
    assert result.image.shape == (8, 20, 3)
    assert result.losses["style"][-1] < 0.05 * result.losses["style"][0]


def test_content_as_start_has_no_content_loss_there():
    assert make(steps=1).losses["content"][0] == 0


def test_same_seed_same_image_other_seed_another():
    first, again, other = (make(start="noise", steps=3, seed=seed).image for seed in (0, 0, 1))
    assert_close(first, again)
    assert np.abs(first - other).max() > 1


def test_adam_goes_on_where_it_stopped():
    whole, half = make(method="adam", steps=8), make(method="adam", steps=4)
    rest = make(method="adam", steps=4, start=half)
    assert_close(rest.image, whole.image)
    for name, values in whole.losses.items():
        assert_close(rest.losses[name], values)


def test_lbfgs_goes_on_from_the_image():
    half = make(steps=5)
    rest = make(steps=5, start=half)
    assert len(rest.losses["style"]) == 11
    assert sum(rest.losses.values())[-1] < sum(half.losses.values())[-1]
    assert rest.evaluations > half.evaluations


@pytest.mark.parametrize("method", ["lbfgs", "adam"])
def test_an_interrupt_returns_what_was_reached(method):
    def stop(step, image, losses):
        if step == 3:
            raise KeyboardInterrupt

    result = make(method=method, steps=10, callback=stop)
    assert len(result.losses["style"]) == 4


def test_callback_sees_every_step():
    seen = []
    result = make(steps=4, callback=lambda step, image, losses: seen.append((step, image, losses)))
    assert [step for step, _, _ in seen] == [1, 2, 3, 4]
    assert_close(seen[-1][1], result.image)
    assert {name: values[-1] for name, values in result.losses.items()} == seen[-1][2]


def test_progress_bar_shows_the_losses(capsys):
    make(steps=2, verbose=1)
    shown = capsys.readouterr().out
    assert "2/2" in shown
    assert "style" in shown


def test_style_of_another_size_covers_the_image():
    wide = np.concatenate([STYLE, STYLE, STYLE], axis=1)
    assert_close(resize_to_cover(wide, CONTENT.shape[:2]), STYLE)  # the middle third
    assert make(style=wide, steps=1).image.shape == CONTENT.shape


def test_preserve_colours():
    blue = CONTENT * [0.2, 0.2, 0.5] + [0, 0, 120]  # a style of other colours
    results = [make(style=blue, style_weight=1e6, steps=30, preserve_colours=keep).image for keep in (False, True)]
    changed, kept = (np.abs((image - CONTENT).mean(axis=(0, 1))).sum() for image in results)
    assert kept < 0.2 * changed


def test_embedded_network_by_default():
    result = stylize(*pictures(2, (32, 32)), steps=2)
    assert result.losses["style"][-1] < result.losses["style"][0]


def test_the_network_is_left_as_it_is():
    features = two_maps()
    before = features.get_weights()
    make(features=features, steps=2)
    for old, new in zip(before, features.get_weights(), strict=True):
        assert (old == new).all()
    assert len(features.trainable_weights) == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"content": None, "style": None}, "must not both be None"),
        ({"content": CONTENT[None]}, "content must have shape .H, W, 3."),
        ({"style": STYLE / 255}, "style must hold values from 0 to 255.*Multiply by 255"),
        ({"style": [STYLE, OTHER + 200]}, "style must hold values from 0 to 255"),
        ({"method": "sgd"}, "method must be one of lbfgs, adam. Received 'sgd'"),
        ({"steps": 0}, "steps"),
        ({"method": "adam", "learning_rate": -1}, "learning_rate"),
        ({"start": "style"}, "start must be 'content', 'noise'"),
        ({"start": CONTENT[1:]}, "start must have the shape of the image that is made"),
        ({"content": None, "preserve_colours": True}, "preserve_colours needs a content image"),
    ],
)
def test_errors(options, words):
    with raises(words):
        make(**options)
