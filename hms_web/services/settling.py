"""Puts upcoming appointments on the affected list and takes them off it again, whatever the cause."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.messages import MessageEvent
from hms_web.domain.still_affected import due_causes, is_settled
from hms_web.domain.visits import UPCOMING
from hms_web.services import appointments, facts, marking, outbox
from hms_web.services.appointments import AppointmentView, LocalRange


def mark(
    session: Session,
    actor: Actor,
    standing: Sequence[AppointmentView],
    cause: AffectedCause,
    event: MessageEvent,
    *,
    now: datetime,
) -> list[AppointmentView]:
    """Mark those of `standing` that are still to come and tell their patients, inside the caller's unit of work.

    Returns the newly marked; one that is on the list already stays there as it is, and its patient is not told again.
    """
    coming = [view.id for view in standing if view.status in UPCOMING]
    marked = marking.mark_cause(session, actor, coming, cause, now=now)
    outbox.queue(session, actor.hospital_id, [appointments.notice_of(view, event) for view in marked], now=now)
    return marked


def lift(
    session: Session, actor: Actor, standing: Sequence[AppointmentView], cause: AffectedCause, *, now: datetime
) -> list[UUID]:
    """Take those off the list that stood there because of `cause`, inside the caller's unit of work; return their ids.

    Where something else speaks against an appointment by now, it stays on the list because of that. One that was kept
    in spite of `cause` is an ordinary one again.
    """
    marked = [view for view in standing if cause in {view.affected_cause, view.kept_cause}]
    if not marked:
        return []
    days = [view.date for view in marked]
    doctors = facts.load(session, actor, sorted({view.doctor_id for view in marked}), min(days), max(days))
    free: list[UUID] = []
    kept: list[UUID] = []
    others: dict[AffectedCause, list[UUID]] = {}
    for view in marked:
        due = due_causes(doctors[view.doctor_id].on(view.date), view.date, view.start_time, view.end_time)
        if view.kept_cause is cause and cause in due:
            continue
        (kept if view.kept_cause is cause else free).append(view.id)
        if due:
            others.setdefault(due[0], []).append(view.id)
    staying = {key for ids in others.values() for key in ids}
    marking.forget_kept(session, actor, kept, cause, now=now)
    for other, ids in others.items():
        if other is not cause:
            marking.clear_cause(session, actor, ids, cause, now=now)
            marking.mark_cause(session, actor, ids, other, now=now)
    return marking.clear_cause(session, actor, [key for key in free if key not in staying], cause, now=now)


def catch_up(session: Session, actor: Actor, view: AppointmentView, *, now: datetime) -> None:
    """Put one that is expected again on the list if something spoke against it meanwhile, inside the caller's unit of
    work; one that was kept in spite of it stays off.

    Leave, holidays and changed hours pass over people who are here; whoever is not here after all is affected too.
    Nobody is told: the person stood at the desk a moment ago.
    """
    doctor = facts.load(session, actor, [view.doctor_id], view.date, view.date)[view.doctor_id]
    due = due_causes(doctor.on(view.date), view.date, view.start_time, view.end_time)
    if not is_settled(view.kept_cause, due):
        marking.mark_cause(session, actor, [view.id], due[0], now=now)


def follow_account(session: Session, actor: Actor, doctor_id: UUID, *, is_active: bool, now: datetime) -> None:
    """Let a doctor's upcoming appointments follow the account: affected while it is switched off, as before
    afterwards.

    Inside the caller's unit of work, which holds the doctor's lock.
    """
    everything = LocalRange(local_date(now, actor.zone), date.max)
    standing = appointments.standing_in(session, actor, [everything], doctor_id=doctor_id, now=now)
    if is_active:
        lift(session, actor, standing, AffectedCause.DOCTOR_UNAVAILABLE, now=now)
    else:
        event = MessageEvent.NEEDS_RESCHEDULING
        mark(session, actor, standing, AffectedCause.DOCTOR_UNAVAILABLE, event, now=now)
