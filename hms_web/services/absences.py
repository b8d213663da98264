"""Doctors' leave: entering, changing and cancelling it (product.md, Absences); `absence_previews` foretells it.

Nothing is stored on slots: whether one is closed follows from the absences themselves.
"""

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.absences import AbsenceStatus, AbsenceType
from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.messages import MessageEvent
from hms_web.domain.phrases import phrase
from hms_web.domain.shown import Shown
from hms_web.domain.validation import tidy
from hms_web.domain.visits import UPCOMING
from hms_web.models import DoctorAbsence, new_id
from hms_web.services import (
    absence_checks,
    absence_records,
    appointments,
    audit,
    cancelling,
    changes,
    locks,
    settling,
    unit_of_work,
)
from hms_web.services.absence_previews import AbsenceEffect, preview, preview_cancel, preview_change
from hms_web.services.absence_records import AbsenceChange, AbsenceView, NewAbsence, get, list_absences
from hms_web.services.appointments import AppointmentView

__all__ = [
    "AbsenceChange",
    "AbsenceEffect",
    "AbsenceView",
    "NewAbsence",
    "cancel",
    "change",
    "create",
    "get",
    "list_absences",
    "preview",
    "preview_cancel",
    "preview_change",
]

EMERGENCY_NOTE = phrase("Auto-cancelled due to doctor emergency")


def _lock(session: Session, actor: Actor, doctor_id: UUID) -> None:
    locks.doctor(session, actor, doctor_id)
    absence_checks.refuse_others(session, actor, doctor_id)


def _carry_out(
    session: Session, actor: Actor, standing: list[AppointmentView], absence_type: AbsenceType, *, now: datetime
) -> AbsenceEffect:
    """Cancel in an emergency, otherwise mark, what stands in the time of an absence; tell the patients.

    Whoever is here is marked in an emergency too, for staff to see to.
    """
    if absence_type is AbsenceType.EMERGENCY:
        coming = [view.id for view in standing if view.status in UPCOMING]
        changed = cancelling.cancel_affected(
            session, actor, coming, note=EMERGENCY_NOTE, event=MessageEvent.CANCELLED_BY_EMERGENCY, now=now
        )
        cancelled = len(changed)
        left = [view for view in standing if view.is_here]
        settling.mark(session, actor, left, AffectedCause.ABSENCE, MessageEvent.AFFECTED_BY_ABSENCE, now=now)
    else:
        changed = settling.mark(
            session, actor, standing, AffectedCause.ABSENCE, MessageEvent.AFFECTED_BY_ABSENCE, now=now
        )
        cancelled = 0
    told = {view.patient_id for view in changed}
    affected = appointments.by_ids(session, actor, [view.id for view in standing])
    return AbsenceEffect(None, affected, len(affected) - cancelled, cancelled, len(told))


def create(
    session: Session, actor: Actor, doctor_id: UUID, wanted: NewAbsence, *, now: datetime, shown: Shown | None = None
) -> AbsenceEffect:
    """Enter a doctor's absence, with all that follows from it, in one transaction.

    Raises InvalidInput, or Refused DOCTOR_NOT_FOUND, FORBIDDEN, ABSENCE_OVERLAP, or MORE_CONCERNED when it concerns
    others than were `shown`.
    """
    absence_checks.refuse_wrong(wanted, local_date(now, actor.zone))

    def work() -> AbsenceEffect:
        _lock(session, actor, doctor_id)
        absence_checks.refuse_overlap(session, doctor_id, wanted.span)
        if shown is not None:
            shown.refuse_unseen(preview(session, actor, doctor_id, wanted, now=now).concerned)
        row = DoctorAbsence(
            id=new_id(),
            hospital_id=actor.hospital_id,
            doctor_id=doctor_id,
            status=AbsenceStatus.ACTIVE,
            created_by_id=actor.user_id,
            created_at=now,
            **_columns(wanted),
        )
        session.add(row)
        session.flush()
        standing = absence_checks.standing(session, actor, doctor_id, wanted.span, now=now)
        effect = replace(
            _carry_out(session, actor, standing, wanted.absence_type, now=now), absence=absence_records.view(row)
        )
        audit.record(
            session,
            actor,
            "absence.created",
            "absence",
            row.id,
            now=now,
            doctor_id=doctor_id,
            **_columns(wanted),
            **_counts(effect),
        )
        return effect

    return unit_of_work.run(session, work)


