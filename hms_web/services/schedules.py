"""Doctors' weekly hours: replacing them, and showing beforehand what that would do (product.md, Slots)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hms_web.domain.affected import fits
from hms_web.domain.doctors import duration_mistake
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.domain.schedules import DayHours, DayOfWeek, changed_days, hours_on, slot_times, week_mistakes
from hms_web.domain.shown import Concern, Fate, Shown
from hms_web.domain.validation import refuse_invalid
from hms_web.models import Doctor, DoctorSchedule, new_id
from hms_web.services import appointments, audit, locks, slot_making, unit_of_work
from hms_web.services.appointments import AppointmentView, LocalRange

_ORDER = list(DayOfWeek)


@dataclass(frozen=True, slots=True)
class ScheduleReplaced:
    """A doctor's new hours, the slots that went and came, and the appointments that no longer fit."""

    schedules: list[DayHours]
    slots_removed: int
    slots_created: int
    affected: list[AppointmentView]


@dataclass(frozen=True, slots=True)
class DayPreview:
    """One weekday's hours, and the local starts of the slots that they give."""

    hours: DayHours
    times: tuple[time, ...]

    @property
    def slots(self) -> int:
        """How many slots they are."""
        return len(self.times)


@dataclass(frozen=True, slots=True)
class SchedulePreview:
    """What replacing the hours would do, with nothing changed."""

    days: list[DayPreview]
    affected: list[AppointmentView]

    @property
    def concerned(self) -> list[Concern]:
        """Everybody whom this does something to, and what."""
        return [(view.id, Fate.CONCERNED) for view in self.affected]


def hours_of(row: DoctorSchedule) -> DayHours:
    """Return a stored entry as hours."""
    times = row.start_time, row.end_time, row.break_start, row.break_end
    return DayHours(DayOfWeek(row.day_of_week), *times, is_active=row.is_active)


def weeks_of(session: Session, doctor_ids: Sequence[UUID]) -> dict[UUID, list[DayHours]]:
    """Return the weekly hours of doctors that the caller has found in its hospital, Monday first, with one query."""
    weeks: dict[UUID, list[DayHours]] = {doctor_id: [] for doctor_id in doctor_ids}
    for row in session.scalars(select(DoctorSchedule).where(DoctorSchedule.doctor_id.in_(doctor_ids))):
        weeks[row.doctor_id].append(hours_of(row))
    return {doctor_id: in_order(week) for doctor_id, week in weeks.items()}


def in_order(week: Sequence[DayHours]) -> list[DayHours]:
    """Return hours with Monday first."""
    return sorted(week, key=lambda hours: _ORDER.index(hours.day_of_week))


def _refuse_wrong(week: Sequence[DayHours]) -> None:
    wrong = week_mistakes(week)
    if wrong:
        raise InvalidInput(wrong)


def _duration(session: Session, actor: Actor, doctor_id: UUID) -> int:
    """Return a doctor's slot length; raises Refused when there is none, or the actor may not change their hours."""
    query = select(Doctor.slot_duration).where(Doctor.hospital_id == actor.hospital_id, Doctor.id == doctor_id)
    duration = session.scalar(query)
    if duration is None:
        raise Refused(Code.DOCTOR_NOT_FOUND)
    if not actor.may_manage_doctor(doctor_id):
        raise Refused(Code.FORBIDDEN)
    return duration


def preview(
    session: Session,
    actor: Actor,
    doctor_id: UUID,
    week: Sequence[DayHours],
    *,
    slot_duration: int | None = None,
    now: datetime,
) -> SchedulePreview:
    """Return the slots a week would give, of the doctor's length or another, and who would no longer fit.

    Raises InvalidInput, or Refused DOCTOR_NOT_FOUND or FORBIDDEN.
    """
    _refuse_wrong(week)
    if slot_duration is not None:
        refuse_invalid(("slotDuration", duration_mistake(slot_duration)))
    minutes = _duration(session, actor, doctor_id)
    days = [_day_preview(hours, slot_duration or minutes) for hours in in_order(week)]
    changed = changed_days(weeks_of(session, [doctor_id])[doctor_id], week)
    everything = LocalRange(local_date(now, actor.zone), date.max)
    standing = appointments.standing_in(session, actor, [everything], doctor_id=doctor_id, now=now)
    misfits = [
        view
        for view in standing
        if not fits(hours_on(view.date, week), view.start_time, view.end_time)
        and (view.kept_cause is None or DayOfWeek.of(view.date) in changed)
    ]
    return SchedulePreview(days, misfits)


def _day_preview(hours: DayHours, minutes: int) -> DayPreview:
    return DayPreview(hours, tuple(start for start, _ in slot_times(hours, minutes)))


def replace(
    session: Session,
    actor: Actor,
    doctor_id: UUID,
    week: Sequence[DayHours],
    *,
    now: datetime,
    shown: Shown | None = None,
) -> ScheduleReplaced:
    """Give a doctor new weekly hours; future slots follow, what is booked stays, and what no longer fits is affected.

    Raises InvalidInput, or Refused DOCTOR_NOT_FOUND, FORBIDDEN, or MORE_CONCERNED when it concerns others than were
    `shown`.
    """
    _refuse_wrong(week)

    def work() -> ScheduleReplaced:
        locks.doctor(session, actor, doctor_id)
        _duration(session, actor, doctor_id)
        before, after = weeks_of(session, [doctor_id])[doctor_id], in_order(week)
        if before == after:
            return ScheduleReplaced(after, 0, 0, [])
        if shown is not None:
            shown.refuse_unseen(preview(session, actor, doctor_id, week, now=now).concerned)
        _store(session, actor, doctor_id, after)
        audit.record(
            session, actor, "doctor.schedule_replaced", "doctor", doctor_id, now=now,
            changes={"schedules": {"from": _plain(before), "to": _plain(after)}},
        )  # fmt: skip
        made = slot_making.resettle(session, actor, doctor_id, now=now, changed=changed_days(before, after))
        return ScheduleReplaced(after, made.removed, made.created, made.affected)

    return unit_of_work.run(session, work)


def _store(session: Session, actor: Actor, doctor_id: UUID, week: Sequence[DayHours]) -> None:
    session.execute(delete(DoctorSchedule).where(DoctorSchedule.doctor_id == doctor_id))
    session.add_all(
        DoctorSchedule(
            id=new_id(),
            hospital_id=actor.hospital_id,
            doctor_id=doctor_id,
            day_of_week=hours.day_of_week,
            start_time=hours.start_time,
            end_time=hours.end_time,
            break_start=hours.break_start,
            break_end=hours.break_end,
            is_active=hours.is_active,
        )
        for hours in week
    )
    session.flush()


def _plain(week: Sequence[DayHours]) -> list[dict[str, object]]:
    return [
        {
            "day_of_week": hours.day_of_week,
            "start_time": hours.start_time,
            "end_time": hours.end_time,
            "break_start": hours.break_start,
            "break_end": hours.break_end,
            "is_active": hours.is_active,
        }
        for hours in week
    ]
