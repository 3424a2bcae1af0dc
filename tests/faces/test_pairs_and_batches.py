import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.faces import PersonBatches, all_pairs, draw_pairs, pair_distances
from cvkit.losses import TripletLoss
from tests.support import assert_close, raises

LABELS = np.repeat([4, 9, 11, 30, 31], [3, 2, 5, 4, 2])[np.random.default_rng(0).permutation(16)]
IMAGES = np.arange(16.0)  # an "image" that says which one it is


def test_all_pairs_by_hand():
    # 0-1 two people, 0-2 one, 1-2 two.
    first, second, same = all_pairs([5, 6, 5])
    assert (first.tolist(), second.tolist(), same.tolist()) == ([0, 0, 1], [1, 2, 2], [False, True, False])
    assert all_pairs([5])[2].shape == (0,)


@given(st.integers(0, 50), st.integers(1, 200))
def test_drawn_pairs_are_what_they_say(seed, count):
    first, second, same = draw_pairs(LABELS, count, seed)
    assert first.shape == second.shape == same.shape == (count,)
    assert (first != second).all()
    assert ((LABELS[first] == LABELS[second]) == same).all()
    assert same.sum() == count // 2


def test_drawn_pairs_reach_every_pair_and_every_person_alike():
    first, second, same = draw_pairs(LABELS, 40000)
    drawn = {frozenset(pair) for pair in zip(first.tolist(), second.tolist(), strict=True)}
    assert len(drawn) == 16 * 15 // 2
    shares = np.unique(LABELS[first[same]], return_counts=True)[1] / same.sum()
    assert np.abs(shares - 1 / 5).max() < 0.02  # four standard deviations of 20,000 draws: 0.011


def test_drawing_depends_on_the_seed_alone():
    one, again, other = (np.stack(draw_pairs(LABELS, 30, seed)) for seed in (1, 1, 2))
    assert (one == again).all()
    assert (one != other).any()


def test_pair_distances_by_hand():
    # 3² + 4² = 25.
    first, second = [[0, 0], [1, 1]], [[3, 4], [1, 1]]
    assert_close(pair_distances(first, second), [25.0, 0.0])
    assert_close(pair_distances(first, second, squared=False), [5.0, 0.0])


def test_pairs_that_cannot_be_drawn_are_refused():
    with raises("two people, and two images of one of them. Received 1 people with at most 2 images each"):
        draw_pairs([3, 3], 4)
    with raises("Received 3 people with at most 1 images"):
        draw_pairs([1, 2, 3], 4)
    with raises(r"labels must have shape \(N,\)"):
        all_pairs([[1, 2]])
    with raises(r"second must have the shape of first"):
        pair_distances(np.zeros((2, 3)), np.zeros((3, 3)))


# Batches of P × K


def test_every_batch_has_p_people_with_k_different_images_each():
    batches = PersonBatches(IMAGES, LABELS, people=2, images_each=2)
    assert len(batches) == 2
    for _ in range(20):
        seen = []
        for images, labels in (batches[k] for k in range(len(batches))):
            assert (LABELS[images.astype(int)] == labels).all()
            assert len(set(images)) == 4
            people, counts = np.unique(labels, return_counts=True)
            assert counts.tolist() == [2, 2]
            seen += people.tolist()
        assert len(set(seen)) == 4  # nobody has two turns in an epoch
        batches.on_epoch_end()


def test_in_the_long_run_every_image_is_shown():
    batches, seen = PersonBatches(IMAGES, LABELS, people=2, images_each=2), set()
    for _ in range(50):
        seen |= {int(x) for k in range(len(batches)) for x in batches[k][0]}
        batches.on_epoch_end()
    assert seen == set(range(16))


def test_somebody_with_few_images_shows_some_twice():
    images, labels = PersonBatches(IMAGES, LABELS, people=5, images_each=5)[0]
    assert np.unique(labels, return_counts=True)[1].tolist() == [5] * 5
    assert sorted(images[labels == 11].astype(int)) == sorted(np.flatnonzero(LABELS == 11))


def test_turns_lengthen_the_epoch():
    batches = PersonBatches(IMAGES, LABELS, people=2, images_each=2, turns=3)
    assert len(batches) == 6
    assert all(len(np.unique(batches[k][1])) == 2 for k in range(6))


def test_the_order_follows_from_the_seed():
    one, again, other = ([PersonBatches(IMAGES, LABELS, 2, 2, seed=s)[k][0] for k in range(2)] for s in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_a_network_learns_from_the_batches():
    images = np.random.default_rng(0).normal(size=(16, 6)).astype("float32")
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3), keras.layers.UnitNormalization()])
    model.compile("adam", TripletLoss())
    losses = model.fit(PersonBatches(images, LABELS, 2, 2), epochs=2, verbose=0).history["loss"]
    assert np.isfinite(losses).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(people=6), "people must be at most 5, as many as there are. Received 6"),
        (dict(people=1), "people must be at least 2: a triplet has two people"),
        (dict(images_each=1), "images_each must be at least 2"),
        (dict(images_each=2.5), "images_each must be a positive integer"),
        (dict(turns=0), "turns must be a positive integer"),
    ],
)
def test_batches_that_hold_no_triplet_are_refused(options, message):
    with raises(message):
        PersonBatches(IMAGES, LABELS, **{"people": 2, "images_each": 2, **options})


def test_labels_that_do_not_fit_are_refused():
    with raises(r"labels must have shape \(16,\).*Received shape \(15,\)"):
        PersonBatches(IMAGES, LABELS[:15], 2, 2)
    with raises("Person 9 has a single image, and so no positive"):
        PersonBatches(IMAGES[:5], [4, 4, 9, 11, 11], 2, 2)
