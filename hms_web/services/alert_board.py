"""The live board of alerts: who waits, who has taken it on, and ending it by hand (product.md, Stage alerts)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, and_, func, select, text
from sqlalchemy.orm import Session, aliased

from hms_web.domain.alerts import LIVE, AlertStatus, AlertType, may_acknowledge, may_resolve, may_take_over
from hms_web.domain.identity import Actor
from hms_web.domain.refusals import Code, Refusal, Refused
from hms_web.domain.validation import note_mistake, refuse_invalid, tidy
from hms_web.models import Appointment, Doctor, Patient, StageAlert, User
from hms_web.services import audit, paging, unit_of_work
from hms_web.services.stage_alerts import today_span

LONGEST_NOTE = 500
_DOCTOR_USER = aliased(User)
_OWNER = aliased(User)
_RESOLVER = aliased(User)


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert with the names that a board shows. `resolved_by` is None for one that ended by itself."""

    id: UUID
    appointment_id: UUID
    patient_id: UUID
    patient_name: str
    patient_mrn: str
    doctor_id: UUID
    doctor_name: str
    department: str
    token_number: int
    starts_at: datetime
    alert_type: AlertType
    status: AlertStatus
    message: str
    waiting_since: datetime
    created_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    resolved_by: str | None
    resolved_at: datetime | None
    resolve_note: str | None
    acknowledged_by_id: UUID | None = None


def live(session: Session, actor: Actor, *, now: datetime, doctor_id: UUID | None = None) -> list[AlertView]:
    """Return today's alerts that are not over, the longest wait first; those of one doctor if one is named."""
    query = _selected(actor).where(_live(actor, now))
    if doctor_id is not None:
        query = query.where(StageAlert.doctor_id == doctor_id)
    return [_view(row) for row in session.execute(query.order_by(StageAlert.waiting_since, StageAlert.id))]


def page(
    session: Session, actor: Actor, *, now: datetime, limit: int | None = None, cursor: str | None = None
) -> paging.Page[AlertView]:
    """Return the same as a page; without a limit all of them. Raises InvalidInput for a cursor that is none."""
    found = live(session, actor, now=now)
    if cursor is not None:
        after = paging.read_cursor(cursor, datetime, UUID)
        found = [view for view in found if (view.waiting_since, view.id) > after]
    return paging.page(found, limit or len(found) or 1, lambda view: view, lambda view: (view.waiting_since, view.id))


def _live(actor: Actor, now: datetime) -> ColumnElement[bool]:
    return and_(
        StageAlert.hospital_id == actor.hospital_id,
        StageAlert.status.in_(LIVE),
        StageAlert.waiting_since >= today_span(actor, now).starts_at,
    )


def active_counted(actor: Actor, now: datetime) -> ScalarSelect[int]:
    """Return the number of today's alerts that nobody has taken on."""
    query = select(func.count()).select_from(StageAlert)
    return query.where(_live(actor, now), StageAlert.status == AlertStatus.ACTIVE).scalar_subquery()


VERSION = """
    (SELECT md5(concat(CAST(CAST(:now AS timestamptz) AT TIME ZONE h.timezone AS date),
                       string_agg(concat(s.id, s.status, s.acknowledged_by_id, a.version, p.name), '' ORDER BY s.id)))
       FROM stage_alerts s JOIN appointments a ON a.id = s.appointment_id JOIN patients p ON p.id = a.patient_id
      WHERE s.hospital_id = h.id AND s.status IN ('ACTIVE', 'ACKNOWLEDGED')
        AND s.waiting_since >= CAST(:now AS timestamptz) - interval '26 hours')
"""
"""A text that differs whenever a hospital's board does, as an expression over its row `h`: every open board asks for it
every few seconds, together with who asks.

What a board shows of an appointment that moves on, to another doctor say, is in its version; a name is the patient's.
No day is longer than the hours that are looked at, and a new one is a new board.
"""
_VERSION = text(f"SELECT {VERSION} FROM hospitals h WHERE h.id = :hospital")  # noqa: S608 words of our own


def version(session: Session, actor: Actor, *, now: datetime) -> str:
    """Return the text that differs whenever the board does."""
    return str(session.execute(_VERSION, {"hospital": actor.hospital_id, "now": now}).scalar_one())


def get(session: Session, actor: Actor, alert_id: UUID) -> AlertView:
    """Return one alert of the hospital. Raises Refused ALERT_NOT_FOUND."""
    row = session.execute(_selected(actor).where(StageAlert.id == alert_id)).one_or_none()
    if row is None:
        raise Refused(Code.ALERT_NOT_FOUND)
    return _view(row)


