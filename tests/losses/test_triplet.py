import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from keras import ops

from cvkit.losses import TripletLoss, batch_triplet_loss, pairwise_distances, triplet_loss
from tests import reference
from tests.support import BACKEND, assert_close, check_gradient, gradient, raises, to_numpy, ways_to_run

MININGS = ("all", "semi_hard", "hard")
whole = st.integers(-3, 3).map(float)  # ties and equal embeddings on purpose


@st.composite
def batches(draw):
    n = draw(st.sampled_from([0, 1, 2, 7]))
    labels = draw(hnp.arrays("int32", n, elements=st.integers(0, 3)))
    return labels, draw(hnp.arrays("float32", (n, 2), elements=whole))


def example(n=9, seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(0, 3, n).astype("int32"), rng.normal(size=(n, 4)).astype("float32")


# One triplet at a time


def test_hand_worked_case():
    # a = (0, 0), p = (3, 4): 25; n = (0, 6): 36. 25 - 36 + 12 = 1. With plain distances 5 - 6 + 12 = 11.
    triplet = [[0, 0]], [[3, 4]], [[0, 6]]
    assert_close(triplet_loss(*triplet, margin=12), [1.0])
    assert_close(triplet_loss(*triplet, margin=12, squared=False), [11.0])


@given(hnp.arrays("float32", (3, 4, 2), elements=whole))
def test_is_zero_exactly_where_the_margin_is_kept(triplets):
    anchor, positive, negative = triplets
    loss = to_numpy(triplet_loss(anchor, positive, negative, margin=0.5))
    kept = ((anchor - positive) ** 2).sum(-1) + 0.5 <= ((anchor - negative) ** 2).sum(-1)
    assert (loss >= 0).all()
    assert ((loss == 0) == kept).all()


def test_satisfied_triplets_are_left_alone_and_violated_ones_pulled():
    # The slip min(., 0) would have it the other way round.
    positive, negative = np.zeros((2, 2), "float32"), np.array([[9.0, 0.0], [0.1, 0.0]], "float32")
    anchor = np.full((2, 2), 0.1, "float32")
    slope = gradient(lambda a: triplet_loss(a, positive, negative), anchor)
    assert (slope[0] == 0).all()
    assert (slope[1] != 0).any()


def test_gradient_of_one_triplet():
    rng = np.random.default_rng(0)
    positive, negative = rng.normal(size=(2, 3, 4)).astype("float32")
    for squared in (True, False):
        check_gradient(
            lambda a, squared=squared: triplet_loss(a, positive, negative, margin=9, squared=squared),
            rng.normal(size=(3, 4)).astype("float32"),
        )


def test_no_triplets_give_no_losses():
    empty = np.zeros((0, 4))
    assert tuple(triplet_loss(empty, empty, empty).shape) == (0,)


# Distances


@given(batches(), whole)
def test_distances_are_symmetric_and_do_not_change_when_all_move(batch, step):
    embeddings = batch[1]
    distances = to_numpy(pairwise_distances(embeddings))
    assert_close(distances, ((embeddings[:, None] - embeddings[None]) ** 2).sum(-1))
    assert_close(distances, distances.T)
    assert_close(pairwise_distances(embeddings + step), distances)
    assert (np.diag(distances) == 0).all()


def test_distances_far_from_the_origin_do_not_cancel():
    # 1000 and 1000.5: 0.25. The shortcut |x|² + |y|² - 2xy has a spacing of 0.0625 to 0.125 there.
    assert_close(pairwise_distances([[1000.0], [1000.5]]), [[0, 0.25], [0.25, 0]])


# Batches


def test_hand_worked_batch():
    # People A at 0 and 1, B at 2 and 4; squared distances; margin 2.
    # Anchor 0 (p 1: 1; n 2: 4, 4: 16), anchor 1 (p 0: 1; n 2: 1, 4: 9), anchor 2 (p 4: 4; n 0: 4, 1: 1),
    # anchor 4 (p 2: 4; n 0: 16, 1: 9).
    # all: max(1-4+2, 0) = 0, 1-16+2 < 0; 1-1+2 = 2, 1-9+2 < 0; 4-4+2 = 2, 4-1+2 = 5; 4-16+2, 4-9+2 < 0. Mean 9/3 = 3.
    # hard: 0, 2, 5, 0. Mean 7/4.
    # semi-hard: nearest farther: 4 -> 0; 9 -> 0; none farther than 4, so the farthest, 4 -> 2; 9 -> 0. Mean 2/4.
    labels, embeddings = [0, 0, 1, 1], [[0.0], [1.0], [2.0], [4.0]]
    for mining, expected in {"all": 3.0, "hard": 7 / 4, "semi_hard": 2 / 4}.items():
        assert_close(batch_triplet_loss(labels, embeddings, 2.0, mining), expected)


@pytest.mark.parametrize("mining", MININGS)
@given(batch=batches(), squared=st.booleans())
def test_equals_every_triplet_in_turn(mining, batch, squared):
    actual = batch_triplet_loss(*batch, 1.5, mining, squared)
    assert_close(actual, reference.batch_triplet_loss(*batch, 1.5, mining, squared))


@pytest.mark.parametrize("mining", MININGS)
@given(data=st.data(), seed=st.integers(0, 9))
def test_order_of_the_batch_does_not_matter(mining, data, seed):
    labels, embeddings = example(seed=seed)
    order = np.array(data.draw(st.permutations(range(len(labels)))))
    shuffled = batch_triplet_loss(labels[order], embeddings[order], 2.0, mining)
    assert_close(shuffled, to_numpy(batch_triplet_loss(labels, embeddings, 2.0, mining)))


@pytest.mark.parametrize("mining", MININGS)
def test_every_way_to_run_agrees(mining):
    labels, embeddings = example()
    for _, run in ways_to_run(lambda y, x: batch_triplet_loss(y, x, 2.0, mining)):
        assert_close(run(labels, embeddings), reference.batch_triplet_loss(labels, embeddings, 2.0, mining))


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("mining", MININGS)
def test_gradient_of_a_batch(mining, squared):
    # Semi-hard mining jumps where a negative passes a positive; in this batch none is near enough to.
    labels, embeddings = example(7, seed=2)
    check_gradient(lambda x: batch_triplet_loss(labels, x, 2.0, mining, squared), embeddings)


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("mining", MININGS)
@pytest.mark.parametrize("labels", [[], [0], [0, 0, 0], [0, 1, 2], [0, 0, 1]])
def test_few_and_equal_embeddings_have_finite_loss_and_gradient(labels, mining, squared):
    labels, embeddings = np.array(labels, "int32"), np.ones((len(labels), 2), "float32")
    loss = float(batch_triplet_loss(labels, embeddings, 0.5, mining, squared))
    assert loss == (0.5 if list(labels) == [0, 0, 1] else 0)
    assert (gradient(lambda x: batch_triplet_loss(labels, x, 0.5, mining, squared), embeddings) == 0).all()


@pytest.mark.parametrize("mining", MININGS)
def test_a_person_with_one_image_is_only_ever_a_negative(mining):
    # The one image of person 1 is a negative for the two of person 0: their anchors alone make the mean.
    labels, embeddings = np.array([0, 0, 1]), np.array([[0.0], [2.0], [1.0]], "float32")
    # Anchors 0 and 2: 4 - 1 + 1 = 4 each.
    assert_close(batch_triplet_loss(labels, embeddings, 1.0, mining), 4.0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_float32(dtype):
    # The squared distance, 90,000, is beyond float16.
    embeddings = ops.cast(ops.convert_to_tensor([[0.0], [300.0], [1.0]]), dtype)
    loss = batch_triplet_loss([0, 0, 1], embeddings, 0.5, "hard")
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"
    assert np.isfinite(float(loss))


# The loss of a model


@pytest.mark.parametrize("mining", MININGS)
def test_training_brings_people_apart(mining):
    labels = np.repeat(np.arange(4), 4).astype("int32")
    images = np.random.default_rng(0).normal(size=(16, 6)).astype("float32")
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(8), keras.layers.UnitNormalization()])
    model.compile(keras.optimizers.Adam(0.05), loss=TripletLoss(mining=mining))
    history = model.fit(images, labels, batch_size=16, epochs=8, shuffle=False, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_trains_in_mixed_precision():
    policy = "mixed_bfloat16" if BACKEND == "torch" else "mixed_float16"
    model = keras.Sequential([keras.Input((6,), dtype="float32"), keras.layers.Dense(8, dtype=policy)])
    model.compile("adam", loss=TripletLoss(mining="hard"))
    labels, images = np.repeat(np.arange(4), 4), np.random.default_rng(0).normal(size=(16, 6)).astype("float32")
    assert np.isfinite(model.fit(images, labels, batch_size=16, verbose=0).history["loss"]).all()


def test_a_saved_model_comes_back_with_its_loss(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile(loss=TripletLoss(margin=0.7, mining="hard", squared=False))
    model.fit(np.eye(3), np.zeros(3), verbose=0)
    model.save(tmp_path / "model.keras")
    loss = keras.saving.load_model(tmp_path / "model.keras").loss
    assert isinstance(loss, TripletLoss)
    assert loss.get_config() == model.loss.get_config()
    assert (loss.margin, loss.mining, loss.squared) == (0.7, "hard", False)


# Errors


def test_embeddings_of_another_size_are_refused():
    with raises(r"negative must have the shape of anchor, \(2, 3\). Received shape \(2, 4\)"):
        triplet_loss(np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 4)))


