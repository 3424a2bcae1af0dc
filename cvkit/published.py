"""Figures that the lessons quote: `notebooks/published.yaml`, read and checked."""

import dataclasses
from pathlib import Path

import yaml

from cvkit.files import project_file


@dataclasses.dataclass(frozen=True)
class Published:
    """What one source says of one network or method; what it does not say is None.

    Attributes:
        network: its name.
        source: who says so, in full.
        where: table, section or slide.
        year: when the network came out.
        top1_error, top5_error: errors on ImageNet's 1,000 classes in per cent, 0 to 100.
        mean_average_precision: of a detector, in per cent, 0 to 100.
        accuracy: of verification, share of right answers in per cent, 0 to 100.
        seconds: time for one image.
        layers, parameters: as a slide prints them, in words.
        note: what to know before comparing.
    """

    network: str
    source: str
    where: str
    year: int | None = None
    top1_error: float | None = None
    top5_error: float | None = None
    mean_average_precision: float | None = None
    accuracy: float | None = None
    seconds: float | None = None
    layers: str | None = None
    parameters: str | None = None
    note: str = ""


def read_published(table, path=None):
    """One table of published figures.

    Args:
        table: ``"challenge"`` (errors in the yearly ImageNet challenge), ``"people"``, ``"single_network"``,
            ``"single_crop"`` (one network, one crop), ``"slides"`` (what the lectures print), ``"proposals"`` (methods
            that propose boxes), ``"detection"`` (detectors), ``"learned_proposals"`` (a detector by its proposals),
            ``"real_time"`` (detectors by their speed), ``"single_shot"`` (SSD, YOLO and Faster R-CNN) or ``"faces"``
            (verification of faces).
        path: another file; by default the project's own.

    Returns:
        List of `Published`, in the file's order.

    Raises:
        ValueError: there is no such table, or a row of it is malformed, names no known source, or holds an error that
            is no percentage.

    Example:
        >>> {row.network: row.top5_error for row in read_published("challenge")}["AlexNet"]
        15.3
    """
    path = Path(path or project_file("notebooks/published.yaml"))
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if table not in content["tables"]:
        raise ValueError(f"table must be one of {', '.join(content['tables'])}. Received {table!r}.")
    return [_row(row, content["sources"], f"{path}, table {table!r}") for row in content["tables"][table]]


def _row(row, sources, place):
    try:
        published = Published(**{**row, "source": sources[row["source"]]})
    except KeyError as error:
        raise ValueError(f"{place}: row {row} must name a source of the file's list. Not found: {error}.") from None
    except TypeError as error:
        raise ValueError(f"{place}: row {row} is malformed: {error}.") from None
    for name in ("top1_error", "top5_error", "mean_average_precision", "accuracy"):
        value = getattr(published, name)
        if value is not None and not 0 <= value <= 100:
            raise ValueError(f"{place}: {name} of {published.network} must be 0 to 100 per cent. Received {value}.")
    return published
