"""The set `cifar10_jpeg`: a lossy copy of CIFAR-10, for machines without a network."""

import zipfile
import zlib

import numpy as np
import tensorflow as tf

from cvkit.data.catalogue import entry
from cvkit.data.error import DataError
from cvkit.data.fetch import fetch
from cvkit.data.verify import check_files


def load(split):
    """Read the JPEG copy of CIFAR-10 from the folder that CVKIT_DATA names.

    The pixels differ from those of `cifar10`, and so does the order, so no published number can be compared with.

    Args:
        split: "train" or "test".

    Returns:
        Dict of "images" uint8 (N, 32, 32, 3), RGB, and "labels" int64 (N,). The classes are mixed; the order is the
        same at every call and on every machine.

    Raises:
        DataError: CVKIT_DATA names no folder that holds it, or a file is damaged.
    """
    folder = fetch("cifar10_jpeg")
    about = entry("cifar10_jpeg")
    check_files(about, folder)
    images, labels = read_folders(folder / f"cifar10_jpeg_{split}.zip", split, about.classes)
    return {"images": images, "labels": labels}


def read_folders(path, split, classes):
    """Read a zip file of JPEG images, sorted into one folder a class, and mix the classes.

    The files, named SPLIT/CLASS/NUMBER.jpg, are sorted by name and then shuffled with seed 0.

    Args:
        path: `pathlib.Path` of the zip file.
        split: name of its outer folder.
        classes: names of the inner folders, in the order of the labels.

    Returns:
        Tuple of images, uint8 (N, 32, 32, 3), and labels, int64 (N,).

    Raises:
        DataError: the file is damaged, a file lies in another folder, or an image is no JPEG of 32 x 32 pixels.
    """
    label_of = {f"{split}/{name}": label for label, name in enumerate(classes)}
    try:
        with zipfile.ZipFile(path) as package:
            names = sorted(info.filename for info in package.infolist() if not info.is_dir())
            if strays := [name for name in names if name.rpartition("/")[0] not in label_of]:
                raise DataError(f"{path} holds {strays[0]}; expected {split}/CLASS/NUMBER.jpg of {', '.join(classes)}.")
            # RandomState and not default_rng: NumPy promises that its stream never changes.
            names = [names[index] for index in np.random.RandomState(0).permutation(len(names))]
            images = _decode([package.read(name) for name in names])
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path} is damaged ({error}). Copy it again.") from error
    except tf.errors.InvalidArgumentError as error:
        raise DataError(f"{path} should hold JPEG images of 32 x 32 pixels, and not all are. Copy it again.") from error
    return images, np.array([label_of[name.rpartition("/")[0]] for name in names], "int64")


def _decode(files):
    # The exact inverse transform, so that every machine decodes to the same pixels.
    def decode(file):
        return tf.ensure_shape(tf.io.decode_jpeg(file, channels=3, dct_method="INTEGER_ACCURATE"), (32, 32, 3))

    dataset = tf.data.Dataset.from_tensor_slices(tf.constant(files, tf.string))
    images = dataset.map(decode, num_parallel_calls=tf.data.AUTOTUNE).batch(len(files))
    return images.get_single_element().numpy()  # (N, 32, 32, 3)
