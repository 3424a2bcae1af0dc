"""The generated set `shapes` as a tensorflow-datasets builder: prepared once, then read from the cache."""

import contextlib
import hashlib
import io
import json
import logging

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds

from cvkit.data.error import DataError
from cvkit.data.lock import lock
from cvkit.data.places import cache_folder
from cvkit.data.progress import progress
from cvkit.data.scenes import SceneOptions, draw_scene, instance_masks


class ShapesConfig(tfds.core.BuilderConfig):
    """Configuration of `Shapes`: the options of `SceneOptions`, and a name made from them.

    Example:
        >>> ShapesConfig(image_size=32, num_objects=2).name
        '32px_2to2objects_b83d5f3f'
    """

    def __init__(self, **options):
        self.options = SceneOptions(**options)
        text = json.dumps(self.options.as_dict(), sort_keys=True)
        fewest, most = self.options.num_objects
        size, code = self.options.image_size, hashlib.sha256(text.encode()).hexdigest()[:8]
        super().__init__(name=f"{size}px_{fewest}to{most}objects_{code}", description=text)


class Shapes(tfds.core.GeneratorBasedBuilder):
    """Coloured shapes with classes, boxes, instance masks and semantic masks, drawn from a seed.

    `instances` holds 0 for the background and k for the k-th object; `label` is the class of the largest object. Boxes
    are kept as tensorflow-datasets keeps them: ymin, xmin, ymax, xmax as shares of the image's side.

    Example:
        >>> Shapes(data_dir=cache_folder(), config=ShapesConfig(classes=3)).info.features["label"].names
        ['circle', 'square', 'triangle']
    """

    VERSION = tfds.core.Version("1.0.0")  # to be raised whenever the drawing changes

    def _info(self):
        options = self.builder_config.options
        size = options.image_size
        return self.dataset_info_from_configs(
            description="Coloured shapes, drawn from a seed.",
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(size, size, 3)),
                    "label": tfds.features.ClassLabel(names=options.classes),
                    "objects": tfds.features.Sequence(
                        {
                            "bbox": tfds.features.BBoxFeature(),
                            "label": tfds.features.ClassLabel(names=options.classes),
                        }
                    ),
                    "instances": tfds.features.Image(shape=(size, size, 1)),
                    "semantic_mask": tfds.features.LabeledImage(
                        labels=["background", *options.classes], shape=(size, size, 1)
                    ),
                }
            ),
            disable_shuffling=True,  # examples keep their order, so that image i is the same everywhere
        )

    def _split_generators(self, dl_manager):
        options = self.builder_config.options
        return {
            "train": self._generate_examples("train", options.num_train),
            "test": self._generate_examples("test", options.num_test),
        }

    def _generate_examples(self, split, count):
        options = self.builder_config.options
        for index in progress(range(count), desc=f"drawing shapes ({split})", delay=2):
            scene = draw_scene(options, split, index)
            objects = [
                {
                    "bbox": tfds.features.BBox(*(float(v) / options.image_size for v in box[[1, 0, 3, 2]])),
                    "label": label,
                }
                for box, label in zip(scene.boxes, scene.labels, strict=True)
            ]
            yield (
                index,
                {
                    "image": scene.image,
                    "label": scene.label,
                    "objects": objects,
                    "instances": scene.instances[:, :, None],
                    "semantic_mask": scene.semantic_mask[:, :, None],
                },
            )


def prepare(folder, config):
    """Draw both splits into a folder, unless they are there already, without a word to the network.

    Args:
        folder: a `pathlib.Path`, the data folder of tensorflow-datasets.
        config: a `ShapesConfig`.

    Returns:
        A `Shapes` whose data are prepared.

    Raises:
        ValueError: the options ask for more objects than fit.
        DataError: the folder cannot be written.
    """
    try:
        with lock(folder / "shapes" / f"{config.name}.lock"), _silence():
            builder = Shapes(data_dir=folder, config=config)
            # Returns at once where the set is prepared.
            builder.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))
    except (OSError, tf.errors.OpError) as error:
        raise DataError(
            f"shapes could not be prepared in {folder}: {error}. Make room there, or let CVKIT_CACHE name another."
        ) from error
    return builder


def load(split, **options):
    """Draw the set, or read it when it has been drawn before with the same options.

    Args:
        split: "train" or "test".
        options: those of `cvkit.data.scenes.SceneOptions`.

    Returns:
        Dict of "images" uint8 (N, S, S, 3); "labels" int64 (N,), the class of each image's largest object; "objects",
        a list of N dicts of "boxes" float32 (n, 4) xyxy in pixels, "labels" int64 (n,) and "masks" bool (n, S, S),
        visible pixels only; "semantic_masks" uint8 (N, S, S), 0 for the background and label + 1 for an object.

    Raises:
        ValueError: an option does not exist or lies outside its range.
    """
    known = SceneOptions.__dataclass_fields__
    if unknown := sorted(set(options) - set(known)):
        raise ValueError(f"shapes has no option {', '.join(unknown)}. Its options are {', '.join(known)}.")
    builder = prepare(cache_folder(), ShapesConfig(**options))
    parts = {"images": [], "labels": [], "objects": [], "semantic_masks": []}
    dataset = builder.as_dataset(split=split, read_config=tfds.ReadConfig(interleave_cycle_length=1))
    for batch in tfds.as_numpy(dataset.ragged_batch(256)):
        boxes, labels = (_rows(batch["objects"][name]) for name in ("bbox", "label"))
        parts["images"].append(batch["image"])
        parts["labels"].append(batch["label"])
        parts["semantic_masks"].append(batch["semantic_mask"][..., 0])
        parts["objects"] += map(_objects, boxes, labels, batch["instances"][..., 0])
    return {name: part if name == "objects" else np.concatenate(part) for name, part in parts.items()}


def _rows(ragged):
    return np.split(ragged.values.numpy(), ragged.row_splits.numpy()[1:-1])


def _objects(boxes, labels, instances):
    size = instances.shape[0]
    corners = np.rint(boxes[:, [1, 0, 3, 2]] * size).astype("float32")  # tight boxes lie on whole pixels
    return {"boxes": corners, "labels": labels, "masks": instance_masks(instances, len(labels))}


@contextlib.contextmanager
def _silence():
    # tensorflow-datasets speaks of downloads, where there are none, and warns of every configuration not in its list.
    messages = logging.getLogger("absl")
    level = messages.level
    messages.setLevel(logging.ERROR)
    tfds.disable_progress_bar()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        tfds.enable_progress_bar()
        messages.setLevel(level)
