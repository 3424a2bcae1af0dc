"""Confusion matrix and the four scores: against loops over pixels, scikit-learn and Keras."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from cvkit.segmentation import ConfusionMatrix, confusion_matrix, segmentation_scores
from tests import reference
from tests.support import assert_close, raises


@st.composite
def label_maps(draw):
    """Targets and predictions of few pixels; most classes occur, some do not; 9 is ignored."""
    random, num_classes = np.random.default_rng(draw(st.integers(0, 2**32 - 1))), draw(st.integers(1, 5))
    shape = draw(st.sampled_from([(1, 1, 1), (2, 3, 4), (3, 5, 2), (0, 4, 4)]))
    targets, predictions = random.integers(0, num_classes, (2, *shape))
    targets[random.random(shape) < 0.2] = 9
    return targets, predictions, num_classes


def none_is_nan(values):
    return np.array([np.nan if value is None else value for value in values])


def test_hand_worked_case():
    # Truth 0 0 0 0 / 1 1 1 2 / 2 x x x, predicted 0 0 0 1 / 1 1 0 1 / 2 0 1 2. Rows: 0 is right three times and once
    # taken for 1; 1 is right twice, once taken for 0; 2 is right once, once taken for 1.
    target = [[0, 0, 0, 0], [1, 1, 1, 2], [2, 9, 9, 9]]
    prediction = [[0, 0, 0, 1], [1, 1, 0, 1], [2, 0, 1, 2]]
    matrix = confusion_matrix(target, prediction, num_classes=4, ignore_label=9)
    np.testing.assert_array_equal(matrix, [[3, 1, 0, 0], [1, 2, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]])
    assert matrix.dtype == np.int64
    scores = segmentation_scores(matrix)
    # IoU: 3 / (4 + 4 - 3) = 3/5; 2 / (3 + 4 - 2) = 2/5; 1 / (2 + 1 - 1) = 1/2; class 3 is nowhere.
    assert_close(scores.iou, [0.6, 0.4, 0.5, np.nan], "float64")
    assert_close(scores.accuracy, [3 / 4, 2 / 3, 1 / 2, np.nan], "float64")
    assert scores.pixels.tolist() == [4, 3, 2, 0]
    assert_close(scores.pixel_accuracy, 6 / 9, "float64")
    assert_close(scores.mean_accuracy, (3 / 4 + 2 / 3 + 1 / 2) / 3, "float64")
    assert_close(scores.mean_iou, 0.5, "float64")
    assert_close(scores.frequency_weighted_iou, (4 * 0.6 + 3 * 0.4 + 2 * 0.5) / 9, "float64")


@given(label_maps())
def test_equals_the_loop_over_pixels(case):
    targets, predictions, num_classes = case
    matrix = confusion_matrix(targets, predictions, num_classes, ignore_label=9)
    assert matrix.tolist() == reference.pixel_confusion(targets, predictions, num_classes, 9)
    known = targets != 9
    accuracy, iou, pixels = zip(
        *reference.segmentation_ratios(targets[known], predictions[known], num_classes), strict=True
    )
    scores = segmentation_scores(matrix)
    assert_close(scores.accuracy, none_is_nan(accuracy), "float64")
    assert_close(scores.iou, none_is_nan(iou), "float64")
    if not known.any():
        assert np.isnan([scores.pixel_accuracy, scores.mean_iou, scores.frequency_weighted_iou]).all()
        return
    assert_close(scores.pixel_accuracy, (targets == predictions)[known].mean(), "float64")
    weighted = sum(count * (value or 0) for count, value in zip(pixels, iou, strict=True)) / known.sum()
    assert_close(scores.frequency_weighted_iou, weighted, "float64")


@given(label_maps())
def test_batches_add_up_to_the_whole(case):
    targets, predictions, num_classes = case
    confusion = ConfusionMatrix(num_classes, ignore_label=9)
    for target, prediction in zip(targets, predictions, strict=True):
        confusion.update(target, prediction)
    np.testing.assert_array_equal(confusion.matrix, confusion_matrix(targets, predictions, num_classes, 9))
    assert_close(confusion.scores().iou, segmentation_scores(confusion.matrix).iou, "float64")


def test_equals_scikit_learn():
    random = np.random.default_rng(0)
    targets, predictions = random.integers(0, 6, (2, 500))
    predictions = np.where(random.random(500) < 0.6, targets, predictions)
    matrix = confusion_matrix(targets, predictions, 6)
    np.testing.assert_array_equal(matrix, metrics.confusion_matrix(targets, predictions))
    scores = segmentation_scores(matrix)
    assert_close(scores.iou, metrics.jaccard_score(targets, predictions, average=None), "float64")
    assert_close(scores.mean_accuracy, metrics.balanced_accuracy_score(targets, predictions), "float64")
    weighted = metrics.jaccard_score(targets, predictions, average="weighted")
    assert_close(scores.frequency_weighted_iou, weighted, "float64")


@pytest.mark.tensorflow_only
def test_equals_keras_mean_iou_with_a_label_to_ignore():
    random = np.random.default_rng(1)
    targets, predictions = random.integers(0, 4, (2, 2, 9, 7))
    targets[:, :2] = 3
    metric = keras.metrics.MeanIoU(num_classes=4, ignore_class=3)
    metric.update_state(targets, np.where(targets == 3, 0, predictions % 3))
    scores = segmentation_scores(confusion_matrix(targets, predictions % 3, 3, ignore_label=3))
    assert_close(scores.mean_iou, float(metric.result()))


def test_a_perfect_segmentation_has_all_ones_and_a_class_only_predicted_counts_as_none():
    targets = np.arange(12).reshape(3, 4) % 3
    scores = segmentation_scores(confusion_matrix(targets, targets, 3))
    assert [scores.pixel_accuracy, scores.mean_accuracy, scores.mean_iou, scores.frequency_weighted_iou] == [1] * 4
    # Class 1 is predicted once and never true: its IoU 0 counts in the mean, its accuracy has nothing to divide by.
    scores = segmentation_scores([[3, 1], [0, 0]])
    assert_close(scores.iou, [0.75, 0], "float64")
    assert (scores.mean_iou, scores.mean_accuracy, scores.frequency_weighted_iou) == (0.375, 0.75, 0.75)


def test_tensors_and_narrow_integers_are_taken():
    maps = np.array([[0, 200], [1, 200]], "uint8")  # 200 * 201 would leave uint8
    matrix = confusion_matrix(keras.ops.convert_to_tensor(maps), maps, 201)
    assert matrix[200, 200] == 2
    assert confusion_matrix(maps / 1.0, maps, 201).sum() == 4


def test_the_loss_of_keras_is_the_mean_over_the_labelled_pixels():
    """The kit has no loss of its own for pixels with a label to ignore, because this one serves."""
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=(2, 3, 4, 5)).astype("float32"), random.integers(0, 5, (2, 3, 4))
    labels[0, :2] = 11
    log = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    known = labels < 11
    expected = -np.take_along_axis(log, np.where(known, labels, 0)[..., None], -1)[..., 0][known].mean()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=11)
    assert_close(loss(labels, logits), expected)
    assert float(loss(np.full_like(labels, 11), logits)) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[0]], [[0, 1]], 2), r"must have one shape.*Received \(1, 1\) and \(1, 2\).*argmax"),
        (([0, 2], [0, 1], 2), "targets must be class numbers from 0 to 1. Received 2.*pass it as ignore_label"),
        (([0, 1], [0, 7], 2, 1), None),
        (([0, 1], [7, 1], 2), "predictions must be class numbers from 0 to 1. Received 7"),
        (([0, -1], [0, 0], 2), "targets must be .* Received -1"),
        (([0.5], [0], 2), "targets must be whole numbers"),
        (([0], [0], 0), "num_classes must be a positive integer"),
    ],
)
def test_label_maps_are_checked(arguments, message):
    if message is None:  # what is predicted at a pixel that does not count is of no interest
        assert confusion_matrix(*arguments).sum() == 1
        return
    with raises(message):
        confusion_matrix(*arguments)


def test_matrices_are_checked():
    with raises(r"confusion must have shape \(K, K\).*Received \(2, 3\)"):
        segmentation_scores(np.ones((2, 3)))
    with raises("whole numbers from 0. Do not divide it"):
        segmentation_scores([[0.5, 0.5], [0, 0]])
    with raises("num_classes must be a positive integer"):
        ConfusionMatrix(2.5)
