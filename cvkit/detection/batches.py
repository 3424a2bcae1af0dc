"""Images of several sizes, and any number of boxes in each, as arrays of one shape."""

import keras
import numpy as np

from cvkit.validation import check_positive

MULTIPLE = 32  # padded sides are multiples of it, which keeps the number of different shapes small


def pad_images(images, least=(0, 0)):
    """A batch of images of any sizes, filled up with zeros on the right and below.

    Args:
        images: sequence of arrays (H, W, 3), red, green, blue, values from 0 to 255; or of dicts of maps, all of one
            size, see `cvkit.models.stored_maps`.
        least: height and width in pixels that the batch has at least.

    Returns:
        Dict of "images", float32 (B, H', W', 3), where H' and W' are the largest height and width, rounded up to a
        multiple of 32; and "sizes", float32 (B, 2), the true heights and widths.

    Raises:
        ValueError: there is no image, one is not (H, W, 3), or maps differ in size.

    Example:
        >>> batch = pad_images([np.ones((40, 30, 3)), np.ones((20, 50, 3))])
        >>> batch["images"].shape, batch["sizes"].tolist()
        ((2, 64, 64, 3), [[40.0, 30.0], [20.0, 50.0]])
    """
    if len(images) and isinstance(images[0], dict):
        return _stack_maps(images)
    images = check_images(images)
    sizes = np.array([image.shape[:2] for image in images])
    height, width = -(-np.max([*sizes, least], axis=0) // MULTIPLE) * MULTIPLE
    padded = np.zeros((len(images), height, width, 3), "float32")
    for place, image in zip(padded, images, strict=True):
        place[: image.shape[0], : image.shape[1]] = image
    return {"images": padded, "sizes": sizes.astype("float32")}


def _stack_maps(images):
    shapes = [{name: np.shape(values) for name, values in image.items()} for image in images]
    wrong = [shape for shape in shapes if shape != shapes[0]]
    if wrong:
        raise ValueError(f"maps must be of the same size for all images, {shapes[0]}. Received {wrong[0]}.")
    maps = {name: np.stack([image[name] for image in images]) for name in images[0]}
    name, values = next(iter(maps.items()))
    size = [2 ** int(name[1:]) * length for length in values.shape[1:3]]  # the map Ck has stride 2^k
    return {"images": maps, "sizes": np.tile(np.float32(size), (len(images), 1))}


def pad_targets(targets, length):
    """The objects of several images, each list filled up to one length.

    Args:
        targets: sequence of dicts of "boxes" (n, 4), xyxy in pixels, and "labels" (n,), integers from 0.
        length: M, at least the largest n.

    Returns:
        Dict of "boxes", float32 (B, M, 4), filled up with zeros, and "labels", int32 (B, M), filled up with -1.

    Example:
        >>> pad_targets([{"boxes": [[0, 0, 5, 5]], "labels": [2]}, {"boxes": [], "labels": []}], 2)["labels"].tolist()
        [[2, -1], [-1, -1]]
    """
    labels = np.full((len(targets), length), -1, "int32")
    for row, target in zip(labels, targets, strict=True):
        row[: len(target["labels"])] = target["labels"]
    return {"boxes": pad_boxes([target["boxes"] for target in targets], length), "labels": labels}


class DetectionBatches(keras.utils.PyDataset):
    """Batches of images with their objects, in a new order in each epoch.

    Each batch is (inputs, zeros): inputs as `pad_images` and `pad_targets` give them, and for each of the network's
    losses, which it computes itself, a zero an image. All batches have the shape that the largest image asks for,
    unless `augment` changes the sizes: Keras on TensorFlow learns from the first two batches which axes vary, and
    compiles for each new shape.

    Args:
        images: sequence of N arrays (H, W, 3).
        targets: N dicts, see `pad_targets`.
        losses: names of the losses.
        batch_size: images in a batch; the last one may be smaller.
        seed: of the order.
        proposals: N arrays (n, 4) of boxes, or None; they come as "rois", filled up with zeros.
        augment: a `BoxAugmentation`, or any function from images and targets to others, as many; or None.

    Raises:
        ValueError: the lengths differ, a target's boxes and labels do not fit, or there are proposals, which do not
            move along, and `augment`.

    Example:
        >>> target = {"boxes": [[0, 0, 5, 5]], "labels": [2]}
        >>> inputs, zeros = DetectionBatches([np.ones((40, 30, 3))] * 3, [target] * 3, ["loss"], 2)[0]
        >>> sorted(inputs), inputs["boxes"].shape, zeros["loss"].shape
        (['boxes', 'images', 'labels', 'sizes'], (2, 1, 4), (2,))
    """

    def __init__(self, images, targets, losses, batch_size=2, seed=0, proposals=None, augment=None):
        super().__init__()
        check_positive("batch_size", batch_size, "images in a batch", integer=True)
        check_targets(images, targets)
        if proposals is not None:
            check_proposals(images, proposals)
        if proposals is not None and augment is not None:
            raise ValueError("proposals stay where they are when augment moves the objects: use one of the two.")
        self.augment = augment
        self.images, self.targets, self.losses, self.proposals = images, targets, losses, proposals
        self.batch_size, self.random = batch_size, np.random.default_rng(seed)
        self.order = self.random.permutation(len(images))
        self.largest = (0, 0) if not len(images) or isinstance(images[0], dict) else _largest(images)
        self.most_proposals = None if proposals is None else max([1, *map(len, proposals)])
        self.most = max([1, *(len(target["labels"]) for target in targets)]) * getattr(augment, "images_in_one", 1)

    def __len__(self):
        return -(-len(self.images) // self.batch_size)

    def __getitem__(self, index):
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        images, targets, least = [self.images[i] for i in chosen], [self.targets[i] for i in chosen], self.largest
        if self.augment is not None:
            sizes = [np.shape(image) for image in images]
            images, targets = self.augment(images, targets)
            least = self.largest if sizes == [np.shape(image) for image in images] else (0, 0)
        inputs = pad_images(images, least) | pad_targets(targets, self.most)
        if self.proposals is not None:
            inputs["rois"] = pad_boxes([self.proposals[i] for i in chosen], self.most_proposals)
        return inputs, {name: np.zeros(len(chosen), "float32") for name in self.losses}

    def on_epoch_end(self):
        """A new order."""
        self.order = self.random.permutation(len(self.images))


def pad_boxes(boxes, length=None):
    """Lists of boxes (n, 4) as one array (B, `length`, 4), filled up with zeros; by default as long as the longest."""
    padded = np.zeros((len(boxes), length or max([1, *map(len, boxes)]), 4), "float32")
    for place, rows in zip(padded, boxes, strict=True):
        place[: len(rows)] = np.reshape(rows, (-1, 4))
    return padded


def _largest(images):
    return np.max([np.shape(image)[:2] for image in check_images(images)], axis=0)


def check_images(images):
    """The images as arrays.

    Raises:
        ValueError: there is none, or one is not (H, W, 3).
    """
    images = [np.asarray(image) for image in images]
    wrong = [image.shape for image in images if image.ndim != 3 or image.shape[-1] != 3]
    if wrong or not images:
        raise ValueError(
            "images must be a sequence of at least one array (height, width, 3). "
            + (f"Received one of shape {wrong[0]}." if wrong else "Received none.")
        )
    return images


def check_targets(images, targets):
    """Raise unless there is a target for each image, with as many labels as boxes.

    Raises:
        ValueError: with the first one that does not fit.
    """
    if len(images) != len(targets):
        raise ValueError(f"targets must hold one dict for each of {len(images)} images. Received {len(targets)}.")
    for index, target in enumerate(targets):
        missing = {"boxes", "labels"} - set(target)
        if missing:
            raise ValueError(f"targets[{index}] must have the keys boxes and labels. It lacks {', '.join(missing)}.")
        boxes, labels = np.asarray(target["boxes"], "float32").reshape(-1, 4), np.asarray(target["labels"])
        if len(boxes) != len(labels):
            raise ValueError(
                f"targets[{index}] has {len(boxes)} boxes and {len(labels)} labels: give one for each box."
            )
        if len(labels) and labels.min() < 0:
            raise ValueError(f"targets[{index}] has a label {labels.min()}: labels count from 0.")
        if not (boxes[:, 2:] > boxes[:, :2]).all():
            bad = boxes[~(boxes[:, 2:] > boxes[:, :2]).all(axis=1)][0]
            raise ValueError(f"targets[{index}] has a box without area, {bad.tolist()}: leave it out, or mend it.")


def check_proposals(images, proposals):
    """Raise unless there are proposals for each image."""
    if len(proposals) != len(images):
        raise ValueError(f"proposals must hold boxes for each of {len(images)} images. Received {len(proposals)}.")
