"""Multi-scale training: each batch at another size, so that a network learns objects of several sizes."""

import numpy as np
from keras import ops

from cvkit.detection.batches import MULTIPLE
from cvkit.validation import check_positive


class MultiScale:
    """Bring all images of a batch to one size, another for each batch; the boxes go along.

    The sizes come in a random order, each once before any comes again.

    Args:
        sides: the sizes in pixels, different multiples of 32, as the longer one of height and width.
        seed: of the order.

    Raises:
        ValueError: `sides` is not one or more different multiples of 32.

    Example:
        >>> change = MultiScale((32, 64), seed=0)
        >>> batch = [np.zeros((32, 32, 3))] * 2, [{"boxes": [[0, 0, 16, 8]], "labels": [4]}] * 2
        >>> for _ in range(2):
        ...     images, targets = change(*batch)
        ...     print([image.shape for image in images], targets[0]["boxes"].tolist())
        [(64, 64, 3), (64, 64, 3)] [[0.0, 0.0, 32.0, 16.0]]
        [(32, 32, 3), (32, 32, 3)] [[0.0, 0.0, 16.0, 8.0]]

    Reference:
        Redmon and Farhadi, "YOLO9000", 2016, arXiv 1612.08242, section 2, "multi-scale training": every ten batches
        another size of 320, 352, ..., 608 pixels, at random. Here `fit(..., augment=MultiScale(...))` takes another for
        each batch, and in rounds: Keras on TensorFlow learns from the first two batches which axes vary.
    """

    def __init__(self, sides, seed=0):
        self.sides, self.random, self.waiting = list(sides), np.random.default_rng(seed), []
        if not self.sides or len(set(self.sides)) < len(self.sides) or any(not _fits(side) for side in self.sides):
            raise ValueError(f"sides must be different positive multiples of {MULTIPLE}. Received {sides!r}.")

    def __call__(self, images, targets):
        """Images, float32 (H', W', 3) each, and targets at a size of their own; see `resize_scene`."""
        if not self.waiting:
            self.waiting = [int(side) for side in self.random.permutation(self.sides)]
        side = self.waiting.pop()
        resized = [resize_scene(image, target, side) for image, target in zip(images, targets, strict=True)]
        return [image for image, _ in resized], [target for _, target in resized]


def _fits(side):
    return isinstance(side, int) and side > 0 and side % MULTIPLE == 0


def resize_scene(image, target, side):
    r"""Image whose longer side is `side` pixels, and its boxes there.

    $$s_y = H' / H, \quad s_x = W' / W, \qquad (x_1, y_1, x_2, y_2) \leftarrow (s_x x_1, s_y y_1, s_x x_2, s_y y_2)$$

    Args:
        image: array (H, W, 3), values from 0 to 255.
        target: dict of "boxes" (n, 4), xyxy in pixels, and "labels" (n,); what else it holds stays as it is.
        side: the longer one of the new height H' and width W', in pixels. The other keeps the proportion, rounded, and
            is at least 1.

    Returns:
        (image, target): float32 (H', W', 3), bilinear, smoothed first where it becomes smaller; and a new dict.

    Raises:
        ValueError: `side` is not a positive integer.

    Example:
        >>> image, target = resize_scene(np.zeros((20, 40, 3)), {"boxes": [[0, 10, 20, 20]], "labels": [1]}, 80)
        >>> image.shape, target["boxes"].tolist()
        ((40, 80, 3), [[0.0, 20.0, 40.0, 40.0]])

    """
    check_positive("side", side, "pixels, the longer of height and width", integer=True)
    image = np.asarray(image, "float32")
    before = np.array(image.shape[:2])
    after = np.maximum(1, np.round(before * (side / before.max()))).astype(int)
    boxes = np.asarray(target["boxes"], "float32").reshape(-1, 4) * np.tile(after / before, 2)[[1, 0, 3, 2]]
    if (before != after).any():
        size = tuple(int(length) for length in after)
        image = ops.convert_to_numpy(ops.image.resize(image, size, interpolation="bilinear", antialias=True))
    return image, {**target, "boxes": boxes.astype("float32")}
