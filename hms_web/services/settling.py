"""Puts appointments on the affected list and takes them off it again, whatever the cause.

Whoever is here already stands there too, for staff to see to; they are told by who stands before them, not by message.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.messages import AFFECTED_EVENTS, MessageEvent
from hms_web.domain.still_affected import due_causes, is_settled
from hms_web.domain.visits import UPCOMING
from hms_web.services import affected_messages, appointments, facts, kept_since, marking, outbox
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
    """Mark `standing` and tell the patients who are still to come, inside the caller's unit of work.

    Returns those whose patients are told; one that is on the list already stays there as it is, and its patient is not
    told again.
    """
    marked = marking.mark_cause(session, actor, [view.id for view in standing], cause, now=now)
    return _tell(session, actor, marked, event, now=now)


def _tell(
    session: Session, actor: Actor, views: Iterable[AppointmentView], event: MessageEvent, *, now: datetime
) -> list[AppointmentView]:
    """Tell the patients who are not here; return their appointments."""
    coming = [view for view in views if view.status in UPCOMING]
    outbox.queue(session, actor.hospital_id, [appointments.notice_of(view, event) for view in coming], now=now)
    return coming


def lift(
    session: Session, actor: Actor, standing: Sequence[AppointmentView], cause: AffectedCause, *, now: datetime
) -> list[UUID]:
    """Take those off the list that stood there because of `cause`, inside the caller's unit of work; return their ids.

    Where something else speaks against an appointment by now, it stays on the list because of that. One that was kept
    in spite of `cause` is an ordinary one again. Whoever may have heard that another time is needed hears that this one
    stays; one whose time has begun stays on the list, because nobody could be told in time to come after all, unless
    its patient is here.
    """
    marked = [
        view
        for view in standing
        if view.kept_cause is cause or (view.affected_cause is cause and view.can_stand_again(now))
    ]
    if not marked:
        return []
    days = [view.date for view in marked]
    doctors = facts.load(session, actor, sorted({view.doctor_id for view in marked}), min(days), max(days))
    freed: list[AppointmentView] = []
    others: dict[AffectedCause, list[AppointmentView]] = {}
    for view in marked:
        due = due_causes(doctors[view.doctor_id].on(view.date), view.date, view.start_time, view.end_time)
        if view.kept_cause is cause and cause in due:
            continue
        (others.setdefault(due[0], []) if due else freed).append(view)
    others.pop(cause, None)
    for other, views in others.items():
        _hand_over(session, actor, views, cause, other, now=now)
    return _let_go(session, actor, freed, cause, now=now)


def _let_go(
    session: Session, actor: Actor, views: Sequence[AppointmentView], cause: AffectedCause, *, now: datetime
) -> list[UUID]:
    """Take what nothing speaks against any more off the list, and tell who may have heard otherwise; return the ids."""
    marking.forget_kept(session, actor, [view.id for view in views if view.kept_cause is cause], cause, now=now)
    listed = [view for view in views if view.affected_cause is cause]
    told = affected_messages.have_heard(session, actor, [view for view in listed if view.status in UPCOMING])
    cleared = marking.clear_cause(session, actor, [view.id for view in listed], cause, now=now, told=told)
    stays = appointments.by_ids(session, actor, [key for key in cleared if key in told])
    _tell(session, actor, stays, MessageEvent.KEPT, now=now)
    return cleared


def _hand_over(
    session: Session,
    actor: Actor,
    views: Sequence[AppointmentView],
    cause: AffectedCause,
    other: AffectedCause,
    *,
    now: datetime,
) -> None:
    """Let appointments stand on the list because of `other` from now on.

    Who may have heard that another time is needed knows enough; everybody else is told, those above all who were told
    that theirs stays.
    """
    kept = [view.id for view in views if view.kept_cause is cause]
    listed = [view for view in views if view.affected_cause is cause]
    told = affected_messages.have_heard(session, actor, listed)
    marked = marking.mark_cause(session, actor, kept, other, now=now)
    swapped = marking.swap_cause(session, actor, [view.id for view in listed], cause, other, now=now)
    untold = [view for view in (*marked, *swapped) if view.id not in told]
    _tell(session, actor, untold, AFFECTED_EVENTS[other], now=now)


def catch_up(
    session: Session, actor: Actor, view: AppointmentView, *, now: datetime, since: datetime | None = None
) -> None:
    """Put one that came back from a no-show, or whose check-in is undone, on the list if something spoke against it
    meanwhile, inside the caller's unit of work; one that was kept in spite of it stays off.

    `since` is when it became a no-show, as `cause_against` has it. Who is here can be spoken to. Who is expected again
    may never have been here: they hear what was held back from them as somebody who was, and that another time is
    needed, unless they have heard that.
    """
    cause = cause_against(session, actor, view, since)
    if cause is not None:
        marking.mark_cause(session, actor, [view.id], cause, now=now)
    elif since is not None and view.kept_cause is not None and not due_against(session, actor, view):
        marking.forget_kept(session, actor, [view.id], view.kept_cause, now=now)
    view = appointments.get(session, actor, view.id)
    if view.status not in UPCOMING or view.ends_at <= now:
        return
    affected_messages.let_out(session, actor, view.id, now=now)
    if view.affected_cause is None:
        return
    has_heard = affected_messages.have_heard(session, actor, [view])
    if not has_heard and not affected_messages.is_waiting_told(session, actor, view, view.affected_cause):
        _tell(session, actor, [view], AFFECTED_EVENTS[view.affected_cause], now=now)


def cause_against(
    session: Session, actor: Actor, view: AppointmentView, since: datetime | None = None
) -> AffectedCause | None:
    """Return what speaks against an appointment now and was not settled by keeping it, or None.

    Of one that was a no-show `since` then nobody decided to keep it in spite of what came later.
    """
    due = due_against(session, actor, view)
    if not is_settled(view.kept_cause, due):
        return due[0]
    new = kept_since.came(session, actor, view, since) if due and since is not None else frozenset()
    return next((cause for cause in due if cause in new), None)


def due_against(session: Session, actor: Actor, view: AppointmentView) -> tuple[AffectedCause, ...]:
    """Return all that speaks against an appointment now, whatever was decided about it."""
    doctor = facts.load(session, actor, [view.doctor_id], view.date, view.date)[view.doctor_id]
    return due_causes(doctor.on(view.date), view.date, view.start_time, view.end_time)


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
        cause = AffectedCause.DOCTOR_UNAVAILABLE
        mark(session, actor, standing, cause, AFFECTED_EVENTS[cause], now=now)
