"""The charts of no-shows: rates over time, by weekday and hour, by doctor and by how long before they were booked.

docs/rules.md, "How are the figures counted?", says what counts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row, Select, and_, case, cast, extract, func, select, tuple_
from sqlalchemy.dialects.postgresql import DATE, INTEGER
from sqlalchemy.orm import Session

from hms_web.domain.booking import BOOKING_WINDOW_DAYS
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import day_span
from hms_web.domain.schedules import DayOfWeek
from hms_web.domain.statistics import NOBODY, Days, LeadTime, Share, lead_time
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Appointment
from hms_web.services.no_show_logs import allowed_doctor
from hms_web.services.no_show_stats import CAME, COUNTS, DoctorShare, named

K = TypeVar("K")
_NOT_KNOWN = -1
"""How long before an appointment was booked in another system."""


@dataclass(frozen=True, slots=True)
class NoShowFigures:
    """The shares of some days. `over_time` has each step of the days by its first; hours and days are the hospital's.

    `by_hour` has only those hours in which somebody was to come; `by_doctor` begins with the highest rate.
    """

    whole: Share
    over_time: Sequence[tuple[date, Share]]
    by_hour: Mapping[tuple[DayOfWeek, int], Share]
    by_doctor: Sequence[DoctorShare]
    by_lead_time: Sequence[tuple[LeadTime, Share]]


def figures(
    session: Session, actor: Actor, days: Days, *, doctor_id: UUID | None = None, now: datetime
) -> NoShowFigures:
    """Return the shares of the appointments of some days whose time is over; a doctor's are their own alone.

    Two statements, whatever there is: the counts, and the doctors' names. Raises Refused FORBIDDEN for another
    doctor's.
    """
    rows = _rows(session, actor, days, allowed_doctor(actor, doctor_id), now)
    by_day = _grouped(rows, lambda row: row.day)
    by_lead = _grouped(rows, lambda row: None if row.lead is None else lead_time(row.lead))
    by_doctor = _grouped(rows, lambda row: row.doctor_id)
    return NoShowFigures(
        sum(by_day.values(), NOBODY),
        _over_time(days, by_day),
        _grouped(rows, lambda row: row.weekday and (list(DayOfWeek)[row.weekday - 1], row.hour)),
        named(session, list(by_doctor.items())),
        [(lead, by_lead[lead]) for lead in LeadTime if lead in by_lead],
    )


def _rows(
    session: Session, actor: Actor, days: Days, doctor_id: UUID | None, now: datetime
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Count once, in four groupings of the same rows: what a row is not grouped by is NULL in it."""
    visit = _visits(actor, days, doctor_id, now).subquery()
    columns = visit.c
    sets = tuple_(columns.day), tuple_(columns.weekday, columns.hour), tuple_(columns.doctor_id), tuple_(columns.lead)
    query = select(
        columns.day,
        columns.weekday,
        columns.hour,
        columns.doctor_id,
        columns.lead,
        func.count().filter(columns.is_missed).label("missed"),
        func.count().filter(columns.has_come).label("came"),
    )
    return session.execute(query.group_by(func.grouping_sets(*sets))).all()


def _visits(actor: Actor, days: Days, doctor_id: UUID | None, now: datetime) -> Select[*tuple[Any, ...]]:
    """Select the appointments that count as one or the other; what the hospital put in question is neither."""
    booked = cast(func.timezone(actor.timezone, Appointment.created_at), DATE)
    ahead = case((Appointment.import_key.is_(None), Appointment.date - booked), else_=_NOT_KNOWN)
    is_missed = and_(Appointment.status == AppointmentStatus.NO_SHOW, COUNTS)
    query = select(
        Appointment.date.label("day"),
        cast(extract("isodow", Appointment.date), INTEGER).label("weekday"),
        cast(extract("hour", Appointment.start_time), INTEGER).label("hour"),
        Appointment.doctor_id,
        func.least(ahead, BOOKING_WINDOW_DAYS).label("lead"),
        is_missed.label("is_missed"),
        Appointment.status.in_(CAME).label("has_come"),
    ).where(
        Appointment.hospital_id == actor.hospital_id,
        Appointment.starts_at >= day_span(days.first, actor.zone).starts_at,
        Appointment.starts_at < day_span(days.last, actor.zone).ends_at,
        Appointment.ends_at <= now,
        Appointment.status.in_((AppointmentStatus.NO_SHOW, *CAME)),
        Appointment.affected_cause.is_(None),
    )
    return query if doctor_id is None else query.where(Appointment.doctor_id == doctor_id)


def _grouped(rows: Sequence[Row[*tuple[Any, ...]]], key: Callable[[Any], K | None]) -> dict[K, Share]:
    """Return the shares of one grouping, in the order of their keys; those in which nobody counts are left out."""
    found: dict[K, Share] = {}
    for row in rows:
        name, share = key(row), Share(row.missed, row.came)
        if name is not None and share.whole:
            found[name] = found.get(name, NOBODY) + share
    return found


def _over_time(days: Days, by_day: Mapping[date, Share]) -> list[tuple[date, Share]]:
    steps = dict.fromkeys(days.beginnings(), NOBODY)
    for day, share in by_day.items():
        steps[days.beginning(day)] += share
    return list(steps.items())
