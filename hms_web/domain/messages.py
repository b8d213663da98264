"""What is reported to patients, how urgently, and what a message is filled with (product.md, Notifications)."""

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from babel.dates import format_date

from hms_web.domain.affected import AffectedCause
from hms_web.domain.notifications import Priority


class MessageEvent(StrEnum):
    """What a message reports."""

    BOOKED = "appointment.booked"
    RESCHEDULED = "appointment.rescheduled"
    CANCELLED = "appointment.cancelled"
    AFFECTED_BY_ABSENCE = "appointment.affected_by_absence"
    CANCELLED_BY_EMERGENCY = "appointment.cancelled_by_emergency"
    NEEDS_RESCHEDULING = "appointment.needs_rescheduling"
    DOCTOR_UNAVAILABLE = "appointment.cancelled_doctor_unavailable"
    AFFECTED_BY_HOLIDAY = "appointment.affected_by_holiday"
    KEPT = "appointment.kept"
    NO_SHOW = "appointment.no_show"
    NO_SHOW_BLOCKED = "appointment.no_show_blocked"
    NOT_COMING = "appointment.not_coming"
    NOT_COMING_BLOCKED = "appointment.not_coming_blocked"


PROVIDER_TEST = "provider.test"
"""The event of a message with which an admin tries a provider; it reports nothing to a patient."""

AFFECTED_EVENTS = MappingProxyType(
    {
        AffectedCause.ABSENCE: MessageEvent.AFFECTED_BY_ABSENCE,
        AffectedCause.HOLIDAY: MessageEvent.AFFECTED_BY_HOLIDAY,
        AffectedCause.SCHEDULE_CHANGE: MessageEvent.NEEDS_RESCHEDULING,
        AffectedCause.DOCTOR_UNAVAILABLE: MessageEvent.AFFECTED_BY_ABSENCE,
    }
)
"""What a patient is told when an appointment comes onto the affected list. A doctor whose account is off is away."""

HIGH = frozenset(
    {
        MessageEvent.CANCELLED_BY_EMERGENCY,
        MessageEvent.NEEDS_RESCHEDULING,
        MessageEvent.DOCTOR_UNAVAILABLE,
        MessageEvent.NO_SHOW_BLOCKED,
        MessageEvent.NOT_COMING_BLOCKED,
    }
)


class Language(StrEnum):
    """The languages that messages are written in."""

    ENGLISH = "en"
    HINDI = "hi"


_WHEN = {
    Language.ENGLISH: ("EEEE d MMMM y", "{date} at {time}"),
    Language.HINDI: ("EEEE, d MMMM y", "{date} को {time} बजे"),
}


@dataclass(frozen=True, slots=True)
class Contents:
    """What a message about one appointment is filled with; `day` and `at` are the hospital's. Nothing clinical."""

    hospital: str
    doctor: str
    day: date
    at: time
    token: int


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it will be sent."""

    title: str
    body: str
    priority: Priority


def priority_of(event: MessageEvent) -> Priority:
    """Return how urgent an event is for its patient."""
    return Priority.HIGH if event in HIGH else Priority.NORMAL


@lru_cache(maxsize=512)
def _written(day: date, language: Language) -> str:
    """Return a day as the language writes it; many messages speak of few days."""
    return format_date(day, _WHEN[language][0], locale=str(language))


@lru_cache(maxsize=2048)
def _moment(day: date, at: time, language: Language) -> tuple[str, str, str]:
    """Return day, time and both together, as the language writes them; many messages of a sweep speak of one moment."""
    written, clock = _written(day, language), f"{at:%H:%M}"
    return written, clock, _WHEN[language][1].format(date=written, time=clock)


def values(contents: Contents, language: Language) -> dict[str, str]:
    """Return what each placeholder is filled with, dates as the language writes them."""
    day, at, when = _moment(contents.day, contents.at, language)
    return {
        "hospital": contents.hospital,
        "doctor": contents.doctor,
        "when": when,
        "date": day,
        "time": at,
        "token": str(contents.token),
    }
