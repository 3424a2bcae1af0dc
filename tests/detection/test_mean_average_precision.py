import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from cvkit.detection import mean_average_precision
from tests import reference
from tests.detection.coco import check_against_coco
from tests.support import assert_close, examples, raises

SOME = settings(max_examples=8 * settings.default.max_examples)
RULES = ["coco", "voc", "voc07"]


@st.composite
def evaluations(draw, sides=(1, 2, 3, 4, 6)):
    """Predictions and targets of a few images: boxes on a coarse grid, few scores and classes, so that ties abound."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    unit, num_labels = draw(st.sampled_from([1, 16, 40])), draw(st.integers(1, 3))
    predictions, targets = [], []
    for _ in range(draw(st.integers(1, 4))):
        boxes = []
        for most in (7, 12):
            count = rng.integers(0, most)
            corner, size = rng.integers(0, 4, (count, 2)), rng.choice(sides, (count, 2))
            boxes.append((np.concatenate([corner, corner + size], 1) * unit).astype("float32"))
        objects, found = boxes
        target = {"boxes": objects, "labels": rng.integers(0, num_labels, len(objects))}
        target |= {"crowd": rng.random(len(objects)) < 0.2, "difficult": rng.random(len(objects)) < 0.2}
        if draw(st.booleans()):
            target["area"] = rng.choice([0.0, 900, 1024, 5000, 9216, 20000, 2e10], len(objects))
        targets.append(target)
        labels = rng.integers(0, num_labels + 1, len(found))  # the last class has no objects
        predictions.append({"boxes": found, "labels": labels, "scores": rng.integers(0, 4, len(found)) / 4})
    return predictions, targets


def image(boxes, labels=None, **others):
    return {"boxes": boxes, "labels": [0] * len(boxes) if labels is None else labels, **others}


# Ten pixels wide and high: moved to the right by n pixels, the overlap is 10 (10 - n), the union 10 (10 + n).
OBJECT, MOVED1, MOVED2, FAR = ([x, 0, x + 10, 10] for x in (0, 1, 2, 50))


def test_hand_worked_case():
    # Ranking of class 0: right (IoU 9/11 = .818), false (far), right (IoU 8/12 = .667) of 4 objects. At .5 precision is
    # 1, 1/2, 2/3 at recall 1/4, 1/4, 1/2: (1 + 2/3) / 4 = 5/12 with every recall counted, (3 + 3 2/3) / 11 = 5/11 with
    # eleven, (26 + 25 2/3) / 101 with 101 recalls. Class 3 has its one object found exactly: 1. Class 7 has none.
    targets = [image([OBJECT, FAR], [0, 3]), image([OBJECT, FAR, [90, 0, 99, 9]])]
    predictions = [
        image([MOVED1, FAR, [70, 0, 80, 10]], [0, 3, 0], scores=[0.9, 0.1, 0.8]),
        image([MOVED2, OBJECT], [0, 7], scores=[0.7, 1.0]),
    ]
    expected = {"voc": 5 / 12, "voc07": 5 / 11, "coco": (26 + 50 / 3) / 101}
    for rule, ap in expected.items():
        scores = mean_average_precision(predictions, targets, rule=rule)
        assert_close(scores.ap50, (ap + 1) / 2, "float64")
        assert scores.classes.tolist() == [0, 3, 7]
    scores = mean_average_precision(predictions, targets, [0.5, 0.75, 0.9], rule="voc")
    assert_close(scores.average_precision, [[5 / 12, 1, np.nan], [1 / 4, 1, np.nan], [0, 1, np.nan]], "float64")
    assert_close([scores.per_class[0], scores.per_class[3]], [(5 / 12 + 1 / 4) / 3, 1], "float64")
    assert math.isnan(scores.per_class[7])
    assert_close(scores.mean, (5 / 12 + 1 / 4 + 3) / 6, "float64")
    assert_close([scores.ap50, scores.ap75], [(5 / 12 + 1) / 2, (1 / 4 + 1) / 2], "float64")
    assert_close(scores.recall, (1 / 2 + 1 / 4 + 0 + 3) / 6, "float64")


@examples(500)
@given(evaluations())
def test_equals_pycocotools(case):
    check_against_coco(*case)


def random_images(rng, count, num_labels, size, spread):
    predictions, targets = [], []
    for _ in range(count):
        sides = np.exp(rng.uniform(1.5, math.log(size), (rng.integers(0, 9), 2)))
        corner = rng.uniform(0, size, sides.shape)
        objects = np.concatenate([corner, corner + sides], 1)
        labels, crowd = rng.integers(0, num_labels, len(objects)), rng.random(len(objects)) < 0.1
        targets.append(image(objects, labels, crowd=crowd))
        copies = rng.integers(0, max(len(objects), 1), 30 if len(objects) else 0)
        found = objects[copies] + rng.normal(size=(len(copies), 4)) * spread * np.tile(sides[copies], 2)
        found[:, 2:] = np.maximum(found[:, 2:], found[:, :2])
        predictions.append(image(found, labels[copies], scores=rng.random(len(found))))
    return predictions, targets


@pytest.mark.parametrize("seed", range(3))
def test_equals_pycocotools_on_boxes_anywhere(seed):
    scores = check_against_coco(*random_images(np.random.default_rng(seed), 25, 4, 200, 0.08))
    assert 0.05 < scores.mean < 0.95


def test_equals_pycocotools_beyond_100_detections():
    # 300 detections of one image and class, of which the 100 best count. Numbers 1, 5, 50 and 200 find the objects.
    rng = np.random.default_rng(0)
    objects = np.array([OBJECT, FAR, [0, 50, 40, 90], [50, 50, 200, 200]], float)
    found = rng.uniform(300, 400, (300, 4))
    found[:, 2:] += 100
    found[[0, 4, 49, 199]] = objects
    order = rng.permutation(300)
    predictions = [image(found[order], scores=(1 - np.arange(300) / 300)[order])]
    scores = check_against_coco(predictions, [image(objects)])
    assert_close(list(scores.recall_at.values()), [1 / 4, 2 / 4, 3 / 4], "float64")
    voc = mean_average_precision(predictions, [image(objects)], rule="voc")
    assert voc.recall == 1


ADVERSARIAL = {
    "equal scores within and across images": (
        [image([FAR, OBJECT], scores=[0.5, 0.5]), image([OBJECT, FAR], scores=[0.5, 0.5])],
        [image([OBJECT]), image([OBJECT])],
    ),
    "two objects of equal IoU: the last is taken": (
        [image([MOVED1, OBJECT], scores=[0.9, 0.8])],
        [image([OBJECT, MOVED2])],
    ),
    "IoU equal to the threshold": (
        [image([[0, 0, 10, 5], [50, 0, 60, 7.5], [90, 0, 99, 10]], scores=[0.9, 0.8, 0.7])],
        [image([OBJECT, FAR, [90, 0, 99, 10]])],
    ),
    "a crowd takes many, and an object comes before it": (
        [image([OBJECT, MOVED1, MOVED2, FAR], scores=[0.6, 0.7, 0.8, 0.9])],
        [image([[0, 0, 40, 40], MOVED1], crowd=[True, False])],
    ),
    "a class of crowds only": (
        [image([OBJECT, FAR], [0, 1], scores=[0.5, 0.5])],
        [image([OBJECT, FAR], [0, 1], crowd=[True, False])],
    ),
    "no detections": ([image([], scores=[]), image([], scores=[])], [image([OBJECT]), image([])]),
    "no objects in an image with detections": (
        [image([OBJECT, FAR], scores=[0.9, 0.8]), image([OBJECT], scores=[0.7])],
        [image([]), image([OBJECT])],
    ),
    "an unseen class": ([image([OBJECT, FAR], [5, 0], scores=[0.9, 0.8])], [image([FAR, OBJECT], [0, 2])]),
    "no objects at all": ([image([OBJECT], scores=[0.9])], [image([])]),
    "boxes without area": ([image([[3, 3, 3, 9], OBJECT], scores=[0.9, 0.8])], [image([[3, 3, 3, 9], OBJECT])]),
    "areas at the borders of the sizes": (
        [image([[0, 0, 32, 32], [0, 100, 96, 196], [200, 200, 231, 232]], scores=[0.9, 0.8, 0.7])],
        [image([[0, 0, 32, 32], [0, 100, 96, 196], [200, 200, 231, 233]])],
    ),
    "false detections at the borders of the sizes": (
        [image([[0, 0, 32, 32], [0, 100, 96, 196], [50, 0, 60, 10]], scores=[0.9, 0.8, 0.7])],
        [image([FAR, [200, 200, 232, 232], [200, 200, 290, 290], [0, 0, 97, 97]])],
    ),
    "an object of another size is taken only when none is left": (
        [image([[0, 0, 40, 40], [0, 0, 40, 40]], scores=[0.9, 0.8])],
        [image([[0, 0, 40, 40], [0, 0, 31, 32]])],
    ),
    "areas that are not those of the boxes": (
        [image([OBJECT, FAR], scores=[0.9, 0.8])],
        [image([OBJECT, FAR], area=[2000.0, 20000.0])],
    ),
}


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_equals_pycocotools_where_it_is_hard(name):
    check_against_coco(*ADVERSARIAL[name])


@pytest.mark.parametrize("rule", ["voc", "voc07"])
@examples(500)  # by each of the two rules
@given(case=evaluations(), threshold=st.sampled_from([0.25, 0.5, 1.0]))
def test_equals_the_development_kits_rule(rule, case, threshold):
    predictions, targets = case
    scores = mean_average_precision(predictions, targets, threshold, rule=rule)
    for label, ap in scores.per_class.items():
        expected = reference.voc_average_precision(predictions, targets, label, threshold, rule == "voc07")
        assert_close(ap, np.nan if expected is None else expected, "float64")


@pytest.mark.parametrize("rule", ["voc", "voc07"])
def test_equals_the_development_kits_rule_on_long_rankings(rule):
    predictions, targets = random_images(np.random.default_rng(0), 20, 2, 200, 0.1)
    targets[0]["difficult"] = np.arange(len(targets[0]["boxes"])) % 2 == 0
    scores = mean_average_precision(predictions, targets, rule=rule)
    for label, ap in scores.per_class.items():
        assert_close(ap, reference.voc_average_precision(predictions, targets, label, 0.5, rule == "voc07"), "float64")
        assert 0.05 < ap < 0.95


def test_a_doubled_detection_is_false_and_of_a_difficult_object_ignored():
    found = [image([OBJECT, OBJECT, MOVED1], scores=[0.9, 0.8, 0.7])]
    easy = mean_average_precision(found, [image([OBJECT])], rule="voc")
    recall, precision, scores = easy.curve(0)
    assert_close(precision, [1, 1 / 2, 1 / 3], "float64")
    assert_close(recall, [1, 1, 1], "float64")
    assert_close(scores, [0.9, 0.8, 0.7], "float64")
    both = mean_average_precision(found, [image([OBJECT, FAR], difficult=[True, False])], rule="voc")
    assert [values.tolist() for values in both.curve(0)] == [[], [], []]
    assert both.mean == both.recall == 0
    assert math.isnan(mean_average_precision(found, [image([OBJECT], difficult=[True])], rule="voc").mean)


def test_voc_asks_only_for_the_nearest_object():
    # The second detection overlaps the taken object more (9/11) than the free one (8/12): false in VOC, right in COCO.
    objects = [image([OBJECT, [3, 0, 13, 10]])]
    found = [image([OBJECT, MOVED1], scores=[0.9, 0.8])]
    assert mean_average_precision(found, objects, 0.5, rule="voc").recall == 0.5
    assert mean_average_precision(found, objects, 0.5).recall == 1


def test_curve_leaves_out_what_is_ignored_and_keeps_the_order():
    objects = [image([OBJECT, FAR, [0, 50, 30, 80]], crowd=[False, False, True]), image([FAR], [1])]
    found = [image([[0, 50, 9, 60], FAR], scores=[0.8, 0.3]), image([OBJECT, MOVED1], [0, 1], scores=[0.6, 0.6])]
    scores = mean_average_precision(found, objects)
    recall, precision, values = scores.curve(0)
    assert_close(recall, [0, 1 / 2], "float64")
    assert_close(precision, [0, 1 / 2], "float64")
    assert_close(values, [0.6, 0.3], "float64")
    assert_close(scores.curve(0, 0.95)[0], [0, 1 / 2], "float64")
    assert_close(scores.curve(1, 0.75)[1], [0.0], "float64")


@pytest.mark.parametrize("rule", RULES)
@SOME
@given(case=evaluations())
def test_means_lie_between_0_and_1_and_only_the_order_of_scores_counts(rule, case):
    predictions, targets = case
    scores = mean_average_precision(predictions, targets, rule=rule)
    known = scores.average_precision[~np.isnan(scores.average_precision)]
    assert ((known >= 0) & (known <= 1)).all()
    logits = [found | {"scores": np.exp(5 * found["scores"]) - 9} for found in predictions]
    again = mean_average_precision(logits, targets, rule=rule)
    assert_close(again.average_precision, scores.average_precision, "float64")


@settings(max_examples=3 * settings.default.max_examples)
@given(evaluations())
def test_found_exactly_is_one(case):
    objects = [np.unique(target["boxes"], axis=0) for target in case[1]]
    found = [image(boxes, np.arange(len(boxes)) % 2, scores=np.arange(len(boxes))) for boxes in objects]
    for rule in RULES:
        scores = mean_average_precision(found, found, rule=rule)
        for mean in (scores.mean, scores.recall):
            assert mean == pytest.approx(1 if sum(map(len, objects)) else np.nan, nan_ok=True)


@SOME
@given(evaluations())
def test_names_of_classes_and_worse_detections_of_other_classes_do_not_matter(case):
    predictions, targets = case
    scores = mean_average_precision(predictions, targets, rule="voc")
    renamed = [[item | {"labels": 10 - 3 * item["labels"]} for item in items] for items in case]
    again = mean_average_precision(*renamed, rule="voc")
    assert again.per_class == pytest.approx(
        {10 - 3 * label: ap for label, ap in scores.per_class.items()}, abs=1e-12, nan_ok=True
    )
    alone = [
        found | {key: found[key][found["labels"] == 0] for key in ("boxes", "labels", "scores")}
        for found in predictions
    ]
    if 0 in scores.per_class:
        only = mean_average_precision(alone, targets, rule="voc").per_class[0]
        assert only == pytest.approx(scores.per_class[0], abs=1e-12, nan_ok=True)


def test_a_box_turned_inside_out_has_no_area_and_meets_nothing():
    turned = [10, 10, 0, 0]
    found = [image([turned, OBJECT], scores=[0.9, 0.8])]
    assert_close(mean_average_precision(found, [image([OBJECT])], rule="voc").mean, 1 / 2, "float64")
    scores = mean_average_precision([image([turned], scores=[1.0])], [image([turned, [0, 0, 100, 100]])])
    assert_close(list(scores.recall_by_size.values()), [0, np.nan, 0], "float64")
    for turned in ([40, 40, 0, 0], [40, 0, 0, 40]):  # the area is 0, so that it is a small one, and false
        again = mean_average_precision([image([turned, FAR], scores=[1.0, 0.5])], [image([FAR])])
        assert_close(again.by_size["small"], 1 / 2, "float64")


@pytest.mark.parametrize("pairs", [1, 7])
def test_the_size_of_a_block_does_not_matter(pairs, monkeypatch):
    predictions, targets = random_images(np.random.default_rng(1), 6, 2, 100, 0.1)
    expected = {rule: mean_average_precision(predictions, targets, rule=rule).average_precision for rule in RULES}
    monkeypatch.setattr("cvkit.detection.detection_outcomes._PAIRS", pairs)
    for rule in RULES:
        assert_close(
            mean_average_precision(predictions, targets, rule=rule).average_precision, expected[rule], "float64"
        )


def test_tensors_lists_and_no_images_are_taken():
    found = {"boxes": ops.convert_to_tensor([[0.0, 0, 10, 10]]), "scores": ops.ones(1), "labels": ops.zeros(1, "int32")}
    scores = mean_average_precision([found], ({"boxes": [[0, 0, 10, 10]], "labels": [0], "area": None},), rule="voc")
    assert scores.mean == 1
    assert math.isnan(scores.ap75)
    assert scores.by_size == scores.recall_by_size == scores.recall_at == {}
    nothing = mean_average_precision([], [])
    assert nothing.per_class == {}
    assert math.isnan(nothing.mean)


def test_nothing_that_comes_in_is_changed():
    predictions, targets = random_images(np.random.default_rng(0), 3, 2, 100, 0.1)
    before = [{key: np.array(value) for key, value in item.items()} for item in (*predictions, *targets)]
    mean_average_precision(predictions, targets)
    for old, new in zip(before, (*predictions, *targets), strict=True):
        assert all((old[key] == new[key]).all() for key in new)


GOOD = image([OBJECT], scores=[0.5])


@pytest.mark.parametrize(
    ("predictions", "targets", "message"),
    [
        (GOOD, [image([])], "predictions must be a list of dicts, one an image. Received a dict"),
        ([GOOD], np.zeros(3), "targets must be a list of dicts, one an image. Received a ndarray"),
        ([GOOD, GOOD], [image([])], "one dict an image each, in the same order.*Received 2 predictions and 1 targets"),
        ([image([OBJECT])], [image([])], r"predictions\[0\] must be a dict with boxes, scores, labels. Received boxes"),
        ([GOOD, 3], [image([])] * 2, r"predictions\[1\] must be a dict with boxes, scores, labels. Received a int"),
        ([GOOD], [{"boxes": []}], r"targets\[0\] must be a dict with boxes, labels. Received boxes\."),
        ([GOOD | {"boxes": OBJECT}], [image([])], r"\[0\]\['boxes'\] must have shape \(N, 4\).*Received shape \(4,\)"),
        ([GOOD | {"boxes": [[0] * 5]}], [image([])], r"must have shape \(N, 4\).*Received shape \(1, 5\)"),
        ([GOOD | {"scores": [1, 1]}], [image([])], r"\['scores'\] must have shape \(1,\), one entry.*shape \(2,\)"),
        ([GOOD], [image([OBJECT], crowd=[])], r"targets\[0\]\['crowd'\] must have shape \(1,\).*shape \(0,\)"),
        ([GOOD, GOOD | {"scores": [np.nan]}], [image([])] * 2, r"predictions\[1\]\['scores'\] must be finite"),
        ([GOOD], [image([[0, 0, np.inf, 1]])], r"targets\[0\]\['boxes'\] must be finite"),
        ([GOOD | {"labels": [-1]}], [image([])], "must be whole numbers from 0. Received -1. If it pads a batch"),
        ([GOOD], [image([OBJECT], [0.5])], r"targets\[0\]\['labels'\] must be whole numbers from 0. Received 0.5"),
    ],
)
def test_what_does_not_fit_is_refused(predictions, targets, message):
    with raises(message):
        mean_average_precision(predictions, targets)


def test_unknown_rules_thresholds_and_classes_are_refused():
    with raises("rule must be one of coco, voc, voc07. Received 'VOC'"):
        mean_average_precision([], [], rule="VOC")
    for thresholds in (0, [0.5, 1.2], [], [[0.5]]):
        with raises("iou_thresholds must be one or more numbers above 0 and at most 1. Received"):
            mean_average_precision([], [], thresholds)
    scores = mean_average_precision([image([OBJECT], [4], scores=[1])], [image([OBJECT])], [0.5, 0.7])
    with raises("label must be a class with objects: one of 0. Received 4"):
        scores.curve(4)
    with raises("iou_threshold must be one of 0.5, 0.7. Received 0.6"):
        scores.curve(0, 0.6)
