"""What all detectors of the kit share: images and their objects go in, boxes, classes and scores come out."""

import keras
import numpy as np
from keras import ops

from cvkit.detection.batches import DetectionBatches, pad_boxes, pad_images
from cvkit.validation import check_positive


class Detector:
    """A network that finds objects, and how to train and ask it.

    A detector of the kit sets `network`, from a padded batch to raw answers, and `training_network`, from a batch and
    its objects to its losses, a number an image for each name; and says in `decode` what an answer means. Both networks
    share their layers.

    Attributes:
        network: `keras.Model` from {"images", "sizes"} to a dict of tensors.
        training_network: `keras.Model` from {"images", "sizes", "boxes", "labels"} to a dict of losses (B,).
        num_classes: K; labels go from 0 to K - 1.
    """

    network = training_network = num_classes = None

    def decode(self, answers, size):
        """Boxes (n, 4), scores (n,) and labels (n,) of one image, from its part of the network's answers."""
        raise NotImplementedError

    def fit(self, images, targets, epochs=10, batch_size=2, learning_rate=1e-3, seed=0, augment=None, **options):
        """Train with Adam and a learning rate that falls along a cosine to zero.

        Args:
            images: N arrays (H, W, 3), of one size or of several, values from 0 to 255.
            targets: N dicts of "boxes" (n, 4), xyxy in pixels, and "labels" (n,); n may be 0.
            epochs, batch_size: as in Keras.
            learning_rate: at the start; or a `keras.optimizers.Optimizer`.
            seed: of the order of the images.
            augment: a `cvkit.detection.BoxAugmentation` that changes each batch, or None.
            **options: further arguments of `keras.Model.fit`, such as `verbose` and `callbacks`.

        Returns:
            A `keras.callbacks.History`; it holds each of the losses by its name.

        Raises:
            ValueError: the targets do not fit the images, or a label is not below `num_classes`.
        """
        batches = self.batches(images, targets, batch_size, seed, augment=augment)
        return train(self.training_network, batches, epochs, learning_rate, **options)

    def predict(self, images, batch_size=8):
        """Find the objects.

        Args:
            images: N arrays (H, W, 3), values from 0 to 255.
            batch_size: images at a time.

        Returns:
            A list of N dicts of "boxes" float32 (n, 4), xyxy in pixels, "scores" float32 (n,), falling, and "labels"
            int64 (n,).
        """
        return self.find(images, batch_size)

    def save(self, path):
        """Write the weights to `path`, which ends in `.weights.h5`."""
        self.network.save_weights(path)

    def load(self, path):
        """Read weights that a detector built with the same arguments has saved; returns the detector."""
        self.network.load_weights(path)
        return self

    def find(self, images, batch_size, proposals=None):
        """`predict`, with boxes (n, 4) for each image where the network asks for them."""
        check_positive("batch_size", batch_size, "images at a time", integer=True)
        found = []
        for start in range(0, len(images), batch_size):
            part = slice(start, start + batch_size)
            batch = pad_images(images[part])
            if proposals is not None:
                batch["rois"] = pad_boxes(proposals[part])
            found += self.decode_batch(self.network.predict_on_batch(batch), batch["sizes"])
        return found

    def decode_batch(self, answers, sizes):
        """`decode` for each image of a batch, as a list of dicts."""
        answers = {name: ops.convert_to_numpy(value) for name, value in answers.items()}
        parts = ({name: value[index] for name, value in answers.items()} for index in range(len(sizes)))
        found = [self.decode(part, size) for part, size in zip(parts, sizes, strict=True)]
        return [dict(zip(("boxes", "scores", "labels"), values, strict=True)) for values in found]

    def batches(self, images, targets, batch_size, seed, proposals=None, augment=None):
        """The data of one training, checked."""
        losses = list(self.training_network.output)
        batches = DetectionBatches(images, targets, losses, batch_size, seed, proposals, augment)
        largest = max([-1, *(np.max(target["labels"]) for target in targets if len(target["labels"]))])
        if self.num_classes is not None and largest >= self.num_classes:
            raise ValueError(f"labels must be below num_classes = {self.num_classes}. Received a label {largest}.")
        return batches


def image_inputs(backbone=None):
    """The inputs that every detector has: images (B, H, W, 3) and their true sizes (B, 2).

    A backbone of `cvkit.models.stored_backbone` takes a dict of maps in the place of images.
    """
    images = keras.Input((None, None, 3), name="images")
    if backbone is not None and isinstance(backbone.input, dict):
        images = {name: keras.Input(x.shape[1:], name=name) for name, x in backbone.input.items()}
    return {"images": images, "sizes": keras.Input((2,), name="sizes")}


def target_inputs():
    """The inputs for training: boxes (B, M, 4) and labels (B, M), -1 where there is none."""
    return {
        "boxes": keras.Input((None, 4), name="boxes"),
        "labels": keras.Input((None,), name="labels", dtype="int32"),
    }


class Losses(keras.layers.Layer):
    """`function` of several tensors as the last layer of a training network: a dict with a loss (B,) for each name.

    The function returns such a dict, or its values in the order of the names.
    """

    def __init__(self, function, names, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.function, self.names = function, names

    def call(self, tensors):
        """The losses."""
        losses = self.function(*tensors)
        return losses if isinstance(losses, dict) else dict(zip(self.names, losses, strict=True))

    def compute_output_spec(self, tensors):
        """(B,) each."""
        return {name: keras.KerasTensor(tensors[0].shape[:1], "float32") for name in self.names}


def find_tap(backbone, tap):
    """Name and stride of a map of the backbone; the coarsest if `tap` is None.

    Raises:
        ValueError: the backbone has no such map, or is not one of `cvkit.backbones`.
    """
    names = list(backbone.output) if isinstance(backbone.output, dict) else []
    if not names or (tap is not None and tap not in names):
        raise ValueError(
            f"tap must name one of the backbone's maps, {', '.join(names) or 'of which it has none'}. "
            f"Received {tap!r}. Make the backbone with cvkit.backbones.backbone(taps=...)."
        )
    tap = tap or max(names)
    return tap, 2 ** int(tap[1:])


def find_taps(backbone, taps=None):
    """Dict of names and strides of one map of the backbone, as `find_tap`, or of several, finest first."""
    taps = (taps or None,) if not taps or isinstance(taps, str) else taps
    return dict(sorted(find_tap(backbone, tap) for tap in taps))


def common_channels(backbone, taps):
    """The number of channels that several maps have, which look into the same head.

    Raises:
        ValueError: they differ.
    """
    channels = {tap: backbone.output[tap].shape[-1] for tap in taps}
    if len(set(channels.values())) > 1:
        raise ValueError(
            f"The maps must have one number of channels: they share a head. Received {channels}. "
            "Pass backbone=cvkit.models.fpn(backbone)."
        )
    return next(iter(channels.values()))


def train(network, batches, epochs, learning_rate, **options):
    """Train a network whose outputs are its losses; see `Detector.fit`."""
    check_positive("epochs", epochs, "times that each image is seen", integer=True)
    if isinstance(learning_rate, keras.optimizers.Optimizer):
        optimizer = type(learning_rate).from_config(learning_rate.get_config())  # one of its own for each training
    else:
        schedule = keras.optimizers.schedules.CosineDecay(learning_rate, epochs * len(batches))
        optimizer = keras.optimizers.Adam(schedule)
    network.compile(optimizer, loss=dict.fromkeys(network.output, _mean_of_output))
    return network.fit(batches, epochs=epochs, **options)


def _mean_of_output(_, loss):
    return ops.mean(loss)
