"""Masks of eight shapes that are told apart by outline alone, drawn with hard edges and equal areas."""

import math

import numpy as np

SHAPE_CLASSES = ("circle", "square", "triangle", "star", "cross", "ring", "crescent", "bar")

# For a shape of area 1: its largest radius, and how far it reaches from its centre.
_RADIUS = {
    "circle": 0.5642,  # pi r^2 = 1
    "square": 0.5,  # half a side
    "triangle": 0.8774,  # 3 sqrt(3) / 4 r^2 = 1
    "star": 0.9438,  # 1.1226 r^2 = 1
    "cross": 0.6405,  # (8 * 3/8 - 4 * (3/8)^2) r^2 = 1
    "ring": 0.6824,  # pi (1 - (9/16)^2) r^2 = 1
    "crescent": 0.7747,  # 1.6662 r^2 = 1
    "bar": 0.8944,  # 4 * 5/16 r^2 = 1
}
_REACH = {**_RADIUS, "square": 0.7071, "cross": 0.6841, "bar": 0.9371}
_SUBPIXEL = 8  # centres and sizes are multiples of 1/8 pixel
_STEPS = 64  # directions in a full turn


def shape_mask(name, x, y, side, turn, height, width):
    """Pixels of one shape: those whose centres lie inside its outline.

    Every shape with the same `side` has the same area, side^2, so that no class is the larger one on average.
    Coordinates are rounded to binary fractions, so that all sums and products are exact and the mask is the same on
    every machine.

    Args:
        name: one of `SHAPE_CLASSES`.
        x, y: centre in pixels, from the image's left and upper border; rounded to 1/8 pixel.
        side: square root of the area, in pixels; rounded to 1/8 pixel.
        turn: rotation clockwise on the screen, in 64ths of a full turn, an integer.
        height, width: size of the image in pixels.

    Returns:
        Tuple (rows, columns, mask): two slices that cut the shape's window out of an image, and a boolean array of
        that window's size.

    Raises:
        ValueError: `name` is no shape.

    Example:
        >>> rows, columns, mask = shape_mask("square", 4, 3, 2, 0, height=6, width=8)
        >>> rows, columns, int(mask.sum())
        (slice(1, 5, None), slice(2, 6, None), 4)
    """
    if name not in _RADIUS:
        raise ValueError(f"name must be one of {', '.join(SHAPE_CLASSES)}. Received {name!r}.")
    x, y, side = (_dyadic(value, _SUBPIXEL) for value in (x, y, side))
    reach = shape_reach(name, side)
    rows, columns = _window(y, reach, height), _window(x, reach, width)
    across = np.arange(columns.start, columns.stop) + 0.5 - x  # (W,)
    down = np.arange(rows.start, rows.stop)[:, None] + 0.5 - y  # (H, 1)
    cosine, sine = _direction(turn / _STEPS)
    u, v = cosine * across + sine * down, cosine * down - sine * across  # (H, W) the shape's own axes
    return rows, columns, _OUTLINE[name](u, v, _dyadic(side * _RADIUS[name], 1024))


def _window(centre, reach, size):
    # The pixels within reach; none, not a slice from the far end, when the shape lies outside of the image.
    first, last = (min(max(edge, 0), size) for edge in (math.floor(centre - reach), math.ceil(centre + reach)))
    return slice(first, last)


def shape_reach(name, side):
    """Largest distance of a shape's edge from its centre, in pixels, for a shape of area ``side ** 2``.

    Example:
        >>> shape_reach("square", 10)
        7.071
    """
    return _REACH[name] * side


def _circle(u, v, r):
    return u * u + v * v <= r * r


def _square(u, v, r):
    return (abs(u) <= r) & (abs(v) <= r)


def _triangle(u, v, r):
    return _sides_passed(u, v, 3, r / 2) == 3


def _star(u, v, r):
    # The five lines of a pentagram lie cos(72 degrees) r from its centre; its points are beyond one of them at most.
    return _sides_passed(u, -v, 5, _dyadic(r * 0.309, 1024)) >= 4


def _cross(u, v, r):
    arm = 0.375 * r
    return ((abs(u) <= r) & (abs(v) <= arm)) | ((abs(u) <= arm) & (abs(v) <= r))


def _ring(u, v, r):
    return _circle(u, v, r) & ~_circle(u, v, 0.5625 * r)


def _crescent(u, v, r):
    return _circle(u, v, r) & ~_circle(u - 0.5 * r, v, 0.75 * r)


def _bar(u, v, r):
    return (abs(u) <= r) & (abs(v) <= 0.3125 * r)


_OUTLINE = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "star": _star,
    "cross": _cross,
    "ring": _ring,
    "crescent": _crescent,
    "bar": _bar,
}


def _sides_passed(u, v, sides, distance):
    # How many of the lines around the centre, `distance` from it, a point lies within.
    passed = 0
    for k in range(sides):
        cosine, sine = _direction(k / sides + 0.25)
        passed = passed + (cosine * u + sine * v <= distance)
    return passed


def _direction(turn):
    angle = 2 * math.pi * turn
    return _dyadic(math.cos(angle), 4096), _dyadic(math.sin(angle), 4096)


def _dyadic(value, denominator):
    return round(value * denominator) / denominator
