"""The set `cifar10`: 60,000 small colour photographs of ten classes, 32 x 32."""

import gzip
import tarfile
import zlib

import numpy as np

from cvkit.data.catalogue import entry
from cvkit.data.error import DataError
from cvkit.data.fetch import fetch
from cvkit.data.verify import check_files

_BATCHES = {"train": [f"data_batch_{number}.bin" for number in range(1, 6)], "test": ["test_batch.bin"]}
_SHAPE = (3, 32, 32)  # of an image as it lies in a record: channels first
_RECORD = 1 + 3 * 32 * 32  # bytes: the label, then the image


def load(split):
    """Read CIFAR-10, after a download where it is not on this machine.

    The images keep the order of the official files, in which the classes are mixed.

    Args:
        split: "train" or "test".

    Returns:
        Dict of "images" uint8 (N, 32, 32, 3), RGB, and "labels" int64 (N,).

    Raises:
        DataError: the set is out of reach or damaged.

    Reference:
        Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", technical report, University of Toronto,
        2009, chapter 3.
    """
    folder = fetch("cifar10")
    check_files(entry("cifar10"), folder)
    archive = folder / "cifar-10-binary.tar.gz"
    images, labels = read_records(read_batches(archive, _BATCHES[split]))
    return {"images": images, "labels": labels}


def read_batches(archive, names):
    """Read some members of the official archive, one after the other; nothing is written to the disk.

    Args:
        archive: `pathlib.Path` of the compressed tar file.
        names: names of the batches, in the order wanted; their folder within the archive does not count.

    Returns:
        The batches' bytes, joined in the order of `names`.

    Raises:
        DataError: the archive is damaged, or a batch is missing.
    """
    found = {}
    try:
        with tarfile.open(archive, "r:gz") as package:
            for member in package:
                name = member.name.rsplit("/", 1)[-1]
                if member.isreg() and name in names:
                    found[name] = package.extractfile(member).read()
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{archive} is damaged ({error}). Delete it and fetch it again.") from error
    if missing := [name for name in names if name not in found]:
        raise DataError(f"{archive} holds no {', '.join(missing)}. Delete it and fetch it again.")
    return b"".join(found[name] for name in names)


def read_records(data):
    """Take records of CIFAR-10's binary form apart.

    A record has 3,073 bytes: the label, 0 to 9, then 1,024 red, 1,024 green and 1,024 blue values, row by row.

    Args:
        data: bytes of any number of records.

    Returns:
        Tuple of images, uint8 (N, 32, 32, 3), and labels, int64 (N,).

    Raises:
        DataError: the bytes are no whole number of records, or a label is above 9.

    Example:
        >>> images, labels = read_records(bytes([7]) + bytes([1]) * 1024 + bytes([2]) * 1024 + bytes([3]) * 1024)
        >>> images.shape, images[0, 0, 0].tolist(), labels.tolist()
        ((1, 32, 32, 3), [1, 2, 3], [7])
    """
    if len(data) % _RECORD:
        raise DataError(f"Records of CIFAR-10 have {_RECORD:,} bytes each; {len(data):,} bytes are no whole number.")
    records = np.frombuffer(data, "uint8").reshape(-1, _RECORD)
    labels = records[:, 0].astype("int64")
    if (labels > 9).any():
        raise DataError(f"Labels of CIFAR-10 are 0 to 9; these bytes hold the label {labels.max()}.")
    images = records[:, 1:].reshape(-1, *_SHAPE).transpose(0, 2, 3, 1)  # (N, 32, 32, 3)
    return np.ascontiguousarray(images), labels
