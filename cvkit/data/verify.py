"""Check that a data set on this machine is what the catalogue says."""

from cvkit.data.catalogue import entry as find_entry
from cvkit.data.checksum import check_sha256
from cvkit.data.error import DataError
from cvkit.data.fetch import locate, what_else
from cvkit.data.load import load


def verify(name):
    """Recompute a set's checksums; load an embedded or generated set and look at its shapes.

    A set of kind folder has no checksums: its images are read and counted. Never goes to the network.

    Args:
        name: name of the set.

    Returns:
        Where the set was found: "embedded", "generated", "CVKIT_DATA" or "cached".

    Raises:
        ValueError: there is no such set.
        DataError: the set is not on this machine, or differs from the catalogue, or is one that scikit-learn keeps.

    Example:
        >>> verify("digits")
        'embedded'
    """
    entry = find_entry(name)
    if entry.kind == "library":
        raise DataError(
            f"{name} is fetched, checked and kept by scikit-learn. There is nothing here to verify; load it."
        )
    state, folder = locate(entry) if entry.folder else (entry.kind, None)
    if entry.folder and folder is None:
        raise DataError(f"{name} is not on this machine. {what_else(entry)}")
    if entry.files:
        check_files(entry, folder)
        return state
    for split, count in entry.splits.items():
        _check_arrays(entry, split, count, load(name, split))
    return state


def check_files(entry, folder):
    """Raise unless every file of a set has an accepted checksum.

    Args:
        entry: an `Entry` of the catalogue.
        folder: `pathlib.Path` of the folder that holds its files. Of an unpacked archive only the presence was checked.

    Raises:
        DataError: a file is damaged.
    """
    for file in entry.files:
        if not file.unpack:
            try:
                check_sha256(folder / file.name, file.sha256)
            except DataError as error:
                raise DataError(f"{entry.name}: {error}. Delete {folder / file.name} and fetch it again.") from error


def _check_arrays(entry, split, count, arrays):
    images = list(arrays["images"] if "images" in arrays else arrays.values())
    shapes = {image.shape for image in images}
    fixed = entry.shape != ("varies",)
    if len(images) != count or (fixed and shapes != {entry.shape}):
        raise DataError(
            f"{entry.name}, split {split}: expected {count} images of {entry.shape}, found {len(images)} of {shapes}. "
            "Install the package that it ships in again, empty the cache, or copy the images again."
        )
