"""Grow the regions of a segmentation together, the two most alike first: the hierarchy of selective search. NumPy."""

import heapq
from dataclasses import dataclass

import numpy as np
from skimage.filters import gaussian

MEASURES = ("colour", "texture", "size", "fill")
_COLOUR_BINS, _TEXTURE_BINS, _ORIENTATIONS = 25, 10, 8


@dataclass(frozen=True)
class Regions:
    """What is to be known of R regions of an image of `area` pixels.

    `sizes` float64 (R,) in pixels, `boxes` int64 (R, 4) xyxy, histograms that sum to one, `colour` (R, 25 C) and
    `texture` (R, 80 C), and `pairs` int64 (P, 2), which regions are neighbours.
    """

    sizes: np.ndarray
    boxes: np.ndarray
    colour: np.ndarray
    texture: np.ndarray
    pairs: np.ndarray
    area: int


def describe_regions(labels, channels):
    """Describe each region of a segmentation.

    The colour histogram has 25 bins a channel. The texture histogram has 10 bins for each of 8 directions a channel:
    how much brighter the channel becomes that way, after a Gaussian of sigma 1 (getting darker counts as 0).

    Args:
        labels: integer array (H, W), every number from 0 to R - 1; at least 2 pixels high and wide.
        channels: float array (H, W, C), values from 0 to 1.

    Returns:
        `Regions`.

    Example:
        >>> regions = describe_regions(np.array([[0, 0, 1], [0, 0, 1]]), np.zeros((2, 3, 1)))
        >>> regions.sizes, regions.boxes.tolist(), regions.pairs.tolist()
        (array([4., 2.]), [[0, 0, 2, 2], [2, 0, 3, 2]], [[0, 1]])
    """
    sizes = np.bincount(labels.ravel()).astype("float64")
    colours = channels.clip(0, 1) * _COLOUR_BINS
    slopes = _slopes(channels)  # (H, W, C * 8)
    steepest = np.maximum(slopes.max((0, 1)), 1e-6)  # below that a channel counts as flat
    return Regions(
        sizes,
        _boxes(labels, len(sizes)),
        _histograms(labels, colours, _COLOUR_BINS, sizes),
        _histograms(labels, slopes / steepest * _TEXTURE_BINS, _TEXTURE_BINS, sizes),
        _neighbours(labels),
        labels.size,
    )


def similarities(regions, one, others, measures):
    r"""How alike one region is to each of some others, the sum of the measures asked for, each from 0 to 1.

    With histograms c and t, sizes in pixels and B the box around both regions,

    $$s_\text{colour} = \sum_k \min(c_i^k, c_j^k), \qquad s_\text{texture} = \sum_k \min(t_i^k, t_j^k),$$
    $$s_\text{size} = 1 - \frac{\mathrm{size}_i + \mathrm{size}_j}{\mathrm{size}_\text{image}}, \qquad
    s_\text{fill} = 1 - \frac{|B| - \mathrm{size}_i - \mathrm{size}_j}{\mathrm{size}_\text{image}}$$

    Args:
        regions: `Regions`.
        one: number of the region.
        others: integer array (N,), numbers of the others.
        measures: names from `MEASURES`.

    Returns:
        Float64 array (N,).

    Reference:
        Uijlings et al., "Selective Search for Object Recognition", 2013, section 3.2, equations 1 to 6.
    """
    total = np.zeros(len(others))
    both = regions.sizes[one] + regions.sizes[others]  # (N,)
    if "colour" in measures:
        total += np.minimum(regions.colour[one], regions.colour[others]).sum(-1)
    if "texture" in measures:
        total += np.minimum(regions.texture[one], regions.texture[others]).sum(-1)
    if "size" in measures:
        total += 1 - both / regions.area
    if "fill" in measures:
        around = _around(regions.boxes[one], regions.boxes[others])  # (N, 4)
        total += 1 - ((around[:, 2:] - around[:, :2]).prod(-1) - both) / regions.area
    return total


