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


def relu_always_guided(z, g, rule):
    return g * (z > 0) * (g > 0)


def relu_swapped(z, g, rule):
    if rule == "gradient":
        return np.maximum(g, 0)
    return g * (z > 0) if rule == "deconvnet" else np.maximum(g, 0) * (z > 0)


def relu_deconvnet_asks_both(z, g, rule):
    return g * (z > 0) if rule == "gradient" else np.maximum(g, 0) * (z > 0)


def relu_of_inputs(z, g, rule):
    kept = np.ones_like(g)
    if rule != "deconvnet":
        kept[z <= 0] = 0
    if rule != "gradient":
        kept[g <= 0] = 0
    return kept * z


def relu_of_sizes(z, g, rule):
    if rule == "deconvnet":
        return np.clip(g, 0, None)
    return (g if rule == "gradient" else abs(g)) * (z > 0)


def share_of_sizes(maps, masks):
    sizes = np.abs(maps)
    return np.array([s[m].sum() / s.sum() for s, m in zip(sizes, masks, strict=True)])


def share_cut_inside_only(maps, masks):
    shares = []
    for values, mask in zip(maps, masks, strict=True):
        inside, total = np.clip(values[mask], 0, None).sum(), values.sum()
        shares.append(inside / total if total > 0 else 0)
    return np.array(shares)


def share_of_area(maps, masks):
    return np.array([np.clip(v[m], 0, None).mean() for v, m in zip(maps, masks, strict=True)])


def share_of_all(maps, masks):
    positive = np.where(maps > 0, maps, 0)
    return np.where(masks, positive, 0).sum(axis=(1, 2)) / positive.sum()


def share_by_chance_if_empty(maps, masks):
    positive = np.where(maps > 0, maps, 0)
    return np.array([p[m].sum() / p.sum() if p.any() else m.mean() for p, m in zip(positive, masks, strict=True)])


WRONG = {
    "unpool": [
        (unpool_last_wins, "add the values"),
        (unpool_added_once, "add the values"),
        (unpool_by_columns, "column by column"),
        (unpool_from_one, "number 0"),
        (unpool_to_corners, "first position of its window"),
    ],
    "relu-backward": [
        (relu_always_guided, "look at `rule`"),
        (relu_swapped, "swapped two rules"),
        (relu_deconvnet_asks_both, "Your deconvnet asks"),
        (relu_of_inputs, "What flows back"),
        (relu_of_sizes, "not turned round"),
    ],
    "class-activation": [
        (cam_without_mean, "position by position"),
        (cam_not_cut, "last step"),
        (cam_cut_too_early, "before adding"),
        (cam_of_sums, "Take their mean"),
    ],
    "mass-share": [
        (share_of_sizes, "size of negative values"),
        (share_cut_inside_only, "Cut first"),
        (share_of_area, "area of the mask"),
        (share_of_all, "its own total"),
        (share_by_chance_if_empty, "found nothing"),
    ],
}
