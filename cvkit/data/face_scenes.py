"""Photographs with drawn faces pasted into them: scenes for a face detector. Nobody who exists is shown."""

import numpy as np
from PIL import Image

from cvkit.data.face_drawing import draw_faces
from cvkit.data.face_looks import FIRST_TEST_PERSON
from cvkit.data.photos import load as load_photos

# Photographs of the set `photos` that show no person, and no likeness of one.
GROUNDS = {
    "train": ("brick", "china", "gravel", "immunohistochemistry", "retina", "rocket"),
    "check": ("clock", "flower"),
    "test": ("chelsea", "coffee", "grass", "hubble_deep_field"),
}
_PLACES = 50  # places tried for one face; where none is free the scene has fewer
_LIGHT = (0.6, 1.2)  # factor of each colour
_SMALLEST_CUT = 0.5  # a scene shows this share of a photograph's width or height, or more


def face_scenes(split, num_scenes, image_size=(240, 320), num_faces=(1, 4), sides=(40, 110), seed=0):
    """Draw scenes: parts of photographs, with heads of made-up people pasted in. Heads do not overlap.

    The photographs of the three splits are different ones, and the people of "test" are those of no other split. Each
    scene has a light of its own. Scene i depends on the seed and i alone.

    Args:
        split: "train", "check" or "test".
        num_scenes: how many scenes, from 1.
        image_size: (height, width) in pixels.
        num_faces: (fewest, most) heads in a scene, from 0. Where they find no place there are fewer.
        sides: (smallest, largest) side of the square that a head is drawn in, in pixels.
        seed: a non-negative integer.

    Returns:
        Dict of "images" uint8 (N, H, W, 3); "objects", a list of N dicts of "boxes" float32 (n, 4), xyxy in pixels, the
        square around each head, "labels" int64 (n,), all 0, and "people" int64 (n,); "photos", a list of N names.

    Raises:
        ValueError: an argument lies outside its range.

    Example:
        >>> scenes = face_scenes("test", 2, num_faces=(2, 2))
        >>> scenes["images"].shape, [len(truth["boxes"]) for truth in scenes["objects"]]
        ((2, 240, 320, 3), [2, 2])
    """
    _check(split, num_scenes, image_size, num_faces, sides)
    photos = load_photos()
    grounds = [Image.fromarray(photos[name]) for name in GROUNDS[split]]
    found = {"images": [], "objects": [], "photos": []}
    for index in range(num_scenes):
        rng = np.random.default_rng([seed, list(GROUNDS).index(split), index])
        chosen = rng.integers(len(grounds))
        image = _cut(rng, grounds[chosen], image_size)
        found["objects"].append(_paste(rng, image, split, num_faces, sides))
        found["images"].append(image)
        found["photos"].append(GROUNDS[split][chosen])
    return found | {"images": np.stack(found["images"])}


def _cut(rng, ground, image_size):
    # A part of the photograph with the scene's ratio of sides, scaled to it, in a light of its own, or mirrored.
    height, width = image_size
    largest = min(ground.width / width, ground.height / height)
    scale = largest * rng.uniform(_SMALLEST_CUT, 1)
    left, top = rng.random(2) * (ground.width - scale * width, ground.height - scale * height)
    box = (left, top, left + scale * width, top + scale * height)
    image = np.array(ground.resize((width, height), Image.Resampling.BILINEAR, box=box))
    image = np.rint(image * rng.uniform(*_LIGHT, 3)).clip(0, 255).astype("uint8")
    return np.ascontiguousarray(image[:, ::-1]) if rng.random() < 0.5 else image


def _paste(rng, image, split, num_faces, sides):
    height, width = image.shape[:2]
    squares, boxes, people = [], [], []
    for _ in range(rng.integers(num_faces[0], num_faces[1] + 1)):
        side = round(float(np.exp(rng.uniform(*np.log(sides)))))  # as often between 40 and 60 as between 80 and 120
        place = _free_place(rng, squares, side, height, width)
        if place is None:
            continue
        x, y = place
        person = int(rng.integers(FIRST_TEST_PERSON)) + (FIRST_TEST_PERSON if split == "test" else 0)
        head = draw_faces([person], [0], side, behind=False)
        behind = image[y : y + side, x : x + side]
        behind[:] = np.rint(head["images"][0] + (1 - head["alpha"][0, :, :, None] / 255) * behind).clip(0, 255)
        squares.append((x, y, side))
        boxes.append(head["boxes"][0] + np.float32([x, y, x, y]))
        people.append(person)
    boxes = np.array(boxes, "float32").reshape(-1, 4)
    return {"boxes": boxes, "labels": np.zeros(len(boxes), "int64"), "people": np.array(people, "int64")}


def _free_place(rng, squares, side, height, width):
    for _ in range(_PLACES):
        x, y = int(rng.integers(width - side + 1)), int(rng.integers(height - side + 1))
        if all(x + side <= a or a + s <= x or y + side <= b or b + s <= y for a, b, s in squares):
            return x, y
    return None


def _check(split, num_scenes, image_size, num_faces, sides):
    if split not in GROUNDS:
        raise ValueError(f"split must be one of {', '.join(GROUNDS)}. Received {split!r}.")
    if not isinstance(num_scenes, int) or num_scenes < 1:
        raise ValueError(f"num_scenes must be a positive integer. Received {num_scenes!r}.")
    for name, pair, low in (("image_size", image_size, 16), ("num_faces", num_faces, 0), ("sides", sides, 16)):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not all(isinstance(v, int) for v in pair):
            raise ValueError(f"{name} must be two integers. Received {pair!r}.")
        if min(pair) < low:
            raise ValueError(f"{name} must be {low} or more, both of them. Received {pair!r}.")
    for name, (first, last) in (("num_faces", num_faces), ("sides", sides)):
        if first > last:
            raise ValueError(f"{name} must be (smallest, largest). Received {(first, last)!r}.")
    if sides[1] > min(image_size):
        raise ValueError(f"sides must not exceed the image's, {min(image_size)} pixels. Received {sides!r}.")
