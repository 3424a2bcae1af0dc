import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cvkit.losses import content_loss, gram_matrix, style_loss
from tests import reference
from tests.support import assert_close, check_gradient, gradient, raises, to_numpy, ways_to_run

features = hnp.arrays(
    "float32",
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 4), st.integers(1, 3)),
    elements=st.integers(-4, 4).map(float),
)


def pair():
    rng = np.random.default_rng(0)
    return rng.normal(size=(2, 3, 4, 5)).astype("float32"), rng.normal(size=(2, 3, 4, 5)).astype("float32")


def test_hand_worked_gram_matrix():
    # Positions (1, 2) and (3, -1): entries 1·1 + 3·3, 1·2 + 3·(-1), 2·2 + (-1)·(-1).
    assert_close(gram_matrix([[[[1, 2], [3, -1]]]]), [[[10.0, -1.0], [-1.0, 5.0]]])


def test_hand_worked_style_and_content():
    # G = [[10, -1], [-1, 5]] against A = [[1, 0], [0, 0]] of features (1, 0), (0, 0): 81 + 1 + 1 + 25 = 108;
    # N = 2 channels, M = 2 positions: 108 / (4·4·4) = 1.6875. Content: (0 + 4 + 9 + 1) / 2 = 7.
    made, target = [[[[1, 2], [3, -1]]]], [[[[1, 0], [0, 0]]]]
    assert_close(style_loss(made, target), [1.6875])
    assert_close(content_loss(made, target), [7.0])


@given(features)
def test_gram_matrix_equals_the_loop(f):
    assert_close(gram_matrix(f), reference.gram_matrix(f))


@given(features)
def test_gram_matrix_is_positive_semi_definite(f):
    gram = to_numpy(gram_matrix(f)).astype("float64")
    assert_close(gram, gram.transpose(0, 2, 1))
    assert (np.linalg.eigvalsh(gram) >= -1e-9).all()


@given(features, st.integers(0, 99))
def test_style_forgets_where_things_are(f, seed):
    rows = f.reshape(len(f), -1, 1, f.shape[-1])
    moved = rows[:, np.random.default_rng(seed).permutation(rows.shape[1])]
    assert_close(gram_matrix(moved), to_numpy(gram_matrix(f)))
    assert_close(style_loss(f, moved.reshape(f.shape)), np.zeros(len(f)))


def test_style_loss_against_the_definition():
    made, target = pair()
    difference = reference.gram_matrix(made) - reference.gram_matrix(target)
    expected = (difference**2).sum((1, 2)) / (4 * 5**2 * 12**2)
    for _, run in ways_to_run(style_loss):
        assert_close(run(made, target), expected)


def test_content_loss_against_the_definition():
    made, target = pair()
    for _, run in ways_to_run(content_loss):
        assert_close(run(made, target), ((made - target) ** 2).sum((1, 2, 3)) / 2)


def test_one_style_serves_the_batch_and_may_have_another_size():
    made, target = pair()
    style = target[:1, :2, :3]
    expected = [float(style_loss(image[None], style)[0]) for image in made]
    assert_close(style_loss(made, style), expected)
    # M is that of the image being made: 12 positions here, not 6.
    difference = reference.gram_matrix(made[:1]) - reference.gram_matrix(style)
    assert_close(style_loss(made[:1], style), (difference**2).sum((1, 2)) / (4 * 5**2 * 12**2))


@pytest.mark.parametrize("loss", [style_loss, content_loss])
def test_gradient(loss):
    made, target = pair()
    check_gradient(lambda f: loss(f, target[:1]), made[:1])


@pytest.mark.parametrize("loss", [style_loss, content_loss])
def test_equal_images_cost_nothing(loss):
    made, _ = pair()
    assert_close(loss(made, made), np.zeros(2))
    assert_close(gradient(lambda f: loss(f, made), made), np.zeros_like(made))


def test_no_images_and_no_positions():
    assert tuple(gram_matrix(np.zeros((0, 2, 2, 3))).shape) == (0, 3, 3)
    assert_close(gram_matrix(np.zeros((1, 0, 2, 3))), np.zeros((1, 3, 3)))
    assert tuple(content_loss(np.zeros((0, 2, 2, 3)), np.zeros((0, 2, 2, 3))).shape) == (0,)


def test_half_precision_is_computed_in_float32():
    loud = np.full((1, 8, 8, 2), 100, "float16")  # the Gram matrix holds 640,000, beyond float16
    assert_close(gram_matrix(loud), np.full((1, 2, 2), 640000.0))


def test_an_image_without_its_axis_is_refused():
    for function in (gram_matrix, lambda f: style_loss(f, f), lambda f: content_loss(f, f)):
        with raises(r"features must have shape \(B, H, W, C\).*features\[None\]"):
            function(np.zeros((2, 2, 3)))


def test_content_of_another_size_is_refused():
    with raises(r"target must have the shape of features, \(1, 2, 2, 3\). Received shape \(1, 2, 4, 3\)"):
        content_loss(np.zeros((1, 2, 2, 3)), np.zeros((1, 2, 4, 3)))


@pytest.mark.parametrize("shape", [(1, 2, 2, 4), (3, 2, 2, 3)])
def test_style_of_other_channels_or_batch_is_refused(shape):
    with raises(r"target must have shape \(2 or 1, H, W, 3\).*Received shape"):
        style_loss(np.zeros((2, 2, 2, 3)), np.zeros(shape))
