"""Wrong answers to the exercises of lesson 07."""

import numpy as np


def unpool_last_wins(values, switches, height, width):
    result = np.zeros((height, width))
    for index in np.ndindex(values.shape):
        result[divmod(switches[index], width)] = values[index]
    return result


def unpool_added_once(values, switches, height, width):
    result = np.zeros(height * width)
    result[switches.flatten()] += values.flatten()
    return result.reshape(height, width)


def unpool_by_columns(values, switches, height, width):
    result = np.zeros((height, width))
    for value, switch in zip(values.ravel(), switches.ravel(), strict=True):
        result[switch % height, switch // height] += value
    return result


def unpool_from_one(values, switches, height, width):
    result = np.zeros(height * width)
    for value, switch in zip(values.ravel(), switches.ravel(), strict=True):
        result[switch - 1] += value
    return result.reshape(height, width)


def unpool_to_corners(values, switches, height, width):
    step_down, step_right = height // values.shape[0], width // values.shape[1]
    result = np.zeros((height, width))
    for i, j in np.ndindex(values.shape):
        result[i * step_down, j * step_right] = values[i, j]
    return result


def cam_without_mean(maps, slopes):
    total = np.zeros(maps.shape[:2])
    for k in range(maps.shape[2]):
        total += maps[:, :, k] * slopes[:, :, k]
    return np.clip(total, 0, None)


def cam_not_cut(maps, slopes):
    total = np.zeros(maps.shape[:2])
    for k in range(maps.shape[2]):
        total += slopes[:, :, k].mean() * maps[:, :, k]
    return total


def cam_cut_too_early(maps, slopes):
    total = np.zeros(maps.shape[:2])
    for k in range(maps.shape[2]):
        total += np.maximum(slopes[:, :, k].mean() * maps[:, :, k], 0)
    return total


def cam_of_sums(maps, slopes):
    weights = [slopes[:, :, k].sum() for k in range(maps.shape[2])]
    return np.maximum(np.dot(maps, weights), 0)


WRONG = {
    "unpool": [
        (unpool_last_wins, "add the values"),
        (unpool_added_once, "add the values"),
        (unpool_by_columns, "column by column"),
        (unpool_from_one, "number 0"),
        (unpool_to_corners, "first position of its window"),
    ],
    "guided-relu": [
        (lambda x, g: np.where(x > 0, g, 0), "plain gradient"),
        (lambda x, g: np.where(g > 0, g, 0), "deconvnet's rule"),
        (lambda x, g: np.where((x > 0) & (g > 0), x, 0), "What flows back"),
        (lambda x, g: np.where(x > 0, abs(g), 0), "not turned round"),
    ],
    "class-activation": [
        (cam_without_mean, "position by position"),
        (cam_not_cut, "last step"),
        (cam_cut_too_early, "before adding"),
        (cam_of_sums, "Take their mean"),
    ],
}
