"""Alerts about people who wait too long: made and ended by the periodic scan, ended when a visit moves on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, not_, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms_web.domain.alerts import LIVE, MESSAGES, AlertStatus, AlertType, Visit, Wait, overdue
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import Span, day_span, local_date
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Appointment, StageAlert, new_id
from hms_web.services import audit, batches, unit_of_work
from hms_web.services.batches import Dealt, Failure, unguarded, without_end
from hms_web.services.job_health import Guard, Renew

AT_ONCE = 200
"""How many alerts are made or ended in one transaction."""

# As domain/alerts.wait_of has it.
_WAITING_SINCE = case(
    (Appointment.vitals_recorded_at.is_(None), Appointment.checked_in_at),
    else_=func.greatest(Appointment.vitals_recorded_at, Appointment.starts_at),
)


@dataclass(frozen=True, slots=True)
class AlertResult:
    """How many alerts a scan made, and how many it ended; `errors` are visits and alerts left to the next scan."""

    created: int
    resolved: int
    errors: tuple[Failure, ...] = ()


@dataclass
class Scanned:
    """What a scan has done so far."""

    made: Dealt[int] = field(default_factory=Dealt)
    ended: Dealt[int] = field(default_factory=Dealt)

    @property
    def result(self) -> AlertResult:
        """What it comes to."""
        return AlertResult(sum(self.made.done), sum(self.ended.done), self.made.failures + self.ended.failures)


def today_span(actor: Actor, now: datetime) -> Span:
    """Return the instants of the hospital's today; only its visits are watched.

    Somebody who was checked in yesterday and forgotten is no longer waiting: nobody is alarmed about them for ever.
    """
    return day_span(local_date(now, actor.zone), actor.zone)


def _still_waits(today: Span) -> ColumnElement[bool]:
    """Whether an alert's appointment, joined to it, still stands where the alert says."""
    return and_(
        Appointment.status == AppointmentStatus.CHECKED_IN,
        Appointment.starts_at >= today.starts_at,
        or_(
            and_(StageAlert.alert_type == AlertType.NO_VITALS, Appointment.vitals_recorded_at.is_(None)),
            and_(StageAlert.alert_type == AlertType.NO_DOCTOR, Appointment.vitals_recorded_at.is_not(None)),
        ),
    )


def resolve_for(session: Session, actor: Actor, appointment_id: UUID, *, now: datetime) -> int:
    """End the live alerts of an appointment whose stage has moved on; return how many.

    Inside the caller's unit of work, which holds the appointment's lock and has flushed its change.
    """
    return _end(session, actor, [*_outdated(actor, now), StageAlert.appointment_id == appointment_id], now=now)


def _outdated(actor: Actor, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        StageAlert.hospital_id == actor.hospital_id,
        StageAlert.status.in_(LIVE),
        StageAlert.appointment_id == Appointment.id,
        not_(_still_waits(today_span(actor, now))),
    )


def _end(session: Session, actor: Actor, wanted: Sequence[ColumnElement[bool]], *, now: datetime) -> int:
    ended = session.scalars(
        update(StageAlert)
        .where(*wanted)
        .values(status=AlertStatus.RESOLVED, resolved_at=now)
        .returning(StageAlert.id)
        .execution_options(synchronize_session=False)
    ).all()
    entries = [audit.Entry("alert.resolved", "alert", key, {"moved_on": True}) for key in ended]
    audit.record_all(session, actor, entries, now=now)
    return len(ended)


def follow(session: Session, actor: Actor, appointment_id: UUID, doctor_id: UUID) -> None:
    """Let the live alerts of somebody who waits for another doctor now name that one; the wait goes on.

    Inside the caller's unit of work, which holds the appointment's lock.
    """
    session.execute(
        update(StageAlert)
        .where(
            StageAlert.hospital_id == actor.hospital_id,
            StageAlert.appointment_id == appointment_id,
            StageAlert.status.in_(LIVE),
        )
        .values(doctor_id=doctor_id)
        .execution_options(synchronize_session=False)
    )


def scan(
    session: Session,
    actor: Actor,
    *,
    now: datetime,
    guard: Guard = unguarded,
    renew: Renew = without_end,
    scanned: Scanned | None = None,
) -> AlertResult:
    """Make the alerts of one hospital that are due now and end those that have become pointless.

    A visit or an alert that somebody holds, or that cannot be written, stops no other one (`batches`). What has been
    done stands in `scanned` even when this raises: what `guard` raises, and Busy.
    """
    scanned = Scanned() if scanned is None else scanned
    batches.each(session, _Overdue(session, actor, now, AT_ONCE), scanned.made, guard=guard, renew=renew)
    batches.each(session, _Outdated(session, actor, now, AT_ONCE), scanned.ended, guard=guard, renew=renew)
    return scanned.result


