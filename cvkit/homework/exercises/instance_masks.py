"""Exercises of lesson 16: DeepMask's joint loss, the loss of the own class's mask, pasting."""

import numpy as np

from cvkit.homework.exercise import Exercise, Mistake


def joint_loss(labels, masks, mask_logits, scores, score_weight=1 / 32):
    """Array (B,): DeepMask's loss of each patch; labels and masks are 1 and -1."""
    labels = np.asarray(labels)
    pixels = np.log1p(np.exp(-masks * mask_logits)).mean(axis=(1, 2))
    return (1 + labels) / 2 * pixels + score_weight * np.log1p(np.exp(-labels * scores))


def _joint(labels, masks, mask_logits, scores, score_weight, factor, reduce=np.mean, sign=-1):
    pixels = reduce(np.log1p(np.exp(sign * masks * mask_logits)), axis=(1, 2))
    return factor * pixels + score_weight * np.log1p(np.exp(sign * labels * scores))


def _mask_of_every_patch(labels, masks, mask_logits, scores, score_weight=1 / 32):
    return _joint(labels, masks, mask_logits, scores, score_weight, 1)


def _not_halved(labels, masks, mask_logits, scores, score_weight=1 / 32):
    return _joint(labels, masks, mask_logits, scores, score_weight, 1 + labels)


def _label_alone(labels, masks, mask_logits, scores, score_weight=1 / 32):
    return _joint(labels, masks, mask_logits, scores, score_weight, labels)


def _sum_of_pixels(labels, masks, mask_logits, scores, score_weight=1 / 32):
    return _joint(labels, masks, mask_logits, scores, score_weight, (1 + labels) / 2, np.sum)


def _sign_lost(labels, masks, mask_logits, scores, score_weight=1 / 32):
    return _joint(labels, masks, mask_logits, scores, score_weight, (1 + labels) / 2, sign=1)


def _no_weight(labels, masks, mask_logits, scores, score_weight=1 / 32):
    return joint_loss(labels, masks, mask_logits, scores, 1)


def _score_of_objects_only(labels, masks, mask_logits, scores, score_weight=1 / 32):
    return (1 + labels) / 2 * joint_loss(labels, masks, mask_logits, scores, score_weight)


_RNG = np.random.default_rng(0)
_SIGNS = np.where(_RNG.random((3, 2, 4)) < 0.5, 1.0, -1.0)
_PIXELS = _RNG.normal(0, 2, (3, 2, 4)).round(1)
_PATCHES = (np.array([1.0, -1.0, 1.0]), _SIGNS, _PIXELS, np.array([0.5, 2.0, -1.0]))

JOINT_LOSS = Exercise(
    id="joint-loss",
    points=3,
    reference=joint_loss,
    cases=(
        (np.array([1.0, -1.0]), np.ones((2, 1, 2)), np.array([[[0.0, 2.0]], [[0.0, 2.0]]]), np.array([0.0, 1.0])),
        _PATCHES,
        (*_PATCHES, 0.5),
    ),
    mistakes=(
        Mistake(
            _mask_of_every_patch,
            "Patches without an object have a mask loss, too, in your answer. They have no mask to learn: the factor "
            "(1 + y) / 2 is 0 for them.",
        ),
        Mistake(_not_halved, "Your mask loss is twice as large as it should be: the factor is (1 + y) / 2."),
        Mistake(
            _label_alone,
            "You multiplied the mask loss by y. That is -1 for a patch without an object, which would be rewarded for "
            "a bad mask. The factor is (1 + y) / 2.",
        ),
        Mistake(_sum_of_pixels, "You summed over the pixels. Divide by w h, their number: take the mean."),
        Mistake(
            _sign_lost,
            "A sign is lost: the exponent is minus target times logit. As it stands, right answers cost most.",
        ),
        Mistake(_no_weight, "The score's part lacks its weight λ."),
        Mistake(
            _score_of_objects_only,
            "You switched off the score's part for patches without an object as well. They are what the score learns "
            "to tell apart: the factor (1 + y) / 2 belongs to the mask's part only.",
        ),
    ),
)


def own_class_loss(classes, targets, logits):
    """Mean binary cross-entropy of R masks (R, h, w), each judged by the mask of its own class in (R, h, w, K)."""
    own = np.asarray(logits)[np.arange(len(classes)), :, :, classes]
    return _cross_entropy(targets, own).mean()


def _cross_entropy(targets, logits):
    return np.logaddexp(0, logits) - targets * logits


def _all_classes(classes, targets, logits):
    one_hot = np.eye(logits.shape[-1])[classes][:, None, None]  # the others should be empty
    return _cross_entropy(targets[..., None] * one_hot, logits).mean()


def _all_classes_alike(classes, targets, logits):
    return _cross_entropy(targets[..., None], logits).mean()


def _softmax(classes, targets, logits):
    logits = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    own = np.exp(logits[np.arange(len(classes)), :, :, classes])
    return -(targets * np.log(own) + (1 - targets) * np.log(1 - own)).mean()


def _class_zero(classes, targets, logits):
    return _cross_entropy(targets, logits[..., 0]).mean()


def _pixels_summed(classes, targets, logits):
    return own_class_loss(classes, targets, logits) * targets[0].size


def _inside_only(classes, targets, logits):
    own = logits[np.arange(len(classes)), :, :, classes]
    return (targets * _cross_entropy(targets, own)).mean()


def _without_sigmoid(classes, targets, logits):
    own = logits[np.arange(len(classes)), :, :, classes].clip(1e-7, 1 - 1e-7)
    return -(targets * np.log(own) + (1 - targets) * np.log(1 - own)).mean()


