"""Data sets: embedded ones, seeded generators, and checked downloads. data/README.md has a card of each."""

from cvkit.data.catalogue import catalogue
from cvkit.data.error import DataError
from cvkit.data.fetch import fetch
from cvkit.data.load import load
from cvkit.data.verify import verify

__all__ = ["DataError", "catalogue", "fetch", "load", "verify"]
