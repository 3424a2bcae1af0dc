"""The generated set `textures`: pictures in the manner of paintings, drawn from a seed, as styles to transfer."""

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

_PALETTES = {  # from dark to light, RGB
    "swirls": [(13, 27, 62), (28, 66, 125), (64, 121, 171), (148, 187, 196), (236, 205, 105), (250, 236, 170)],
    "waves": [(9, 48, 66), (22, 92, 106), (77, 147, 144), (177, 205, 190), (239, 232, 211), (205, 109, 76)],
    "strokes": [(66, 20, 30), (133, 36, 38), (196, 77, 43), (230, 140, 60), (244, 198, 112), (86, 110, 116)],
    "tiles": [(30, 60, 90), (200, 70, 50), (240, 190, 70), (70, 140, 120), (235, 225, 200), (120, 60, 100)],
}


def load(split="all", size=256, seed=0):
    """Draw four pictures: "swirls" and "waves" of long brush strokes, short "strokes", and a mosaic of "tiles".

    Args:
        split: "all", the only one.
        size: height and width in pixels, 32 to 1024. A stroke has the same width in pixels at every size.
        seed: a non-negative integer; another one draws other pictures in the same manner.

    Returns:
        Dict from name to uint8 array (size, size, 3), RGB.

    Raises:
        ValueError: an option lies outside its range.

    Example:
        >>> textures = load(size=64)
        >>> {name: image.shape for name, image in textures.items()}
        {'strokes': (64, 64, 3), 'swirls': (64, 64, 3), 'tiles': (64, 64, 3), 'waves': (64, 64, 3)}
    """
    for name, value, low, high in (("size", size, 32, 1024), ("seed", seed, 0, 2**32 - 1)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not low <= value <= high:
            raise ValueError(f"{name} must be an integer from {low} to {high}. Received {value!r}.")
    drawn = {}
    for number, (name, draw) in enumerate(sorted(_DRAW.items())):
        drawn[name] = draw(int(size), np.random.default_rng([seed, number]), np.array(_PALETTES[name], "float64"))
    return drawn


def _swirls(size, rng, palette):
    y, x = _grid(size)
    flow = np.stack([np.ones_like(x), 0.3 * np.sin(x / 40)], axis=-1)  # (S, S, 2), right and down
    tone = 0.55 * _smooth(rng, size, 24)
    for _ in range(max(3, size * size // 9000)):
        centre, radius = rng.uniform(0, size, 2), rng.uniform(14, 34)
        dx, dy = x - centre[0], y - centre[1]
        near = np.exp(-(dx**2 + dy**2) / (2 * radius**2))[..., None]
        flow = (1 - near) * flow + near * np.stack([-dy, dx], axis=-1) / radius * 2 * rng.choice([-1, 1])
        tone = tone + 0.75 * np.exp(-(dx**2 + dy**2) / (2 * (0.4 * radius) ** 2))
    return _brush(rng, flow, tone, palette, length=18, width=1.1)


def _waves(size, rng, palette):
    y, x = _grid(size)
    height = 9 * np.sin(2 * np.pi * x / 67 + 2 * _smooth(rng, size, 30)) + 12 * _smooth(rng, size, 18)
    slope = np.gradient(height, axis=1)
    crests = (0.5 + 0.5 * np.sin(2 * np.pi * (y + height) / 41)) ** 2
    return _brush(rng, np.stack([np.ones_like(x), -slope], axis=-1), crests - 0.15, palette, length=26, width=1.6)


def _strokes(size, rng, palette):
    angle = 2 * np.pi * _smooth(rng, size, 16)
    flow = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return _brush(rng, flow, 0.5 + 0.9 * (_smooth(rng, size, 9) - 0.4), palette, length=9, width=2.0)


def _tiles(size, rng, palette):
    side = 12
    rows = np.arange(-side, size + side, side)
    points = np.stack(np.meshgrid(rows, rows, indexing="ij"), axis=-1).reshape(-1, 2)
    points = points + rng.uniform(-0.33 * side, 0.33 * side, points.shape)
    pixels = np.stack(_grid(size), axis=-1).reshape(-1, 2)
    distance, nearest = cKDTree(points).query(pixels, k=2)
    region = _smooth(rng, size + 1, 40)[tuple(np.clip(points, 0, size).astype(int).T)]  # (tiles,)
    colour = palette[(region * len(palette) * 1.999).astype(int) % len(palette)] + rng.normal(
        scale=14, size=(len(points), 3)
    )
    grout = np.clip((distance[:, 1] - distance[:, 0] - 0.8) / 1.2, 0, 1)[:, None]  # (S * S, 1), 0 between two tiles
    light = 1 + 0.02 * (points[nearest[:, 0]] - pixels).sum(axis=1, keepdims=True)  # from the upper left
    image = grout * colour[nearest[:, 0]] * light + (1 - grout) * np.array([40, 36, 34])
    return _to_uint8(image.reshape(size, size, 3) + rng.normal(scale=3, size=(size, size, 1)))


_DRAW = {"strokes": _strokes, "swirls": _swirls, "tiles": _tiles, "waves": _waves}


def _brush(rng, flow, tone, palette, length, width):
    """Strokes along a flow (S, S, 2), right and down: noise, averaged along it, lifts and lowers a tone (S, S).

    The tone, from 0 to 1, chooses the colour. Cabral and Leedom, "Imaging vector fields using line integral
    convolution", 1993.
    """
    size = len(tone)
    noise = ndimage.gaussian_filter(rng.normal(size=(size, size)), width / 2, mode="wrap")
    flow = flow / (np.linalg.norm(flow, axis=-1, keepdims=True) + 1e-9)
    along = np.zeros((size, size))
    for direction in (1, -1):
        y, x = (axis.astype("float64") for axis in _grid(size))
        for _ in range(length):
            along += ndimage.map_coordinates(noise, [y, x], order=1, mode="grid-wrap")
            row, column = np.rint(y).astype(int) % size, np.rint(x).astype(int) % size
            x, y = x + direction * flow[row, column, 0], y + direction * flow[row, column, 1]
    along /= along.std()
    place = np.clip(tone + 0.13 * along, 0, 1) * (len(palette) - 1)
    low = np.minimum(place.astype(int), len(palette) - 2)
    image = palette[low] + (place - low)[..., None] * (palette[low + 1] - palette[low])
    relief = along - ndimage.shift(along, (1, 1), mode="grid-wrap", order=1)  # light from the upper left
    return _to_uint8(image + 16 * np.clip(relief, -2, 2)[..., None])


def _smooth(rng, size, scale):
    """A smooth random surface (S, S) from 0 to 1 whose hills are about `scale` pixels wide."""
    surface = ndimage.gaussian_filter(rng.normal(size=(size, size)), scale, mode="wrap")
    low, high = surface.min(), surface.max()
    return (surface - low) / (high - low)


def _grid(size):
    return np.mgrid[:size, :size]


def _to_uint8(image):
    return np.clip(np.rint(image), 0, 255).astype("uint8")
