import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvkit.faces import Gallery, embedding_view, identification_rates, rank_k_rate
from tests.support import assert_close, raises

RNG = np.random.default_rng(0)


def brute_force(people, embeddings, probes, k):
    """People and squared distances of the k nearest, one probe and one image at a time."""
    found, distances = [], []
    for probe in probes:
        best = {}
        for person, values in zip(people.tolist(), embeddings, strict=True):
            distance = float(sum((a - b) ** 2 for a, b in zip(probe, values, strict=True)))
            best[person] = min(best.get(person, np.inf), distance)
        nearest = sorted(best, key=best.get)[:k]
        found.append(nearest)
        distances.append([best[person] for person in nearest])
    return np.array(found), np.array(distances, "float32")


def filled(people, embeddings):
    gallery = Gallery(embeddings.shape[1])
    gallery.enrol(people, embeddings)
    return gallery


def test_by_hand():
    # Person 5 at 0 and 10, person 2 at 4. From 1: 5 at 1² = 1, 2 at 3² = 9. From 8: 5 at 2² = 4, 2 at 16.
    gallery = filled([5, 2, 5], np.array([[0.0], [4.0], [10.0]]))
    people, distances = gallery.nearest([[1.0], [8.0]], k=2)
    assert people.tolist() == [[5, 2], [5, 2]]
    assert_close(distances, np.float32([[1, 9], [4, 16]]))
    assert gallery.people.tolist() == [2, 5]
    assert gallery.recognise([[1.0], [8.0], [20.0]], threshold=4.0).tolist() == [5, 5, -1]


@given(st.integers(0, 99), st.integers(1, 4), st.integers(1, 7), st.booleans())
def test_equals_brute_force(seed, k, batch_size, several):
    rng = np.random.default_rng(seed)
    people = rng.permutation(np.repeat(np.arange(4, 9), 3 if several else 1))
    embeddings = rng.normal(size=(len(people), 3)).astype("float32")
    probes = rng.normal(size=(5, 3)).astype("float32")
    found, distances = filled(people, embeddings).nearest(probes, k, batch_size)
    expected = brute_force(people, embeddings, probes, k)
    assert (found == expected[0]).all()
    assert_close(distances, expected[1])


def test_enrolling_bit_by_bit_is_enrolling_at_once():
    people, embeddings, probes = np.array([3, 1, 3, 2]), RNG.normal(size=(4, 2)), RNG.normal(size=(6, 2))
    gallery = Gallery(2)
    for k in range(4):
        gallery.enrol(people[k : k + 1], embeddings[k : k + 1])
        gallery.nearest(probes)  # a search between must not matter
    assert_close(gallery.nearest(probes, 3)[1], filled(people, embeddings).nearest(probes, 3)[1])
    assert (gallery.nearest(probes, 3)[0] == filled(people, embeddings).nearest(probes, 3)[0]).all()


def test_somebody_enrolled_is_found_by_the_same_image():
    embeddings = RNG.normal(size=(40, 8))
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    people, distances = filled(np.arange(40), embeddings).nearest(embeddings)
    assert people[:, 0].tolist() == list(range(40))
    assert (distances >= 0).all()
    assert distances.max() < 1e-5


def test_no_probes_give_no_answers():
    people, distances = filled([1, 2], np.eye(2)).nearest(np.zeros((0, 2)), k=2)
    assert people.shape == distances.shape == (0, 2)


# How good recognition is


@given(st.integers(0, 99))
def test_rank_k_rate_equals_counting_and_rises_to_one(seed):
    rng = np.random.default_rng(seed)
    people, embeddings = np.repeat(np.arange(5), 2), rng.normal(size=(10, 2))
    probes, shown = rng.normal(size=(20, 2)), rng.integers(0, 5, 20)
    rates = [rank_k_rate(filled(people, embeddings), probes, shown, k) for k in range(1, 6)]
    found, _ = brute_force(people, embeddings, probes, 5)
    expected = [np.mean([p in row[:k] for p, row in zip(shown, found, strict=True)]) for k in range(1, 6)]
    assert rates == expected
    assert rates[-1] == 1


@given(st.integers(0, 99))
def test_identification_rates_equal_counting(seed):
    rng = np.random.default_rng(seed)
    people, embeddings = np.arange(4), rng.normal(size=(4, 2))
    probes, shown, strangers = rng.normal(size=(9, 2)), rng.integers(0, 4, 9), rng.normal(size=(7, 2))
    gallery, thresholds = filled(people, embeddings), [0.0, 0.3, 1.0, 50.0]
    rates, alarms = identification_rates(gallery, probes, shown, strangers, thresholds)
    for threshold, rate, alarm in zip(thresholds, rates, alarms, strict=True):
        assert rate == np.mean(gallery.recognise(probes, threshold) == shown)
        assert alarm == np.mean(gallery.recognise(strangers, threshold) != -1)
    assert rates[-1] == rank_k_rate(gallery, probes, shown)
    assert alarms.tolist()[::3] == [0, 1]


# Views


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_a_view_keeps_two_far_groups_apart(method):
    centres = np.array([[0.0] * 6, [30.0] * 6])
    view = embedding_view(np.repeat(centres, 10, axis=0) + RNG.normal(size=(20, 6)), method)
    gaps = np.linalg.norm(view[:, None] - view[None], axis=-1)
    assert gaps[:10, :10].max() < gaps[:10, 10:].min()


def test_a_projection_does_not_lengthen():
    embeddings = RNG.normal(size=(9, 4))
    view = embedding_view(embeddings)
    assert np.linalg.norm(view[0] - view[1]) <= np.linalg.norm(embeddings[0] - embeddings[1])


# Errors


def test_what_cannot_be_enrolled_or_searched_is_refused():
    gallery = Gallery(2)
    with raises("The gallery is empty. Enrol somebody first"):
        gallery.nearest([[1.0, 2.0]])
    with raises(r"embeddings must have shape \(N, 2\).*Received shape \(2,\)"):
        gallery.enrol([1], [1.0, 2.0])
    for wrong in ([1, 2], [-1], [1.0], 1):
        with raises("people must be 1 integers from 0, one an embedding; -1 means nobody"):
            gallery.enrol(wrong, [[1.0, 2.0]])
    with raises("embeddings must be finite"):
        gallery.enrol([1], [[np.nan, 2.0]])
    gallery.enrol([1], [[0.0, 1.0]])
    with raises("k must be at most the number of people enrolled, 1. Received 2"):
        gallery.nearest([[1.0, 2.0]], k=2)
    with raises(r"probes must have shape \(N, 2\)"):
        gallery.nearest([[1.0, 2.0, 3.0]])
    with raises("batch_size must be a positive integer"):
        gallery.nearest([[1.0, 2.0]], batch_size=0)
    with raises("embedding_size must be a positive integer"):
        Gallery(0)


def test_people_who_are_not_enrolled_are_no_probes():
    gallery = filled([1, 2], np.eye(2))
    with raises("Person 3 is not enrolled: pass images of people who are not as strangers"):
        rank_k_rate(gallery, [[0.0, 1.0]], [3])
    with raises(r"an entry for each of the 1 probes. Received \(2,\)"):
        identification_rates(gallery, [[0.0, 1.0]], [1, 2], [[0.0, 1.0]], [1.0])


def test_views_that_cannot_be_are_refused():
    with raises("method must be one of pca, tsne. Received 'umap'"):
        embedding_view(np.zeros((5, 3)), "umap")
    with raises(r"4 at least, of 2 numbers at least. Received \(3, 3\)"):
        embedding_view(np.zeros((3, 3)))
