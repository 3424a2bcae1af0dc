"""Slow oracle for the shapes: polygons and circles, point by point."""

import numpy as np


def inside_shape(name, x, y, side, turn, height, width):
    """Pixel by pixel: is its centre in the shape of area side^2, and is it too near the edge to tell?"""
    corners = {  # polygons of any size around the origin, in order; scaled to the area below
        "square": [(1, 1), (-1, 1), (-1, -1), (1, -1)],
        "triangle": [_polar(1, k / 3 + 0.75) for k in range(3)],
        "star": [_polar(1 if k % 2 == 0 else 0.381966, k / 10 + 0.75) for k in range(10)],
        "cross": [
            (8, 3),
            (3, 3),
            (3, 8),
            (-3, 8),
            (-3, 3),
            (-8, 3),
            (-8, -3),
            (-3, -3),
            (-3, -8),
            (3, -8),
            (3, -3),
            (8, -3),
        ],
        "bar": [(16, 5), (-16, 5), (-16, -5), (16, -5)],
    }
    inside, near = np.zeros((height, width), bool), np.zeros((height, width), bool)
    angle = 2 * np.pi * turn / 64
    for row in range(height):
        for column in range(width):
            dx, dy = column + 0.5 - x, row + 0.5 - y
            u, v = np.cos(angle) * dx + np.sin(angle) * dy, np.cos(angle) * dy - np.sin(angle) * dx
            if name in corners:
                polygon = np.array(corners[name], float)
                polygon *= side / np.sqrt(_polygon_area(polygon))
                inside[row, column], distance = _in_polygon(u, v, polygon)
            else:
                inside[row, column], distance = _in_rounded(name, u, v, side)
            near[row, column] = distance < 0.01 + 0.001 * side
    return inside, near


def _polar(radius, turn):
    return radius * np.cos(2 * np.pi * turn), radius * np.sin(2 * np.pi * turn)


def _polygon_area(polygon):
    ahead = np.roll(polygon, -1, axis=0)
    return abs((polygon[:, 0] * ahead[:, 1] - polygon[:, 1] * ahead[:, 0]).sum()) / 2


def _in_polygon(u, v, polygon):
    """Even-odd rule along a ray to the right, and the distance to the nearest side."""
    odd, nearest = False, np.inf
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if (y1 > v) != (y2 > v) and u < x1 + (v - y1) * (x2 - x1) / (y2 - y1):
            odd = not odd
        along = ((u - x1) * (x2 - x1) + (v - y1) * (y2 - y1)) / ((x2 - x1) ** 2 + (y2 - y1) ** 2)
        along = min(max(along, 0), 1)
        nearest = min(nearest, np.hypot(u - x1 - along * (x2 - x1), v - y1 - along * (y2 - y1)))
    return odd, nearest


def _in_rounded(name, u, v, side):
    """Circles: whole, or with a smaller one taken out; the distance is that to the nearest of their edges."""
    share, radius, shift = {"circle": (np.pi, 0, 0), "ring": (2.1475, 0.5625, 0), "crescent": (1.6662, 0.75, 0.5)}[name]
    r = side / np.sqrt(share)
    outer, hole = np.hypot(u, v), np.hypot(u - shift * r, v)
    nearest = abs(outer - r) if not radius else min(abs(outer - r), abs(hole - radius * r))
    return outer <= r and (not radius or hole > radius * r), nearest
