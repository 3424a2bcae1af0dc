"""What `cvkit data` does at the command line. Each command gives an exit code: 0 when all went well, else 1."""

import sys

from cvkit.data.catalogue import catalogue, size_in_words
from cvkit.data.catalogue import entry as find_entry
from cvkit.data.error import DataError
from cvkit.data.fetch import fetch, locate
from cvkit.data.load import load
from cvkit.data.verify import verify

_STATES = {"CVKIT_DATA": "found in CVKIT_DATA", "cached": "cached", "not here": "not here"}


def list_sets():
    """Print a table of all sets: name, kind, state on this machine, size, licence.

    Returns:
        Exit code: 1 when CVKIT_DATA names no folder, else 0.
    """
    try:
        print(_table())
    except DataError as error:
        return _complain(error)
    return 0


def fetch_sets(names):
    """Fetch sets, each with one line about it. A set that fails does not keep the others from being fetched.

    Args:
        names: names of sets.

    Returns:
        Exit code: 0 when all are ready, 1 when one is not.
    """

    def fetch_one(name):
        entry, folder = find_entry(name), fetch(name)
        if entry.kind == "library":
            load(name)
            print(f"{name}: ready, in scikit-learn's folder")
        else:
            print(f"{name}: {entry.kind}, nothing to fetch" if folder is None else f"{name}: ready in {folder}")

    return _for_each(names, fetch_one)


def verify_sets(names=None):
    """Check sets against the catalogue, each with one line about it.

    Args:
        names: names of sets; by default all that are on this machine.

    Returns:
        Exit code: 0 when all are right, 1 when one is not.
    """

    def verify_one(name):
        entry = find_entry(name)
        if names is None and entry.kind == "library":
            print(f"{name}: checked by scikit-learn when it is fetched, skipped")
        elif names is None and entry.folder and locate(entry)[1] is None:
            print(f"{name}: not here, skipped")
        else:
            print(f"{name}: right ({verify(name)})")

    return _for_each(catalogue() if names is None else names, verify_one)


def _for_each(names, command):
    code = 0
    for name in names:
        try:
            command(name)
        except (DataError, ValueError) as error:
            code = _complain(error)
    return code


def _complain(error):
    print(f"error: {error}", file=sys.stderr)
    return 1


def _table():
    rows = [("name", "kind", "state", "size", "licence")]
    for entry in catalogue().values():
        state = _STATES[locate(entry)[0]] if entry.folder else entry.kind
        size = size_in_words(entry.size) if entry.files else "-"
        rows.append((entry.name, entry.kind, state, size, entry.licence))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines)
