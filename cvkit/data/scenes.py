"""Draw a seeded scene: coloured shapes in front of a background, and everything that is to be known about them."""

from dataclasses import asdict, dataclass

import numpy as np

from cvkit.data.shape_masks import SHAPE_CLASSES, shape_mask, shape_reach

SPLITS = ("train", "test")
TEXTURES = ("plain", "textured")

_RANGES = {
    "image_size": (24, 512),
    "noise": (0, 64),
    "num_train": (1, 10**6),
    "num_test": (1, 10**6),
    "seed": (0, 2**32 - 1),
}
_SIDES = ((0.16, 0.36),)  # the usual `sides`
_SMALLEST = 16  # pixels of an object that stay visible
_PLACES = 30  # places tried for one object
_LAYOUTS = 60  # layouts tried for one image
_COLOURS = 12  # candidate colours, of which the one unlike all others is taken


@dataclass(frozen=True)
class SceneOptions:
    """What the images of the set `shapes` look like.

    Args:
        image_size: height and width of an image in pixels, 24 to 512.
        num_objects: (fewest, most) objects an image, from 1; a single number stands for both.
        classes: names from `SHAPE_CLASSES`, or how many of its first ones; at least 2. Labels count along this tuple.
        occlusion: largest share of an object's area that the objects in front of it may hide, 0 to 0.75. With 0 no two
            objects overlap.
        texture: "plain" (one colour an object, one for the background) or "textured" (stripes and checks in front of
            clouds).
        noise: largest change of a pixel's value by uniform noise, in grey levels of 0 to 255, an integer 0 to 64.
        num_train, num_test: images in each split, 1 to 1,000,000.
        seed: a non-negative integer; the two splits never share a random stream.
        sides: (smallest, largest) square root of an object's area before any of it is hidden, as a share of the
            image's side, 0.03 to 0.5; or several such pairs, of which each object takes one, all with the same chance
            (an object that finds no place is drawn again, so large ones are rarer where there is a crowd).

    Raises:
        ValueError: an option lies outside its range.

    Example:
        >>> SceneOptions(num_objects=2, classes=3).classes
        ('circle', 'square', 'triangle')
    """

    image_size: int = 64
    num_objects: tuple = (1, 3)
    classes: tuple = SHAPE_CLASSES
    occlusion: float = 0.3
    texture: str = "plain"
    noise: int = 8
    num_train: int = 1000
    num_test: int = 200
    seed: int = 0
    sides: tuple = _SIDES

    def __post_init__(self):
        object.__setattr__(self, "sides", _pairs_of_sides(self.sides))
        object.__setattr__(self, "num_objects", _fewest_and_most(self.num_objects))
        object.__setattr__(self, "classes", _class_names(self.classes))
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not _is_integer(value) or not low <= value <= high:
                raise ValueError(f"{name} must be an integer from {low} to {high}. Received {value!r}.")
            object.__setattr__(self, name, int(value))
        if isinstance(self.occlusion, bool) or not isinstance(self.occlusion, (int, float)):
            raise ValueError(f"occlusion must be a number from 0 to 0.75. Received {self.occlusion!r}.")
        if not 0 <= self.occlusion <= 0.75:
            raise ValueError(f"occlusion must be a number from 0 to 0.75, a share. Received {self.occlusion!r}.")
        object.__setattr__(self, "occlusion", float(self.occlusion))
        if self.texture not in TEXTURES:
            raise ValueError(f"texture must be one of {', '.join(TEXTURES)}. Received {self.texture!r}.")

    def as_dict(self):
        """The options by name, as plain values.

        `sides` is left out where it is the usual one: a set is found again by its options, and sets were drawn before
        there was this one.
        """
        options = asdict(self)
        return options if self.sides != _SIDES else {k: v for k, v in options.items() if k != "sides"}


