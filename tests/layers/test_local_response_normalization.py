import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit import analysis
from cvkit.layers import LocalResponseNormalization, local_response_normalization
from tests import reference
from tests.support import (
    BACKEND,
    assert_close,
    check_gradient,
    check_layer,
    check_saved_copy,
    raises,
    to_numpy,
    ways_to_run,
)

MAPS = np.random.default_rng(0).normal(0, 20, size=(2, 3, 4, 7)).astype("float32")
STRONG = dict(n=3, k=0.5, alpha=0.7, beta=1.5)  # so that every part of the formula shows in the numbers


def test_hand_worked_case():
    # Channels 3, 0, 4 with n = 3, k = 16, alpha = 1, beta = 1/2.
    # Sums of squares 9 + 0, 9 + 0 + 16 and 0 + 16; divisors sqrt(25) = 5, sqrt(41), sqrt(32).
    result = local_response_normalization([3.0, 0.0, 4.0], n=3, k=16.0, alpha=1.0, beta=0.5)
    assert_close(result, [3 / 5, 0, 4 / np.sqrt(32)])


def test_the_papers_defaults():
    # Five channels of 100: sums 3, 4, 5, 4, 3 times 10^4, times alpha 10^-4: divisors 5, 6, 7, 6, 5 to the power 3/4.
    result = local_response_normalization(np.full(5, 100.0, "float32"))
    assert_close(result, 100 / np.array([5.0, 6, 7, 6, 5]) ** 0.75)


@given(st.integers(0, 4), st.integers(1, 9))
def test_equals_the_loop(half, channels):
    maps = np.random.default_rng(channels).normal(0, 3, size=(2, 2, 3, channels)).astype("float32")
    options = {**STRONG, "n": 2 * half + 1}
    assert_close(local_response_normalization(maps, **options), reference.local_response_normalization(maps, **options))


@pytest.mark.tensorflow_only
def test_equals_tensorflow_which_does_not_divide_alpha_either():
    import tensorflow as tf

    theirs = tf.nn.local_response_normalization(MAPS, depth_radius=1, bias=0.5, alpha=0.7, beta=1.5)
    assert_close(local_response_normalization(MAPS, **STRONG), theirs)


@pytest.mark.skipif(BACKEND != "torch", reason="needs the PyTorch backend")
def test_equals_pytorch_which_divides_alpha_by_n():
    import torch

    images = torch.from_numpy(MAPS.transpose(0, 3, 1, 2).copy())
    theirs = torch.nn.LocalResponseNorm(3, alpha=3 * 0.7, beta=1.5, k=0.5)(images).numpy().transpose(0, 2, 3, 1)
    assert_close(local_response_normalization(MAPS, **STRONG), theirs)


def test_places_do_not_mix_and_far_channels_do_not_matter():
    changed = MAPS.copy()
    changed[1, 2, 3, 0] += 50
    before, after = (to_numpy(local_response_normalization(maps)) for maps in (MAPS, changed))
    assert np.argwhere(before != after).tolist() == [[1, 2, 3, 0], [1, 2, 3, 1], [1, 2, 3, 2]]  # n // 2 = 2 away


def test_the_layer(tmp_path):
    check_layer(LocalResponseNormalization(**STRONG), MAPS)
    check_saved_copy(LocalResponseNormalization(**STRONG), tmp_path / "model.keras", MAPS)
    assert_close(LocalResponseNormalization(**STRONG)(MAPS), to_numpy(local_response_normalization(MAPS, **STRONG)))


def test_every_way_to_run_agrees():
    expected = to_numpy(local_response_normalization(MAPS, **STRONG))
    for _, run in ways_to_run(lambda x: local_response_normalization(x, **STRONG)):
        assert_close(run(MAPS), expected)


def test_half_precision_does_not_overflow():
    # 1000^2 is beyond float16's 65,504: 1000 / (2 + 10^-4 * 10^6)^0.75 = 1000 / 102^0.75 = 31.15.
    result = local_response_normalization(np.array([1000.0], "float16"))
    assert keras.backend.standardize_dtype(result.dtype) == "float16"
    assert_close(result, [31.15], "float16")


def test_gradients_also_at_zero():
    check_gradient(lambda x: local_response_normalization(x, **STRONG), MAPS[:1, :1, :2] / 20)
    check_gradient(lambda x: local_response_normalization(x, **STRONG), np.zeros((1, 1, 2, 3), "float32"))


def test_what_it_costs_and_sees():
    inputs = keras.Input((12, 12, 3))
    convolved = keras.layers.Conv2D(4, 3)(LocalResponseNormalization()(inputs))
    model = keras.Model(inputs, convolved)
    assert analysis.receptive_field(model) == 3
    assert analysis.count_multiply_adds(model) == 10 * 10 * 4 * 27  # those of the convolution alone
    assert LocalResponseNormalization()(keras.Input((None, 5, 4))).shape == (None, None, 5, 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(n=4), "n must be odd.*Received 4; try 5"),
        (dict(n=0), "n must be a positive integer: channels in the window. Received 0"),
        (dict(k=0), "k must be a positive number.*Received 0"),
        (dict(alpha=-1.0), "alpha must be a positive number.*Received -1.0"),
        (dict(beta=0), "beta must be a positive number.*Received 0"),
    ],
)
def test_arguments_are_checked(options, message):
    with raises(message):
        local_response_normalization(MAPS, **options)
    with raises(message):
        LocalResponseNormalization(**options)


def test_a_single_number_is_refused():
    with raises("inputs must have an axis of channels"):
        local_response_normalization(3.0)
