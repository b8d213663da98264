"""docs/quality-evidence.md is what tests/evidence.toml says, which names only tests that are there."""

import pytest

from tests import evidence

CLAIMS = evidence.claims()


def test_the_page_is_up_to_date() -> None:
    assert evidence.PAGE.read_text() == evidence.written(CLAIMS), "run `make evidence`"


def test_every_test_that_is_named_is_there() -> None:
    assert evidence.missing(CLAIMS) == [], "tests/evidence.toml names tests that were moved or renamed"


@pytest.mark.parametrize(("letter", "count"), [("C", 12), ("J", 11), ("N", 12)])
def test_no_row_is_left_out(letter: str, count: int) -> None:
    assert [number for number in CLAIMS[letter] if number != "title"] == [str(one) for one in range(1, count + 1)]
    known = {"claim", "tests", "control"}
    assert all(row["claim"] and set(row) <= known for _, row in evidence.each({letter: CLAIMS[letter]}))


def test_a_claim_without_a_test_says_so_and_a_test_that_is_gone_is_found() -> None:
    part = {"X": {"title": "Made up", "1": [{"claim": "Pigs fly"}, {"claim": "Or swim", "tests": ["no/where.py::it"]}]}}
    page = evidence.written(part)
    assert "| X1 | Pigs fly | not yet |  |" in page
    assert "1 of 2 claims have a test" in page
    part["X"]["1"][1]["control"] = ["docs/test_evidence.py::test_that_is_gone"]  # type: ignore[index]
    assert evidence.missing(part) == ["docs/test_evidence.py::test_that_is_gone", "no/where.py::it"]
