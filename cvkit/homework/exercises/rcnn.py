"""Exercises of lesson 10: hard negatives, box deltas, ROI pooling, how many proposals a detector needs to gain."""

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake


def hard_negatives(features, w, b, overlaps):
    """Places of the proposals that are negative and not safely so."""
    return np.flatnonzero((overlaps < 0.3) & (features @ w + b > -1))


def _hard_by(rule, features, w, b, overlaps):
    return np.flatnonzero((overlaps < 0.3) & rule(features @ w + b))


# Scores with w = (1, -2) and b = -1: -2, 3, -0.5, -6, 0.25, -1.5, 2, -0.75; with w = (0.5, 1) and b = 1 other ones.
_FEATURES = np.array([[1, 1], [4, 0], [0.5, 0], [-1, 2], [1.25, 0], [0.5, 0.5], [3, 0], [0.75, 0.25]])
_OVERLAPS = np.array([0.0, 0.1, 0.2, 0.1, 0.7, 0.4, 0.35, 0.05])

HARD_NEGATIVES = Exercise(
    id="hard-negatives",
    points=2,
    reference=hard_negatives,
    cases=(
        (_FEATURES, np.array([1.0, -2.0]), -1.0, _OVERLAPS),
        (_FEATURES[::-1] - 2, np.array([0.5, 1.0]), 1.0, _OVERLAPS),
        (_FEATURES, np.array([1.0, 1.0]), -9.0, _OVERLAPS),
    ),
    mistakes=(
        Mistake(
            lambda features, w, b, overlaps: (overlaps < 0.3) & (features @ w + b > -1),
            "You returned True or False for each proposal. Return the places that are True: np.flatnonzero.",
        ),
        Mistake(
            lambda *arguments: _hard_by(lambda scores: scores > 0, *arguments),
            "You took only negatives on the wrong side of the plane. Those within the margin, with scores from -1 to "
            "0, cost something, too.",
        ),
        Mistake(
            lambda *arguments: _hard_by(lambda scores: abs(scores) < 1, *arguments),
            "You took only negatives within the margin. Those far on the wrong side cost most.",
        ),
        Mistake(
            lambda *arguments: _hard_by(lambda scores: scores < -1, *arguments),
            "You took the easy negatives: a score below -1 is right, and costs nothing.",
        ),
        Mistake(
            lambda features, w, b, overlaps: np.flatnonzero(features @ w + b > -1),
            "You did not look at the overlaps: a proposal with an IoU of 0.3 or more is no negative.",
        ),
        Mistake(
            lambda features, w, b, overlaps: hard_negatives(features, w, 0, overlaps),
            "You left out b: the score is w . f + b.",
        ),
    ),
)


def box_deltas(box, proposal):
    """t_x, t_y, t_w, t_h of a box, seen from a proposal, both corners."""
    box, proposal = np.asarray(box), np.asarray(proposal)
    size, wanted = proposal[2:] - proposal[:2], box[2:] - box[:2]
    shift = (box[:2] + box[2:] - proposal[:2] - proposal[2:]) / 2
    return np.concatenate([shift / size, np.log(wanted / size)])


def _of_corners(box, proposal):
    box, proposal = np.asarray(box), np.asarray(proposal)
    size, wanted = proposal[2:] - proposal[:2], box[2:] - box[:2]
    return np.concatenate([(box[:2] - proposal[:2]) / size, np.log(wanted / size)])


def _by_the_object(box, proposal):
    box, proposal = np.asarray(box), np.asarray(proposal)
    size, wanted = proposal[2:] - proposal[:2], box[2:] - box[:2]
    return box_deltas(box, proposal) * np.concatenate([size / wanted, [1, 1]])


def _in_pixels(box, proposal):
    proposal = np.asarray(proposal)
    return box_deltas(box, proposal) * np.concatenate([proposal[2:] - proposal[:2], [1, 1]])


def _without_logarithm(box, proposal):
    deltas = box_deltas(box, proposal)
    return np.concatenate([deltas[:2], np.exp(deltas[2:])])


