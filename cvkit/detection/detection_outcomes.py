"""Which detection finds which object: the rules of COCO and PASCAL VOC, for all images and classes at once. NumPy."""

from itertools import pairwise

import numpy as np

FALSE, RIGHT, IGNORED = 0, 1, -1  # what becomes of a detection
_PAIRS = 2**20  # pairs of a detection and an object looked at in one go, so that memory stays small


def coco_outcomes(detections, truths, thresholds, area_ranges, masks=None):
    r"""Match by the rule of COCO.

    In each image and class, detections come in order of their scores. Each takes the object of highest IoU that is
    not taken yet, if that IoU reaches the threshold. Objects outside of the area range and crowds are ignored, with the
    detections matched to them: a detection takes one only where no other object is left for it. With a crowd, overlap
    is measured by the detection's own area,

    $$\frac{|D \cap C|}{|D|},$$

    and a crowd can be taken any number of times. Detections without a match are ignored if they lie outside of the
    area range, else false.

    Args:
        detections: `Detections`, sorted by image and class, then from the highest score down.
        truths: `Truths`, sorted by image and class.
        thresholds: float array (T,).
        area_ranges: float array (A, 2), smallest and largest area in square pixels, both inclusive.
        masks: `MaskOverlaps` of the same detections and objects, whose masks then take the boxes' part; or None.

    Returns:
        int8 array (T, A, D): RIGHT, FALSE or IGNORED.

    Reference:
        Lin et al., "Microsoft COCO: Common Objects in Context", 2014, arXiv 1405.0312, and the evaluation that comes
        with the data set. Of several objects of equal IoU the last one is taken, as there.
    """
    areas = detections.extents
    outside = (areas < area_ranges[:, :1]) | (areas > area_ranges[:, 1:])  # (A, D)
    outcomes = np.empty((len(thresholds), *outside.shape), "int8")
    outcomes[:] = np.where(outside, IGNORED, FALSE)
    ignored = (truths.areas < area_ranges[:, :1]) | (truths.areas > area_ranges[:, 1:]) | truths.crowd  # (A, G)
    free = np.ones((len(thresholds), *ignored.shape), bool)  # (T, A, G)
    thresholds = np.minimum(thresholds, 1 - 1e-10)
    for pairs in _pairs(detections, truths, truths.crowd, thresholds.min(), masks):
        _take_turns(pairs, thresholds, truths.crowd, ignored, free, outcomes)
    return outcomes


def _take_turns(pairs, thresholds, crowd, ignored, free, outcomes):
    # In each turn every group (an image and a class) lets one detection choose: the best of those yet to choose.
    # Groups share no objects, so all of them choose at once, and for all thresholds and area ranges.
    detection, truth, overlap, group = pairs
    turn = _turns(detection, group)
    order = np.lexsort((truth, overlap, detection, turn))  # a detection's pairs from the worst to the best
    detection, truth, overlap, turn = detection[order], truth[order], overlap[order], turn[order]
    count = len(order)
    preference = np.arange(count) + count * ~ignored[:, truth]  # (A, P): higher is better; ignored objects come last
    reaches = overlap >= thresholds[:, None, None]  # (T, 1, P)
    cuts = np.flatnonzero(np.diff(turn, prepend=-1, append=-1))
    for low, high in pairwise(cuts):
        starts = np.flatnonzero(np.diff(detection[low:high], prepend=-1))
        can = free[:, :, truth[low:high]] & reaches[:, :, low:high]  # (T, A, pairs)
        best = np.maximum.reduceat(np.where(can, preference[:, low:high], -1), starts, axis=-1)  # (T, A, detections)
        t, a, k = np.nonzero(best >= 0)
        taken = truth[best[t, a, k] % count]
        outcomes[t, a, detection[low + starts[k]]] = np.where(ignored[a, taken], IGNORED, RIGHT)
        free[t, a, taken] = crowd[taken]