def _columns(wanted: NewAbsence) -> dict[str, Any]:
    columns = asdict(wanted)
    del columns["is_full_day"]
    return columns | {"reason": tidy(wanted.reason)}


def _counts(effect: AbsenceEffect) -> dict[str, int]:
    return {"affected": len(effect.affected), "cancelled": effect.cancelled_appointments}


def change(
    session: Session,
    actor: Actor,
    doctor_id: UUID,
    absence_id: UUID,
    wanted: AbsenceChange,
    *,
    now: datetime,
    shown: Shown | None = None,
) -> AbsenceEffect:
    """Change an absence; appointments in added time are affected, those in time that it leaves are not any more.

    Raises InvalidInput, or Refused DOCTOR_NOT_FOUND, FORBIDDEN, ABSENCE_OVERLAP, ABSENCE_NOT_FOUND, which is also said
    of one that is cancelled, or MORE_CONCERNED when it concerns others than were `shown`.
    """

    def work() -> AbsenceEffect:
        _lock(session, actor, doctor_id)
        row = absence_records.row(session, actor, doctor_id, absence_id)
        before = absence_records.view(row)
        after = absence_checks.checked_change(session, actor, before, wanted, now=now)
        if shown is not None:
            foreseen = preview_change(session, actor, doctor_id, absence_id, wanted, now=now)
            shown.refuse_unseen(foreseen.concerned)
        changed = changes.apply(row, _columns(after))
        session.flush()
        left = absence_checks.standing(session, actor, doctor_id, before.span, but=after.span, now=now)
        settling.lift(session, actor, left, AffectedCause.ABSENCE, now=now)
        added = absence_checks.added(session, actor, before, after, now=now)
        effect = replace(
            _carry_out(session, actor, added, after.absence_type, now=now), absence=absence_records.view(row)
        )
        if changed:
            audit.record(
                session, actor, "absence.changed", "absence", absence_id, now=now, changes=changed, **_counts(effect)
            )
        return effect

    return unit_of_work.run(session, work)


def cancel(
    session: Session, actor: Actor, doctor_id: UUID, absence_id: UUID, *, now: datetime, shown: Shown | None = None
) -> AbsenceView:
    """Cancel an absence: its time opens again and its appointments are no longer affected. Twice is harmless.

    Raises Refused DOCTOR_NOT_FOUND, FORBIDDEN, ABSENCE_NOT_FOUND, or MORE_CONCERNED when it lets others stand than were
    `shown`.
    """

    def work() -> AbsenceView:
        _lock(session, actor, doctor_id)
        row = absence_records.row(session, actor, doctor_id, absence_id)
        if shown is not None and row.status == AbsenceStatus.ACTIVE:
            shown.refuse_unseen(preview_cancel(session, actor, doctor_id, absence_id, now=now).concerned)
        changed = changes.apply(row, {"status": AbsenceStatus.CANCELLED})
        view = absence_records.view(row)
        if changed:
            session.flush()
            left = absence_checks.standing(session, actor, doctor_id, view.span, now=now)
            lifted = settling.lift(session, actor, left, AffectedCause.ABSENCE, now=now)
            audit.record(
                session,
                actor,
                "absence.cancelled",
                "absence",
                absence_id,
                now=now,
                changes=changed,
                no_longer_affected=len(lifted),
            )
        return view

    return unit_of_work.run(session, work)
