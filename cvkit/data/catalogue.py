"""The catalogue: what the course knows of each data set, read from data/catalogue.yaml."""

import functools
from dataclasses import dataclass

import yaml

from cvkit.files import project_file


@dataclass(frozen=True)
class File:
    """One file of a set: name, size in bytes, addresses in the order of trying, and the checksums it may have.

    For a zip or tar archive, `unpack` is a path that is there once it is unpacked into the set's folder; the archive
    itself is not kept.
    """

    name: str
    size: int
    urls: tuple
    sha256: dict
    unpack: str | None = None

    @property
    def target(self):
        """Path within the set's folder that shows the file to be in place."""
        return self.unpack or self.name


@dataclass(frozen=True, repr=False)
class Entry:
    """One data set, as data/catalogue.yaml describes it.

    Attributes: name; title; kind ("embedded", "generated", "download", "folder": images in one folder a class, never
    downloaded, or "library": fetched and kept by scikit-learn); splits (images by split); shape (height, width,
    channels of an image, or ("varies",)); classes (names, in the order of the labels); licence; citation; homepage;
    instead (the set to use when this one is out of reach, or None); folder (within CVKIT_DATA and within the cache,
    or None); files (a tuple of `File`).
    """

    name: str
    title: str
    kind: str
    splits: dict
    shape: tuple
    classes: tuple
    licence: str
    citation: str
    homepage: str
    instead: str | None = None
    folder: str | None = None
    files: tuple = ()

    @property
    def size(self):
        """Bytes of all the set's files; 0 for a set without files."""
        return sum(file.size for file in self.files)

    @property
    def targets(self):
        """Paths within the set's folder that show the set to be in place; none for a set that has no folder."""
        return self.classes if self.kind == "folder" else tuple(file.target for file in self.files)

    def __repr__(self):
        splits = ", ".join(f"{split} {count:,}" for split, count in self.splits.items())
        shape = " x ".join(map(str, self.shape))
        size = f", {size_in_words(self.size)}" if self.files else ""
        return f"<{self.name}: {self.title}; {self.kind}{size}; {splits}; images {shape}; {self.licence}>"


def catalogue():
    """Every data set of the course.

    Returns:
        Dict from name to `Entry`.

    Example:
        >>> catalogue()["digits"]
        <digits: Handwritten digits, 8 x 8; embedded; train 1,257, test 540, all 1,797; images 8 x 8 x 1; CC BY 4.0>
        >>> catalogue()["fashion_mnist"].classes[:3]
        ('T-shirt/top', 'Trouser', 'Pullover')
    """
    return dict(_read())


def entry(name):
    """The catalogue's entry of one set.

    Args:
        name: name of the set.

    Returns:
        An `Entry`.

    Raises:
        ValueError: there is no such set.

    Example:
        >>> entry("mnist").instead
        'digits'
    """
    table = catalogue()
    if name not in table:
        raise ValueError(f"There is no data set {name!r}. The sets are {', '.join(table)}.")
    return table[name]


def size_in_words(count):
    """A number of bytes for people.

    Example:
        >>> size_in_words(900), size_in_words(29515), size_in_words(11490434)
        ('900 B', '30 kB', '11.5 MB')
    """
    if count < 1000:
        return f"{count} B"
    return f"{count / 1e3:.0f} kB" if count < 1e6 else f"{count / 1e6:.1f} MB"


@functools.cache
def _read():
    table = yaml.safe_load(project_file("data/catalogue.yaml").read_text(encoding="utf-8"))
    return {name: _entry(name, **fields) for name, fields in table.items()}


def _entry(name, *, shape, classes, files=(), **fields):
    parts = tuple(File(**{**file, "urls": tuple(file["urls"])}) for file in files)
    return Entry(name=name, shape=tuple(shape), classes=tuple(classes), files=parts, **fields)
