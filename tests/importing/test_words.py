"""What the values of a row mean."""

from datetime import date, datetime, time
from pathlib import Path

import pytest

from hms_web.domain import importing
from hms_web.domain.importing import (
    APPOINTMENT_FIELDS,
    PATIENT_FIELDS,
    Unusable,
    checked_date_format,
    columns_of,
    delimiter_of,
    guarded,
    is_coming,
    mapping_of,
    read_day,
    read_sex,
    read_time,
    read_type,
    shifted,
    shown,
    unguarded,
    weeks_to_now,
)
from hms_web.domain.patients import Sex
from hms_web.domain.visits import AppointmentType


def at(*figures: int) -> datetime:
    """Return a time on the wall."""
    return datetime(*figures)  # type: ignore[arg-type] # noqa: DTZ001


def test_days_are_iso_or_of_the_given_form() -> None:
    assert read_day("2026-03-02", None) == date(2026, 3, 2)
    assert read_day("02/03/2026", "%d/%m/%Y") == date(2026, 3, 2)


@pytest.mark.parametrize(
    "text", ["02/03/2026", "2026-02-29", "20260302", "1899-12-31", "2200-01-01", "9999-12-31", "x"]
)
def test_what_is_no_day_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        read_day(text, None)


def test_a_wrong_day_is_answered_in_the_form_that_was_asked_for() -> None:
    with pytest.raises(ValueError, match="like 29/12/1925"):
        read_day("2026-03-02", "%d/%m/%Y")


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%Y%m%d", "%d.%m.%Y", "%d %B %Y", "%Y-%m-%d %H:%M:%S"])
def test_a_form_with_day_month_and_year_is_good(form: str) -> None:
    assert checked_date_format(form) == form


@pytest.mark.parametrize("form", ["%d/%m/%y", "%m/%Y", "dd/mm/yyyy", "%", "", "%d%d/%m/%Y"])
def test_a_form_that_cannot_tell_the_day_is_not(form: str) -> None:
    with pytest.raises(Unusable, match="four digits"):
        checked_date_format(form)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("09:30", time(9, 30)), ("9:30", time(9, 30)), ("23:59:58", time(23, 59, 58)), ("00:00", time(0))],
)
def test_times(text: str, meant: time) -> None:
    assert read_time(text) == meant


@pytest.mark.parametrize("text", ["24:00", "09:60", "09:30:60", "9", "0930", "09:3", "09:30 AM", "٠٩:٣٠", ""])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        read_time(text)


@pytest.mark.parametrize(
    ("word", "sex"),
    [("Female", Sex.FEMALE), ("f", Sex.FEMALE), (" M ", Sex.MALE), ("OTHER", Sex.OTHER), ("not known", Sex.UNKNOWN)],
)
def test_words_for_the_sex(word: str, sex: Sex) -> None:
    assert read_sex(word) is sex


def test_another_word_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="frau is not one of female, male, other, unknown"):
        read_sex("frau")


def test_types() -> None:
    assert read_type("follow-up") is AppointmentType.FOLLOW_UP
    assert read_type("Consultation") is AppointmentType.CONSULTATION
    with pytest.raises(ValueError, match="surgery is not one of consultation, follow_up, procedure, other"):
        read_type("surgery")


def test_only_what_is_still_to_come_counts() -> None:
    assert is_coming(None, ())
    assert is_coming("Scheduled", ["scheduled"])
    assert is_coming("to-come", ["To Come"])
    assert not is_coming("attended", ["scheduled"])
    assert not is_coming("", ["scheduled"])


@pytest.mark.parametrize(
    ("earliest", "weeks"),
    [
        (at(2026, 3, 2, 8, 0), 0),
        (at(2026, 3, 2, 7, 59), 1),
        (at(2026, 3, 9, 7, 59), 0),
        (at(2026, 3, 9, 8, 0), -1),
        (at(2025, 3, 3, 9, 0), 52),
        (at(2027, 3, 1, 9, 0), -52),
    ],
)
def test_dates_move_so_that_the_earliest_is_next(earliest: datetime, weeks: int) -> None:
    now = at(2026, 3, 2, 8, 0)
    assert weeks_to_now(earliest, now) == weeks
    assert 0 <= (earliest + weeks * importing.WEEK - now).total_seconds() < importing.WEEK.total_seconds()