_LOGITS = _RNG.normal(0, 2, (4, 3, 2, 3)).round(1)
_TARGETS = (_RNG.random((4, 3, 2)) < 0.5).astype("float64")

OWN_CLASS_LOSS = Exercise(
    id="own-class-loss",
    points=3,
    reference=own_class_loss,
    cases=(
        (np.array([1]), np.ones((1, 1, 2)), np.array([[[[9.0, 0.0, -3.0], [9.0, 2.0, 1.0]]]])),
        (np.array([2, 0, 1, 1]), _TARGETS, _LOGITS),
        (np.array([1, 2]), _TARGETS[:2], _LOGITS[:2]),
    ),
    mistakes=(
        Mistake(
            _all_classes,
            "You judged the masks of all classes, and wanted those of the others to be empty. Only the own class's "
            "mask is judged; what the others say costs nothing.",
        ),
        Mistake(
            _all_classes_alike,
            "You judged the masks of all classes by the same target. Only the own class's mask is judged.",
        ),
        Mistake(
            _softmax,
            "You took a softmax over the classes, which makes them compete for the pixel. Take a sigmoid of the own "
            "class's number alone.",
        ),
        Mistake(_class_zero, "You always took the mask of class 0. Each region has a class of its own."),
        Mistake(_pixels_summed, "You summed over the pixels of a mask. Take the mean over pixels and regions."),
        Mistake(
            _inside_only,
            "You counted the pixels of the object only. Then a mask that says yes everywhere costs nothing: pixels "
            "beside the object count with log(1 - p).",
        ),
        Mistake(
            _without_sigmoid, "You took the logarithm of the logits. They become probabilities by a sigmoid first."
        ),
    ),
)


def paste(mask, box, size, threshold=0.5):
    """Bool (H, W): an m × m mask of probabilities, stretched over its box bilinearly, at least `threshold`."""
    rows, columns = _places(mask, box, size)
    return _inside(box, size) & (_sample(mask, rows, columns) >= threshold)


def _places(mask, box, size, middle=0.5):
    x1, y1, x2, y2 = box
    m = len(mask)
    rows = m * (np.arange(size[0]) + middle - y1) / (y2 - y1) - middle
    columns = m * (np.arange(size[1]) + middle - x1) / (x2 - x1) - middle
    return rows.clip(0, m - 1), columns.clip(0, m - 1)


def _sample(mask, rows, columns):
    cells = np.arange(len(mask))
    down, across = ((1 - abs(places[:, None] - cells)).clip(0) for places in (rows, columns))
    return down @ mask @ across.T


def _inside(box, size):
    x1, y1, x2, y2 = box
    y, x = np.arange(size[0])[:, None] + 0.5, np.arange(size[1]) + 0.5
    return (y >= y1) & (y < y2) & (x >= x1) & (x < x2)


def _box_rounded(mask, box, size, threshold=0.5):
    return paste(mask, np.round(box), size, threshold)


def _corners_for_middles(mask, box, size, threshold=0.5):
    rows, columns = _places(mask, box, size, middle=0)
    return _inside(box, size) & (_sample(mask, rows, columns) >= threshold)


def _nearest(mask, box, size, threshold=0.5):
    rows, columns = (np.floor(places + 0.5).astype(int) for places in _places(mask, box, size))
    return _inside(box, size) & (np.asarray(mask)[rows][:, columns] >= threshold)


def _threshold_first(mask, box, size, threshold=0.5):
    return paste((np.asarray(mask) >= threshold).astype(float), box, size, 0.5)


def _swapped(mask, box, size, threshold=0.5):
    x1, y1, x2, y2 = box
    return paste(mask, (y1, x1, y2, x2), size, threshold)


def _turned_over(mask, box, size, threshold=0.5):
    return paste(np.transpose(mask), box, size, threshold)


def _not_cut_off(mask, box, size, threshold=0.5):
    return _sample(mask, *_places(mask, box, size)) >= threshold


_MASK = np.array([[0.9, 0.6, 0.1], [0.4, 0.8, 0.3], [0.2, 0.7, 0.95]])

PASTE = Exercise(
    id="paste",
    points=3,
    reference=paste,
    cases=(
        (np.array([[1.0, 0.4], [1.0, 0.0]]), np.array([1.0, 1.0, 5.0, 3.0]), (4, 6)),
        (_MASK, np.array([2.4, 1.7, 9.6, 13.3]), (16, 12)),
        (_MASK, np.array([-3.3, 2.4, 9.7, 8.6]), (10, 14)),
        (_MASK, np.array([1.0, 2.0, 10.0, 8.0]), (12, 12), 0.65),
    ),
    mistakes=(
        Mistake(_box_rounded, "You rounded the box. Leave it where it is: that is the lesson's whole point."),
        Mistake(
            _corners_for_middles,
            "You compared corners of pixels and cells. The middle of pixel x is at x + 0.5, and that of column u at "
            "u + 0.5 cells.",
        ),
        Mistake(
            _nearest,
            "You took the nearest cell's number for each pixel. Interpolate between the four middles around it.",
        ),
        Mistake(
            _threshold_first,
            "You compared with the threshold before stretching. Interpolate the probabilities, then compare: else the "
            "outline can only follow the cells' corners.",
        ),
        Mistake(_swapped, "You swapped x and y of the box: it is x1, y1, x2, y2."),
        Mistake(_turned_over, "Your mask is mirrored at its diagonal: rows of the mask are rows of the image."),
        Mistake(_not_cut_off, "Outside of the box nothing may be set."),
    ),
)


EXERCISES = (JOINT_LOSS, OWN_CLASS_LOSS, PASTE)