def test_a_single_triplet_without_its_axis_is_refused():
    with raises(r"anchor must have shape \(B, D\).*anchor\[None\]"):
        triplet_loss(np.zeros(3), np.zeros(3), np.zeros(3))


def test_a_column_of_labels_is_refused():
    with raises(r"labels must have shape \(B,\).*Received shape \(3, 1\).*labels\[:, 0\]"):
        batch_triplet_loss(np.zeros((3, 1)), np.zeros((3, 2)))


def test_too_few_labels_are_refused():
    with raises("one entry for each of the 3 embeddings. Received 2"):
        batch_triplet_loss([0, 1], np.zeros((3, 2)))


def test_embeddings_of_three_axes_are_refused():
    with raises(r"embeddings must have shape \(B, D\).*Received shape \(3, 2, 2\)"):
        batch_triplet_loss([0, 0, 1], np.zeros((3, 2, 2)))
    with raises(r"embeddings must have shape \(B, D\)"):
        pairwise_distances(np.zeros(3))


@pytest.mark.parametrize("margin", [0, -1.0, "wide", float("nan")])
def test_a_margin_that_is_not_positive_is_refused(margin):
    with raises("margin must be a positive number.*Received"):
        TripletLoss(margin=margin)
    with raises("margin must be a positive number"):
        triplet_loss([[0.0]], [[0.0]], [[0.0]], margin=margin)


def test_unknown_mining_is_told_what_there_is():
    with raises("mining must be one of 'all', 'semi_hard', 'hard'. Received 'random'"):
        TripletLoss(mining="random")
    with raises("mining must be one of"):
        batch_triplet_loss([0], [[0.0]], mining=None)


def test_sample_weights_are_refused():
    with raises("sample_weight must be None"):
        TripletLoss()(np.zeros(2), np.zeros((2, 1)), sample_weight=np.ones(2))
