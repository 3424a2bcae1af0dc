"""Exercises of lesson 18: the windows of a pyramid, a calibrated box, the recall and the cost of a cascade."""

import numpy as np

from cvkit.detection.calibration import CALIBRATION_PATTERNS
from cvkit.homework.exercise import Exercise, Mistake


def count_windows(height, width, window, spacing, smallest, factor):
    """Number of windows of all levels of an image pyramid, an int."""
    return sum(rows * columns for rows, columns in _positions(height, width, window, spacing, smallest, factor))


def _positions(height, width, window, spacing, smallest, factor, more=1):
    positions, side = [], smallest
    while side <= min(height, width):
        sizes = [round(window / side * length) for length in (height, width)]
        positions.append([(size - window) // spacing + more for size in sizes])
        side = side * factor
    return positions


def _one_too_few(*arguments):
    return sum(rows * columns for rows, columns in _positions(*arguments, more=0))


def _first_level_alone(*arguments):
    rows, columns = _positions(*arguments)[0]
    return rows * columns


def _image_not_scaled(height, width, window, spacing, smallest, factor):
    total, side = 0, smallest
    while side <= min(height, width):
        rows, columns = ((length - window) // spacing + 1 for length in (height, width))
        total, side = total + rows * columns, side * factor
    return total


def _window_scaled(height, width, window, spacing, smallest, factor):
    # A larger window on the image itself, with steps of as many pixels of the image.
    total, side = 0, smallest
    while side <= min(height, width):
        rows, columns = (int((length - side) // spacing) + 1 for length in (height, width))
        total, side = total + rows * columns, side * factor
    return total


def _spacing_left_out(height, width, window, spacing, smallest, factor):
    return count_windows(height, width, window, 1, smallest, factor)


def _rows_and_columns_added(*arguments):
    return sum(rows + columns for rows, columns in _positions(*arguments))


def _last_level_left_out(height, width, window, spacing, smallest, factor):
    return sum(r * c for r, c in _positions(height, width, window, spacing, smallest, factor)[:-1])


COUNT_WINDOWS = Exercise(
    id="count-windows",
    points=3,
    reference=count_windows,
    cases=((240, 320, 12, 4, 48, 2), (120, 160, 12, 2, 24, 2), (96, 96, 48, 4, 48, 2), (200, 300, 12, 4, 40, 1.5)),
    mistakes=(
        Mistake(_one_too_few, "You left out one row and one column a level: the first window is at 0, so add one."),
        Mistake(_first_level_alone, "You counted the first level only. Larger faces are found on the smaller levels."),
        Mistake(
            _image_not_scaled,
            "You put the small window on the whole image for each size. A level is the image scaled by window / side.",
        ),
        Mistake(
            _window_scaled,
            "You slid a larger window over the image itself. The window stays as it is, and its steps are pixels of "
            "the scaled level.",
        ),
        Mistake(
            _spacing_left_out,
            "You counted a window at every pixel. Windows are `spacing` pixels of the level apart.",
        ),
        Mistake(_rows_and_columns_added, "You added rows and columns. Each row has a window in each column."),
        Mistake(
            _last_level_left_out,
            "The last level is missing. A face may be as large as the image's shorter side.",
        ),
    ),
)


def mend_box(box, probabilities, patterns, threshold=0.1):
    """Array (4,): the box after calibration."""
    return _mended(box, _mean_above(probabilities, patterns, threshold))


def _mean_above(probabilities, patterns, threshold):
    return np.asarray(patterns)[np.asarray(probabilities) > threshold].mean(axis=0)


def _mended(box, pattern, move=-1, divide=True):
    (x1, y1, x2, y2), (s, a, b) = box, pattern
    width, height = x2 - x1, y2 - y1
    x, y = x1 + move * a * width / s, y1 + move * b * height / s
    factor = 1 / s if divide else s
    return np.array([x, y, x + factor * width, y + factor * height])


def _weighted(box, probabilities, patterns, threshold=0.1):
    weights = np.where(np.asarray(probabilities) > threshold, probabilities, 0)
    return _mended(box, weights @ np.asarray(patterns) / weights.sum())


def _likeliest_alone(box, probabilities, patterns, threshold=0.1):
    return _mended(box, np.asarray(patterns)[np.argmax(probabilities)])


def _mean_of_all(box, probabilities, patterns, threshold=0.1):
    return _mended(box, np.asarray(probabilities) @ np.asarray(patterns) / np.sum(probabilities))


def _sum_not_divided(box, probabilities, patterns, threshold=0.1):
    return _mended(box, np.asarray(patterns)[np.asarray(probabilities) > threshold].sum(axis=0))


def _multiplied(box, probabilities, patterns, threshold=0.1):
    return _mended(box, _mean_above(probabilities, patterns, threshold), divide=False)


def _wrong_way(box, probabilities, patterns, threshold=0.1):
    return _mended(box, _mean_above(probabilities, patterns, threshold), move=1)


def _move_not_divided(box, probabilities, patterns, threshold=0.1):
    s, a, b = _mean_above(probabilities, patterns, threshold)
    return _mended(box, (s, a * s, b * s))


def _corner_and_size(box, probabilities, patterns, threshold=0.1):
    x1, y1, x2, y2 = mend_box(box, probabilities, patterns, threshold)
    return np.array([x1, y1, x2 - x1, y2 - y1])


def _likely(*pairs):
    probabilities = np.full(len(CALIBRATION_PATTERNS), 0.001)
    for index, value in pairs:
        probabilities[index] = value
    return probabilities


MEND_BOX = Exercise(
    id="mend-box",
    points=3,
    reference=mend_box,
    cases=(
        (np.array([10.0, 20.0, 50.0, 60.0]), _likely((5, 0.5), (14, 0.4)), CALIBRATION_PATTERNS),
        (np.array([0.0, 0.0, 30.0, 30.0]), _likely((44, 0.9)), CALIBRATION_PATTERNS),
        (np.array([5.0, 5.0, 25.0, 25.0]), _likely((0, 0.3), (27, 0.25), (31, 0.2)), CALIBRATION_PATTERNS, 0.15),
        (np.array([8.0, 4.0, 32.0, 28.0]), _likely((2, 0.5), (40, 0.08)), CALIBRATION_PATTERNS, 0.05),
    ),
    mistakes=(
        Mistake(
            _weighted,
            "You weighted the patterns by their probabilities. Each pattern above the threshold counts the same.",
        ),
        Mistake(_likeliest_alone, "You used the likeliest pattern only. All above the threshold are averaged."),
        Mistake(_mean_of_all, "You averaged over all patterns. Only those above the threshold count."),
        Mistake(_sum_not_divided, "You added the patterns up. Divide by their number, Z."),
        Mistake(_multiplied, "You multiplied width and height by s. The new ones are w / s and h / s."),
        Mistake(_wrong_way, "You moved the box the wrong way: subtract, as the equations say."),
        Mistake(_move_not_divided, "You moved by a w and b h. The equations divide these by s."),
        Mistake(_corner_and_size, "You returned a corner, width and height. Asked for are two corners."),
    ),
)


def cascade_cost(recalls, passed, costs):
    """Array (2,): the recall of the whole cascade, and what a window costs it on average."""
    return np.array([np.prod(recalls), _seen(passed) @ np.asarray(costs)])


def _seen(passed):
    return np.concatenate([[1.0], np.cumprod(passed)[:-1]])


def _weakest_link(recalls, passed, costs):
    return np.array([np.min(recalls), _seen(passed) @ np.asarray(costs)])


def _mean_recall(recalls, passed, costs):
    return np.array([np.mean(recalls), _seen(passed) @ np.asarray(costs)])


def _all_costs(recalls, passed, costs):
    return np.array([np.prod(recalls), np.sum(costs)])


def _own_share(recalls, passed, costs):
    return np.array([np.prod(recalls), np.cumprod(passed) @ np.asarray(costs)])


def _share_of_the_one_before(recalls, passed, costs):
    return np.array([np.prod(recalls), np.concatenate([[1.0], np.asarray(passed)[:-1]]) @ np.asarray(costs)])


def _losses_added(recalls, passed, costs):
    return np.array([1 - np.sum(1 - np.asarray(recalls)), _seen(passed) @ np.asarray(costs)])


CASCADE_COST = Exercise(
    id="cascade-cost",
    points=3,
    reference=cascade_cost,
    cases=(
        (np.array([0.98, 0.97, 0.95]), np.array([0.1, 0.2, 0.5]), np.array([1.0, 40.0, 1000.0])),
        (np.array([0.9, 0.8]), np.array([0.25, 0.5]), np.array([2.0, 8.0])),
        (np.array([0.95]), np.array([0.01]), np.array([30.0])),
        (np.array([0.99, 0.9, 0.9, 0.8]), np.array([0.5, 0.5, 0.5, 0.5]), np.array([1.0, 2.0, 4.0, 8.0])),
    ),
    mistakes=(
        Mistake(
            _weakest_link,
            "You took the smallest recall. Each stage loses its share of what the one before has left, so multiply.",
        ),
        Mistake(_mean_recall, "You averaged the recalls. A face must pass all stages, so multiply them."),
        Mistake(_losses_added, "You added up what the stages lose. The second loses its share of what is left only."),
        Mistake(
            _all_costs,
            "You let every stage look at every window. Stage k sees only what all stages before it let through.",
        ),
        Mistake(
            _own_share,
            "You multiplied a stage's cost by its own share, too. A window costs a stage its work whether it passes or "
            "not.",
        ),
        Mistake(
            _share_of_the_one_before,
            "You used the share of the stage before alone. What stage k sees is the product of all shares before it.",
        ),
    ),
)

EXERCISES = (COUNT_WINDOWS, MEND_BOX, CASCADE_COST)
