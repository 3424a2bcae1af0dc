import functools

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.detection import sample_matches
from tests.support import examples, raises, to_numpy, traced, ways_to_run


def check_sample(matches, indices, num_valid, num_samples, most_positive):
    """As many as the rule says, each once, positive ones first; -1 after them."""
    matches, indices = np.asarray(matches), np.asarray(indices)
    wanted = min((matches >= 0).sum(), most_positive)
    others = min((matches == -1).sum(), num_samples - wanted)
    assert indices.dtype == np.int32
    assert indices.shape == (num_samples,)
    assert num_valid == wanted + others
    drawn = indices[:num_valid]
    assert len(set(drawn.tolist())) == num_valid
    assert (matches[drawn[:wanted]] >= 0).all()
    assert (matches[drawn[wanted:]] == -1).all()
    assert (indices[num_valid:] == -1).all()


def test_hand_worked_case():
    # Five samples, at most half of them, two, positive. Three positive anchors, one ignored, two negative: 2 + 2.
    matches = np.array([3, -1, 0, -2, -1, 3])
    for _, run in ways_to_run(lambda m: sample_matches(m, 5, 0.5, seed=1)):
        indices, num_valid = (to_numpy(value) for value in run(matches))
        check_sample(matches, indices, num_valid, 5, 2)
        assert set(indices[2:]) == {1, 4, -1}


@functools.cache
def sample(num_samples, fraction):
    return traced(lambda matches: sample_matches(matches, num_samples, fraction, seed=0))


@examples(400)  # of five images each
@given(st.integers(0, 2**31 - 1), st.integers(1, 5), st.sampled_from([(1, 0.5), (4, 0.25), (8, 0.5), (30, 1.0)]))
def test_each_image_of_a_batch_gets_a_sample_by_the_rule(seed, labels, arguments):
    matches = np.random.default_rng(seed).integers(-2, labels - 2, (5, 12), dtype="int32")
    indices, num_valid = (to_numpy(value) for value in sample(*arguments)(matches))
    for image in zip(matches, indices, num_valid, strict=True):
        check_sample(*image, arguments[0], int(arguments[0] * arguments[1]))


def test_each_is_as_likely_as_any_other():
    matches = np.tile([0, 0, 0, 0, -1, -1, -1, -1, -1, -2], (4000, 1))
    indices, _ = sample_matches(matches, 4, 0.5, seed=0)
    share = np.bincount(to_numpy(indices).ravel(), minlength=10) / 4000
    # 2 of 4 and 2 of 5. The share of 4,000 has a standard deviation of at most 0.008: five of them.
    np.testing.assert_allclose(share, [0.5] * 4 + [0.4] * 5 + [0], atol=0.04)


def test_a_seed_repeats_and_a_generator_goes_on():
    matches = np.full(50, -1)

    def draw(seed):
        return to_numpy(sample_matches(matches, 10, 0.5, seed=seed)[0]).tolist()

    assert draw(3) == draw(3) != draw(4)
    generator = keras.random.SeedGenerator(3)
    assert draw(generator) != draw(generator)
    assert draw(None) != draw(None)


@pytest.mark.parametrize("jit", [True, False])
def test_a_layer_in_training_draws_anew_in_each_step(jit):
    class Sampler(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.seed = keras.random.SeedGenerator(0)
            self.scale = self.add_weight(shape=(), initializer="ones")

        def call(self, matches):
            indices, _ = sample_matches(matches, 3, 0.5, self.seed)
            return keras.ops.cast(indices, "float32") * self.scale

        def compute_output_shape(self, input_shape):
            return (input_shape[0], 3)

    inputs = keras.Input((40,), dtype="int32")
    model = keras.Model(inputs, Sampler()(inputs))
    jit = jit and keras.backend.backend() != "torch"
    model.compile(keras.optimizers.SGD(0.0), "mean_squared_error", jit_compile=jit)
    matches = np.full((4, 40), -1, "int32")
    losses = {float(model.train_on_batch(matches, np.zeros((4, 3)))) for _ in range(3)}
    assert len(losses) == 3


def test_nothing_to_draw_from():
    for matches in (np.full(4, -2), np.zeros(0, "int32")):
        indices, num_valid = sample_matches(matches, 3, 0.5, seed=0)
        check_sample(matches, to_numpy(indices), int(num_valid), 3, 1)


def test_what_does_not_fit_is_refused():
    with raises(r"matches must have shape \(..., N\): one entry an anchor. Received shape \(\)"):
        sample_matches(3, 4, 0.5)
    with raises("num_samples must be a positive integer: anchors to draw for each image. Received 0"):
        sample_matches([1, -1], 0, 0.5)
    for fraction in (-0.1, 1.5):
        with raises("positive_fraction must be from 0 to 1. Received"):
            sample_matches([1, -1], 4, fraction)
