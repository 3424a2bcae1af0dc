"""Exercises of lesson 10: recall of proposals, box deltas, ROI pooling, the ratio of two detectors' work."""

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake


def proposal_recall(overlaps, threshold=0.5):
    """Share of the objects (rows) that some proposal (column) covers."""
    return (overlaps.max(axis=1) >= threshold).mean()


_OVERLAPS = np.array([[0.1, 0.5, 0.6, 0.7], [0.2, 0.3, 0.4, 0.0], [0.0, 0.5, 0.1, 0.2]])

PROPOSAL_RECALL = Exercise(
    id="proposal-recall",
    points=2,
    reference=proposal_recall,
    cases=((_OVERLAPS, 0.5), (_OVERLAPS, 0.7), (_OVERLAPS.T[:3], 0.3), (_OVERLAPS[1:2], 0.5)),
    mistakes=(
        Mistake(
            lambda overlaps, threshold=0.5: (overlaps.max(axis=0) >= threshold).mean(),
            "You counted proposals that cover an object. That is precision; recall counts objects that are covered, "
            "and objects are the rows.",
        ),
        Mistake(
            lambda overlaps, threshold=0.5: (overlaps >= threshold).mean(),
            "You counted pairs. An object is covered if its best proposal reaches the threshold: take the maximum of "
            "each row first.",
        ),
        Mistake(
            lambda overlaps, threshold=0.5: (overlaps >= threshold).sum() / len(overlaps),
            "You counted an object once for each proposal that covers it. Once is enough.",
        ),
        Mistake(
            lambda overlaps, threshold=0.5: (overlaps.max(axis=1) > threshold).mean(),
            "You left out those that reach the threshold exactly: at least means >=.",
        ),
        Mistake(
            lambda overlaps, threshold=0.5: overlaps.max(axis=1).mean(),
            "You averaged the best IoUs. Recall counts the objects whose best IoU reaches the threshold.",
        ),
    ),
)


def box_deltas(proposal, box):
    """t_x, t_y, t_w, t_h from a proposal to a box, both corners."""
    proposal, box = np.asarray(proposal), np.asarray(box)
    size, wanted = proposal[2:] - proposal[:2], box[2:] - box[:2]
    shift = (box[:2] + box[2:] - proposal[:2] - proposal[2:]) / 2
    return np.concatenate([shift / size, np.log(wanted / size)])


def _of_corners(proposal, box):
    proposal, box = np.asarray(proposal), np.asarray(box)
    size, wanted = proposal[2:] - proposal[:2], box[2:] - box[:2]
    return np.concatenate([(box[:2] - proposal[:2]) / size, np.log(wanted / size)])


def _by_the_object(proposal, box):
    proposal, box = np.asarray(proposal), np.asarray(box)
    size, wanted = proposal[2:] - proposal[:2], box[2:] - box[:2]
    return box_deltas(proposal, box) * np.concatenate([size / wanted, [1, 1]])


def _in_pixels(proposal, box):
    proposal = np.asarray(proposal)
    return box_deltas(proposal, box) * np.concatenate([proposal[2:] - proposal[:2], [1, 1]])


def _without_logarithm(proposal, box):
    deltas = box_deltas(proposal, box)
    return np.concatenate([deltas[:2], np.exp(deltas[2:])])


BOX_DELTAS = Exercise(
    id="box-deltas",
    points=2,
    reference=box_deltas,
    cases=(
        ([10.0, 10.0, 30.0, 20.0], [12.0, 10.0, 32.0, 30.0]),
        ([0.0, 5.0, 8.0, 25.0], [4.0, 1.0, 6.0, 9.0]),
        ([3.0, 3.0, 9.0, 7.0], [3.0, 3.0, 9.0, 7.0]),
    ),
    mistakes=(
        Mistake(
            lambda proposal, box: box_deltas(box, proposal),
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


def speed_up(n, crop, image, region):
    """Work of R-CNN over that of Fast R-CNN for n proposals."""
    return n * crop / (image + n * region)


SPEED_UP = Exercise(
    id="speed-up",
    points=1,
    reference=speed_up,
    cases=((2000, 15.5, 147.0, 0.12), (1, 3.0, 12.0, 0.5), (10, 1.0, 4.0, 0.25)),
    mistakes=(
        Mistake(
            lambda n, crop, image, region: n * crop / image,
            "You left out the dense layers, which run once for each region. They are what bounds the ratio.",
        ),
        Mistake(
            lambda n, crop, image, region: n * crop / (image + region),
            "You counted the dense layers once. They run once for each of the n regions.",
        ),
        Mistake(
            lambda n, crop, image, region: crop / (image + region),
            "The ratio must depend on n: R-CNN passes n crops through its network, Fast R-CNN one image.",
        ),
        Mistake(
            lambda n, crop, image, region: (image + n * region) / (n * crop),
            "Your ratio is upside down: R-CNN's work goes above.",
        ),
    ),
)

EXERCISES = (PROPOSAL_RECALL, BOX_DELTAS, ROI_POOL, SPEED_UP)
