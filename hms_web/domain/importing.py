"""What a file of another system says: its columns, its dates, times and words, and which row is refused by which rule.

A row is refused with `RowRefused`; a file or an option that nothing can be done with is `Unusable`.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from hms_web.domain.patients import Sex
from hms_web.domain.visits import AppointmentType

EARLIEST_YEAR, LATEST_YEAR = 1900, 2199
MOST_WEEKS = 5200
WEEK = timedelta(weeks=1)
DELIMITERS = (",", ";", "\t", "|")
COMING_STATUSES = ("scheduled", "confirmed", "booked")
MOST_SHOWN, LONGEST_SHOWN = 30, 40
REPORT_COLUMNS = ("refused_line", "refused_rule", "refused_why")
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 spreadsheets read the wide signs as the plain ones
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
ISO = "%Y-%m-%d"
_TELLTALE = date(1925, 12, 29)


class Rule(StrEnum):
    """Why a row is refused before the hospital's own rules are asked."""

    WRONG_COLUMNS = "WRONG_COLUMNS"
    MISSING_VALUE = "MISSING_VALUE"
    INVALID_VALUE = "INVALID_VALUE"
    REPEATED_IN_FILE = "REPEATED_IN_FILE"
    BUSY = "BUSY"


class RowRefused(Exception):
    """One row cannot be imported: the code of the rule, and a sentence for who corrects it."""

    def __init__(self, rule: str, sentence: str) -> None:
        super().__init__(sentence)
        self.rule, self.sentence = rule, sentence


class Unusable(Exception):
    """A file or an option cannot be used at all; the message is one sentence for who gave it."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a row can say, by the name that `--map` and the documentation use."""

    name: str
    is_required: bool = False


PATIENT_FIELDS = (
    Field("mrn", is_required=True),
    Field("name", is_required=True),
    Field("date_of_birth"),
    Field("sex"),
    Field("phone"),
    Field("email"),
)
APPOINTMENT_FIELDS = (
    Field("mrn", is_required=True),
    Field("date", is_required=True),
    Field("time", is_required=True),
    Field("number"),
    Field("doctor"),
    Field("status"),
    Field("type"),
    Field("reason"),
)