@dataclass(frozen=True)
class Scene:
    """One image and its truth.

    `image` uint8 (S, S, 3); `boxes` float32 (n, 4), xyxy in pixels, tight around what is visible; `labels` int64 (n,);
    `instances` uint8 (S, S): 0 for the background, k for the k-th object, from back to front.
    """

    image: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    instances: np.ndarray

    @property
    def label(self):
        """Class of the object with the largest visible area; of equal ones the first."""
        areas = np.bincount(self.instances.ravel(), minlength=len(self.labels) + 1)[1:]
        return int(self.labels[areas.argmax()])

    @property
    def masks(self):
        """The objects' visible pixels, bool (n, S, S)."""
        return instance_masks(self.instances, len(self.labels))

    @property
    def semantic_mask(self):
        """Class of each pixel, uint8 (S, S): 0 for the background, label + 1 for an object."""
        return np.concatenate([[0], self.labels + 1]).astype("uint8")[self.instances]


def instance_masks(instances, count):
    """Split a map of object numbers into one mask an object.

    Args:
        instances: integer array (H, W), 0 for the background, 1 to `count` for the objects.
        count: number of objects n.

    Returns:
        Bool array (n, H, W).

    Example:
        >>> instance_masks(np.array([[0, 1], [2, 2]]), 2).astype(int).tolist()
        [[[0, 1], [0, 0]], [[0, 0], [1, 1]]]
    """
    return instances == np.arange(1, count + 1, dtype=instances.dtype)[:, None, None]  # (n, H, W)


def draw_scene(options, split, index):
    """Draw one image of the set `shapes`.

    The image depends on `options`, `split` and `index` alone: it has a random stream of its own.

    Args:
        options: a `SceneOptions`.
        split: "train" or "test".
        index: number of the image within its split, from 0.

    Returns:
        A `Scene`.

    Raises:
        ValueError: the split does not exist, or so many objects do not fit.

    Example:
        >>> scene = draw_scene(SceneOptions(num_objects=2), "train", 0)
        >>> scene.image.shape, scene.boxes.shape, scene.masks.shape
        ((64, 64, 3), (2, 4), (2, 64, 64))
    """
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}. Received {split!r}.")
    rng = np.random.default_rng([options.seed, SPLITS.index(split), index])
    fewest, most = options.num_objects
    labels = rng.integers(0, len(options.classes), rng.integers(fewest, most + 1))  # (n,)
    for _ in range(_LAYOUTS):
        layout = _lay_out(rng, options, [options.classes[label] for label in labels])
        if layout is not None:
            shapes, instances = layout
            break
    else:
        raise ValueError(
            f"num_objects={options.num_objects} do not fit with occlusion={options.occlusion}: {_LAYOUTS} layouts of "
            f"image {index} failed. Ask for fewer objects or allow more occlusion."
        )
    image = _paint(rng, options, shapes)
    return Scene(image, _tight_boxes(instances, len(labels)), labels.astype("int64"), instances)


def _lay_out(rng, options, names):
    # Objects are placed from back to front; one that hides too much of another is placed anew.
    size = options.image_size
    instances = np.zeros((size, size), "uint8")
    shapes, wanted, visible = [], np.zeros(len(names) + 1), np.zeros(len(names) + 1)
    for number, name in enumerate(names, start=1):
        for _ in range(_PLACES):
            pairs = options.sides
            low, high = pairs[rng.integers(len(pairs)) if len(pairs) > 1 else 0]
            side = size * (low + (high - low) * rng.random())
            reach = shape_reach(name, side)
            x, y = reach + (size - 2 * reach) * rng.random(2)
            rows, columns, mask = shape_mask(name, x, y, side, int(rng.integers(64)), size, size)
            window = instances[rows, columns]  # (h, w)
            left = visible - np.bincount(window[mask], minlength=len(names) + 1)
            area = mask.sum()
            if area >= _SMALLEST and (left[1:number] >= wanted[1:number]).all():
                break
        else:
            return None
        window[mask] = number
        visible = left
        visible[number] = area
        wanted[number] = max((1 - options.occlusion) * area, _SMALLEST)
        shapes.append((rows, columns, mask))
    return shapes, instances


