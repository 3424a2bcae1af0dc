import numpy as np
import pytest

from cvkit.claims import Claim, format_value, read_claims
from cvkit.homework import exercises
from tests.support import raises

FIELDS = dict(id="a", lecture="L1", says="x", lesson="convolution", how="y")


@pytest.mark.parametrize(
    ("bound", "inside", "outside"),
    [
        ({"equals": 5}, [5, 5.0, np.int64(5)], [6, [5], np.nan]),
        ({"equals": [[1, 2]]}, [np.array([[1, 2]])], [[1, 2], [[1, 3]]]),
        ({"at_least": 0.5}, [0.5, [0.6, 0.7]], [0.49, [0.6, 0.4], np.nan]),
        ({"at_most": 0.5}, [0.5, -1], [0.51, np.nan]),
        ({"between": [-1, 1]}, [-1, 0, 1], [1.01, np.nan]),
    ],
)
def test_bounds(bound, inside, outside):
    claim = Claim(**FIELDS, bound=bound)
    assert all(claim.holds(value) for value in inside)
    assert not any(claim.holds(value) for value in outside)


def test_bounds_in_words():
    bounds = [{"equals": 61706}, {"at_least": 0.5}, {"at_most": 2}, {"between": [-1, 1]}]
    words = [Claim(**FIELDS, bound=bound).bound_text() for bound in bounds]
    assert words == ["exactly 61,706", "at least 0.5", "at most 2", "between -1 and 1"]


def test_values_in_words():
    values = [np.float32(0.25), np.array([1, 2]), True, 12345678.9, "text", None]
    assert [format_value(value) for value in values] == ["0.25", "[1, 2]", "True", "12,345,679", "text", "None"]


def test_the_ledger_is_sound():
    claims = read_claims()
    assert {claim.lesson for claim in claims.values()} == set(exercises.LESSONS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "- {id: a, lecture: L9, says: x, lesson: l, how: h, bound: {equals: 1}}",
            "'a': lecture must be one of L1.*'L9'",
        ),
        ("- {id: a, lecture: L1, says: x, lesson: l, how: h, bound: {about: 1}}", "'a': bound must be one of equals"),
        ("- {id: a, lecture: L1, says: x}", "claim 'a' is malformed: .*missing"),
        (
            "- &c {id: a, lecture: L1, says: x, lesson: l, how: h, bound: {equals: 1}}\n- *c",
            "the id 'a' stands twice",
        ),
    ],
)
def test_a_malformed_ledger_is_refused(tmp_path, text, message):
    path = tmp_path / "claims.yaml"
    path.write_text(text)
    with raises(message):
        read_claims(path)
