"""Cells of a CSV export (hms_web/domain/csv_cells.py)."""

import csv
import io
from datetime import date

import pytest

from hms_web.domain.csv_cells import cell


@pytest.mark.parametrize(
    "formula",
    [
        "=1+1",
        '=HYPERLINK("http://example.test";"x")',
        "+1",
        "-Anna",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\u00a0@x",
        "\uff1d1+1",
    ],
)
def test_a_formula_becomes_text(formula: str) -> None:
    assert cell(formula) == f"'{formula}"


@pytest.mark.parametrize("text", ["Anna", "Anne-Marie", "o'Neill = o'Neil", "", " Anna", "1+1", "anna@example.test"])
def test_other_text_stays(text: str) -> None:
    assert cell(text) == text


def test_what_is_not_text_reads_as_itself() -> None:
    assert [cell(None), cell(-5), cell(-0.5), cell(date(2026, 1, 25))] == ["", "-5", "-0.5", "2026-01-25"]


def test_it_survives_the_writer() -> None:
    file = io.StringIO()
    csv.writer(file).writerow([cell('=cmd|"/c calc"!A0'), cell("Anna, Dr.")])
    assert list(csv.reader([file.getvalue()])) == [['\'=cmd|"/c calc"!A0', "Anna, Dr."]]
