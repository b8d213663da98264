"""A country's public holidays: which of them a hospital takes over (product.md, Holidays)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from hms_web.domain.holidays import Holiday
from hms_web.domain.phrases import phrase
from hms_web.domain.validation import LONGEST_NAME

YEARS_AHEAD = 5


class ImportState(StrEnum):
    """What becomes of a public holiday: NEW ones are taken over, the others left out."""

    NEW = "NEW"
    THERE = "THERE"
    SWITCHED_OFF = "SWITCHED_OFF"
    PAST = "PAST"


@dataclass(frozen=True, slots=True)
class KnownHoliday:
    """A holiday that the hospital has already, in force or switched off."""

    holiday: Holiday
    is_active: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """A public holiday, and what becomes of it."""

    holiday: Holiday
    state: ImportState


def year_mistake(year: int, today: date) -> str | None:
    """Return what is wrong with a year, or None: this one and the next five can be imported."""
    if today.year <= year <= today.year + YEARS_AHEAD:
        return None
    return phrase("Choose a year from %(first)s to %(last)s.", first=today.year, last=today.year + YEARS_AHEAD)


def candidates(found: Sequence[Holiday], known: Sequence[KnownHoliday], today: date) -> list[Candidate]:
    """Return each public holiday with what becomes of it, earliest first.

    A day that is closed already, once or every year, is not closed a second time; one that somebody has switched off
    stays off; a day that is over closes nothing. So taking the same year over twice changes nothing.
    """
    return [
        Candidate(_short(holiday), _state(holiday, known, today)) for holiday in sorted(found, key=lambda h: h.date)
    ]


def _short(holiday: Holiday) -> Holiday:
    return Holiday(holiday.name[:LONGEST_NAME].strip(), holiday.date)


def _state(holiday: Holiday, known: Sequence[KnownHoliday], today: date) -> ImportState:
    same_day = [other for other in known if other.holiday.falls_on(holiday.date)]
    if any(other.is_active for other in same_day):
        return ImportState.THERE
    if holiday.date < today:
        return ImportState.PAST
    return ImportState.SWITCHED_OFF if same_day else ImportState.NEW
