"""The doctor's time, row by row, at the level of services (tests/leave_rows.py)."""

from datetime import date, time
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.domain.refusals import InvalidInput, Refused
from hms_web.domain.schedules import DayHours, DayOfWeek
from hms_web.domain.visits import AppointmentType
from hms_web.models import HospitalHoliday
from hms_web.services import absences, appointments, booking, doctors, holidays, schedules, slot_keeping, slots
from hms_web.services.absences import AbsenceChange, NewAbsence
from hms_web.services.appointments import AppointmentView
from hms_web.services.booking import BookingRequest
from hms_web.services.doctors import DoctorChange
from hms_web.services.holidays import NewHoliday
from tests.leave_rows import Foretold, Leave, LeaveTable, World
from tests.scenes import MONDAY, NOW, Clinic


def wanted(leave: Leave) -> NewAbsence:
    start, end = leave.hours or (None, None)
    return NewAbsence(leave.kind, leave.first, leave.last, leave.hours is None, start, end)


class Services(World):
    """The services, called as an administrator."""

    def enter(self, leave: Leave) -> bool:
        try:
            absences.create(self.clinic.session, self.clinic.admin, self.doctor_id, wanted(leave), now=NOW)
        except (InvalidInput, Refused):
            return False
        return True

    def preview(self, leave: Leave) -> Foretold:
        effect = absences.preview(self.clinic.session, self.clinic.admin, self.doctor_id, wanted(leave), now=NOW)
        names = {view.patient_name for view in effect.affected}
        return Foretold(sum(day.count for day in effect.closes), names, effect.cancelled_appointments)

    def change(self, leave: Leave) -> bool:
        new = wanted(leave)
        given = AbsenceChange(
            new.absence_type, new.start_date, new.end_date, new.is_full_day, new.start_time, new.end_time
        )
        admin, key = self.clinic.admin, self.absence()
        return bool(absences.change(self.clinic.session, admin, self.doctor_id, key, given, now=NOW))

    def cancel(self) -> None:
        absences.cancel(self.clinic.session, self.clinic.admin, self.doctor_id, self.absence(), now=NOW)

    def statuses(self, day: date = MONDAY) -> dict[str, str]:
        found = slots.of_date(self.clinic.session, self.clinic.actor, self.doctor_id, day, now=NOW)
        return {f"{slot.start_time:%H:%M}": slot.status for slot in found.items}

    def books(self, patient: UUID, at: time, day: date = MONDAY) -> bool:
        request = BookingRequest(patient, self.doctor_id, day, at, AppointmentType.CONSULTATION)
        return isinstance(booking.book(self.clinic.session, self.clinic.actor, request, now=NOW), AppointmentView)

    def set_hours(self, start: time, end: time) -> None:
        week = [DayHours(day, start, end) for day in DayOfWeek]
        schedules.replace(self.clinic.session, self.clinic.admin, self.doctor_id, week, now=NOW)

    def set_slot_length(self, minutes: int) -> None:
        given = DoctorChange(slot_duration=minutes)
        doctors.change(self.clinic.session, self.clinic.admin, self.doctor_id, given, now=NOW)

    def block(self, at: time, *, blocked: bool = True) -> None:
        slot = self.clinic.slot(self.doctor_id, at).id
        done = slot_keeping.block(
            self.clinic.session, self.clinic.admin, slot, blocked=blocked, reason="Meeting", now=NOW
        )
        assert isinstance(done, slots.SlotView), done

    def close(self, day: date, *, every_year: bool = False) -> None:
        holiday = NewHoliday("Holi", day, is_recurring=every_year)
        holidays.create(self.clinic.session, self.clinic.admin, holiday, now=NOW)

    def reopen(self) -> None:
        key = self.clinic.session.scalars(sa.select(HospitalHoliday.id)).one()
        holidays.delete(self.clinic.session, self.clinic.admin, key, now=NOW)

    def switch(self, *, available: bool) -> list[UUID]:
        given = DoctorChange(is_available=available)
        done = doctors.change(self.clinic.session, self.clinic.admin, self.doctor_id, given, now=NOW)
        ids = list(done.affected_appointment_ids or ())
        assert (done.cancelled_appointments or 0, done.notified_patients or 0) == (len(ids), len(ids))
        return ids

    def listed(self) -> set[str]:
        found = appointments.affected(self.clinic.session, self.clinic.actor, doctor_id=self.doctor_id)
        return {view.patient_name for view in found}


class TestLeaveTable(LeaveTable):
    """Each row."""

    @pytest.fixture
    def world(self, here: Clinic) -> World:
        """A clinic behind the services."""
        return Services(here, here.doctor())
