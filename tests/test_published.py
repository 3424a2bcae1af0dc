import pytest
import yaml

from cvkit.files import project_file
from cvkit.published import read_published
from tests.support import raises

TABLES = (
    "challenge",
    "people",
    "single_network",
    "single_crop",
    "slides",
    "proposals",
    "detection",
    "learned_proposals",
    "real_time",
    "single_shot",
    "faces",
)


@pytest.mark.parametrize("table", TABLES)
def test_every_row_has_its_source_and_place(table):
    rows = read_published(table)
    assert rows
    assert all(row.source and row.where for row in rows)
    assert all(row.top5_error is None or row.top1_error is None or row.top5_error < row.top1_error for row in rows)


def test_every_table_is_tested_and_every_source_used():
    content = yaml.safe_load(project_file("notebooks/published.yaml").read_text(encoding="utf-8"))
    assert tuple(content["tables"]) == TABLES
    assert {row["source"] for rows in content["tables"].values() for row in rows} == set(content["sources"])


def test_the_challenge_got_easier_every_year():
    best = {}
    for row in read_published("challenge"):
        best[row.year] = min(row.top5_error, best.get(row.year, 100))
    assert list(best) == list(range(2010, 2018))
    assert list(best.values()) == sorted(best.values(), reverse=True)


def test_the_words_of_a_source_are_given_in_full():
    (row,) = [row for row in read_published("challenge") if row.network == "GoogLeNet"]
    assert (row.top5_error, row.where) == (6.67, "table 2")
    assert "1409.4842" in row.source


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{network: A, source: b, where: c}", "must name a source of the file's list. Not found: 'b'"),
        ("{network: A, where: c}", "must name a source of the file's list. Not found: 'source'"),
        ("{network: A, source: a, where: c, colour: red}", "is malformed: .*colour"),
        ("{network: A, source: a}", "is malformed: .*where"),
        (
            "{network: A, source: a, where: c, mean_average_precision: 101}",
            "mean_average_precision of A must be 0 to 100 per cent. Received 101",
        ),
        (
            "{network: A, source: a, where: c, top5_error: 101}",
            "top5_error of A must be 0 to 100 per cent. Received 101",
        ),
    ],
)
def test_a_malformed_row_is_refused(tmp_path, row, message):
    path = tmp_path / "published.yaml"
    path.write_text(f"sources: {{a: x}}\ntables: {{t: [{row}]}}\n")
    with raises(message):
        read_published("t", path)


def test_an_unknown_table_is_refused():
    with raises("table must be one of challenge, people, .*Received 'errors'"):
        read_published("errors")
