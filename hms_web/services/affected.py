"""The affected list: every appointment that needs attention, grouped by what caused it (product.md)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from hms_web.domain.absences import AbsenceStatus
from hms_web.domain.affected import AffectedCause
from hms_web.domain.holidays import Holiday, holiday_on
from hms_web.domain.identity import Actor, Role
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.visits import UNFINISHED
from hms_web.models import Appointment, DoctorAbsence
from hms_web.services import absence_records, appointments, facts, paging
from hms_web.services.absence_records import AbsenceView
from hms_web.services.appointments import AppointmentView

MOVERS = frozenset({Role.ADMIN, Role.RECEPTIONIST, Role.DOCTOR})
"""Who finds other times for many at once; a doctor for their own patients."""


@dataclass(frozen=True, slots=True)
class AffectedGroup:
    """Appointments with one cause: which leave or holiday it is, and whose; whoever is here comes first, then whoever
    waits longest.

    `key` names the group as long as its cause is there.
    """

    key: str
    cause: AffectedCause
    doctor_id: UUID | None
    doctor_name: str | None
    absence: AbsenceView | None
    holiday: Holiday | None
    items: list[AppointmentView]


@dataclass(frozen=True, slots=True)
class AffectedPage:
    """Some of those who need attention, by what caused it; `total` counts all of them."""

    groups: list[AffectedGroup]
    total: int
    next_cursor: str | None


def refuse_others(actor: Actor) -> None:
    """Raise Refused FORBIDDEN for people who move nobody's appointments."""
    if actor.role not in MOVERS:
        raise Refused(Code.FORBIDDEN)


def may_see(actor: Actor, doctor_id: UUID) -> bool:
    """Whether the appointments of a doctor are this person's to move: a doctor has only their own."""
    return actor.role in MOVERS and (actor.role is not Role.DOCTOR or actor.doctor_id == doctor_id)


def waiting_since(view: AppointmentView) -> datetime:
    """Return since when an appointment has needed attention."""
    return view.affected_at or view.created_at


def counted(actor: Actor) -> ScalarSelect[int]:
    """Return the number of appointments that need the actor's attention, which the index of the marks knows."""
    wanted = select(func.count()).where(
        Appointment.hospital_id == actor.hospital_id,
        Appointment.affected_cause.is_not(None),
        Appointment.status.in_(UNFINISHED),
    )
    if actor.role is Role.DOCTOR:
        wanted = wanted.where(Appointment.doctor_id == actor.doctor_id)
    return wanted.scalar_subquery()


def count(session: Session, actor: Actor) -> int:
    """Return how many appointments need the actor's attention."""
    return session.scalars(select(counted(actor))).one()


def grouped(
    session: Session, actor: Actor, *, doctor_id: UUID | None = None, cause: AffectedCause | None = None
) -> list[AffectedGroup]:
    """Return what needs attention, of one doctor or cause if that is asked for; the group that waits longest first.

    Whoever is here, and waits in the house, comes before everybody else.

    A doctor sees only their own. Raises Refused FORBIDDEN for people who move nobody's appointments.
    """
    refuse_others(actor)
    found = appointments.affected(session, actor, doctor_id=doctor_id)
    return in_groups(session, actor, [view for view in found if cause in {None, view.affected_cause}])


def page(
    session: Session,
    actor: Actor,
    *,
    doctor_id: UUID | None = None,
    cause: AffectedCause | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> AffectedPage:
    """Return a page of what `grouped` returns: at most `limit` appointments (1 to 200, else 50), in groups.

    Pages follow each other by how long people have waited, which nothing changes while somebody stays on the list: so
    who is checked in between two pages, or put on the list, is on one of them. Raises Refused FORBIDDEN, and
    InvalidInput for a cursor that is none.
    """
    refuse_others(actor)
    limit = paging.checked_limit(limit)
    found = [
        view
        for view in appointments.affected(session, actor, doctor_id=doctor_id)
        if cause in {None, view.affected_cause} and may_see(actor, view.doctor_id)
    ]
    after = None if cursor is None else paging.read_cursor(cursor, datetime, datetime, UUID)
    rest = sorted((view for view in found if after is None or _waits(view) > after), key=_waits)
    shown = paging.page(rest, limit, lambda view: view, _waits)
    return AffectedPage(in_groups(session, actor, shown.items), len(found), shown.next_cursor)


def _waits(view: AppointmentView) -> tuple[datetime, datetime, UUID]:
    return waiting_since(view), view.starts_at, view.id


def in_groups(session: Session, actor: Actor, found: Iterable[AppointmentView]) -> list[AffectedGroup]:
    """Return appointments that need attention by what caused it, in the same order, for everybody who may see them."""
    found = [view for view in found if actor.role is not Role.DOCTOR or may_see(actor, view.doctor_id)]
    found.sort(key=lambda view: (not view.is_here, waiting_since(view), view.starts_at, view.id))
    leave = _leave(session, found)
    holidays = facts.active_holidays(session, actor) if found else ()
    groups: dict[str, AffectedGroup] = {}
    for view in found:
        group = _group_of(view, leave, holidays)
        groups.setdefault(group.key, group).items.append(view)
    return list(groups.values())


def _leave(session: Session, found: Sequence[AppointmentView]) -> list[AbsenceView]:
    if not found:
        return []
    query = select(DoctorAbsence).where(
        DoctorAbsence.doctor_id.in_({view.doctor_id for view in found}),
        DoctorAbsence.status == AbsenceStatus.ACTIVE,
        DoctorAbsence.end_date >= min(view.date for view in found),
    )
    return [
        absence_records.view(row) for row in session.scalars(query.order_by(DoctorAbsence.start_date, DoctorAbsence.id))
    ]


def _group_of(view: AppointmentView, leave: Iterable[AbsenceView], holidays: Iterable[Holiday]) -> AffectedGroup:
    """Return the group, still empty, of an appointment on the list."""
    cause = view.affected_cause
    assert cause is not None  # noqa: S101 it is on the list
    if cause is AffectedCause.HOLIDAY:
        return AffectedGroup(f"{cause}:{view.date}", cause, None, None, None, holiday_on(view.date, holidays), [])
    absence = None
    if cause is AffectedCause.ABSENCE:
        covering = (
            item
            for item in leave
            if item.doctor_id == view.doctor_id and item.span.covers(view.date, view.start_time, view.end_time)
        )
        absence = next(covering, None)
    source = absence.id if absence else view.doctor_id
    return AffectedGroup(f"{cause}:{source}", cause, view.doctor_id, view.doctor_name, absence, None, [])
