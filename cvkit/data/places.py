"""Where data sets lie on this machine: the folder that CVKIT_DATA names, and the cache."""

import os
from pathlib import Path

from cvkit.data.error import DataError
from cvkit.files import checkout


def data_folder():
    """Folder of data sets that the user keeps, named by the environment variable CVKIT_DATA; None when it is unset.

    It is only read, never written.

    Returns:
        A `pathlib.Path`, or None.

    Raises:
        DataError: CVKIT_DATA names something that is no folder.
    """
    name = os.environ.get("CVKIT_DATA")
    if not name:
        return None
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise DataError(f"CVKIT_DATA names {folder}, which is no folder. Correct it, or unset it.")
    return folder


def cache_folder():
    """Folder that downloads and prepared sets are kept in.

    It is what the environment variable CVKIT_CACHE names; else `data/cache` in a checkout; else `.cache/cvkit` in the
    home folder. It need not exist yet.

    Returns:
        A `pathlib.Path`.

    Example:
        >>> cache_folder().is_absolute()
        True
    """
    name = os.environ.get("CVKIT_CACHE")
    if name:
        return Path(name).expanduser().absolute()
    root = checkout()
    return root / "data" / "cache" if root else Path.home() / ".cache" / "cvkit"