def group_regions(regions, measures):
    """Merge the two most similar neighbours, again and again until one region is left.

    A merged region's histograms are the means of its parts', weighted by their sizes; no pixel is looked at again.

    Args:
        regions: `Regions`, R of them, all connected.
        measures: names from `MEASURES`, whose sum is the similarity.

    Returns:
        Integer array (2 R - 1, 4): boxes of the R regions, then of the merged ones in the order of merging; the last is
        the whole image.

    Reference:
        Uijlings et al., "Selective Search for Object Recognition", 2013, algorithm 1. Of equally similar pairs, that
        with the lower numbers is merged first.
    """
    count = len(regions.sizes)
    parts = (regions.sizes, regions.boxes, regions.colour, regions.texture)
    sizes, boxes, colour, texture = (np.concatenate([part, np.zeros_like(part)])[: 2 * count - 1] for part in parts)
    grown = Regions(sizes, boxes, colour, texture, regions.pairs, regions.area)
    neighbours = [set() for _ in range(2 * count - 1)]
    for i, j in regions.pairs.tolist():
        neighbours[i].add(j)
        neighbours[j].add(i)
    queue = []  # (-similarity, i, j): the most similar pair comes first; pairs of regions that are gone are skipped
    for i in range(count):
        _enqueue(queue, grown, i, [j for j in neighbours[i] if j < i], measures)
    gone = set()
    for new in range(count, 2 * count - 1):
        i = j = None
        while i is None or i in gone or j in gone:
            _, i, j = heapq.heappop(queue)
        gone |= {i, j}
        sizes[new] = sizes[i] + sizes[j]
        boxes[new] = _around(boxes[i], boxes[j])
        for histogram in (colour, texture):
            histogram[new] = (sizes[i] * histogram[i] + sizes[j] * histogram[j]) / sizes[new]
        neighbours[new] = (neighbours[i] | neighbours[j]) - gone
        for k in neighbours[new]:
            neighbours[k].add(new)
        _enqueue(queue, grown, new, neighbours[new], measures)
    return boxes


def _enqueue(queue, regions, one, others, measures):
    others = np.array(sorted(others), "int64")
    for similarity, other in zip(similarities(regions, one, others, measures).tolist(), others.tolist(), strict=True):
        heapq.heappush(queue, (-similarity, other, one))


def _around(box, boxes):
    return np.concatenate([np.minimum(box[..., :2], boxes[..., :2]), np.maximum(box[..., 2:], boxes[..., 2:])], -1)


def _slopes(channels):
    # Rise of each channel along 8 directions, 45 degrees apart: the part of the gradient that points that way.
    down, across = np.gradient(gaussian(channels, 1, channel_axis=-1), axis=(0, 1))  # (H, W, C) each
    angles = np.arange(_ORIENTATIONS) * (2 * np.pi / _ORIENTATIONS)
    slopes = across[..., None] * np.cos(angles) + down[..., None] * np.sin(angles)  # (H, W, C, 8)
    return slopes.clip(0).reshape(*channels.shape[:2], -1)


def _histograms(labels, values, bins, sizes):
    # Region by region and map by map, all in one count: (R, maps * bins), each row sums to one.
    count, maps = len(sizes), values.shape[-1]
    place = values.astype("int64").clip(0, bins - 1) + np.arange(maps) * bins  # (H, W, maps)
    place += labels[..., None] * (maps * bins)
    counts = np.bincount(place.ravel(), minlength=count * maps * bins).reshape(count, maps * bins)
    return counts / (sizes[:, None] * maps)


def _boxes(labels, count):
    rows, columns = np.indices(labels.shape)
    first, last = np.full((count, 2), max(labels.shape)), np.zeros((count, 2), "int64")
    for axis, place in enumerate((columns, rows)):
        np.minimum.at(first[:, axis], labels, place)
        np.maximum.at(last[:, axis], labels, place + 1)
    return np.concatenate([first, last], 1)


def _neighbours(labels):
    # Regions that touch, also at a corner: pairs of unequal labels, each once, the lower number first.
    touching = (
        (labels[:, 1:], labels[:, :-1]),
        (labels[1:], labels[:-1]),
        (labels[1:, 1:], labels[:-1, :-1]),
        (labels[1:, :-1], labels[:-1, 1:]),
    )
    pairs = np.concatenate([np.stack([a.ravel(), b.ravel()], -1) for a, b in touching])
    pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], -1)
    return np.unique(pairs, axis=0).reshape(-1, 2)
