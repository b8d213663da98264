"""Every row of the comparison of regular and emergency leave, and every rule of the doctor's time, as tests.

They are written once, against a `World` that each level implements: services, JSON, pages. The rows are those of the
seed's table (section 4) and of product.md: Slots, Absences, Holidays, Availability.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from itertools import permutations
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.domain.absences import AbsenceType
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Appointment, AuditEvent, DoctorAbsence, HospitalHoliday, Notification, Patient
from hms_web.services import visits
from tests.scenes import MONDAY, NOW, Clinic

DAY = timedelta(days=1)
TUESDAY, WEDNESDAY = MONDAY + DAY, MONDAY + 2 * DAY
REGULAR, EMERGENCY = AbsenceType.ANNUAL_LEAVE, AbsenceType.EMERGENCY
Hours = tuple[time, time]


@dataclass
class Leave:
    """Leave to be asked for."""

    kind: AbsenceType = REGULAR
    first: date = MONDAY
    last: date = MONDAY
    hours: Hours | None = None


@dataclass
class Foretold:
    """What a preview says: how many slots close, and whom by name it concerns and cancels."""

    slots: int
    concerned: set[str]
    cancelled: int


@dataclass
class World(ABC):
    """A clinic with one doctor, seen from one level of the product."""

    clinic: Clinic
    doctor_id: UUID
    names: dict[UUID, str] = field(default_factory=dict)

    @abstractmethod
    def enter(self, leave: Leave) -> bool:
        """Enter leave; return whether it was taken."""

    @abstractmethod
    def preview(self, leave: Leave) -> Foretold:
        """Return what leave would do."""

    @abstractmethod
    def change(self, leave: Leave) -> bool:
        """Make the one absence this leave; return whether that was taken."""

    @abstractmethod
    def cancel(self) -> None:
        """Cancel the one absence that is active."""

    @abstractmethod
    def statuses(self, day: date = MONDAY) -> dict[str, str]:
        """Return what each slot of a day is: AVAILABLE, BOOKED or BLOCKED."""

    @abstractmethod
    def books(self, patient: UUID, at: time, day: date = MONDAY) -> bool:
        """Try to book; return whether that was taken."""

    @abstractmethod
    def set_hours(self, start: time, end: time) -> None:
        """Let the doctor work every day from one time to another, without a break."""

    @abstractmethod
    def set_slot_length(self, minutes: int) -> None:
        """Give the doctor another slot length."""

    @abstractmethod
    def block(self, at: time, *, blocked: bool = True) -> None:
        """Close one slot of Monday by hand, or open it."""

    @abstractmethod
    def close(self, day: date, *, every_year: bool = False) -> None:
        """Add a holiday."""

    @abstractmethod
    def reopen(self) -> None:
        """Delete the one holiday."""

    @abstractmethod
    def switch(self, *, available: bool) -> list[UUID] | None:
        """Let the doctor take appointments or none; return whom the answer cancelled; None: it has no ids."""

    @abstractmethod
    def listed(self) -> set[str]:
        """Return the names on the affected list."""

    def booked(self, at: time, day: date = MONDAY, status: AppointmentStatus | None = None) -> UUID:
        """Book somebody with a name of their own; return the appointment's id."""
        name = f"Person {len(self.names) + 1:02}"
        key = self.clinic.book(self.doctor_id, self.clinic.patient(name=name), at, day).id
        self.names[key] = name
        if status is not None:
            visits.set_status(self.clinic.session, self.clinic.actor, key, status, now=NOW)
        return key

    def status(self, key: UUID) -> str:
        """Return an appointment's status."""
        return self.clinic.row(key).status

    def told(self, key: UUID) -> tuple[str, str, set[str]]:
        """Return title, priority and channels of the last message about an appointment."""
        self.clinic.session.expire_all()
        rows = self.clinic.session.scalars(
            sa.select(Notification).where(
                Notification.appointment_id == key, Notification.event != "appointment.booked"
            )
        ).all()
        assert len({row.event for row in rows}) == 1, "one message, once a channel"
        return rows[0].title, rows[0].priority, {row.channel for row in rows}

    def free(self, day: date = MONDAY) -> set[str]:
        """Return the starts of the slots that can be booked."""
        return {at for at, status in self.statuses(day).items() if status == "AVAILABLE"}

    def absence(self) -> UUID:
        """Return the id of the one active absence."""
        self.clinic.session.expire_all()
        return self.clinic.session.scalars(sa.select(DoctorAbsence.id).where(DoctorAbsence.status == "ACTIVE")).one()

    def written(self) -> tuple[int, ...]:
        """Count everything that a change would leave behind."""
        tables = (DoctorAbsence, HospitalHoliday, AuditEvent, Notification)
        return tuple(self.clinic.count(table) for table in tables)


