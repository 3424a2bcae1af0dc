import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cvkit.losses import total_variation_loss
from tests import reference
from tests.support import assert_close, check_gradient, raises, ways_to_run

images = hnp.arrays(
    "float32",
    st.tuples(st.integers(0, 2), st.integers(1, 4), st.integers(1, 5), st.integers(1, 3)),
    elements=st.integers(0, 255).map(float),
)


def test_hand_worked_case():
    # 0 4 9 / 1 1 3: right 4 + 5 + 0 + 2, down 1 + 3 + 6.
    assert_close(total_variation_loss(np.array([[0, 4, 9], [1, 1, 3]])[None, :, :, None]), [21.0])


@given(images)
def test_equals_the_loop(x):
    assert_close(total_variation_loss(x), reference.total_variation(x))


@given(images, st.integers(-9, 9))
def test_brightness_and_mirroring_do_not_matter(x, step):
    assert_close(total_variation_loss(x[:, ::-1, ::-1] + step), reference.total_variation(x))


@pytest.mark.tensorflow_only
def test_equals_tensorflow():
    import tensorflow as tf

    x = np.random.default_rng(0).normal(size=(3, 5, 7, 2)).astype("float32")
    assert_close(total_variation_loss(x), tf.image.total_variation(tf.constant(x)))


def test_every_way_to_run_agrees():
    x = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype("float32")
    for _, run in ways_to_run(total_variation_loss):
        assert_close(run(x), reference.total_variation(x))


def test_gradient():
    check_gradient(total_variation_loss, np.random.default_rng(0).normal(size=(1, 3, 4, 2)).astype("float32"))


def test_one_pixel_and_one_colour_have_none():
    assert_close(total_variation_loss(np.ones((1, 1, 1, 3))), [0.0])
    assert_close(total_variation_loss(np.ones((2, 4, 4, 3))), [0.0, 0.0])


def test_half_precision_is_computed_in_float32():
    stripes = np.tile(np.array([0, 255], "float16"), (1, 16, 16, 1)).reshape(1, 16, 32, 1)
    assert_close(total_variation_loss(stripes), [16 * 31 * 255.0])  # 126,480: beyond float16


def test_an_image_without_its_axis_is_refused():
    with raises(r"images must have shape \(B, H, W, C\).*images\[None\]"):
        total_variation_loss(np.zeros((4, 4, 3)))
