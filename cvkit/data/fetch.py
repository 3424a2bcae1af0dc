"""Find a data set on this machine, or download it into the cache."""

import shutil
import tempfile
from pathlib import Path

from cvkit.data.catalogue import entry as find_entry
from cvkit.data.download import download
from cvkit.data.error import DataError
from cvkit.data.lock import lock
from cvkit.data.places import cache_folder, data_folder
from cvkit.data.unpack import unpack


def fetch(name):
    """Make a data set ready on this machine and say where it lies.

    Looked for in this order: the folder that CVKIT_DATA names, the cache, the network. What is downloaded lies in the
    cache, under its final name only once its checksum is right. Without a network the error comes within 10 seconds.

    Args:
        name: name of the set.

    Returns:
        `pathlib.Path` of the folder that holds the set's files; None for a set that is embedded or generated, or
        that scikit-learn keeps.

    Raises:
        ValueError: there is no such set.
        DataError: the set is out of reach, or what came is damaged, or the disk is full.

    Example:
        >>> fetch("digits") is None
        True
    """
    entry = find_entry(name)
    if not entry.folder:
        return None
    _, folder = locate(entry)
    if folder is not None:
        return folder
    if entry.kind == "folder" or any(not file.urls for file in entry.files):
        raise DataError(f"{name} cannot be downloaded. {what_else(entry)}")
    folder = cache_folder() / entry.folder
    try:
        with lock(folder.with_name(f"{entry.folder}.lock")):
            for file in entry.files:
                if not (folder / file.target).exists():
                    _fetch_file(file, folder)
    except DataError as error:
        raise DataError(f"{name} could not be fetched: {error} {what_else(entry)}") from error
    except OSError as error:
        raise DataError(f"{name} could not be written to {folder}: {error}. Let CVKIT_CACHE name another.") from error
    return folder


def locate(entry):
    """Where a set's files lie now, without going to the network.

    Args:
        entry: an `Entry` of the catalogue that has a folder.

    Returns:
        Tuple (state, folder): "CVKIT_DATA" or "cached" and a `pathlib.Path`; "not here" and None.
    """
    for state, root in (("CVKIT_DATA", data_folder()), ("cached", cache_folder())):
        if root is not None and all((root / entry.folder / target).exists() for target in entry.targets):
            return state, root / entry.folder
    return "not here", None


def what_else(entry):
    """What a reader can do who has not got this set: the set to use instead, and CVKIT_DATA."""
    folders = entry.kind == "folder"
    instead = f'Use the set "{entry.instead}" instead: it needs no download. Or' if entry.instead else "You can"
    source = f" get its images from {entry.homepage} (data/README.md says where they lie there)," if folders else ""
    names = ", ".join(f"{target}/" if folders else target for target in entry.targets)
    return f"{instead}{source} put {names} into a folder {entry.folder}/ and let CVKIT_DATA name the folder above it."


def _fetch_file(file, folder):
    part = folder / f"{file.name}.part"
    folder.mkdir(parents=True, exist_ok=True)
    download(file, part)
    if not file.unpack:
        part.replace(folder / file.name)
        return
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix="unpacking-") as temporary:
            _move(unpack(part, Path(temporary) / "content"), folder, file)
    finally:
        part.unlink()


def _move(content, folder, file):
    if not (content / file.unpack).exists():
        raise DataError(f"{file.name} holds no {file.unpack}.")
    # What shows the set to be in place is moved last.
    for item in sorted(content.iterdir(), key=lambda item: item.name == Path(file.unpack).parts[0]):
        target = folder / item.name
        if target.is_dir():
            shutil.rmtree(target)
        item.replace(target)