def nobody(statuses: dict[str, str]) -> bool:
    """Whether none of a day's slots can be booked."""
    return "AVAILABLE" not in statuses.values()


class ComparisonRows:
    """The seed's table: one test a row."""

    def test_slots_are_blocked_by_both(self, world: World) -> None:
        for kind, day in ((REGULAR, MONDAY), (EMERGENCY, TUESDAY)):
            assert "10:00" in world.free(day)
            world.enter(Leave(kind, day, day))
            assert nobody(world.statuses(day))

    def test_appointments_remain_active_or_are_cancelled(self, world: World) -> None:
        stays, goes = world.booked(time(10)), world.booked(time(10), TUESDAY)
        confirmed = world.booked(time(11), TUESDAY, AppointmentStatus.CONFIRMED)
        world.enter(Leave(REGULAR, MONDAY, MONDAY))
        world.enter(Leave(EMERGENCY, TUESDAY, TUESDAY))
        assert [world.status(key) for key in (stays, goes, confirmed)] == ["SCHEDULED", "CANCELLED", "CANCELLED"]
        for key in (goes, confirmed):
            assert world.clinic.row(key).cancel_reason == "Auto-cancelled due to doctor emergency"

    def test_the_slot_of_a_cancelled_one_is_let_go_and_can_be_booked_after_the_leave(self, world: World) -> None:
        goes = world.booked(time(10))
        world.enter(Leave(EMERGENCY))
        assert world.statuses().get("10:00", "BLOCKED") == "BLOCKED", "the doctor is not there"
        patient = world.clinic.patient(name="Next One")
        assert not world.books(patient, time(10))
        world.cancel()
        assert world.statuses()["10:00"] == "AVAILABLE"
        assert world.books(patient, time(10))
        assert world.status(goes) == "CANCELLED"

    def test_the_notification_says_which_it_is(self, world: World) -> None:
        stays, goes = world.booked(time(10)), world.booked(time(10), TUESDAY)
        world.enter(Leave(REGULAR, MONDAY, MONDAY))
        world.enter(Leave(EMERGENCY, TUESDAY, TUESDAY))
        assert world.told(stays)[0] == "Appointment Affected"
        assert world.told(goes)[0] == "Appointment Cancelled - Doctor Emergency"

    def test_the_priority_is_normal_or_high(self, world: World) -> None:
        stays, goes = world.booked(time(10)), world.booked(time(10), TUESDAY)
        world.enter(Leave(REGULAR, MONDAY, MONDAY))
        world.enter(Leave(EMERGENCY, TUESDAY, TUESDAY))
        assert (world.told(stays)[1], world.told(goes)[1]) == ("NORMAL", "HIGH")

    def test_the_patient_must_be_moved_or_can_book_again(self, world: World) -> None:
        stays, goes = world.booked(time(10)), world.booked(time(10), TUESDAY)
        world.enter(Leave(REGULAR, MONDAY, MONDAY))
        world.enter(Leave(EMERGENCY, TUESDAY, TUESDAY))
        assert world.listed() == {world.names[stays]}
        patient = world.clinic.session.scalar(sa.select(Patient.id).where(Patient.name == world.names[goes]))
        assert patient
        assert world.books(patient, time(10), WEDNESDAY)


