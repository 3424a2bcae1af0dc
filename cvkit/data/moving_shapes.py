"""Draw a seeded video: coloured shapes that walk past each other and behind a pillar, and all that is to be known."""

import numpy as np

from cvkit.data.shape_masks import SHAPE_CLASSES, shape_mask

LOOKS = ("different", "alike")
HEIGHT, WIDTH = 48, 96  # of a frame, in pixels

_UPRIGHT = 16  # in 64ths of a turn: a bar stands
_SIDE = 13  # square root of an object's area, in pixels
_MARGIN = 16  # pixels drawn around the frame, so that an object's outline is known before it is all in
_SPEEDS = (0.8, 1.5)  # pixels a frame
_WAITS = 16  # the longest stop behind the pillar, in frames
_COLOURS = 12  # candidate colours, of which the one unlike all others is taken


def moving_shapes(num_frames=80, num_objects=10, looks="different", pillar=16, seed=0):
    """Draw a video of objects that enter at the sides, hide one another, pass behind a pillar, and leave.

    Each object keeps its look and its number throughout. It walks at 0.8 to 1.5 pixels a frame, not quite steadily; the
    lower in the picture, the nearer. Behind the pillar it stops for up to 16 frames. One side is darker than the other.
    The walks depend on the seed alone, not on the looks.

    Args:
        num_frames: how many frames T, from 1.
        num_objects: how many objects come by in all, 1 to 100. Some are there from the start.
        looks: "different", each with a shape, a colour and a pattern of its own, or "alike", all with the same.
        pillar: width of the pillar in the middle in pixels, 0 (none) to 48. 24 hide every object, 16 most of it.
        seed: a non-negative integer.

    Returns:
        Dict of "images" uint8 (T, 48, 96, 3) and "truths", a list of T dicts: "boxes" float32 (n, 4) xyxy in pixels,
        around all of the object that is within the frame, its hidden parts too; "ids" int64 (n,), from 1; "labels"
        int64 (n,), places in `cvkit.data.shape_masks.SHAPE_CLASSES`; "visibility" float32 (n,), share of the object's
        pixels that can be seen, 0 to 1: neither hidden nor outside of the frame.

    Raises:
        ValueError: an option lies outside its range.

    Example:
        >>> video = moving_shapes(num_frames=3, num_objects=6, seed=4)
        >>> video["images"].shape, [len(truth["ids"]) for truth in video["truths"]]
        ((3, 48, 96, 3), [5, 5, 5])
    """
    for name, value, low, high in (
        ("num_frames", num_frames, 1, 10**5),
        ("num_objects", num_objects, 1, 100),
        ("pillar", pillar, 0, 48),
        ("seed", seed, 0, 2**32 - 1),
    ):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not low <= value <= high:
            raise ValueError(f"{name} must be an integer from {low} to {high}. Received {value!r}.")
    if looks not in LOOKS:
        raise ValueError(f"looks must be one of {', '.join(LOOKS)}. Received {looks!r}.")
    walks = _walks(np.random.default_rng([seed, 0]), num_frames, num_objects)
    rng = np.random.default_rng([seed, 1])
    ground, painted = _looks(rng, num_objects, looks)
    light = _light(rng)
    images, truths = np.empty((num_frames, HEIGHT, WIDTH, 3), "uint8"), []
    for t in range(num_frames):
        image, truth = _draw(ground, painted, walks[t], pillar)
        noise = rng.integers(-4, 5, image.shape, dtype="int16")
        images[t] = (image * light // 64 + noise).clip(0, 255)
        truths.append(truth)
    return {"images": images, "truths": truths}


def _walks(rng, num_frames, count):
    # Centres (T, count, 2) in pixels, NaN outside of the frame and its margin; from back to front.
    walks = np.full((num_frames, count, 2), np.nan)
    starts = np.linspace(-50, 0.75 * num_frames, count).round().astype(int)
    lanes = np.sort(rng.uniform(9, HEIGHT - 9, count))
    for k, start in enumerate(rng.permutation(starts)):
        direction = rng.choice([-1, 1])
        wait = int(rng.integers(_WAITS + 1))
        pace = speed = np.array([direction * rng.uniform(*_SPEEDS), 0.0])
        place = np.array([WIDTH / 2 - direction * (WIDTH / 2 + _MARGIN), lanes[k]])
        for t in range(start, num_frames):
            if t >= 0:
                walks[t, k] = place
            if wait and direction * (place[0] - WIDTH / 2) >= 0:  # behind the pillar's middle
                wait -= 1
                continue
            drift = np.array([pace[0], 0.05 * (lanes[k] - place[1])])
            speed = speed + 0.15 * (drift - speed) + rng.normal(0, 0.06, 2)
            place = place + speed
            if abs(place[0] - WIDTH / 2) > WIDTH / 2 + _MARGIN:
                break
    return walks


def _looks(rng, count, looks):
    # The ground's colour (3,), and of each object (number of its shape, colour (3,), pattern 0 to 3).
    colours = [rng.integers(96, 192, 3)]
    painted = []
    for _ in range(count):
        candidates = rng.integers(0, 256, (_COLOURS, 3))
        distances = abs(candidates[:, None] - np.array(colours)).sum(-1).min(-1)  # (candidates,)
        colours.append(candidates[distances.argmax()])
        painted.append((int(rng.integers(len(SHAPE_CLASSES))), colours[-1], int(rng.integers(4))))
    return colours[0], painted if looks == "different" else painted[:1] * count


def _light(rng):
    # Brightness of each column in 64ths, from 40 on one side to 64 on the other, (W, 1).
    light = 40 + np.arange(WIDTH, dtype="int16") * 24 // (WIDTH - 1)
    return light[:: rng.choice([-1, 1]), None]


def _draw(ground, painted, places, pillar):
    # One frame without light and noise, int16 (H, W, 3), and its truth. Everything is drawn with the margin first.
    height, width = HEIGHT + 2 * _MARGIN, WIDTH + 2 * _MARGIN
    image, instances = np.empty((height, width, 3), "int16"), np.zeros((height, width), "int64")
    image[:] = ground
    outlines, inside = {}, slice(_MARGIN, -_MARGIN)
    for number, ((label, colour, pattern), place) in enumerate(zip(painted, places, strict=True), 1):
        if np.isnan(place[0]):
            continue
        x, y = place + _MARGIN
        rows, columns, mask = shape_mask(SHAPE_CLASSES[label], x, y, _SIDE, _UPRIGHT, height, width)
        image[rows, columns][mask] = (colour + _pattern(pattern, mask.shape)[:, :, None])[mask]
        instances[rows, columns][mask] = number
        outlines[number] = np.zeros((height, width), bool)
        outlines[number][rows, columns] = mask
    first = _MARGIN + (WIDTH - pillar) // 2
    image[:, first : first + pillar] = 60
    instances[:, first : first + pillar] = 0
    seen = instances[inside, inside]
    truth = {"boxes": [], "ids": [], "labels": [], "visibility": []}
    for number, outline in outlines.items():
        rows, columns = (outline[inside, inside].any(axis).nonzero()[0] for axis in (1, 0))
        if rows.size:
            truth["boxes"].append((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
            truth["ids"].append(number)
            truth["labels"].append(painted[number - 1][0])
            truth["visibility"].append((seen == number).sum() / outline.sum())
    types = {"boxes": "float32", "ids": "int64", "labels": "int64", "visibility": "float32"}
    truth = {key: np.array(truth[key], kind) for key, kind in types.items()}
    truth["boxes"] = truth["boxes"].reshape(-1, 4)
    return image[inside, inside], truth


def _pattern(kind, shape):
    # Plain, stripes across, stripes down or checks of 3 pixels: 40 grey levels lighter or darker; int64 (h, w).
    down = np.arange(shape[0])[:, None] // 3 * (kind in (1, 3))
    across = np.arange(shape[1]) // 3 * (kind in (2, 3))
    return ((down + across) % 2 * 80 - 40) * (kind > 0) + np.zeros(shape, "int64")
