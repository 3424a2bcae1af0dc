"""The generated set `faces`: made-up people, drawn. Nobody who exists is shown."""

import numpy as np

from cvkit.data.face_drawing import draw_faces
from cvkit.data.face_looks import FIRST_TEST_PERSON

_PEOPLE = {"train": 200, "test": 100}
_RANGES = {
    "people": (1, FIRST_TEST_PERSON),
    "images_each": (1, 10_000),
    "image_size": (16, 256),
    "seed": (0, 2**32 - 1),
}


def load(split, people=None, images_each=10, image_size=32, seed=0):
    """Draw pictures of made-up people.

    Who someone is shows in shapes and proportions (head, eyes, brows, nose, mouth, ears, hair) and in the tones of
    skin, hair and eyes. From picture to picture of one person pose, light, expression, ground and noise differ, and
    some people wear glasses now and then. People of the two splits are different ones, whatever the options.

    Args:
        split: "train" or "test".
        people: how many people, 1 to 1,000,000; by default 200 for training and 100 for testing. The first ones of many
            are the same as of few.
        images_each: how many pictures of each, 1 to 10,000; the first ones of many are the same as of few.
        image_size: height and width of an image in pixels, 16 to 256.
        seed: a non-negative integer; another one makes other people.

    Returns:
        Dict of "images" uint8 (N, S, S, 3), RGB, person by person; "labels" int64 (N,), the person: from 0 for
        training, from 1,000,000 for testing; "glasses" bool (N,); "boxes" float32 (N, 4), xyxy in pixels, the square
        around each head.

    Raises:
        ValueError: an option lies outside its range.

    Example:
        >>> faces = load("test", people=3, images_each=2)
        >>> faces["images"].shape, faces["labels"].tolist()
        ((6, 32, 32, 3), [1000000, 1000000, 1000001, 1000001, 1000002, 1000002])
    """
    people = _PEOPLE[split] if people is None else people
    values = {"people": people, "images_each": images_each, "image_size": image_size, "seed": seed}
    for name, (low, high) in _RANGES.items():
        value = values[name]
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not low <= value <= high:
            raise ValueError(f"{name} must be an integer from {low} to {high}. Received {value!r}.")
    first = FIRST_TEST_PERSON if split == "test" else 0
    labels = np.repeat(np.arange(first, first + people), images_each)
    numbers = np.tile(np.arange(images_each), people)
    drawn = draw_faces(labels, numbers, int(image_size), int(seed))
    return {"images": drawn["images"], "labels": labels.astype("int64"), **{k: drawn[k] for k in ("glasses", "boxes")}}
