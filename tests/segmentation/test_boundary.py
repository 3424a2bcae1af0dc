import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.morphology import dilation, disk

from cvkit.segmentation import boundary, boundary_f_score, boundary_f_scores
from tests import reference
from tests.support import assert_close, raises


@st.composite
def cases(draw):
    """Two masks of coarse blocks and single pixels, some of them empty or full, and ignored pixels."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.sampled_from([(1, 1), (4, 7), (9, 6)]))
    shares = [draw(st.sampled_from([0, 0.1, 0.5, 1])) for _ in range(2)]
    masks = [random.random(shape) < share for share in shares]
    return *masks, draw(st.sampled_from([0.5, 1, 1.5, 3])), random.random(shape) < 0.15


def test_hand_worked_case():
    # A 4 x 4 square has 12 boundary pixels; moved right by 3 of 10 columns, the old one's columns 2 to 5 become 5 to 8.
    target, prediction = np.zeros((2, 10, 12), bool)
    target[3:7, 2:6] = prediction[3:7, 5:9] = True
    assert boundary(target).sum() == 12
    # Within one pixel of the true boundary lie column 5 (4 pixels, on it) and of column 6 all 2 boundary pixels, which
    # touch column 5: 6 of 12; and likewise the other way.
    score = boundary_f_score(target, prediction, tolerance=1)
    assert_close([score.precision, score.recall, score.f], [0.5, 0.5, 0.5], "float64")
    assert boundary_f_score(target, prediction, tolerance=3).f == 1


@given(cases())
def test_equals_the_loop(case):
    target, prediction, tolerance, ignored = case
    for mask in (target, prediction):
        assert list(map(tuple, np.argwhere(boundary(mask, ignored)).tolist())) == reference.boundary_pixels(
            mask, ignored
        )
    expected = reference.boundary_f_score(target, prediction, tolerance, ignored)
    assert_close(boundary_f_score(target, prediction, tolerance, ignored), np.array(expected, "float64"), "float64")


@pytest.mark.parametrize("tolerance", [1, 2, 5])
def test_equals_dilation_by_a_disc(tolerance):
    """The way of Perazzi et al.: boundary pixels within the other boundary, made thicker by a disc."""
    random = np.random.default_rng(tolerance)
    target, prediction = (np.kron(random.random((2, 5, 6)) < 0.5, np.ones((1, 6, 6))) > 0).astype(bool)
    prediction = np.roll(prediction | target, 2, axis=1)
    true, found = boundary(target), boundary(prediction)
    precision = (found & dilation(true, disk(tolerance))).sum() / found.sum()
    recall = (true & dilation(found, disk(tolerance))).sum() / true.sum()
    score = boundary_f_score(target, prediction, tolerance)
    assert_close([score.precision, score.recall], [precision, recall], "float64")
    assert 0 < score.f < 1


@given(cases())
def test_properties(case):
    target, prediction, tolerance, _ = case
    there, back = boundary_f_score(target, prediction, tolerance), boundary_f_score(prediction, target, tolerance)
    assert_close([there.f, there.precision, there.recall], np.array([back.f, back.recall, back.precision]), "float64")
    wider = boundary_f_score(target, prediction, tolerance + 1)
    assert np.isnan(there.f) or 0 <= there.f <= wider.f <= 1
    itself = boundary_f_score(target, target, tolerance).f
    assert itself == 1 if boundary(target).any() else np.isnan(itself)


def test_the_image_has_no_boundary_at_its_border_and_what_is_ignored_is_none():
    full = np.ones((4, 5), bool)
    assert not boundary(full).any()
    assert np.isnan(boundary_f_score(full, full)).all()
    left = full.copy()
    left[:, 3:] = False
    assert boundary_f_score(left, full) == (0, 0, 0)
    assert not boundary(left, ignored=~left).any()


def test_every_class_of_every_image():
    targets = np.array([[[0, 0, 1, 1, 2]] * 3, [[0, 0, 0, 0, 0]] * 3])
    predictions = np.array([[[0, 0, 1, 1, 9]] * 3, [[0, 0, 0, 0, 1]] * 3])
    targets[0, :, 4] = 9
    scores = boundary_f_scores(targets, np.minimum(predictions, 2), 3, tolerance=1, ignore_label=9)
    assert_close(scores, [[1, 1, np.nan], [0, 0, np.nan]], "float64")


def test_arguments_are_checked():
    mask = np.zeros((3, 4), bool)
    with raises("tolerance must be a positive number"):
        boundary_f_score(mask, mask, tolerance=0)
    with raises(r"prediction must be a bool array of shape \(3, 4\). Received bool of shape \(4, 3\)"):
        boundary_f_score(mask, mask.T)
    with raises("target must be a bool array .* Received int64 .* pass maps == k"):
        boundary_f_score(mask.astype("int64"), mask)
    with raises(r"ignored must be a bool array of shape \(3, 4\)"):
        boundary(mask, mask[:2])
    with raises(r"targets must have shape \(N, H, W\). Received \(3, 4\)"):
        boundary_f_scores(mask.astype(int), mask.astype(int), 2)
    with raises("num_classes must be a positive integer"):
        boundary_f_scores(mask.astype(int)[None], mask.astype(int)[None], 0)
    with raises("targets must be class numbers from 0 to 1"):
        boundary_f_scores(np.full((1, 3, 4), 2), np.zeros((1, 3, 4), int), 2)
