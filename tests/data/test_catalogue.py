import re

import pytest

from cvkit.data import catalogue
from cvkit.data.catalogue import size_in_words
from cvkit.data.load import LOADERS
from cvkit.files import project_file

CARDS = dict(
    re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", project_file("data/README.md").read_text(encoding="utf-8"), re.M | re.S)
)
ENTRIES = catalogue().values()


@pytest.fixture(params=ENTRIES, ids=lambda entry: entry.name)
def entry(request):
    return request.param


def test_every_set_has_a_loader_and_every_loader_a_set():
    assert list(LOADERS) == list(catalogue())


def test_every_set_has_a_card_and_every_card_a_set():
    assert set(CARDS) == set(catalogue())


def test_the_card_states_licence_sizes_citation_and_privacy(entry):
    rows = dict(re.findall(r"^\| (\w+) \| (.*) \|$", CARDS[entry.name], re.M))
    assert {"what", "origin", "size", "splits", "licence", "citation", "privacy"} <= set(rows)
    assert rows["licence"].startswith(entry.licence)
    for split, count in entry.splits.items():
        assert f"{split} {count:,}" in rows["splits"]
    if entry.files:
        assert size_in_words(entry.size) in rows["size"]
    if entry.instead:
        assert f"Without it use `{entry.instead}`" in CARDS[entry.name]
    assert "Good for:" in CARDS[entry.name]
    assert "Limits:" in CARDS[entry.name]


def test_entries_are_complete(entry):
    assert entry.kind in ("embedded", "generated", "download", "folder", "library")
    assert (entry.kind == "download") == bool(entry.files)
    assert (entry.kind in ("download", "folder")) == bool(entry.folder) == bool(entry.targets)
    assert len(set(entry.classes)) == len(entry.classes)
    for file in entry.files:
        assert file.sha256
        assert all(re.fullmatch("[0-9a-f]{64}", digits) and note for digits, note in file.sha256.items())
        assert all(url.endswith(f"/{file.name}") for url in file.urls)
        assert file.size > 0
    if entry.instead:
        assert catalogue()[entry.instead].kind in ("embedded", "generated")


def test_the_table_is_the_readers_own():
    catalogue().clear()
    assert catalogue()


def test_an_entry_reads_well():
    assert repr(catalogue()["mnist"]) == (
        "<mnist: MNIST handwritten digits; download, 11.5 MB; train 60,000, test 10,000; images 28 x 28 x 1; "
        "CC BY-SA 3.0>"
    )