def acknowledge(
    session: Session, actor: Actor, alert_id: UUID, *, now: datetime, instead_of: UUID | None = None
) -> AlertView | Refusal:
    """Take an alert on, for everyone to see. Refuses INVALID_TRANSITION for one that somebody but `instead_of` has.

    Raises Refused ALERT_NOT_FOUND, Busy.
    """

    def allowed(alert: StageAlert) -> bool:
        status = AlertStatus(alert.status)
        taken_over = may_take_over(status, alert.acknowledged_by_id, instead_of, actor.user_id)
        return taken_over if instead_of else may_acknowledge(status)

    def change(alert: StageAlert) -> None:
        alert.acknowledged_by_id, alert.acknowledged_at = actor.user_id, now

    return _move(session, actor, alert_id, AlertStatus.ACKNOWLEDGED, allowed, change, None, now)


def resolve(session: Session, actor: Actor, alert_id: UUID, *, note: str | None, now: datetime) -> AlertView | Refusal:
    """End an alert by hand. Refuses INVALID_TRANSITION for one that is over.

    Raises InvalidInput, Refused ALERT_NOT_FOUND, Busy.
    """
    refuse_invalid(("note", note_mistake(note, LONGEST_NOTE)))
    words = tidy(note)

    def allowed(alert: StageAlert) -> bool:
        return may_resolve(AlertStatus(alert.status))

    def change(alert: StageAlert) -> None:
        alert.resolved_by_id, alert.resolved_at, alert.resolve_note = actor.user_id, now, words

    return _move(session, actor, alert_id, AlertStatus.RESOLVED, allowed, change, words, now)


def _move(  # noqa: PLR0913, PLR0917 what the two moves have in common
    session: Session,
    actor: Actor,
    alert_id: UUID,
    after: AlertStatus,
    allowed: Callable[[StageAlert], bool],
    change: Callable[[StageAlert], None],
    note: str | None,
    now: datetime,
) -> AlertView | Refusal:
    def work() -> AlertView | Refusal:
        mine = and_(StageAlert.hospital_id == actor.hospital_id, StageAlert.id == alert_id)
        locked = select(StageAlert).where(mine).with_for_update().execution_options(populate_existing=True)
        alert = unit_of_work.wait_for(session, locked).scalars().one_or_none()
        if alert is None:
            raise Refused(Code.ALERT_NOT_FOUND)
        before = AlertStatus(alert.status)
        if not allowed(alert):
            return Refusal(Code.INVALID_TRANSITION, {"from": before, "alert": after})
        alert.status = after
        change(alert)
        session.flush()
        details: dict[str, object] = {"status": {"from": before, "to": after}} | ({"note": note} if note else {})
        audit.record(session, actor, f"alert.{after.lower()}", "alert", alert_id, now=now, **details)
        return get(session, actor, alert_id)

    return unit_of_work.run(session, work)


def _selected(actor: Actor) -> Select[*tuple[Any, ...]]:
    return (
        select(
            StageAlert.id,
            StageAlert.appointment_id,
            StageAlert.patient_id,
            Patient.name,
            Patient.mrn,
            StageAlert.doctor_id,
            _DOCTOR_USER.name,
            Doctor.department,
            Appointment.token_number,
            Appointment.starts_at,
            StageAlert.alert_type,
            StageAlert.status,
            StageAlert.message,
            StageAlert.waiting_since,
            StageAlert.created_at,
            _OWNER.name,
            StageAlert.acknowledged_at,
            _RESOLVER.name,
            StageAlert.resolved_at,
            StageAlert.resolve_note,
            StageAlert.acknowledged_by_id,
        )
        .join(Appointment, Appointment.id == StageAlert.appointment_id)
        .join(Patient, Patient.id == StageAlert.patient_id)
        .join(Doctor, Doctor.id == StageAlert.doctor_id)
        .join(_DOCTOR_USER, _DOCTOR_USER.id == Doctor.user_id)
        .outerjoin(_OWNER, _OWNER.id == StageAlert.acknowledged_by_id)
        .outerjoin(_RESOLVER, _RESOLVER.id == StageAlert.resolved_by_id)
        .where(StageAlert.hospital_id == actor.hospital_id)
    )


def _view(row: Row[*tuple[Any, ...]]) -> AlertView:
    values = list(row)
    values[10], values[11] = AlertType(values[10]), AlertStatus(values[11])
    return AlertView(*values)