def _paint(rng, options, shapes):
    size = options.image_size
    colours = [rng.integers(0, 256, 3)]
    image = np.empty((size, size, 3), "int16")
    image[:] = colours[0]
    if options.texture == "textured":
        image += _clouds(rng, size)[:, :, None]
    for rows, columns, mask in shapes:
        colours.append(_unlike(rng, colours))
        paint = colours[-1]  # (3,)
        if options.texture == "textured":
            paint = (paint + _pattern(rng, mask.shape, size)[:, :, None])[mask]  # (pixels, 3)
        image[rows, columns][mask] = paint
    if options.noise:
        image += rng.integers(-options.noise, options.noise + 1, image.shape, dtype="int16")
    return image.clip(0, 255).astype("uint8")


def _unlike(rng, colours):
    # Of a few random colours the one whose nearest colour in the image is farthest away.
    candidates = rng.integers(0, 256, (_COLOURS, 3))
    distances = abs(candidates[:, None] - np.array(colours)).sum(-1).min(-1)  # (candidates,)
    return candidates[distances.argmax()]


def _clouds(rng, size):
    # Random grey levels on a coarse grid, interpolated; weights in 64ths keep the sums exact.
    cells = 6
    grid = rng.integers(-48, 49, (cells + 1, cells + 1))
    place = np.arange(size) * (64 * cells) // size  # in 64ths of a cell
    cell, weight = place // 64, place % 64
    down = grid[cell] * (64 - weight)[:, None] + grid[cell + 1] * weight[:, None]  # (S, cells + 1)
    return ((down[:, cell] * (64 - weight) + down[:, cell + 1] * weight) // 4096).astype("int16")  # (S, S)


def _pattern(rng, shape, size):
    # Stripes or checks: 32 grey levels lighter or darker than the object's colour.
    period = max(2, size * int(rng.integers(3, 7)) // 64)
    kind = rng.integers(3)  # stripes across, stripes down, checks
    down = np.arange(shape[0])[:, None] // period * (kind != 1)
    across = np.arange(shape[1]) // period * (kind != 0)
    return ((down + across) % 2 * 64 - 32).astype("int16")  # (h, w)


def _tight_boxes(instances, count):
    boxes = np.zeros((count, 4), "float32")
    for k, mask in enumerate(instance_masks(instances, count)):
        rows, columns = mask.any(1).nonzero()[0], mask.any(0).nonzero()[0]
        boxes[k] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return boxes


def _fewest_and_most(value):
    pair = (value, value) if _is_integer(value) else value
    fits = isinstance(pair, (tuple, list)) and len(pair) == 2 and all(_is_integer(n) for n in pair)
    if not fits or not 1 <= pair[0] <= pair[1] <= 255:
        raise ValueError(f"num_objects must be (fewest, most), two integers from 1 to 255. Received {value!r}.")
    return int(pair[0]), int(pair[1])


def _class_names(value):
    names = SHAPE_CLASSES[:value] if _is_integer(value) and 2 <= value <= len(SHAPE_CLASSES) else value
    fits = isinstance(names, (tuple, list)) and set(names) <= set(SHAPE_CLASSES) and len(set(names)) == len(names) >= 2
    if not fits:
        raise ValueError(
            f"classes must be two or more different names of {', '.join(SHAPE_CLASSES)}, or how many of the first "
            f"ones (2 to {len(SHAPE_CLASSES)}). Received {value!r}."
        )
    return tuple(names)


def _pairs_of_sides(value):
    pairs = [value] if isinstance(value, (tuple, list)) and all(isinstance(v, (int, float)) for v in value) else value
    fits = isinstance(pairs, (tuple, list)) and len(pairs) and all(map(_is_pair_of_sides, pairs))
    if not fits:
        raise ValueError(
            "sides must be (smallest, largest), two shares of the image's side from 0.03 to 0.5, or several such "
            f"pairs. Received {value!r}."
        )
    return tuple(tuple(map(float, pair)) for pair in pairs)


def _is_pair_of_sides(pair):
    numbers = isinstance(pair, (tuple, list)) and len(pair) == 2 and all(isinstance(v, (int, float)) for v in pair)
    return numbers and 0.03 <= pair[0] <= pair[1] <= 0.5


def _is_integer(value):
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