def shown(text: str) -> str:
    """Return foreign text as a message may show it: printable, on one line, not too long."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return line if len(line) <= LONGEST_SHOWN else f"{line[: LONGEST_SHOWN - 1]}…"


def _same(header: str) -> str:
    return re.sub(r"[\s_-]+", "_", header.strip().casefold())


def mapping_of(pairs: Sequence[str], fields: Sequence[Field]) -> dict[str, str]:
    """Return `ours=theirs` pairs as a mapping; raises Unusable for what is not one, or an unknown field."""
    known = ", ".join(field.name for field in fields)
    mapping: dict[str, str] = {}
    for pair in pairs:
        ours, equals, theirs = (part.strip() for part in pair.partition("="))
        if not equals or not theirs:
            message = f"--map {shown(pair)}: write it as ours=theirs, such as mrn=patient_id."
            raise Unusable(message)
        if ours not in {field.name for field in fields}:
            message = f"--map {shown(pair)}: there is no field {shown(ours)}. The fields are: {known}."
            raise Unusable(message)
        if ours in mapping:
            message = f"--map {ours}= is given twice."
            raise Unusable(message)
        mapping[ours] = theirs
    return mapping


def columns_of(headers: Sequence[str], fields: Sequence[Field], mapping: Mapping[str, str]) -> dict[str, int]:
    """Return at which place each field stands. Headers match without regard to case, spaces, - and _.

    Raises Unusable, naming the headers found, when a required or mapped column is missing or stands there twice.
    """
    places: dict[str, int] = {}
    wanted = {field.name: mapping.get(field.name, field.name) for field in fields}
    times = Counter(_same(header) for header in headers)
    where = {_same(header): place for place, header in enumerate(headers)}
    missing: list[str] = []
    for field in fields:
        theirs = _same(wanted[field.name])
        if times[theirs] > 1:
            message = f"The column {shown(wanted[field.name])} is there {times[theirs]} times; rename all but one."
            raise Unusable(message)
        if theirs in where:
            places[field.name] = where[theirs]
        elif field.is_required or field.name in mapping:
            missing.append(field.name)
    if missing:
        raise Unusable(_missing(missing, mapping, headers))
    return places


def _missing(missing: Sequence[str], mapping: Mapping[str, str], headers: Sequence[str]) -> str:
    names = ", ".join(f"{name} (looked for as {shown(mapping[name])})" if name in mapping else name for name in missing)
    found = ", ".join(shown(header) or "(empty)" for header in headers[:MOST_SHOWN])
    more = f" and {len(headers) - MOST_SHOWN} more" if len(headers) > MOST_SHOWN else ""
    one = len(missing) == 1
    return (
        f"{'A column is' if one else 'Columns are'} missing: {names}. "
        f"The file has: {found}{more}. Name a column with --map {missing[0]}=ITS-HEADER."
    )


def delimiter_of(beginning: str) -> str:
    """Return what separates the columns: of , ; tab and | the one that stands most often in the header, outside quotes.

    A comma where none of them does: the file has one column.
    """
    counts = dict.fromkeys(DELIMITERS, 0)
    quoted = False
    for char in beginning.lstrip():
        if char == '"':
            quoted = not quoted
        elif not quoted and char in "\r\n":
            break
        elif not quoted and char in counts:
            counts[char] += 1
    return max(counts, key=counts.__getitem__)


def guarded(value: str) -> str:
    """Return a value that no spreadsheet takes for a formula: with an apostrophe before what could begin one."""
    return f"'{value}" if value.lstrip("'")[:1] in _FORMULA and value.lstrip("'") else value


def unguarded(value: str) -> str:
    """Return what `guarded` was given."""
    return value[1:] if value.startswith("'") and guarded(value) != value else value


def checked_date_format(date_format: str) -> str:
    """Return a date format that tells day, month and whole year; raises Unusable."""
    try:
        known = datetime.strptime(_TELLTALE.strftime(date_format), date_format).date()  # noqa: DTZ007 a date only
    except (ValueError, re.error):
        known = None
    if known != _TELLTALE:
        message = (
            f"--date-format {shown(date_format)}: write day, month and the year with four digits, such as %d/%m/%Y. "
            "Two digits cannot tell 1925 from 2025."
        )
        raise Unusable(message)
    return date_format


def read_day(text: str, date_format: str | None) -> date:
    """Return a date, by default of the form 1925-12-29; raises ValueError, with what is wrong as its message."""
    try:
        day = datetime.strptime(text, date_format or ISO).date()  # noqa: DTZ007 a date has no zone
    except ValueError:
        message = f"{shown(text)} is not a date like {_TELLTALE.strftime(date_format or ISO)}."
        raise ValueError(message) from None
    if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        message = f"Check the year: {shown(text)}."
        raise ValueError(message)
    return day


def read_time(text: str) -> time:
    """Return a time of day like 09:30 or 09:30:00; raises ValueError, with what is wrong as its message."""
    found = _TIME.fullmatch(text)
    hour, minute, second = (int(part or 0) for part in found.groups()) if found else (-1, 0, 0)
    try:
        return time(hour, minute, second)
    except ValueError:
        message = f"{shown(text)} is not a time like 09:30 or 09:30:00."
        raise ValueError(message) from None


_SEXES = {
    Sex.FEMALE: ("female", "f", "woman", "w"),
    Sex.MALE: ("male", "m", "man"),
    Sex.OTHER: ("other", "o", "x", "non-binary", "nonbinary", "diverse"),
    Sex.UNKNOWN: ("unknown", "u", "not known", "not stated", "unspecified"),
}
_SEX_OF = {word: sex for sex, words in _SEXES.items() for word in words}


def read_sex(text: str) -> Sex:
    """Return what a word for the administrative sex means; raises ValueError."""
    found = _SEX_OF.get(text.strip().casefold())
    if found is None:
        message = f"{shown(text)} is not one of female, male, other, unknown."
        raise ValueError(message)
    return found


def read_type(text: str) -> AppointmentType:
    """Return what the patient comes for; raises ValueError."""
    try:
        return AppointmentType(_same(text).upper())
    except ValueError:
        kinds = ", ".join(kind.lower() for kind in AppointmentType)
        message = f"{shown(text)} is not one of {kinds}."
        raise ValueError(message) from None


def is_coming(status: str | None, statuses: Collection[str]) -> bool:
    """Whether a row's status means that the appointment is still to come; a file without statuses has only such."""
    return status is None or _same(status) in {_same(one) for one in statuses}


def weeks_to_now(earliest: datetime, now: datetime) -> int:
    """Return the whole weeks by which to move appointments so that the earliest is the next that is not past.

    Both are wall-clock times of the hospital, without a zone.
    """
    return -((earliest - now) // WEEK)


def shifted(day: date, weeks: int) -> date:
    """Return a date moved by whole weeks; raises ValueError when it leaves the years that can be meant."""
    try:
        moved = day + weeks * WEEK
    except OverflowError:
        moved = date.min
    if not EARLIEST_YEAR <= moved.year <= LATEST_YEAR:
        message = f"{day.isoformat()} cannot be moved by {weeks} weeks."
        raise ValueError(message)
    return moved
