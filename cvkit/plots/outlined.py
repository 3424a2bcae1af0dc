"""A video with coloured outlines around boxes, for a film of what a tracker did."""

import numpy as np

from cvkit.plots.number_colour import number_colour

LINE = 2  # pixels


def outlined(images, tracks, zoom=3):
    """Enlarge a video's images and draw an outline around each box, in the colour of its number.

    Shades are made fewer, so that the film's file is small.

    Args:
        images: uint8 array (T, H, W, 3).
        tracks: list of T dicts, one an image: "boxes" (n, 4), corners x1, y1, x2, y2 in pixels, and "ids" (n,), whole
            numbers from 0.
        zoom: how many times larger, a whole number from 1.

    Returns:
        uint8 array (T, zoom H, zoom W, 3).

    Raises:
        ValueError: the images are no such array, or there is not a dict for each of them.

    Example:
        >>> film = outlined(np.zeros((1, 8, 8, 3), "uint8"), [{"boxes": [[2, 2, 6, 6]], "ids": [1]}])
        >>> film.shape, film[0, 6, 6].any(), film[0, 12, 12].any()
        ((1, 24, 24, 3), np.True_, np.False_)
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[-1] != 3 or images.dtype != np.uint8:
        raise ValueError(f"images must be a uint8 array (T, H, W, 3). Received {images.dtype} {images.shape}.")
    if len(tracks) != len(images):
        raise ValueError(f"tracks must have a dict for each of {len(images)} images. Received {len(tracks)}.")
    film = (images // 16 * 16).repeat(zoom, axis=1).repeat(zoom, axis=2)
    height, width = film.shape[1:3]
    for image, frame in zip(film, tracks, strict=True):
        for box, number in zip(frame["boxes"], frame["ids"], strict=True):
            x1, y1, x2, y2 = (np.clip(np.multiply(box, zoom), 0, (width, height, width, height))).astype(int)
            inside = image[y1 + LINE : y2 - LINE, x1 + LINE : x2 - LINE].copy()
            image[y1:y2, x1:x2] = np.multiply(number_colour(number), 255)
            image[y1 + LINE : y2 - LINE, x1 + LINE : x2 - LINE] = inside
    return film
