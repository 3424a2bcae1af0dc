import numpy as np
import pytest

from cvkit.losses import feature_reconstruction_loss, normalized_style_loss, total_variation_loss
from cvkit.models import style_net
from cvkit.style import fit_style_net, photo_crops
from tests.style.pictures import pictures, two_maps
from tests.support import assert_close, raises, to_numpy

PHOTOS = pictures(9, (16, 16))
STYLE = pictures(1, (20, 24), seed=1)[0]
FEATURES = two_maps()
OPTIONS = {"features": FEATURES, "content_tap": "B", "style_taps": ("A", "B"), "verbose": 0}


def test_losses_of_the_first_step_are_those_of_the_definitions():
    network = style_net(4, 1)
    made = to_numpy(network(PHOTOS[:8]))
    maps, wanted, style = FEATURES(made), FEATURES(PHOTOS[:8]), FEATURES(STYLE[None])
    expected = {
        "content_loss": 2 * feature_reconstruction_loss(maps["B"], wanted["B"]),
        "style_loss": 30 * sum(normalized_style_loss(maps[tap], style[tap]) for tap in "AB"),
        "total_variation_loss": 0.5 * total_variation_loss(made) / (16 * 16 * 3),
    }
    weights = dict(content_weight=2.0, style_weight=30.0, total_variation_weight=0.5)
    # One batch of all images: the loss is that of the network as it was.
    history = fit_style_net(network, PHOTOS[:8], STYLE, batch_size=8, **weights, **OPTIONS).history
    for name, values in expected.items():
        assert_close(history[name][0], to_numpy(values).mean())
    assert_close(history["loss"][0], sum(to_numpy(values).mean() for values in expected.values()))


def test_loss_falls_and_the_features_stay():
    before = FEATURES.get_weights()
    history = fit_style_net(style_net(4, 1), PHOTOS, STYLE, epochs=15, style_weight=30.0, **OPTIONS).history
    assert history["loss"][-1] < 0.7 * history["loss"][0]
    assert all((old == new).all() for old, new in zip(before, FEATURES.get_weights(), strict=True))
    assert len(FEATURES.trainable_weights) == 4


def test_the_style_alone_makes_a_texture_and_the_content_alone_a_copy():
    options = OPTIONS | dict(epochs=15, batch_size=3)
    style = fit_style_net(style_net(4, 1), PHOTOS, STYLE, content_weight=0.0, **options).history
    content = fit_style_net(style_net(4, 1), PHOTOS, STYLE, style_weight=0.0, **options).history
    assert style["content_loss"][-1] == content["style_loss"][-1] == 0
    assert style["style_loss"][-1] < 0.5 * style["style_loss"][0]
    assert content["content_loss"][-1] < 0.5 * content["content_loss"][0]


def test_crops_are_squares_of_the_photographs():
    # A photograph that says in red where a pixel is from top to bottom, in green from left to right.
    y, x = np.mgrid[:60, :90]
    photo = np.stack([2 * y, 2 * x, np.zeros_like(y)], axis=-1)
    crops = photo_crops([photo], 40, 24).astype(int)
    assert crops.shape == (40, 24, 24, 3)
    top, left = crops[:, 0, 0, 0], crops[:, 12, [0, -1], 1].min(axis=1)
    height, width = crops[:, -1, 0, 0] - top, np.abs(crops[:, 12, -1, 1] - crops[:, 12, 0, 1])
    assert (np.abs(height - width) <= 4).all()  # squares, whatever their scale
    assert height.min() < 70 < 90 < height.max()  # from 24 to 60 rows, twice as much in red
    mirrored = crops[:, 12, 0, 1] > crops[:, 12, -1, 1]
    assert 8 < mirrored.sum() < 32
    assert np.ptp(left) > 40


def test_crops_follow_the_seed():
    first, again, other = (photo_crops(PHOTOS, 3, 12, seed=seed) for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: fit_style_net(style_net(4, 1), PHOTOS[0], STYLE), "images must have shape .N, H, W, 3."),
        (lambda: fit_style_net(style_net(4, 1), PHOTOS, STYLE[None]), "style must have shape .H, W, 3."),
        (lambda: fit_style_net(style_net(4, 1), PHOTOS, STYLE, batch_size=10), "at least one batch of 10. Received 9"),
        (lambda: fit_style_net(style_net(4, 1), PHOTOS, STYLE, batch_size=0), "batch_size must be a positive integer"),
        (lambda: photo_crops(PHOTOS, 3, 17), "photos must be at least 17 pixels high and wide. Received one of 16"),
        (lambda: photo_crops([], 3, 17), "Received one of 0"),
        (lambda: photo_crops(PHOTOS, 0, 8), "number must be a positive integer"),
    ],
)
def test_errors(call, words):
    with raises(words):
        call()
