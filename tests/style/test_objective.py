import numpy as np
import pytest

from cvkit.losses import content_loss, style_loss, total_variation_loss
from cvkit.style import StyleObjective
from tests import reference
from tests.style.pictures import pictures, two_maps
from tests.support import assert_close, check_gradient, raises, to_numpy

FEATURES = two_maps()
CONTENT, STYLE, OTHER, MADE = pictures(4)


def objective(content=CONTENT, styles=(STYLE,), content_taps=("B",), style_taps=("A", "B"), **options):
    return StyleObjective(FEATURES, content, list(styles), content_taps, style_taps, **options)


def maps(image):
    return {tap: to_numpy(value) for tap, value in FEATURES(image[None]).items()}


def test_terms_against_their_definitions_with_loops():
    # Content: half the squares' sum. Style: each tap counts 1/2; N = 4, M = 12 · 10 and N = 6, M = 6 · 5.
    made, content, style = maps(MADE), maps(CONTENT), maps(STYLE)
    squares = ((made["B"] - content["B"]) ** 2).sum() / 2
    distance = {
        tap: ((reference.gram_matrix(made[tap]) - reference.gram_matrix(style[tap])) ** 2).sum() for tap in "AB"
    }
    gram = distance["A"] / (4 * 4**2 * 120**2) / 2 + distance["B"] / (4 * 6**2 * 30**2) / 2
    variation = np.abs(np.diff(MADE, axis=0)).sum() + np.abs(np.diff(MADE, axis=1)).sum()
    terms = objective(content_weight=2.0, style_weight=30.0, total_variation_weight=0.5)(MADE[None])
    assert_close(terms, np.array([2 * squares, 30 * gram, 0.5 * variation]))


def test_weights_of_taps():
    made, style = maps(MADE), maps(STYLE)
    losses = {tap: float(style_loss(made[tap], style[tap])[0]) for tap in "AB"}
    assert_close(objective(style_taps={"A": 3.0, "B": 0.5})(MADE[None])[1], 3 * losses["A"] + 0.5 * losses["B"])
    made, content = maps(MADE)["A"], maps(CONTENT)["A"]
    assert_close(objective(content_taps=("A",))(MADE[None])[0], content_loss(made, content)[0])


def test_shares_of_two_styles():
    one, two = (objective(styles=[style])(MADE[None])[1] for style in (STYLE, OTHER))
    assert_close(
        objective(styles=[STYLE, OTHER], style_shares=[3, 1])(MADE[None])[1], to_numpy(0.75 * one + 0.25 * two)
    )
    assert_close(objective(styles=[STYLE, OTHER])(MADE[None])[1], to_numpy((one + two) / 2))


def test_what_is_not_asked_for_is_zero():
    assert to_numpy(objective(content=None)(MADE[None])).tolist()[0::2] == [0, 0]
    assert to_numpy(objective(styles=[])(MADE[None])).tolist()[1:] == [0, 0]
    alone = StyleObjective(FEATURES, None, [], ("A",), ("A",), total_variation_weight=1.0)
    assert_close(alone(MADE[None])[2], total_variation_loss(MADE[None])[0])


def test_the_wanted_image_has_no_loss_and_no_slope():
    same = objective(styles=[CONTENT])
    assert_close(same(CONTENT[None]), np.zeros(3))


@pytest.mark.parametrize("term", [0, 1])
def test_gradients(term):
    weights = {"content_weight": 1.0, "style_weight": 100.0}
    small = [picture[:2, :3] for picture in (CONTENT, STYLE, MADE)]
    loss = StyleObjective(FEATURES, small[0], [small[1]], ("B",), ("A", "B"), **weights)
    # In units of 50 grey levels, in which a difference of 0.01 is neither lost in rounding nor a large step.
    check_gradient(lambda x: loss(50 * x)[term], small[2][None] / 50)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"content_taps": ("C",)}, "content_taps must name some of the maps of features, A, B. Received C"),
        ({"style_taps": ()}, "Received none"),
        ({"style_weight": -1}, "style_weight must be a weight of zero or more. Received -1"),
        ({"style_taps": {"A": np.nan}}, "style_taps.'A'. must be a weight"),
        ({"total_variation_weight": np.inf}, "total_variation_weight must be a weight"),
        ({"style_shares": (1, 2)}, "a number of zero or more for each of the 1 style images"),
        ({"style_shares": (0,)}, "not all zero"),
    ],
)
def test_errors(options, words):
    with raises(words):
        objective(**options)
