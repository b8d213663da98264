"""What is done to appointments and slots at a desk, and by the doctors."""

from dataclasses import replace
from typing import Any

from hms_web.domain.affected import AffectedAction
from hms_web.domain.identity import Role
from hms_web.domain.no_show import NoShowReason
from hms_web.domain.planning import Strategy
from hms_web.domain.vitals import Readings
from hms_web.models import new_id
from hms_web.services import (
    affected,
    affected_batches,
    affected_plans,
    affected_undo,
    booking,
    cancelling,
    consultations,
    keeping,
    no_show,
    no_show_reviews,
    patient_blocks,
    slot_keeping,
    visits,
    vitals,
)
from hms_web.services.affected_batches import Step
from hms_web.services.booking import AppointmentChange, BookingRequest
from hms_web.services.consultations import ConsultationChange
from tests.races.desk import Desk, S


def book(desk: Desk) -> object:
    slot = desk.slot()
    if slot is None:
        return None
    wanted = BookingRequest(desk.random.choice(desk.patients), slot.doctor_id, slot.date, slot.start_time)
    if desk.random.random() < 0.3:
        wanted = replace(wanted, override_reason="Urgent")
        return booking.book(desk.session, desk.here.admin, wanted, now=desk.now)
    return booking.book(desk.session, desk.here.actor, wanted, now=desk.now)


def move(desk: Desk) -> object:
    slot, row = desk.slot(), desk.appointment(S.SCHEDULED, S.CONFIRMED, S.CHECKED_IN)
    if slot is None or row is None:
        return None
    wanted = AppointmentChange(date=slot.date, time=slot.start_time, doctor_id=slot.doctor_id)
    return booking.change(desk.session, desk.here.actor, row.id, wanted, now=desk.now)


def cancel(desk: Desk) -> object:
    row = desk.appointment()
    return row and cancelling.cancel(desk.session, desk.here.actor, row.id, reason="Better", now=desk.now)


def set_status(desk: Desk) -> object:
    row = desk.appointment(S.SCHEDULED, S.CONFIRMED, S.CHECKED_IN)
    status = desk.random.choice([S.CONFIRMED, S.CHECKED_IN, S.CHECKED_IN, S.SCHEDULED, S.NO_SHOW])
    return row and visits.set_status(desk.session, desk.here.actor, row.id, status, now=desk.now)


def undo_check_in(desk: Desk) -> object:
    row = desk.appointment(S.CHECKED_IN)
    return row and visits.set_status(desk.session, desk.here.actor, row.id, S.SCHEDULED, now=desk.now)


def miss(desk: Desk) -> object:
    row = desk.appointment(S.SCHEDULED, S.CONFIRMED)
    how = desk.random.choice([NoShowReason.MANUAL_STAFF, NoShowReason.PATIENT_CALLED])
    return row and no_show.mark(desk.session, desk.here.actor, row.id, reason=how, notes=None, now=desk.now)


def revert(desk: Desk) -> object:
    row = desk.appointment(S.NO_SHOW)
    who = desk.random.choice([desk.here.actor, desk.here.admin])
    return row and no_show.revert(desk.session, who, row.id, note="Was here", now=desk.now)


def came(desk: Desk) -> object:
    row = desk.one("SELECT id FROM appointments WHERE no_show_review_at IS NOT NULL ORDER BY id")
    return row and no_show_reviews.came(desk.session, desk.here.actor, row.id, note=None, now=desk.now)


def unblock(desk: Desk) -> object:
    row = desk.one("SELECT id FROM patients WHERE status = 'BLOCKED' ORDER BY id")
    return row and patient_blocks.unblock(desk.session, desk.here.admin, row.id, reason="Talked to", now=desk.now)


def hold(desk: Desk) -> object:
    slot, who = desk.slot(), desk.random.choice([desk.here.actor, desk.here.other])
    if slot is None:
        return None
    if desk.random.random() < 0.3:
        slot_keeping.release_hold(desk.session, who, slot.id, now=desk.now)
        return True
    return slot_keeping.hold(desk.session, who, slot.id, now=desk.now)


def block(desk: Desk) -> object:
    slot, blocked = desk.slot(), desk.random.random() < 0.6
    return slot and slot_keeping.block(
        desk.session, desk.here.admin, slot.id, blocked=blocked, reason=None, now=desk.now
    )


def unblock_slot(desk: Desk) -> object:
    row = desk.one(
        "SELECT s.id FROM doctor_slots s JOIN slot_blocks b ON b.doctor_id = s.doctor_id"
        " AND tstzrange(b.starts_at, b.ends_at) && tstzrange(s.starts_at, s.ends_at) ORDER BY s.id"
    )
    return row and slot_keeping.block(desk.session, desk.here.admin, row.id, blocked=False, reason=None, now=desk.now)


def keep(desk: Desk) -> object:
    row = desk.one("SELECT id FROM appointments WHERE affected_cause IS NOT NULL ORDER BY id")
    return row and keeping.keep(desk.session, desk.here.actor, row.id, now=desk.now)


def plan(desk: Desk) -> object:
    session, actor = desk.session, desk.here.actor
    ids = [view.id for group in affected.grouped(session, actor) for view in group.items]
    if not ids:
        return None
    steps = []
    for one in affected_plans.make(session, actor, ids, desk.random.choice(list(Strategy)), now=desk.now).moves:
        view, place = one.appointment, one.place
        action = desk.random.choice([AffectedAction.MOVE, AffectedAction.MOVE, *AffectedAction])
        if view.status is S.IN_PROGRESS:
            action = AffectedAction.KEEP  # whoever is with the doctor can neither be moved nor sent home
        if action is AffectedAction.MOVE and place is not None:
            steps.append(Step(view.id, action, view.version, place.doctor_id, place.date, place.start_time))
        elif action is not AffectedAction.MOVE:
            steps.append(Step(view.id, action, view.version))
    if not steps:
        return None
    done = affected_batches.apply(session, actor, new_id(), steps, now=desk.now)
    assert not done.refused, done.refused
    return done


def take_a_plan_back(desk: Desk) -> object:
    row = desk.one("SELECT id FROM affected_batches ORDER BY id")
    return row and affected_undo.undo(desk.session, desk.here.actor, row.id, now=desk.now)


def measure(desk: Desk) -> object:
    row = desk.appointment(S.CHECKED_IN, S.IN_PROGRESS)
    nurse = replace(desk.here.actor, role=Role.NURSE)
    return row and vitals.record(desk.session, nurse, row.id, Readings(pulse_bpm=72), now=desk.now)


def start(desk: Desk) -> object:
    row = desk.appointment(S.CHECKED_IN)
    return row and consultations.start(desk.session, desk.doctor_of(row), row.id, now=desk.now)


def _open(desk: Desk) -> Any:
    return desk.one("SELECT * FROM consultations WHERE status IN ('STARTED', 'IN_PROGRESS') ORDER BY id")


def complete(desk: Desk) -> object:
    if (row := _open(desk)) is None:
        return None
    wanted = ConsultationChange(chief_complaint="Cough", diagnosis=["J20.9"])
    consultations.change(desk.session, desk.doctor_of(row), row.id, wanted, now=desk.now)
    return consultations.complete(desk.session, desk.doctor_of(row), row.id, now=desk.now)


def abandon(desk: Desk) -> object:
    row = _open(desk)
    return row and consultations.abandon(desk.session, desk.doctor_of(row), row.id, reason="Left", now=desk.now)
