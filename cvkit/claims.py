"""The ledger of what the lectures claim: `notebooks/claims.yaml`, read and checked."""

import dataclasses
from pathlib import Path

import numpy as np
import yaml

from cvkit.files import project_file

LECTURES = {
    "L1": "AC 209B, CNNs and object detection",
    "L2": "Classical architectures and recognition",
    "L3": "Tor Vergata, Convolutional networks",
    "L4": "Tsinghua, Applications of CNNs",
    "L5": "RWTH Aachen, CNNs III",
}
SUMMARY_TYPE = "application/vnd.cvkit.summary+json"  # what lesson.summary() displays, for programs
_BOUNDS = ("equals", "at_least", "at_most", "between")


@dataclasses.dataclass(frozen=True)
class Claim:
    """One statement of a lecture that a lesson measures.

    Attributes:
        id: name used by ``lesson.claim``.
        lecture: one of `LECTURES`.
        says: what the slide says.
        lesson: slug of the lesson that measures it.
        how: how it is measured, in words.
        bound: one of ``{"equals": value}``, ``{"at_least": number}``, ``{"at_most": number}``, ``{"between": [a, b]}``.
        correct: the corrected statement, where the slide is wrong; else empty.
        dataset: the data set that the claim is about, where the lesson runs on several; else empty. One of a lesson's
            claims with a data set must be measured in each run.
    """

    id: str
    lecture: str
    says: str
    lesson: str
    how: str
    bound: dict
    correct: str = ""
    dataset: str = ""

    def __post_init__(self):
        if self.lecture not in LECTURES:
            raise ValueError(
                f"Claim {self.id!r}: lecture must be one of {', '.join(LECTURES)}. Received {self.lecture!r}."
            )
        if len(self.bound) != 1 or next(iter(self.bound)) not in _BOUNDS:
            raise ValueError(f"Claim {self.id!r}: bound must be one of {', '.join(_BOUNDS)}. Received {self.bound!r}.")

    def holds(self, value):
        """Whether a measured value lies within the bound; a NaN never does."""
        ((kind, limit),) = self.bound.items()
        value = np.asarray(value)
        if kind == "equals":
            limit = np.asarray(limit)
            return value.shape == limit.shape and bool(np.allclose(value, limit, rtol=1e-6, atol=1e-6))
        if kind == "between":
            return bool(np.all((value >= limit[0]) & (value <= limit[1])))
        return bool(np.all(value >= limit)) if kind == "at_least" else bool(np.all(value <= limit))

    def bound_text(self):
        """The bound in words."""
        ((kind, limit),) = self.bound.items()
        if kind == "between":
            return f"between {format_value(limit[0])} and {format_value(limit[1])}"
        words = {"equals": "exactly", "at_least": "at least", "at_most": "at most"}[kind]
        return f"{words} {format_value(limit)}"


def read_claims(path=None):
    """All claims of the ledger, in its order.

    Args:
        path: another ledger file; by default the project's own.

    Returns:
        Dict of id to `Claim`.

    Raises:
        ValueError: an entry is malformed or an id stands twice; the message names it.

    Example:
        >>> read_claims()["intro-network-parameters"].bound
        {'equals': 338460}
    """
    path = Path(path or project_file("notebooks/claims.yaml"))
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    claims = {}
    for entry in entries:
        try:
            claim = Claim(**entry)
        except TypeError as error:
            raise ValueError(f"{path}: claim {entry.get('id', entry)!r} is malformed: {error}.") from None
        if claim.id in claims:
            raise ValueError(f"{path}: the id {claim.id!r} stands twice; ids are unique.")
        claims[claim.id] = claim
    return claims


def format_value(value):
    """A measured value as a reader wants to see it.

    Example:
        >>> format_value(338460), format_value(0.98765432), format_value([[1, 2]])
        ('338,460', '0.9877', '[[1, 2]]')
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, bool | str):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(format_value(v) for v in value) + "]"
    return str(value)