@dataclass
class _Overdue:
    """Visits that wait for too long without an alert."""

    session: Session
    actor: Actor
    now: datetime
    most: int
    name: str = "alert_made"
    at_once: int = 1

    def due(self, but: Sequence[UUID], most: int) -> list[UUID]:
        known = set(but)
        found = _overdue(self.session.execute(_waiting(self.actor, self.now)), self.now)
        return [row.id for row, _ in found if row.id not in known][:most]

    def deal(self, session: Session, ids: Sequence[UUID], *, waits: bool) -> tuple[int, Collection[UUID]]:
        # Whoever moves one of these visits on holds its row's lock and then ends its alerts: either they are done, and
        # we see that under the lock, or they wait for us and then find what we have made.
        locked = _waiting(self.actor, self.now).where(Appointment.id.in_(ids)).order_by(Appointment.id)
        locked = locked.with_for_update(read=True, of=Appointment, skip_locked=not waits)
        held = unit_of_work.wait_for(session, locked).all()
        rows = [_alert(self.actor, row, wait, self.now) for row, wait in _overdue(held, self.now)]
        return _raise(session, self.actor, rows, now=self.now), set(ids).difference(row.id for row in held)


@dataclass
class _Outdated:
    """Live alerts whose visit has moved on."""

    session: Session
    actor: Actor
    now: datetime
    most: int
    name: str = "alert_ended"
    at_once: int = 1

    def due(self, but: Sequence[UUID], most: int) -> list[UUID]:
        wanted = select(StageAlert.id).where(*_outdated(self.actor, self.now), StageAlert.id.not_in(but))
        return list(self.session.scalars(wanted.order_by(StageAlert.id).limit(most)))

    def deal(self, session: Session, ids: Sequence[UUID], *, waits: bool) -> tuple[int, Collection[UUID]]:
        wanted = [*_outdated(self.actor, self.now), StageAlert.id.in_(ids)]
        locked = select(StageAlert.id).where(*wanted).order_by(StageAlert.id)
        locked = locked.with_for_update(key_share=True, of=StageAlert, skip_locked=not waits)
        held = unit_of_work.wait_for(session, locked).scalars().all()
        ended = _end(session, self.actor, [*wanted, StageAlert.id.in_(held)], now=self.now) if held else 0
        return ended, set(ids).difference(held)


def _raise(session: Session, actor: Actor, rows: Sequence[dict[str, object]], *, now: datetime) -> int:
    if not rows:
        return 0
    made = session.execute(insert(StageAlert).on_conflict_do_nothing().returning(StageAlert.id), rows).scalars().all()
    entries = [audit.Entry("alert.raised", "alert", key, {}) for key in made]
    audit.record_all(session, actor, entries, now=now)
    return len(made)


def _waiting(actor: Actor, now: datetime) -> Select[*tuple[Any, ...]]:
    """Ask for the people who are here today without an alert of the stage at which they are.

    An alert that somebody ended by hand stands for the whole of its wait. One that ended by itself does not: whoever
    waits again has come back to the stage.
    """
    today = today_span(actor, now)
    ended_by_hand = and_(StageAlert.resolved_by_id.is_not(None), StageAlert.waiting_since == _WAITING_SINCE)
    alarmed = exists().where(
        StageAlert.appointment_id == Appointment.id,
        or_(StageAlert.status.in_(LIVE), ended_by_hand),
        _still_waits(today),
    )
    return select(
        Appointment.id,
        Appointment.patient_id,
        Appointment.doctor_id,
        Appointment.status,
        Appointment.starts_at,
        Appointment.slot_minutes,
        Appointment.checked_in_at,
        Appointment.vitals_recorded_at,
    ).where(
        Appointment.hospital_id == actor.hospital_id,
        Appointment.status == AppointmentStatus.CHECKED_IN,
        Appointment.starts_at >= today.starts_at,
        Appointment.starts_at < today.ends_at,
        not_(alarmed),
    )


def _overdue(rows: Any, now: datetime) -> list[tuple[Row[Any], Wait]]:  # noqa: ANN401 a result of `_waiting`
    judged = [(row, overdue(Visit(AppointmentStatus(row.status), *row[4:8]), now)) for row in rows]
    return [(row, wait) for row, wait in judged if wait is not None]


def _alert(actor: Actor, row: Row[Any], wait: Wait, now: datetime) -> dict[str, object]:
    return {
        "id": new_id(),
        "hospital_id": actor.hospital_id,
        "appointment_id": row.id,
        "patient_id": row.patient_id,
        "doctor_id": row.doctor_id,
        "alert_type": wait.alert_type,
        "status": AlertStatus.ACTIVE,
        "message": MESSAGES[wait.alert_type].format(since=f"{wait.since.astimezone(actor.zone):%H:%M}"),
        "waiting_since": wait.since,
        "created_at": now,
    }
