"""Cursors and limits of lists."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from hms_web.domain.refusals import InvalidInput
from hms_web.services.paging import checked_limit, page, read_cursor, write_cursor

ID = UUID(int=7)
AT = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)


def test_a_cursor_gives_back_its_key() -> None:
    key = ("Müller, O'Brien", 3, Decimal("1.2345"), ID, date(2026, 3, 2), AT)
    assert read_cursor(write_cursor(*key), str, int, Decimal, UUID, date, datetime) == key


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "%%%",
        "é",
        "bnVsbA",  # null
        "MQ",  # 1
        "e30",  # {}
        "WyJhIl0",  # one part only
        "WzEsMl0",  # numbers
        write_cursor("a", "not an id"),
        write_cursor("a\0", ID),
        write_cursor("a", ID, "more"),
        "W1tb" * 5000,
    ],
)
def test_what_is_no_cursor_of_a_list_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_cursor(cursor, str, UUID)
    assert caught.value.errors[0][0] == "cursor"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2026-03-02T02:30:00", datetime),
        ("soon", datetime),
        ("soon", date),
        ("1e", Decimal),
        ("1E+200000", Decimal),
        ("1E-200000", Decimal),
        ("NaN", Decimal),
        ("sNaN", Decimal),
        ("Infinity", Decimal),
        ("12345", Decimal),
        ("1.00000000", Decimal),
        ("9" * 5000, int),
        ("9" * 10, int),
        ("1_000", int),
        (" 7", int),
        ("9999-12-31", date),
        ("0001-01-01", date),
        ("9999-12-31T23:59:59-14:00", datetime),
        ("0001-01-01T00:00:00+14:00", datetime),
    ],
)
def test_parts_have_to_be_of_their_kind(text: str, kind: type) -> None:
    with pytest.raises(InvalidInput):
        read_cursor(write_cursor(text), kind)


@pytest.mark.parametrize(("asked", "given"), [(None, 50), (1, 1), (200, 200)])
def test_limits_that_are_taken(asked: int | None, given: int) -> None:
    assert checked_limit(asked) == given


@pytest.mark.parametrize("asked", [0, -1, 201])
def test_limits_that_are_refused(asked: int) -> None:
    with pytest.raises(InvalidInput):
        checked_limit(asked)


def test_a_page_has_a_cursor_only_when_more_follows() -> None:
    full = page(["a", "b"], 2, str.upper, lambda row: (row,))
    assert (full.items, full.next_cursor) == (["A", "B"], None)
    cut = page(["a", "b", "c"], 2, str.upper, lambda row: (row,))
    assert cut.items == ["A", "B"]
    assert read_cursor(str(cut.next_cursor), str) == ("b",)


@pytest.mark.parametrize("number", ["0", "0.3333", "1", "-1.5", "1234.5678"])
def test_scores_of_every_size_that_we_write_are_read(number: str) -> None:
    assert read_cursor(write_cursor(Decimal(number)), Decimal) == (Decimal(number),)