BOX_DELTAS = Exercise(
    id="box-deltas",
    points=2,
    reference=box_deltas,
    cases=(
        ([12.0, 10.0, 32.0, 30.0], [10.0, 10.0, 30.0, 20.0]),
        ([4.0, 1.0, 6.0, 9.0], [0.0, 5.0, 8.0, 25.0]),
        ([3.0, 3.0, 9.0, 7.0], [3.0, 3.0, 9.0, 7.0]),
    ),
    mistakes=(
        Mistake(
            lambda box, proposal: box_deltas(proposal, box),
            "You went from the box to the proposal. The numbers correct the proposal: they lead to the box.",
        ),
        Mistake(_of_corners, "You compared the upper left corners. x and y are the centres."),
        Mistake(
            _by_the_object,
            "You divided the shift by the size of the object. At test time it is not known: divide by the proposal's.",
        ),
        Mistake(_in_pixels, "You left the shift in pixels. It is counted in widths and heights of the proposal."),
        Mistake(_without_logarithm, "You left out the logarithm: for equal sizes the last two numbers must be 0."),
    ),
)


def roi_pool(region, p):
    """Maxima of p x p bins whose ends are rounded up."""
    return _pool(region, p)


def _pool(region, p, overlapping=True, reduce=np.max):
    height, width = region.shape

    def bins(length):
        extra = p - 1 if overlapping else 0
        return [slice(i * length // p, ((i + 1) * length + extra) // p) for i in range(p)]

    return np.array([[reduce(region[row, column]) for column in bins(width)] for row in bins(height)])


def _equal_bins(region, p):
    height, width = region.shape[0] // p, region.shape[1] // p
    return _pool(region[: height * p, : width * p], p)


_REGION = np.array(
    [
        [0.4, 0.6, 0.2, 0.1, 0.3, 0.6, 0.1],
        [0.1, 0.8, 0.3, 0.3, 0.5, 0.3, 0.3],
        [0.2, 0.9, 0.4, 0.5, 0.1, 0.1, 0.1],
        [0.3, 0.1, 0.8, 0.6, 0.3, 0.3, 0.6],
        [0.5, 0.5, 0.2, 0.1, 0.1, 0.2, 0.7],
    ]
)

ROI_POOL = Exercise(
    id="roi-pool",
    points=3,
    reference=roi_pool,
    cases=((_REGION, 2), (_REGION, 3), (_REGION[1:], 2), (_REGION.T, 4)),
    mistakes=(
        Mistake(
            lambda region, p: _pool(region, p, overlapping=False),
            "You rounded the ends of the bins down, so that they do not share cells. That is L1's rule; Fast R-CNN "
            "rounds the ends up.",
        ),
        Mistake(
            lambda region, p: _pool(region, p, reduce=np.mean),
            "You took the mean of each bin. ROI pooling takes the maximum.",
        ),
        Mistake(
            lambda region, p: _pool(region, p).T,
            "Your answer lies on its side: the first axis must count the rows of bins.",
        ),
        Mistake(
            _equal_bins,
            "You made all bins equally large and left out the last rows and columns. Every cell belongs to some bin.",
        ),
    ),
)


def proposals_needed(share, crop, image, region):
    """Number of proposals at which n c / (f + n h) is a share of c / h; the work for a crop cancels."""
    return share / (1 - share) * image / region


PROPOSALS_NEEDED = Exercise(
    id="proposals-needed",
    points=2,
    reference=proposals_needed,
    cases=((0.5, 15.5, 147.0, 0.12), (0.9, 3.0, 12.0, 0.5), (0.25, 1.0, 4.0, 0.25)),
    mistakes=(
        Mistake(
            lambda share, crop, image, region: image / region,
            "That is right for a share of one half only: your answer does not depend on the share.",
        ),
        Mistake(
            lambda share, crop, image, region: share * image / region,
            "You lost the n h of the denominator: n stands on both sides of the equation, above and below.",
        ),
        Mistake(
            lambda share, crop, image, region: (1 - share) / share * image / region,
            "Your answer falls when the share grows: a larger share of the bound needs more proposals.",
        ),
        Mistake(
            lambda share, crop, image, region: share / (1 - share) * region / image,
            "Your ratio is upside down: the more the pass over the image costs, the more proposals must share it.",
        ),
        Mistake(
            lambda share, crop, image, region: share * image / (crop - share * region),
            "You asked for a ratio of `share`. It is to be `share` times the bound, crop / region.",
        ),
    ),
)

EXERCISES = (HARD_NEGATIVES, BOX_DELTAS, ROI_POOL, PROPOSALS_NEEDED)
