"""The set `fashion_mnist`: 70,000 articles of clothing, 28 x 28."""

import gzip
import math

import numpy as np

from cvkit.data.catalogue import entry
from cvkit.data.error import DataError
from cvkit.data.fetch import fetch
from cvkit.data.verify import check_files

_PREFIX = {"train": "train", "test": "t10k"}


def load(split):
    """Read Fashion-MNIST, after a download where it is not on this machine.

    Args:
        split: "train" or "test".

    Returns:
        Dict of "images" uint8 (N, 28, 28, 1), bright cloth on black, and "labels" int64 (N,).

    Raises:
        DataError: the set is out of reach or damaged.
    """
    folder = fetch("fashion_mnist")
    check_files(entry("fashion_mnist"), folder)
    prefix = _PREFIX[split]
    images = read_idx(folder / f"{prefix}-images-idx3-ubyte.gz")
    labels = read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz")
    return {"images": images[..., None], "labels": labels.astype("int64")}


def read_idx(path):
    """Read a compressed IDX file of unsigned bytes, the format of MNIST and its heirs.

    Two zero bytes, the code 8 for unsigned bytes, the number of axes; each axis' length as four bytes, the highest
    first; then the values, the last axis running fastest.

    Args:
        path: `pathlib.Path` of a .gz file.

    Returns:
        uint8 array.

    Raises:
        DataError: the file is not of this form, or ends too early.

    Reference:
        LeCun, Cortes, Burges, "The MNIST database of handwritten digits", 1998, section "File formats".
    """
    try:
        with gzip.open(path) as stream:
            data = stream.read()
    except (EOFError, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is damaged ({error}). Delete it and fetch it again.") from error
    axes = data[3] if data[:3] == b"\0\0\x08" and len(data) > 3 else 0
    shape = tuple(np.frombuffer(data[4 : 4 + 4 * axes], ">u4").tolist()) if len(data) >= 4 + 4 * axes else ()
    values = np.frombuffer(data, "uint8")[4 + 4 * axes :]
    if not axes or len(shape) != axes or len(values) != math.prod(shape):
        raise DataError(
            f"{path} should be an IDX file of unsigned bytes; its header {data[:4].hex()} and its {len(data)} bytes do "
            "not agree. Delete it and fetch it again."
        )
    return values.reshape(shape).copy()
