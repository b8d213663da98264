"""A no-show by hand, and taking one back when the patient comes after all (product.md, No-show)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, func, insert, not_, or_, select
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor, Role
from hms_web.domain.local_time import local_date
from hms_web.domain.messages import MessageEvent
from hms_web.domain.no_show import NoShowReason, is_over, may_be_missed, releases_slot, reverted_to
from hms_web.domain.phrases import phrase
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.validation import line_mistake, note_mistake, refuse_invalid, tidy
from hms_web.domain.visits import INACTIVE, AppointmentStatus
from hms_web.models import Appointment, Doctor, NoShowLog, Patient, SlotBlock, User, new_id
from hms_web.services import (
    affected_messages,
    appointments,
    audit,
    locks,
    no_show_writing,
    outbox,
    patient_blocks,
    settling,
    slot_making,
    unit_of_work,
)
from hms_web.services.appointments import AppointmentView
from hms_web.services.no_show_writing import How

LONGEST_NOTE = 500
UNRELEASED = phrase("No-show")
"""What stands on a missed time that is too near to be offered again."""


def mark(
    session: Session,
    actor: Actor,
    appointment_id: UUID,
    *,
    reason: NoShowReason,
    notes: str | None,
    now: datetime,
    version: int | None = None,
) -> AppointmentView | Refusal:
    """Note that a patient did not come, or will not: log, count, block, message, and the slot where it is still of use.

    Refuses APPOINTMENT_NOT_FOUND, STALE_VERSION, INVALID_TRANSITION for one who is not expected, and HOSPITALS_DOING
    for an appointment that the hospital itself put in question: that never counts against a patient. Raises
    InvalidInput, Busy.
    """
    refuse_invalid(
        ("reason", phrase("Say who found out.") if reason is NoShowReason.AUTO_TIMEOUT else None),
        ("notes", note_mistake(notes, LONGEST_NOTE)),
    )

    def work() -> AppointmentView | Refusal:
        appointment = locks.visit(session, actor, appointment_id)
        if appointment is None:
            return Refusal(Code.APPOINTMENT_NOT_FOUND)
        if version is not None and version != appointment.version:
            return Refusal(Code.STALE_VERSION)
        status = AppointmentStatus(appointment.status)
        if not may_be_missed(status):
            return Refusal(Code.INVALID_TRANSITION, {"from": status, "to": AppointmentStatus.NO_SHOW})
        if appointment.affected_cause is not None:
            return Refusal(Code.HOSPITALS_DOING)
        _mark(session, actor, appointment, How(reason, tidy(notes)), now=now)
        return appointments.get(session, actor, appointment_id)

    return unit_of_work.run(session, work)


def _mark(session: Session, actor: Actor, appointment: Appointment, how: How, *, now: datetime) -> None:
    no_show_writing.write(session, actor, session.execute(_facts(appointment.id)).all(), how, now=now)
    if now < appointment.starts_at and not releases_slot(appointment.starts_at, now):
        _keep_closed(session, actor, appointment, now=now)
    slot_making.settle_days(session, actor, appointment.doctor_id, [appointment.date], now=now)


def _facts(appointment_id: UUID) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Appointment.id,
            Appointment.patient_id,
            Appointment.doctor_id,
            Appointment.status,
            Appointment.date,
            Appointment.start_time,
            Appointment.starts_at,
            Appointment.slot_minutes,
            Appointment.version,
            Appointment.token_number,
            User.name.label("doctor_name"),
            Patient.status.label("patient_status"),
            Patient.no_show_count,
        )
        .join(Patient, Patient.id == Appointment.patient_id)
        .join(Doctor, Doctor.id == Appointment.doctor_id)
        .join(User, User.id == Doctor.user_id)
        .where(Appointment.id == appointment_id)
    )


def _keep_closed(session: Session, actor: Actor, appointment: Appointment, *, now: datetime) -> None:
    """Close the few minutes that are left until a time which is too near to be offered again."""
    session.execute(
        insert(SlotBlock).values(
            id=new_id(),
            hospital_id=actor.hospital_id,
            doctor_id=appointment.doctor_id,
            starts_at=appointment.starts_at,
            ends_at=appointment.ends_at,
            reason=UNRELEASED,
            created_by_id=actor.user_id,
            created_at=now,
        )
    )


def revert(
    session: Session, actor: Actor, appointment_id: UUID, *, note: str, now: datetime, version: int | None = None
) -> AppointmentView | Refusal:
    """Take a no-show back: the patient is expected again, or, once the slot has begun, is here.

    The log is marked, the count goes down, and a block that no-shows caused ends when they are too few for it. On a
    later day nobody checks in any more: then an administrator takes the log alone back, and the appointment stays as it
    is (docs/decisions/0085). Refuses APPOINTMENT_NOT_FOUND, STALE_VERSION, INVALID_TRANSITION for one that is no
    no-show, whose log was taken back, or, for everybody else, that lies on another day,
    SLOT_TAKEN, PATIENT_DOUBLE_BOOKED and SLOT_BLOCKED when the time is somebody's or closed by now, and
    DOCTOR_FULLY_BOOKED. Raises InvalidInput, Busy.
    """
    refuse_invalid(("note", line_mistake(note, LONGEST_NOTE)))

    def work() -> AppointmentView | Refusal:
        appointment = locks.visit(session, actor, appointment_id)
        if appointment is None:
            return Refusal(Code.APPOINTMENT_NOT_FOUND)
        if version is not None and version != appointment.version:
            return Refusal(Code.STALE_VERSION)
        log = _to_undo(session, actor, appointment, now=now)
        if isinstance(log, Refusal):
            return log
        undo = _excuse if is_over(appointment.date, local_date(now, actor.zone)) else _revert
        undo(session, actor, appointment, log, note=note.strip(), now=now)
        return appointments.get(session, actor, appointment_id)

    return unit_of_work.run(session, work)


def _to_undo(session: Session, actor: Actor, appointment: Appointment, *, now: datetime) -> NoShowLog | Refusal:
    """Return the log of a no-show that may be taken back, or what speaks against it."""
    status, wanted = AppointmentStatus(appointment.status), reverted_to(appointment.starts_at, now)
    edge = {"from": status, "to": wanted}
    if status is not AppointmentStatus.NO_SHOW:
        return Refusal(Code.INVALID_TRANSITION, edge)
    log = _live_log(session, appointment)
    if log is None:
        return Refusal(Code.INVALID_TRANSITION, {"from": status, "excused": True})
    if is_over(appointment.date, local_date(now, actor.zone)):
        late = Refusal(Code.INVALID_TRANSITION, edge | {"day": appointment.date, "no_show": True})
        return log if actor.role is Role.ADMIN else late
    closed = None if wanted is AppointmentStatus.CHECKED_IN else _closed(session, appointment, log)
    return _taken(session, appointment) or closed or _full(session, appointment) or log


def _live_log(session: Session, appointment: Appointment) -> NoShowLog | None:
    query = select(NoShowLog).where(NoShowLog.appointment_id == appointment.id, NoShowLog.reverted_at.is_(None))
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def _taken(session: Session, appointment: Appointment) -> Refusal | None:
    """Refuse when doctor or patient have another appointment in that time by now."""
    other = session.execute(
        select(Appointment.doctor_id, Appointment.starts_at)
        .where(
            or_(Appointment.doctor_id == appointment.doctor_id, Appointment.patient_id == appointment.patient_id),
            Appointment.status.not_in(INACTIVE),
            Appointment.starts_at < appointment.ends_at,
            Appointment.ends_at > appointment.starts_at,
        )
        .order_by(Appointment.doctor_id != appointment.doctor_id)
        .limit(1)
    ).one_or_none()
    if other is None:
        return None
    if other.doctor_id == appointment.doctor_id:
        return Refusal(Code.SLOT_TAKEN)
    return Refusal(Code.PATIENT_DOUBLE_BOOKED, {"starts_at": other.starts_at})


def _closed(session: Session, appointment: Appointment, log: NoShowLog) -> Refusal | None:
    """Refuse when somebody has closed the time by hand; what the no-show itself closed is its own."""
    other = session.execute(
        select(SlotBlock.reason)
        .where(
            SlotBlock.doctor_id == appointment.doctor_id,
            SlotBlock.starts_at < appointment.ends_at,
            SlotBlock.ends_at > appointment.starts_at,
            not_(_own_block(appointment, log)),
        )
        .limit(1)
    ).one_or_none()
    return Refusal(Code.SLOT_BLOCKED, {"reason": other.reason}) if other else None


def _own_block(appointment: Appointment, log: NoShowLog) -> ColumnElement[bool]:
    """Whether a block is what was closed together with the no-show."""
    return and_(
        SlotBlock.doctor_id == appointment.doctor_id,
        SlotBlock.starts_at == appointment.starts_at,
        SlotBlock.ends_at == appointment.ends_at,
        func.coalesce(SlotBlock.reason, "") == UNRELEASED,
        SlotBlock.created_at == log.created_at,
    )


def _full(session: Session, appointment: Appointment) -> Refusal | None:
    maximum = select(Doctor.max_patients_per_day).where(Doctor.id == appointment.doctor_id)
    count = select(func.count()).where(
        Appointment.doctor_id == appointment.doctor_id,
        Appointment.date == appointment.date,
        Appointment.status.not_in(INACTIVE),
    )
    most, booked = session.execute(select(maximum.scalar_subquery(), count.scalar_subquery())).one()
    return Refusal(Code.DOCTOR_FULLY_BOOKED, {"maximum": most}) if booked >= most else None


def _excuse(
    session: Session, actor: Actor, appointment: Appointment, log: NoShowLog, *, note: str, now: datetime
) -> None:
    """Let a no-show of an earlier day count no more: the log is taken back, the appointment stays what it is."""
    appointment.version += 1
    _take_back(session, actor, appointment, log, note=note, now=now)
    affected_messages.take_back_missed(session, actor, appointment.id, noted_at=log.created_at, now=now)
    audit.record(session, actor, "appointment.no_show_excused", "appointment", appointment.id, now=now, note=note)


def _take_back(
    session: Session, actor: Actor, appointment: Appointment, log: NoShowLog, *, note: str, now: datetime
) -> None:
    log.reverted_at, log.reverted_by_id, log.revert_note = now, actor.user_id, note
    patient_blocks.count_down(session, actor, appointment.patient_id, is_counted=log.is_counted, now=now)
    session.flush()


def _revert(
    session: Session, actor: Actor, appointment: Appointment, log: NoShowLog, *, note: str, now: datetime
) -> None:
    before, after = AppointmentStatus(appointment.status), reverted_to(appointment.starts_at, now)
    appointment.status = after
    appointment.checked_in_at = now if after is AppointmentStatus.CHECKED_IN else None
    appointment.version += 1
    session.execute(delete(SlotBlock).where(_own_block(appointment, log)))
    _take_back(session, actor, appointment, log, note=note, now=now)
    has_heard = affected_messages.take_back_missed(session, actor, appointment.id, noted_at=log.created_at, now=now)
    view = appointments.get(session, actor, appointment.id)
    is_expected = after is AppointmentStatus.SCHEDULED
    # Who heard of a no-show would not come: they are told that the time is theirs, unless it needs another one by now.
    stays = is_expected and has_heard and settling.cause_against(session, actor, view, log.created_at) is None
    details = {"status": {"from": before, "to": after}, "note": note} | ({"told": MessageEvent.KEPT} if stays else {})
    audit.record(session, actor, "appointment.no_show_reverted", "appointment", appointment.id, now=now, **details)
    if stays:
        outbox.queue(session, actor.hospital_id, [appointments.notice_of(view, MessageEvent.KEPT)], now=now)
    slot_making.settle_days(session, actor, appointment.doctor_id, [appointment.date], now=now)
    settling.catch_up(session, actor, view, now=now, since=log.created_at)
