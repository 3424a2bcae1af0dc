"""Batches of images with their objects and a mask for each, as arrays of one shape."""

import keras
import numpy as np


def pad_masks(masks, length, size):
    """Masks of several images as one array.

    Args:
        masks: sequence of B arrays (n, H, W), bool.
        length: M, at least the largest n.
        size: (H', W'), at least the largest height and width.

    Returns:
        float32 array (B, M, H', W'), filled up with zeros.

    Example:
        >>> pad_masks([np.ones((1, 3, 4), bool), np.ones((2, 2, 2), bool)], 2, (4, 4)).sum(axis=(2, 3)).tolist()
        [[12.0, 0.0], [4.0, 4.0]]
    """
    padded = np.zeros((len(masks), length, *size), "float32")
    for place, values in zip(padded, masks, strict=True):
        if len(values):
            place[: len(values), : values.shape[1], : values.shape[2]] = values
    return padded


class MaskBatches(keras.utils.PyDataset):
    """`DetectionBatches` with masks (B, M, H, W) among the inputs.

    Args:
        batches: a `DetectionBatches` without `augment`, which would not move the masks.
        targets: the N dicts that it was made of, with "masks", bool (n, H, W), of the images' sizes; with stored maps
            of the images that these were made from.

    Raises:
        ValueError: masks are missing or do not fit the image or the boxes.

    Example:
        >>> import cvkit
        >>> targets = [{"boxes": [[0, 0, 5, 5]], "labels": [2], "masks": np.ones((1, 40, 30), bool)}] * 3
        >>> plain = cvkit.detection.batches.DetectionBatches([np.ones((40, 30, 3))] * 3, targets, ["mask"])
        >>> MaskBatches(plain, targets)[0][0]["masks"].shape
        (2, 1, 64, 32)
    """

    def __init__(self, batches, targets):
        super().__init__()
        if batches.augment is not None:
            raise ValueError("augment moves images and boxes, and not the masks: train without it.")
        for number, (image, target) in enumerate(zip(batches.images, targets, strict=True)):
            shape = (len(target["labels"]), *_size(image))
            if np.shape(target.get("masks")) != shape and shape[0]:
                raise ValueError(
                    f"targets[{number}] must have masks of shape {shape}, one for each box, of the image's size. "
                    f"Received {np.shape(target.get('masks'))}."
                )
        self.batches, self.masks = batches, [np.asarray(target.get("masks", ())) for target in targets]

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        chosen = self.batches.order[index * self.batches.batch_size : (index + 1) * self.batches.batch_size]
        inputs, zeros = self.batches[index]
        maps = isinstance(inputs["images"], dict)  # stored maps are all of one size, and not padded
        size = inputs["sizes"][0].astype(int) if maps else inputs["images"].shape[1:3]
        masks = pad_masks([self.masks[i] for i in chosen], self.batches.most, size)
        return inputs | {"masks": masks}, zeros

    def on_epoch_end(self):
        """A new order."""
        self.batches.on_epoch_end()


def _size(image):
    """Height and width in pixels of an image, or of the one that a dict of stored maps belongs to."""
    if not isinstance(image, dict):
        return np.shape(image)[:2]
    name, values = next(iter(image.items()))
    return tuple(2 ** int(name[1:]) * side for side in np.shape(values)[:2])  # the map Ck has stride 2^k
