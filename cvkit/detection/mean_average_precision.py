"""Mean average precision: one number for how well a detector finds, places and names objects."""

from dataclasses import dataclass, field

import numpy as np

from cvkit.detection.detection_outcomes import FALSE, IGNORED, RIGHT, coco_outcomes, groups, voc_outcomes
from cvkit.detection.evaluation_input import read_detections, read_truths
from cvkit.detection.mask_overlaps import MaskOverlaps, with_boxes
from cvkit.detection.precision_recall import RULES, average_precision, precision_recall

MAX_DETECTIONS = (1, 10, 100)  # an image and class, as COCO counts recall
SIZES = {"small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 1e10)}  # areas in square pixels, as COCO's
_ALL = (0, 1e10)


@dataclass(frozen=True)
class DetectionScores:
    """What `mean_average_precision` found. A number that no object stands behind is NaN; means leave NaN out.

    Attributes:
        rule: "coco", "voc" or "voc07".
        iou_thresholds: float64 (T,).
        classes: int64 (K,), every label that occurs in targets or predictions, in order.
        average_precision: float64 (T, K).
        mean: mean of `average_precision`, the mAP.
        per_class: dict of label to its average precision, mean over the thresholds.
        ap50, ap75: mean over the classes at IoU .5 and .75; NaN if that is none of the thresholds.
        recall: share of the objects that were found, mean over thresholds and classes (COCO's AR at 100).
        recall_at: dict of 1, 10, 100 to the recall if each image and class keeps only so many detections.
        by_size, recall_by_size: dicts of "small", "medium", "large" (areas up to 32², 96², and above) to the mean
            average precision and recall of objects of that size. These two and `recall_at` are COCO's; empty with VOC.
    """

    rule: str
    iou_thresholds: np.ndarray
    classes: np.ndarray
    average_precision: np.ndarray
    mean: float
    per_class: dict
    ap50: float
    ap75: float
    recall: float
    recall_at: dict
    by_size: dict
    recall_by_size: dict
    _rankings: dict = field(repr=False)

    def curve(self, label, iou_threshold=0.5):
        """Precision and recall of one class after each of its detections, from the highest score down.

        Args:
            label: the class, one of `classes`.
            iou_threshold: one of `iou_thresholds`.

        Returns:
            (recall, precision, scores): float64 arrays (n,). Ignored detections are left out. The last pair is that of
            all detections; precision is as measured, without the envelope that average precision takes.

        Raises:
            ValueError: there is no such class or threshold, or the class has no objects.
        """
        near = np.isclose(self.iou_thresholds, iou_threshold)
        if not near.any():
            known = ", ".join(f"{threshold:g}" for threshold in self.iou_thresholds)
            raise ValueError(f"iou_threshold must be one of {known}. Received {iou_threshold!r}.")
        if label not in self._rankings:
            known = ", ".join(map(str, self._rankings))
            raise ValueError(f"label must be a class with objects: one of {known}. Received {label!r}.")
        scores, outcomes, num_objects = self._rankings[label]
        outcome = outcomes[near.argmax()]
        counted = outcome != IGNORED
        precision, recall = precision_recall(outcome[counted] == RIGHT, num_objects)
        return recall, precision, scores[counted]


def mean_average_precision(predictions, targets, iou_thresholds=None, rule="coco", iou_of="boxes"):
    r"""Mean over classes, and with COCO over IoU thresholds, of the area under precision over recall.

    Down the ranking of a class's detections, over all images, precision is the share of detections that are right and
    recall the share of objects that are found. A detection is right if its IoU with an object of its class reaches the
    threshold and no better one has taken the object. `average_precision` has the equation, `coco_outcomes` and
    `voc_outcomes` the rules of matching in full. The rules differ in

    - "coco": thresholds .50, .55, ..., .95; 101 recalls; at most 100 detections an image and class; crowds are ignored;
    - "voc": threshold .5; the whole area under the curve; difficult objects are ignored;
    - "voc07": likewise, with eleven recalls.

    It is computed by NumPy in float64, outside of any graph, for all images and classes at once.

    Args:
        predictions: list of dicts, one an image: "boxes" (N, 4), corners x1, y1, x2, y2 in pixels, "scores" (N,),
            "labels" (N,), class numbers from 0. Arrays, tensors or lists, without padding.
        targets: list of dicts, in the same order: "boxes" (M, 4) and "labels" (M,), and if there are any, "crowd" (M,)
            bool (COCO's rule only), "difficult" (M,) bool (VOC's rules only) and "area" (M,) in square pixels, by which
            COCO's rule tells sizes (the area of the box or mask itself where it is missing or NaN).
        iou_thresholds: a number or several, above 0 and at most 1; the rule's own ones if None.
        rule: "coco", "voc" or "voc07".
        iou_of: "boxes", or "masks" to compare pixels: predictions and targets then have "masks", bool (N, H, W) and
            (M, H, W), and need no boxes. That makes it mask AP.

    Returns:
        A `DetectionScores`: mean, per_class, ap50, ap75, by_size, recall, ..., and `curve(label)`.

    Raises:
        ValueError: there is no such rule or `iou_of`, the lists differ in length, a dict lacks an entry, an entry has
            the wrong shape, is not finite or is no class number, or a threshold lies outside its range.

    Example:
        >>> targets = [{"boxes": [[0, 0, 10, 10], [20, 0, 30, 10]], "labels": [1, 1]}]
        >>> found = {"boxes": [[0, 0, 10, 8], [50, 0, 60, 10]], "labels": [1, 1], "scores": [0.9, 0.8]}
        >>> scores = mean_average_precision([found], targets, rule="voc")
        >>> scores.mean, scores.recall  # one of two objects, found with IoU .8; the second detection finds nothing
        (0.5, 0.5)

    Reference:
        Everingham et al., "The PASCAL Visual Object Classes (VOC) Challenge", 2010, section 4.2, and the development
        kits of 2007 and 2012; Lin et al., "Microsoft COCO", 2014, arXiv 1405.0312, and its evaluation code, whose
        numbers these are. VOC's kits count a box's last pixel as inside; here widths are x2 - x1, which is the same for
        boxes that `cvkit.data` reads from VOC files.
    """
    thresholds = _check(predictions, targets, iou_thresholds, rule, iou_of)
    if iou_of == "masks":
        masks = MaskOverlaps(predictions, targets)
        detections = read_detections(with_boxes(predictions), masks.found_areas)
        truths = read_truths(with_boxes(targets), masks.true_areas)
    else:
        masks, detections, truths = None, read_detections(predictions), read_truths(targets)
    classes = np.union1d(truths.labels, detections.labels)
    detections, truths, rank = _sort(detections, truths, MAX_DETECTIONS[-1] if rule == "coco" else None)
    if rule == "coco":
        ranges = np.array([_ALL, *SIZES.values()])  # (A, 2)
        outcomes = coco_outcomes(detections, truths, thresholds, ranges, masks)  # (T, A, D)
        counts = (truths.areas >= ranges[:, :1]) & (truths.areas <= ranges[:, 1:]) & ~truths.crowd  # (A, G)
    else:
        outcomes = voc_outcomes(detections, truths, thresholds, masks)[:, None]  # (T, 1, D)
        counts = ~truths.difficult[None]  # (1, G)
    place = np.searchsorted(classes, truths.labels)  # (G,)
    objects = np.stack([np.bincount(place[counted], minlength=len(classes)) for counted in counts])  # (A, K)
    precision, recall, rankings = _measure(classes, detections, rank, outcomes, objects, rule)
    average = precision[0]  # (T, K)
    is_coco = rule == "coco"
    return DetectionScores(
        rule=rule,
        iou_thresholds=thresholds,
        classes=classes,
        average_precision=average,
        mean=_mean(average),
        per_class={label: _mean(average[:, k]) for k, label in enumerate(classes.tolist())},
        ap50=_mean(average[np.isclose(thresholds, 0.5)]),
        ap75=_mean(average[np.isclose(thresholds, 0.75)]),
        recall=_mean(recall[-1, 0]),
        recall_at={most: _mean(recall[m, 0]) for m, most in enumerate(MAX_DETECTIONS) if is_coco},
        by_size={size: _mean(precision[a]) for a, size in enumerate(SIZES, 1) if is_coco},
        recall_by_size={size: _mean(recall[-1, a]) for a, size in enumerate(SIZES, 1) if is_coco},
        _rankings=rankings,
    )


def _sort(detections, truths, most):
    # By image and class, and detections from the highest score down; `rank` counts them within image and class. The
    # sort is stable: of equal scores the first one given stays first.
    group, of_truths = groups(detections, truths)
    order = np.lexsort((-detections.scores, group))
    rank = np.arange(len(order)) - np.searchsorted(group[order], group[order])
    kept = rank < (len(order) if most is None else most)
    return detections.take(order[kept]), truths.take(np.argsort(of_truths, kind="stable")), rank[kept]


def _measure(classes, detections, rank, outcomes, objects, rule):
    """Average precisions (A, T, K); recalls (3, A, T, K), for each of `MAX_DETECTIONS`; rankings, for the curves.

    `outcomes` is (T, A, D), `objects`, how many there are to find, (A, K).
    """
    precision = np.full((*outcomes.shape[1::-1], len(classes)), np.nan)
    recall = np.full((len(MAX_DETECTIONS), *precision.shape), np.nan)
    rankings = {}
    order = np.lexsort((-detections.scores, detections.labels))  # of equal scores the first image's comes first
    labels = detections.labels[order]
    starts, ends = np.searchsorted(labels, classes), np.searchsorted(labels, classes, "right")
    for k, label in enumerate(classes.tolist()):
        places = order[starts[k] : ends[k]]
        of_class = outcomes[:, :, places]  # (T, A, n)
        right, wrong = of_class == RIGHT, of_class == FALSE
        for a in np.flatnonzero(objects[:, k]):
            precision[a, :, k] = average_precision(right[:, a], wrong[:, a], objects[a, k], rule)
            for m, most in enumerate(MAX_DETECTIONS):
                among = rank[places] < most if rule == "coco" else slice(None)
                recall[m, a, :, k] = right[:, a, among].sum(-1) / objects[a, k]
        if objects[0, k]:
            rankings[label] = (detections.scores[places], of_class[:, 0], objects[0, k])
    return precision, recall, rankings


def _mean(values):
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else float("nan")


def _check(predictions, targets, iou_thresholds, rule, iou_of):
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(RULES)}. Received {rule!r}.")
    if iou_of not in ("boxes", "masks"):
        raise ValueError(f'iou_of must be "boxes" or "masks". Received {iou_of!r}.')
    for name, items in (("predictions", predictions), ("targets", targets)):
        if not isinstance(items, (list, tuple)):
            raise ValueError(f"{name} must be a list of dicts, one an image. Received a {type(items).__name__}.")
    if len(predictions) != len(targets):
        raise ValueError(
            "predictions and targets must have one dict an image each, in the same order; an image without boxes has "
            f"empty ones. Received {len(predictions)} predictions and {len(targets)} targets."
        )
    if iou_thresholds is None:
        return np.linspace(0.5, 0.95, 10) if rule == "coco" else np.array([0.5])
    thresholds = np.atleast_1d(np.asarray(iou_thresholds, "float64"))
    if thresholds.ndim != 1 or not thresholds.size or not ((thresholds > 0) & (thresholds <= 1)).all():
        raise ValueError(
            f"iou_thresholds must be one or more numbers above 0 and at most 1. Received {iou_thresholds!r}."
        )
    return thresholds
