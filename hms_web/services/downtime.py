"""The day's list for when the system cannot be reached: who comes when to whom, and which times were free."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.slots import ClosedReason
from hms_web.domain.visits import INACTIVE
from hms_web.models import Patient
from hms_web.services import appointments, doctor_names, record_reads, slots
from hms_web.services.appointments import AppointmentView


@dataclass(frozen=True, slots=True)
class Line:
    """An appointment that takes place, and when its patient was born, by which people tell namesakes apart."""

    appointment: AppointmentView
    born: date | None


@dataclass(frozen=True, slots=True)
class DoctorList:
    """A doctor's day: who is expected, in the order of their times, and the starts that could be booked."""

    name: str
    department: str
    lines: Sequence[Line]
    free: Sequence[time]
    closed_reason: ClosedReason | None
    closed_note: str | None
    is_taking: bool


@dataclass(frozen=True, slots=True)
class DowntimeList:
    """The lists of a local day as they stood at `made_at`."""

    day: date
    made_at: datetime
    made_by: str
    doctors: Sequence[DoctorList]

    @property
    def count(self) -> int:
        """How many patients are on it."""
        return sum(len(doctor.lines) for doctor in self.doctors)


def take(
    session: Session,
    actor: Actor,
    day: date,
    *,
    department: str | None = None,
    doctor_id: UUID | None = None,
    now: datetime,
    listed: str = "downtime",
) -> DowntimeList:
    """Return the lists of a day to be taken away, of all doctors or those of a department or one.

    One doctor is theirs whatever the department, as on the screen, where the doctor goes before it.
    That is audited as the list that it is taken as, `listed`.
    A doctor who has no appointment and no free time is left out. Raises Busy when it cannot be audited.
    """
    department = None if doctor_id else department
    chosen = {"department": department, "doctor_id": doctor_id}
    record_reads.exported(session, actor, listed, now=now, day=day, **chosen)
    booked = [
        row
        for row in appointments.of_day(session, actor, day)
        if row.status not in INACTIVE and department in {None, row.department} and doctor_id in {None, row.doctor_id}
    ]
    ids = [
        doctor.id
        for doctor in doctor_names.everyone(session, actor)
        if department in {None, doctor.department} and doctor_id in {None, doctor.id}
    ]
    ids += [key for key in dict.fromkeys(row.doctor_id for row in booked) if key not in ids]
    born = _births(session, actor, [row.patient_id for row in booked])
    days = slots.of_day(session, actor, ids, day, now=now)
    made = [
        _list(found, [Line(row, born[row.patient_id]) for row in booked if row.doctor_id == key])
        for key, found in days.items()
    ]
    return DowntimeList(day, now, actor.name, [one for one in made if one.lines or one.free])


def _births(session: Session, actor: Actor, patient_ids: Sequence[UUID]) -> dict[UUID, date | None]:
    query = select(Patient.id, Patient.date_of_birth).where(
        Patient.hospital_id == actor.hospital_id, Patient.id.in_(patient_ids)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _list(day: slots.DaySlots, lines: Sequence[Line]) -> DoctorList:
    return DoctorList(
        name=day.doctor_name,
        department=day.department,
        lines=lines,
        free=[slot.start_time for slot in day.items if slot.refusal is None],
        closed_reason=day.closed_reason,
        closed_note=day.closed_note,
        is_taking=day.is_available and day.is_active,
    )
