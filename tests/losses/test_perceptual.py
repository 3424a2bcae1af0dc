import numpy as np
import pytest

from cvkit.losses import (
    content_loss,
    feature_reconstruction_loss,
    normalized_gram_matrix,
    normalized_style_loss,
    style_loss,
)
from tests import reference
from tests.support import assert_close, check_gradient, raises, to_numpy, ways_to_run


def pair():
    rng = np.random.default_rng(0)
    return rng.normal(size=(2, 3, 4, 5)).astype("float32"), rng.normal(size=(2, 3, 4, 5)).astype("float32")


def test_hand_worked_case():
    # C H W = 2·1·2 = 4. Gram [[10, -1], [-1, 5]] / 4 against [[1, 0], [0, 0]] / 4: 108 / 16 = 6.75.
    # Features: (0 + 4 + 9 + 1) / 4 = 3.5.
    made, target = [[[[1, 2], [3, -1]]]], [[[[1, 0], [0, 0]]]]
    assert_close(normalized_gram_matrix(made), [[[2.5, -0.25], [-0.25, 1.25]]])
    assert_close(normalized_style_loss(made, target), [6.75])
    assert_close(feature_reconstruction_loss(made, target), [3.5])


def test_against_the_definitions_in_every_way_to_run():
    made, target = pair()
    gram = [reference.gram_matrix(f) / (3 * 4 * 5) for f in (made, target)]
    expected = {
        normalized_gram_matrix: gram[0],
        normalized_style_loss: ((gram[0] - gram[1]) ** 2).sum((1, 2)),
        feature_reconstruction_loss: ((made - target) ** 2).mean((1, 2, 3)),
    }
    for function, value in expected.items():
        arguments = (made,) if function is normalized_gram_matrix else (made, target)
        for _, run in ways_to_run(function):
            assert_close(run(*arguments), value)


def test_the_factors_between_the_two_families():
    made, target = pair()
    assert_close(normalized_style_loss(made, target), 4 * to_numpy(style_loss(made, target)))
    assert_close(feature_reconstruction_loss(made, target), 2 / 60 * to_numpy(content_loss(made, target)))


def test_a_texture_and_the_same_texture_tiled_have_one_style():
    made, _ = pair()
    tiled = np.tile(made, (1, 2, 3, 1))
    assert_close(normalized_style_loss(made, tiled), np.zeros(2))


def test_one_style_serves_the_batch():
    made, target = pair()
    expected = [float(normalized_style_loss(image[None], target[:1])[0]) for image in made]
    assert_close(normalized_style_loss(made, target[:1]), expected)


@pytest.mark.parametrize("loss", [normalized_style_loss, feature_reconstruction_loss])
def test_gradient(loss):
    made, target = pair()
    check_gradient(lambda f: loss(f, target[:1]), made[:1])


def test_no_images_give_no_losses():
    none = np.zeros((0, 2, 2, 3))
    assert tuple(normalized_style_loss(none, none).shape) == (0,)
    assert tuple(feature_reconstruction_loss(none, none).shape) == (0,)


def test_half_precision_is_computed_in_float32():
    assert_close(normalized_gram_matrix(np.full((1, 8, 8, 2), 100, "float16")), np.full((1, 2, 2), 5000.0))


def test_wrong_shapes_are_refused():
    with raises(r"features must have shape \(B, H, W, C\)"):
        normalized_gram_matrix(np.zeros((2, 2, 3)))
    with raises(r"target must have shape \(1 or 1, H, W, 3\)"):
        normalized_style_loss(np.zeros((1, 2, 2, 3)), np.zeros((1, 2, 2, 4)))
    with raises("target must have the shape of features"):
        feature_reconstruction_loss(np.zeros((1, 2, 2, 3)), np.zeros((1, 2, 3, 3)))
