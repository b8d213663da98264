"""A doctor's calendar as a calendar program fetches it, with nothing but the secret of a link.

It holds the appointments and the doctor's leave from four weeks back on, the cancelled ones too, so that a program that
has them takes them away. Of a patient there is the name at most, and only where the hospital lets it be; never why
they come.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from limits import parse
from sqlalchemy import Row, func, select, text, update
from sqlalchemy.orm import Session

from hms_web.domain.absences import AbsenceStatus
from hms_web.domain.local_time import first_instant, local_date
from hms_web.domain.messages import Language
from hms_web.domain.visits import INACTIVE
from hms_web.models import AuditEvent, CalendarLink, DoctorAbsence
from hms_web.services import passwords, unit_of_work
from hms_web.services.counting import Counter, hashed, sender

EXTENSION = "hms_calendar_limits"
BACK, AHEAD = timedelta(days=28), timedelta(days=366)
NOTED_EVERY = timedelta(minutes=15)
# A calendar program asks every few minutes at most. Guessing is hopeless; this keeps it from being a load.
WRONG_FROM_AN_ADDRESS = parse("20 per 15 minutes")
RIGHT_OF_A_LINK = parse("60 per 15 minutes")
WAIT_SECONDS = 900


class TooOften(Exception):
    """The calendar was asked for too often; a quarter of an hour later it can be tried again."""


class CalendarLimits:
    """Counts who asks for calendars, on Redis while it answers and in memory while it does not."""

    def __init__(self, redis_url: str) -> None:
        self._counter = Counter(redis_url, "hms-calendar")

    def count_wrong(self, address: str) -> None:
        """Count a wrong link. Raises TooOften."""
        _, (wrong,) = self._counter.add((WRONG_FROM_AN_ADDRESS, hashed(sender(address))))
        if wrong > WRONG_FROM_AN_ADDRESS.amount:
            raise TooOften

    def count_right(self, token_hash: str) -> None:
        """Count the use of a link. Raises TooOften."""
        _, (asked,) = self._counter.add((RIGHT_OF_A_LINK, hashed(token_hash)))
        if asked > RIGHT_OF_A_LINK.amount:
            raise TooOften


@dataclass(frozen=True, slots=True)
class Visit:
    """An appointment: its token, when, and the patient's name where the hospital lets it be known."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    token_number: int
    patient_name: str | None
    is_cancelled: bool
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Away:
    """Leave: whole days from the first up to and not including `end`, or hours of one day as instants.

    `version` grows with each change of it.
    """

    id: UUID
    begin: date
    end: date
    is_cancelled: bool
    version: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Feed:
    """A doctor's calendar."""

    doctor_name: str
    hospital_name: str
    department: str
    language: Language
    visits: Sequence[Visit]
    away: Sequence[Away]


_LINK = text("""
    SELECT l.id, l.hospital_id, l.doctor_id, l.last_used_at, u.name AS doctor_name, d.department,
           h.name AS hospital_name, h.timezone, h.message_language, h.calendars_show_names
      FROM calendar_links l
      JOIN doctors d ON d.id = l.doctor_id
      JOIN users u ON u.id = d.user_id AND u.is_active
      JOIN hospitals h ON h.id = l.hospital_id
     WHERE l.token_hash = :token_hash AND l.revoked_at IS NULL
""")
_VISITS = text("""
    SELECT a.id, a.starts_at, a.ends_at, a.token_number, CASE WHEN :with_names THEN p.name END AS patient_name,
           a.status, a.version, a.created_at
      FROM appointments a JOIN patients p ON p.id = a.patient_id
     WHERE a.hospital_id = :hospital AND a.doctor_id = :doctor AND a.starts_at >= :since AND a.starts_at < :until
     ORDER BY a.starts_at, a.id
""")


def fetch(session: Session, secret: str, limits: CalendarLimits, address: str, *, now: datetime) -> Feed | None:
    """Return the calendar of a link's doctor; None for a link that is none (any more), whoever's it was.

    `address` is where the question comes from. Raises TooOften. The secret is compared by its hash alone, which tells
    whoever measures the time nothing about it.
    """
    token_hash = passwords.secret_hash(secret)
    link = session.execute(_LINK, {"token_hash": token_hash}).one_or_none()
    if link is None:
        limits.count_wrong(address)
        return None
    limits.count_right(token_hash)
    if link.last_used_at is None or link.last_used_at <= now - NOTED_EVERY:
        used = update(CalendarLink).where(CalendarLink.id == link.id).values(last_used_at=now)
        unit_of_work.run(session, lambda: session.execute(used))
    return Feed(
        doctor_name=link.doctor_name,
        hospital_name=link.hospital_name,
        department=link.department,
        language=Language(link.message_language),
        visits=_visits(session, link, now),
        away=_away(session, link, now),
    )


def _visits(session: Session, link: Row[tuple[object, ...]], now: datetime) -> list[Visit]:
    given = {
        "hospital": link.hospital_id,
        "doctor": link.doctor_id,
        "with_names": link.calendars_show_names,
        "since": now - BACK,
        "until": now + AHEAD,
    }
    return [
        Visit(
            row.id,
            row.starts_at,
            row.ends_at,
            row.token_number,
            row.patient_name,
            row.status in INACTIVE,
            row.version,
            row.created_at,
        )
        for row in session.execute(_VISITS, given)
    ]


def _away(session: Session, link: Row[tuple[object, ...]], now: datetime) -> list[Away]:
    zone = ZoneInfo(link.timezone)
    today = local_date(now, zone)
    version = (
        select(func.count())
        .where(
            AuditEvent.hospital_id == DoctorAbsence.hospital_id,
            AuditEvent.record_type == "absence",
            AuditEvent.record_id == DoctorAbsence.id,
        )
        .scalar_subquery()
    )
    rows = session.execute(
        select(DoctorAbsence, version)
        .where(
            DoctorAbsence.hospital_id == link.hospital_id,
            DoctorAbsence.doctor_id == link.doctor_id,
            DoctorAbsence.end_date >= today - BACK,
            DoctorAbsence.start_date <= today + AHEAD,
        )
        .order_by(DoctorAbsence.start_date, DoctorAbsence.start_time, DoctorAbsence.id)
    )
    return [_leave(row, version, zone) for row, version in rows]


def _leave(row: DoctorAbsence, version: int, zone: dt.tzinfo) -> Away:
    is_cancelled = row.status == AbsenceStatus.CANCELLED
    if row.start_time is None or row.end_time is None:
        begin, end = row.start_date, row.end_date + timedelta(days=1)
    else:
        begin = first_instant(row.start_date, row.start_time, zone)
        end = first_instant(row.start_date, row.end_time, zone)
    return Away(row.id, begin, end, is_cancelled, version, row.created_at)
