"""Random changes of images that their boxes follow."""

import keras
import numpy as np
from keras import ops

from cvkit.detection.batches import check_images, check_targets, pad_boxes


class BoxAugmentation:
    """Flip, scale, crop and recolour images at random, or put four of them together; the boxes go along.

    The layers of Keras do the work, image by image with numbers of its own: RandomFlip, RandomZoom and
    RandomTranslation, which crop what they push out of the image and fill with black what they uncover, and
    RandomColorJitter. (Its RandomCrop is left out: in Keras 3.15 it moves x by the crop's row and y by its column.)
    A mosaic is cut from a quilt of two by two images, as large as one of them.

    An object whose centre leaves the image is dropped. The boxes of the others are cut at the border; one may then be
    wider than what is left of its object.

    Args:
        flip: True to mirror half of the images from left to right.
        scale: from 0 to below 1; objects change by a factor from 1 / (1 + scale) to 1 / (1 - scale), the same for both
            sides.
        shift: from 0 to 1; images move by at most this part of their size, down or up, left or right.
        colour: from 0 to 1; how much brightness, contrast, saturation and, a tenth as much, hue may change.
        mosaic: from 0 to 1, part of the images that become a mosaic with three of their own size, drawn at random.
        seed: of all that is random; calling twice gives two different results.

    Raises:
        ValueError: a number is out of its range.

    Example:
        >>> image, target = np.zeros((40, 60, 3)), {"boxes": [[0, 10, 20, 30]], "labels": [4]}
        >>> mirror = BoxAugmentation(flip=True, scale=0, shift=0, colour=0, seed=2)
        >>> sorted({tuple(mirror([image], [target])[1][0]["boxes"][0].round().tolist()) for _ in range(9)})
        [(0.0, 10.0, 20.0, 30.0), (40.0, 10.0, 60.0, 30.0)]

    Reference:
        Liu et al., "SSD: Single Shot MultiBox Detector", 2016, arXiv 1512.02325, section 2.2: crops keep objects by
        their centres. Redmon et al., "You Only Look Once", 2016, arXiv 1506.02640, section 2.2: scale and shift of up
        to 20%. Bochkovskiy et al., "YOLOv4", 2020, arXiv 2004.10934, section 3.3: mosaic.
    """

    def __init__(self, flip=True, scale=0.2, shift=0.2, colour=0.2, mosaic=0.0, seed=0):
        for name, value in {"scale": scale, "shift": shift, "colour": colour, "mosaic": mosaic}.items():
            if not 0 <= value <= 1 or (name == "scale" and value == 1):
                raise ValueError(f"{name} must be from 0 to {'below ' * (name == 'scale')}1. Received {value!r}.")
        random, layers = np.random.default_rng(seed), keras.layers

        def step(layer, *args, **options):
            own = int(random.integers(2**31))  # with one seed for all, large shifts would go with large scales
            return layer(*args, **options, seed=own, bounding_box_format="xyxy")

        fill = {"fill_mode": "constant", "fill_value": 0.0}
        around_half = (0.5 - colour / 2, 0.5 + colour / 2)  # a saturation of 0.5 leaves an image as it is
        steps = [
            flip and step(layers.RandomFlip, "horizontal"),
            scale and step(layers.RandomZoom, scale, **fill),
            shift and step(layers.RandomTranslation, shift, shift, **fill),
            colour and step(layers.RandomColorJitter, (0, 255), colour, colour, around_half, colour / 10),
        ]
        self.layers = [layer for layer in steps if layer]
        self.mosaic, self.random = mosaic, random

    @property
    def images_in_one(self):
        """How many images the objects of one result may come from."""
        return 4 if self.mosaic else 1

    def __call__(self, images, targets):
        """Change images and the boxes of their objects.

        Args:
            images: N arrays (H, W, 3), of one size or of several, values from 0 to 255.
            targets: N dicts of "boxes" (n, 4), xyxy in pixels, and "labels" (n,).

        Returns:
            N images, float32, each as large as it was; and N targets of "boxes", float32, and "labels".

        Raises:
            ValueError: an image is not (H, W, 3), or the targets do not fit the images.
        """
        check_targets(images, targets)
        images = check_images(images)
        new_images, new_targets = [None] * len(images), [None] * len(images)
        for size in sorted({image.shape for image in images}):
            places = [place for place, image in enumerate(images) if image.shape == size]
            changed = self._change(np.stack([images[place] for place in places]), [targets[place] for place in places])
            for place, image, target in zip(places, *changed, strict=True):
                new_images[place], new_targets[place] = image, target
        return new_images, new_targets

    def _change(self, images, targets):
        # images (B, H, W, 3): of one size.
        images, targets = self._with_mosaics(images.astype("float32"), targets)
        boxes = pad_boxes([target["boxes"] for target in targets])  # (B, M, 4)
        # A box of one pixel around each centre goes along: where it is cut to nothing, the centre has left the image.
        both = np.concatenate([boxes, _around_centres(boxes)], axis=1)  # (B, 2M, 4)
        data = {"images": images, "bounding_boxes": {"boxes": both, "labels": np.zeros(both.shape[:2], "int32")}}
        for layer in self.layers:
            data = layer(data, training=True)
        images = np.clip(ops.convert_to_numpy(data["images"]), 0, 255)
        boxes, centres = np.split(ops.convert_to_numpy(data["bounding_boxes"]["boxes"]), 2, axis=1)
        stays = (centres[..., 2:] > centres[..., :2]).all(axis=-1)  # (B, M)
        return images, [_choose(*parts) for parts in zip(boxes, targets, stays, strict=True)]

    def _with_mosaics(self, images, targets):
        height, width = images.shape[1:3]
        new_images, new_targets = images.copy(), list(targets)
        for place in np.flatnonzero(self.random.random(len(images)) < self.mosaic):
            four = [place, *self.random.integers(len(images), size=3)]
            corner = self.random.integers((width // 4, height // 4), (width - width // 4, height - height // 4))
            new_images[place], new_targets[place] = _mosaic(images[four], [targets[part] for part in four], corner)
        return new_images, new_targets


def _mosaic(images, targets, corner):
    # A window with its upper left corner at (x, y), as large as one image, onto a quilt of four.
    (height, width), (x, y) = images.shape[1:3], corner
    quilt = np.concatenate([np.concatenate(row, axis=1) for row in (images[:2], images[2:])], axis=0)  # (2H, 2W, 3)
    shifts = [(right * width - x, down * height - y) for down in (0, 1) for right in (0, 1)]
    boxes = np.concatenate(
        [
            np.reshape(target["boxes"], (-1, 4)) + np.tile(shift, 2)
            for target, shift in zip(targets, shifts, strict=True)
        ]
    )
    size = np.array([width, height])
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    target = {"labels": np.concatenate([target["labels"] for target in targets])}
    target = _choose(np.clip(boxes, 0, np.tile(size, 2)), target, ((centres > 0) & (centres < size)).all(axis=-1))
    return quilt[y : y + height, x : x + width], target


def _around_centres(boxes):
    centres = (boxes[..., :2] + boxes[..., 2:]) / 2
    return np.concatenate([centres - 0.5, centres + 0.5], axis=-1)


def _choose(boxes, target, stays):
    # The objects that stay: their new boxes, of which there may be more than objects, and their labels.
    labels = np.asarray(target["labels"], "int64")
    stays = stays[: len(labels)]
    return {"boxes": boxes[: len(labels)][stays].astype("float32"), "labels": labels[stays]}
