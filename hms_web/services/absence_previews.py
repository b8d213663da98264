"""What entering, changing or cancelling leave would do, with nothing changed (product.md, Absences)."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.absence_slots import TouchedDay
from hms_web.domain.absences import AbsenceSpan, AbsenceStatus, AbsenceType
from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.shown import Concern, Fate
from hms_web.domain.still_affected import due_cause
from hms_web.domain.visits import UPCOMING
from hms_web.services import absence_checks, absence_slots, facts
from hms_web.services.absence_records import AbsenceChange, AbsenceView, NewAbsence, get
from hms_web.services.appointments import AppointmentView


@dataclass(frozen=True, slots=True)
class AbsenceEffect:
    """What an absence does, or would do: then `absence` is None.

    `affected` are the appointments in its time, `warning_count` those of them that are left for people to see to. Only
    a preview says which slots close and open, and which appointments would leave the affected list (`settled`).
    """

    absence: AbsenceView | None
    affected: list[AppointmentView]
    warning_count: int
    cancelled_appointments: int
    notified_patients: int
    closes: tuple[TouchedDay, ...] = ()
    opens: tuple[TouchedDay, ...] = ()
    settled: tuple[AppointmentView, ...] = ()

    @property
    def concerned(self) -> list[Concern]:
        """Everybody whom this does something to, and what."""
        cancels = self.cancelled_appointments > 0
        return [
            *((view.id, Fate.CANCELLED if cancels and not view.is_here else Fate.CONCERNED) for view in self.affected),
            *((view.id, Fate.SETTLED) for view in self.settled),
        ]


def preview(session: Session, actor: Actor, doctor_id: UUID, wanted: NewAbsence, *, now: datetime) -> AbsenceEffect:
    """Return what creating an absence would do; raises what `create` would raise."""
    absence_checks.refuse_wrong(wanted, local_date(now, actor.zone))
    absence_checks.refuse_others(session, actor, doctor_id)
    absence_checks.refuse_overlap(session, doctor_id, wanted.span)
    standing = absence_checks.standing(session, actor, doctor_id, wanted.span, now=now)
    closes = absence_slots.closing(session, actor, doctor_id, wanted.span, now=now)
    return replace(_foretold(standing, wanted.absence_type), closes=tuple(closes))


def _foretold(standing: list[AppointmentView], absence_type: AbsenceType) -> AbsenceEffect:
    """Return what an absence of that type would do to appointments."""
    coming = [view for view in standing if view.status in UPCOMING]
    if absence_type is AbsenceType.EMERGENCY:
        people = {view.patient_id for view in coming}
        return AbsenceEffect(None, standing, len(standing) - len(coming), len(coming), len(people))
    told = {view.patient_id for view in coming if view.affected_cause is None}
    return AbsenceEffect(None, standing, len(standing), 0, len(told))


def preview_change(
    session: Session, actor: Actor, doctor_id: UUID, absence_id: UUID, wanted: AbsenceChange, *, now: datetime
) -> AbsenceEffect:
    """Return what a change would do; raises what `change` would raise."""
    absence_checks.refuse_others(session, actor, doctor_id)
    before = get(session, actor, doctor_id, absence_id)
    after = absence_checks.checked_change(session, actor, before, wanted, now=now)
    added = absence_checks.added(session, actor, before, after, now=now)
    closes = absence_slots.closing(
        session, actor, doctor_id, after.span, but=[before.span], without=absence_id, now=now
    )
    opens, settled = _left(session, actor, before, after.span, now=now)
    effect = _foretold(added, after.absence_type)
    return replace(effect, closes=tuple(closes), opens=opens, settled=settled)


def preview_cancel(
    session: Session, actor: Actor, doctor_id: UUID, absence_id: UUID, *, now: datetime
) -> AbsenceEffect:
    """Return what cancelling would do: the slots that open, and who would leave the affected list.

    Raises Refused DOCTOR_NOT_FOUND, FORBIDDEN, or ABSENCE_NOT_FOUND, which is also said of one that is cancelled.
    """
    absence_checks.refuse_others(session, actor, doctor_id)
    before = get(session, actor, doctor_id, absence_id)
    if before.status is AbsenceStatus.CANCELLED:
        raise Refused(Code.ABSENCE_NOT_FOUND)
    opens, settled = _left(session, actor, before, None, now=now)
    return AbsenceEffect(None, [], 0, 0, 0, opens=opens, settled=settled)


def _left(
    session: Session, actor: Actor, before: AbsenceView, after: AbsenceSpan | None, *, now: datetime
) -> tuple[tuple[TouchedDay, ...], tuple[AppointmentView, ...]]:
    """Return the slots that open where an absence goes, and the appointments that nothing speaks against any more."""
    stays = [after] if after else []
    key = before.id
    opens = absence_slots.closing(session, actor, before.doctor_id, before.span, but=stays, without=key, now=now)
    left = absence_checks.standing(session, actor, before.doctor_id, before.span, but=after, now=now)
    marked = [view for view in left if view.affected_cause is AffectedCause.ABSENCE and view.can_stand_again(now)]
    if not marked:
        return tuple(opens), ()
    days = [view.date for view in marked]
    doctor = facts.load(session, actor, [before.doctor_id], min(days), max(days))[before.doctor_id]
    others = [*stays, *(absence for absence in doctor.absences if absence.absence_id != key)]
    then = replace(doctor, absences=others)
    settled = (
        view for view in marked if due_cause(then.on(view.date), view.date, view.start_time, view.end_time) is None
    )
    return tuple(opens), tuple(settled)