class AbsenceRules:
    """product.md, Absences."""

    @pytest.mark.parametrize("kind", list(AbsenceType))
    def test_every_type_can_be_entered(self, world: World, kind: AbsenceType) -> None:
        assert world.enter(Leave(kind))
        row = world.clinic.session.get_one(DoctorAbsence, world.absence())
        assert (row.absence_type, row.status) == (kind, "ACTIVE")

    @pytest.mark.parametrize(
        "wrong",
        [
            Leave(first=TUESDAY, last=MONDAY),
            Leave(first=MONDAY - DAY),
            Leave(hours=(time(12), time(12))),
            Leave(last=TUESDAY, hours=(time(9), time(12))),
        ],
    )
    def test_dates_and_hours_have_to_be_right(self, world: World, wrong: Leave) -> None:
        before = world.written()
        assert not world.enter(wrong)
        assert world.written() == before

    def test_two_absences_share_no_time_but_two_parts_of_a_day_may_lie_beside_each_other(self, world: World) -> None:
        assert world.enter(Leave(hours=(time(9), time(11))))
        assert not world.enter(Leave())
        assert not world.enter(Leave(hours=(time(10), time(12))))
        assert world.enter(Leave(hours=(time(11), time(12))))

    def test_a_part_of_a_day_blocks_every_slot_that_it_touches(self, world: World) -> None:
        before = world.free()
        world.enter(Leave(hours=(time(9, 45), time(11))))
        assert before - world.free() == {"09:30", "10:00", "10:30"}

    def test_people_who_are_here_are_left_for_staff(self, world: World) -> None:
        here = world.booked(time(10), status=AppointmentStatus.CHECKED_IN)
        foretold = world.preview(Leave(EMERGENCY))
        assert (foretold.concerned, foretold.cancelled) == ({world.names[here]}, 0)
        world.enter(Leave(EMERGENCY))
        assert (world.status(here), world.listed()) == ("CHECKED_IN", {world.names[here]})
        world.cancel()
        assert (world.status(here), world.listed()) == ("CHECKED_IN", set())

    def test_people_who_are_here_stand_on_the_list_whatever_the_cause(self, world: World) -> None:
        here = world.booked(time(10), status=AppointmentStatus.CHECKED_IN)
        world.enter(Leave(REGULAR))
        assert world.listed() == {world.names[here]}
        world.cancel()
        world.close(MONDAY)
        assert world.listed() == {world.names[here]}
        world.reopen()
        world.set_hours(time(12), time(17))
        assert world.listed() == {world.names[here]}
        world.set_hours(time(9), time(17))
        assert world.listed() == set()

    @pytest.mark.parametrize("kind", [REGULAR, EMERGENCY])
    def test_a_preview_says_which_slots_and_which_patients_and_changes_nothing(
        self, world: World, kind: AbsenceType
    ) -> None:
        keys = [world.booked(time(10)), world.booked(time(11))]
        before = world.written()
        foretold = world.preview(Leave(kind))
        assert foretold == Foretold(14, {world.names[key] for key in keys}, 2 if kind is EMERGENCY else 0)
        assert world.written() == before
        world.enter(Leave(kind))
        assert [world.status(key) for key in keys].count("CANCELLED") == foretold.cancelled

    def test_becoming_an_emergency_runs_its_flow(self, world: World) -> None:
        key = world.booked(time(10))
        world.enter(Leave())
        assert world.change(Leave(EMERGENCY))
        assert world.status(key) == "CANCELLED"
        assert world.listed() == set()

    def test_extending_affects_only_the_added_time(self, world: World) -> None:
        first = world.booked(time(10))
        world.enter(Leave())
        assert world.told(first)[0] == "Appointment Affected"
        added = world.booked(time(10), TUESDAY)
        assert world.change(Leave(last=TUESDAY))
        assert world.listed() == {world.names[first], world.names[added]}
        assert world.told(first)[2] == world.told(added)[2] == {"sms", "in_app"}, "told once"

    def test_changing_moves_the_blocks_exactly(self, world: World) -> None:
        left, reached = world.booked(time(10)), world.booked(time(15))
        world.enter(Leave(hours=(time(10), time(12))))
        before = world.free()
        assert world.change(Leave(hours=(time(14), time(16))))
        assert world.listed() == {world.names[reached]}
        after = world.free()
        assert (after - before, before - after) == ({"10:30", "11:00", "11:30"}, {"14:00", "14:30", "15:30"})
        assert world.clinic.row(left).affected_cause is None

    @pytest.mark.parametrize("order", list(permutations(["block", "leave", "holiday"])))
    def test_a_slot_that_three_things_close_opens_with_the_last(self, world: World, order: Sequence[str]) -> None:
        key = world.booked(time(11))
        world.block(time(10))
        world.enter(Leave())
        world.close(MONDAY)
        undo = {"block": lambda: world.block(time(10), blocked=False), "leave": world.cancel, "holiday": world.reopen}
        for position, name in enumerate(order):
            undo[name]()
            assert ("10:00" in world.free()) is (position == 2), name
        assert world.listed() == set()
        assert world.clinic.row(key).affected_cause is None