def test_a_moved_date_stays_in_the_years_that_can_be_meant() -> None:
    assert shifted(date(2026, 3, 2), -1) == date(2026, 2, 23)
    for weeks in (-importing.MOST_WEEKS * 2, importing.MOST_WEEKS * 2, 10**7):
        with pytest.raises(ValueError, match="cannot be moved"):
            shifted(date(2026, 3, 2), weeks)


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("mrn,name\n1;2;3;4", ","),
        ("mrn;name;x\na,b,c,d,e", ";"),
        ("mrn\tname, first\tphone", "\t"),
        ("mrn|name", "|"),
        ('"mrn, old, new, other";name;phone', ";"),
        ('"a\n,,,,b";name;phone', ";"),
        ("\r\n\nmrn;name", ";"),
        ("mrn", ","),
        ("", ","),
    ],
)
def test_the_delimiter_is_the_one_of_the_header(header: str, delimiter: str) -> None:
    assert delimiter_of(header) == delimiter


@pytest.mark.parametrize("value", ["=1+1", "+91 98", "-1", "@x", "\tx", "\rx", "\nx", "\uff1d1", "'=1", "''+1"])
def test_what_a_spreadsheet_would_run_is_guarded(value: str) -> None:
    assert guarded(value) == f"'{value}"
    assert unguarded(guarded(value)) == value


@pytest.mark.parametrize("value", ["", "'", "O'Brien", "'quoted'", "1-2", "a=b", " x"])
def test_everything_else_stays_as_it_is(value: str) -> None:
    assert guarded(value) == value
    assert unguarded(value) == value


def test_foreign_text_is_shown_on_one_line() -> None:
    assert shown("a\x1b[31m\nb") == "a [31m b"
    assert shown("x" * 100) == "x" * 39 + "…"


def test_the_mapping() -> None:
    assert mapping_of([" mrn = patient id ", "name=a=b"], PATIENT_FIELDS) == {"mrn": "patient id", "name": "a=b"}


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (["mrn"], "write it as ours=theirs"),
        (["mrn="], "write it as ours=theirs"),
        (["patient=x"], "no field patient. The fields are: mrn, name"),
        (["mrn=a", "mrn=b"], "given twice"),
    ],
)
def test_a_mapping_that_makes_no_sense(pairs: list[str], message: str) -> None:
    with pytest.raises(Unusable, match=message):
        mapping_of(pairs, PATIENT_FIELDS)


def test_headers_match_without_regard_to_case_and_signs() -> None:
    places = columns_of(
        ["Date of-Birth", "ignored", " MRN ", "Patient  Name", ""], PATIENT_FIELDS, {"name": "patient_name"}
    )
    assert places == {"date_of_birth": 0, "mrn": 2, "name": 3}


@pytest.mark.parametrize(
    ("headers", "mapping", "message"),
    [
        (["name"], {}, r"A column is missing: mrn\. The file has: name\. Name a column with --map mrn=ITS-HEADER"),
        (["x", ""], {}, r"Columns are missing: mrn, name\. The file has: x, \(empty\)\."),
        (["mrn", "name"], {"phone": "tel"}, r"phone \(looked for as tel\)"),
        (["mrn", "name", "MRN"], {}, "The column mrn is there 2 times"),
        ([f"c{n}" for n in range(40)], {}, r"c29 and 10 more\."),
    ],
)
def test_columns_that_cannot_be_found_are_named(headers: list[str], mapping: dict[str, str], message: str) -> None:
    with pytest.raises(Unusable, match=message):
        columns_of(headers, PATIENT_FIELDS, mapping)


def test_a_column_that_nobody_asks_for_may_stand_twice() -> None:
    assert columns_of(["x", "x", "mrn", "date", "time"], APPOINTMENT_FIELDS, {}) == {"mrn": 2, "date": 3, "time": 4}


def test_the_documentation_names_every_field_and_rule() -> None:
    text = (Path(__file__).parents[2] / "docs" / "import.md").read_text()
    for name in [field.name for field in (*PATIENT_FIELDS, *APPOINTMENT_FIELDS)] + list(importing.Rule):
        assert f"`{name}`" in text