def _turns(detection, group):
    # Place of each pair's detection among the detections of its group that have a pair at all, from 0.
    new_detection = np.diff(detection, prepend=-1) != 0
    new_group = np.diff(group, prepend=-1) != 0
    number = np.cumsum(new_detection)
    return number - number[new_group][np.cumsum(new_group) - 1]


def voc_outcomes(detections, truths, thresholds, masks=None):
    """Match by the rule of PASCAL VOC.

    Each detection stands for the object of its image and class with which its IoU is highest, taken or not. If that IoU
    reaches the threshold, it is ignored where the object is difficult, right where it is the first to reach it, and
    false where it is a second one. Otherwise it is false.

    Args:
        detections: `Detections`, sorted by image and class, then from the highest score down.
        truths: `Truths`, sorted by image and class.
        thresholds: float array (T,).
        masks: as for `coco_outcomes`.

    Returns:
        int8 array (T, D): RIGHT, FALSE or IGNORED.

    Reference:
        Everingham et al., "The PASCAL Visual Object Classes (VOC) Challenge", 2010, section 4.2, and its development
        kit: an IoU equal to the threshold is enough, and of several objects of equal IoU the first one counts.
    """
    outcomes = np.full((len(thresholds), len(detections.scores)), FALSE, "int8")
    no_crowd = np.zeros_like(truths.crowd)
    for detection, truth, overlap, _ in _pairs(detections, truths, no_crowd, thresholds.min(), masks):
        order = np.lexsort((truth, -overlap, detection))
        best = order[np.diff(detection[order], prepend=-1) != 0]  # the pair of each detection's object
        for t, threshold in enumerate(thresholds):
            reaching = best[overlap[best] >= threshold]
            _, first = np.unique(truth[reaching], return_index=True)
            outcomes[t, detection[reaching[first]]] = RIGHT
            outcomes[t, detection[reaching[truths.difficult[truth[reaching]]]]] = IGNORED
    return outcomes


def _pairs(detections, truths, crowd, lowest, masks):
    """Yield (detection, truth, overlap, group) of the pairs of one image and class whose overlap is at least `lowest`.

    Each group lies within one block, and blocks hold about `_PAIRS` pairs of any overlap.
    """
    group, of_truths = groups(detections, truths)
    first = np.searchsorted(of_truths, group, "left")  # (D,)
    count = np.searchsorted(of_truths, group, "right") - first  # (D,)
    ends = np.flatnonzero(np.diff(group, append=-1)) + 1  # of the groups
    block = np.cumsum(count)[ends - 1] // _PAIRS
    cuts = np.append(0, ends[np.flatnonzero(np.diff(block, append=-1))])
    for low, high in pairwise(cuts):
        detection = np.repeat(np.arange(low, high), count[low:high])  # (P,)
        place = np.arange(len(detection)) - np.repeat(np.cumsum(count[low:high]) - count[low:high], count[low:high])
        truth = first[detection] + place
        overlap = _overlap(detections, truths, detection, truth, crowd[truth], masks)
        near = overlap >= lowest
        if near.any():
            detection = detection[near]
            yield detection, truth[near], overlap[near], group[detection]


def groups(detections, truths):
    """Number of the group, an image and a class, of each detection and of each object: int64 (D,) and (G,)."""
    classes = 1 + max(detections.labels.max(initial=0), truths.labels.max(initial=0))
    return detections.image * classes + detections.labels, truths.image * classes + truths.labels


def _overlap(detections, truths, detection, truth, crowd, masks):
    # IoU pair by pair; with a crowd the share of the detection that it covers.
    if masks is None:
        boxes, others = detections.boxes[detection], truths.boxes[truth]  # (P, 4)
        corner1, corner2 = np.maximum(boxes[:, :2], others[:, :2]), np.minimum(boxes[:, 2:], others[:, 2:])
        intersection = (corner2 - corner1).clip(0).prod(-1)  # (P,)
    else:
        intersection = masks.shared(detections.numbers[detection], truths.numbers[truth])  # (P,)
    area = detections.extents[detection]
    union = np.where(crowd, area, area + truths.extents[truth] - intersection)
    return intersection / np.where(union > 0, union, 1)