class ScheduleRules:
    """product.md, Slots: what a change of hours or of the slot length does."""

    def test_new_slots_come_around_the_booked_ones_which_keep_their_length(self, world: World) -> None:
        key = world.booked(time(9, 30))
        world.set_slot_length(20)
        shown = world.statuses()
        assert shown["09:30"] == "BOOKED"
        assert {"09:00", "10:00", "10:20"} <= world.free()
        assert not {"09:20", "09:40"} & shown.keys()
        row = world.clinic.row(key)
        assert row.ends_at - row.starts_at == timedelta(minutes=30)

    def test_what_is_blocked_by_hand_stays_closed(self, world: World) -> None:
        world.statuses()
        world.block(time(10))
        world.set_slot_length(20)
        assert world.free() & {"09:40", "10:00", "10:20", "10:40"} == {"09:40", "10:40"}

    def test_one_that_no_longer_fits_is_kept_listed_and_told(self, world: World) -> None:
        fits, late = world.booked(time(10)), world.booked(time(15))
        world.set_hours(time(9), time(12))
        assert world.free() == {"09:00", "09:30", "10:30", "11:00", "11:30"}
        assert world.listed() == {world.names[late]}
        assert [world.status(key) for key in (fits, late)] == ["SCHEDULED"] * 2
        assert world.told(late) == ("Appointment Needs Rescheduling", "HIGH", {"sms", "in_app"})
        world.set_hours(time(9), time(17))
        assert world.listed() == set(), "it fits again"

    def test_a_day_with_leave_in_it_is_shortened(self, world: World) -> None:
        key = world.booked(time(10))
        world.enter(Leave(hours=(time(10), time(12))))
        world.set_hours(time(9), time(11))
        assert world.free() == {"09:00", "09:30"}
        assert world.listed() == {world.names[key]}
        world.cancel()
        assert world.free() == {"09:00", "09:30", "10:30"}
        assert world.listed() == set()


class HolidayRules:
    """product.md, Holidays."""

    def test_a_holiday_has_no_slots_and_lists_who_was_booked(self, world: World) -> None:
        key = world.booked(time(10))
        world.close(MONDAY)
        assert nobody(world.statuses())
        assert not world.books(world.clinic.patient(), time(11))
        assert world.listed() == {world.names[key]}
        assert world.status(key) == "SCHEDULED"
        assert world.told(key)[:2] == ("Appointment Affected", "NORMAL")
        world.reopen()
        assert "11:00" in world.free()
        assert world.listed() == set()

    def test_a_recurring_one_closes_month_and_day_of_every_year(self, world: World) -> None:
        world.close(TUESDAY.replace(year=2020), every_year=True)
        assert nobody(world.statuses(TUESDAY))
        assert world.free(MONDAY)

    def test_the_29_february_comes_only_in_leap_years(self, world: World) -> None:
        world.close(date(2024, 2, 29), every_year=True)
        assert world.free(MONDAY), "neither the 28 February nor the 1 March is closed instead"


class AvailabilityRules:
    """product.md, Availability."""

    def test_switching_off_cancels_frees_and_tells(self, world: World) -> None:
        keys = [
            world.booked(time(10)),
            world.booked(time(11), TUESDAY, AppointmentStatus.CONFIRMED),
        ]
        here = world.booked(time(9), status=AppointmentStatus.CHECKED_IN)
        named = world.switch(available=False)
        assert named is None or sorted(named) == sorted(keys)
        assert [world.status(key) for key in (*keys, here)] == ["CANCELLED", "CANCELLED", "CHECKED_IN"]
        assert world.listed() == {world.names[here]}
        for key in keys:
            assert world.clinic.row(key).cancel_reason == "Doctor unavailable"
            assert world.told(key) == ("Appointment Cancelled - Doctor Unavailable", "HIGH", {"sms", "in_app"})
        assert nobody(world.statuses())

    def test_on_again_opens_the_slots_and_restores_nothing(self, world: World) -> None:
        key = world.booked(time(10))
        world.switch(available=False)
        world.switch(available=True)
        assert world.status(key) == "CANCELLED"
        assert world.clinic.count(Appointment, doctor_id=world.doctor_id, status="SCHEDULED") == 0
        assert "10:00" in world.free()


class LeaveTable(ComparisonRows, AbsenceRules, ScheduleRules, HolidayRules, AvailabilityRules):
    """All of it."""
