"""A random life of a small clinic: whatever is done in whatever order, the invariants hold, and the offer is honest."""

import os
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import TypeVar
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.orm import Session

from hms_web.domain.absences import AbsenceType
from hms_web.domain.affected import AffectedAction
from hms_web.domain.local_time import local_date
from hms_web.domain.planning import Strategy
from hms_web.domain.refusals import InvalidInput, Refusal, Refused
from hms_web.domain.schedules import DayHours, DayOfWeek
from hms_web.domain.slots import SlotStatus
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import AffectedBatch, Appointment, DoctorAbsence, new_id
from hms_web.services import (
    absences,
    affected,
    affected_batches,
    affected_plans,
    affected_undo,
    booking,
    cancelling,
    doctors,
    holidays,
    schedules,
    slot_keeping,
    slot_making,
    slots,
    visits,
)
from hms_web.services.affected_batches import Step
from hms_web.services.appointments import AppointmentView
from hms_web.services.booking import AppointmentChange, BookingRequest
from hms_web.services.slots import SlotView
from tests import invariants
from tests.scenes import Clinic, clinic

T = TypeVar("T")

BEGIN = datetime(2026, 3, 6, 14, tzinfo=UTC)
"""A Friday: morning in New York, whose clocks change on the Sunday, night in Lord Howe, evening in Kolkata."""
WORKING = (DayOfWeek.FRIDAY, DayOfWeek.SATURDAY, DayOfWeek.SUNDAY)
BY_HAND = [AppointmentStatus.CONFIRMED, AppointmentStatus.CHECKED_IN, AppointmentStatus.SCHEDULED]
OF_WHICH_SLOTS = 0.7
"""The share of the times tried that are slots; the others are times that are none."""

LIVES = 40
"""So many in the fault suite, each time others; a few, and always the same, in `make test`."""

numbers = st.integers(0, 10_000)
days = st.integers(0, 2)
doctor_numbers = st.integers(0, 1)
lengths = st.sampled_from([15, 20, 30, 45, 60])
starts = st.integers(0, 8).map(time)
hours = st.tuples(starts, st.integers(10, 23).map(lambda hour: time(hour, 30)), st.booleans())


class Life(RuleBasedStateMachine):
    """Two doctors, three patients, two receptionists, and everything that people do with them."""

    engine: sa.Engine

    def __init__(self) -> None:
        super().__init__()
        self.connection = self.engine.connect()
        self.connection.begin()
        # Services commit, and nothing of it stays: each commit only ends a savepoint.
        self.session = self._session()
        self.here: Clinic

    def _session(self) -> Session:
        return Session(self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False)

    @initialize(zone=st.sampled_from(["America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]), seed=numbers)
    def open(self, zone: str, seed: int) -> None:
        self.random, self.now = Random(seed), BEGIN
        self.here = clinic(self.session, zone)
        self.doctors = [
            self.here.doctor(minutes=30, maximum=4, days=WORKING),
            self.here.doctor(minutes=20, start=time(1), end=time(12), pause=None, days=WORKING),
        ]
        self.patients = [self.here.patient() for _ in range(3)]
        self.stranger = self.here.patient()

    def teardown(self) -> None:
        self.session.close()
        self.connection.close()

    def _day(self, offset: int) -> date:
        return local_date(self.now, self.here.actor.zone) + timedelta(days=offset)

    def _slot(self, doctor: int, offset: int, number: int) -> SlotView | None:
        """Return one of the slots of a day, if it has any."""
        day = slots.of_date(self.session, self.here.actor, self.doctors[doctor], self._day(offset), now=self.now)
        return day.items[number % len(day.items)] if day.items else None

    def _row(self, table: type[T], number: int) -> T | None:
        """Return one of the rows of a table, if it has any."""
        self.session.expire_all()
        rows = self.session.scalars(sa.select(table).order_by(sa.text("id"))).all()
        return rows[number % len(rows)] if rows else None

    @rule(doctor=doctor_numbers, offset=days, chosen=st.lists(numbers, min_size=1, max_size=3))
    def book(self, doctor: int, offset: int, chosen: list[int]) -> None:
        for patient, number in zip(self.patients, chosen, strict=False):
            slot = self._slot(doctor, offset, number)
            if slot is not None:
                wanted = BookingRequest(patient, slot.doctor_id, slot.date, slot.start_time)
                booking.book(self.session, self.here.actor, wanted, now=self.now)

    @rule(doctor=doctor_numbers, offset=days, number=numbers, which=numbers)
    def reschedule(self, doctor: int, offset: int, number: int, which: int) -> None:
        slot, appointment = self._slot(doctor, offset, number), self._row(Appointment, which)
        if slot is None or appointment is None:
            return
        before = appointment.starts_at, appointment.doctor_id
        wanted = AppointmentChange(date=slot.date, time=slot.start_time, doctor_id=slot.doctor_id)
        moved = booking.change(self.session, self.here.actor, appointment.id, wanted, now=self.now)
        after = self.here.row(appointment.id)
        refused = isinstance(moved, Refusal)
        assert (after.starts_at, after.doctor_id) == (before if refused else (slot.starts_at, slot.doctor_id))

    @rule(which=numbers)
    def cancel(self, which: int) -> None:
        appointment = self._row(Appointment, which)
        if appointment is not None:
            cancelling.cancel(self.session, self.here.actor, appointment.id, reason="Better", now=self.now)

    @rule(which=numbers, status=st.sampled_from(BY_HAND))
    def set_status(self, which: int, status: AppointmentStatus) -> None:
        appointment = self._row(Appointment, which)
        if appointment is not None:
            visits.set_status(self.session, self.here.actor, appointment.id, status, now=self.now)

    @rule(doctor=doctor_numbers, offset=days, number=numbers, release=st.booleans())
    def hold(self, doctor: int, offset: int, number: int, *, release: bool) -> None:
        slot = self._slot(doctor, offset, number)
        if slot is not None and release:
            slot_keeping.release_hold(self.session, self.here.other, slot.id, now=self.now)
        elif slot is not None:
            slot_keeping.hold(self.session, self.here.other, slot.id, now=self.now)

    @rule(doctor=doctor_numbers, offset=days, number=numbers, blocked=st.booleans())
    def block(self, doctor: int, offset: int, number: int, *, blocked: bool) -> None:
        slot = self._slot(doctor, offset, number)
        if slot is not None:
            slot_keeping.block(self.session, self.here.admin, slot.id, blocked=blocked, reason=None, now=self.now)

    @rule(doctor=doctor_numbers, offset=days, kind=st.sampled_from(AbsenceType), part=st.booleans())
    def go_away(self, doctor: int, offset: int, kind: AbsenceType, *, part: bool) -> None:
        span = (time(9, 10), time(11)) if part else (None, None)
        day = self._day(offset)
        wanted = absences.NewAbsence(kind, day, day, not part, *span)
        try:
            absences.create(self.session, self.here.admin, self.doctors[doctor], wanted, now=self.now)
        except Refused:
            return  # they are away then already

    @rule(which=numbers)
    def come_back(self, which: int) -> None:
        absence = self._row(DoctorAbsence, which)
        if absence is not None:
            absences.cancel(self.session, self.here.admin, absence.doctor_id, absence.id, now=self.now)

    @rule(offset=days)
    def close_for_a_day(self, offset: int) -> None:
        day = self._day(offset)
        known = [item for item in holidays.list_holidays(self.session, self.here.admin).items if item.date == day]
        if known:
            holidays.delete(self.session, self.here.admin, known[0].id, now=self.now)
        else:
            holidays.create(self.session, self.here.admin, holidays.NewHoliday("Holi", day), now=self.now)

    @rule(doctor=doctor_numbers, span=hours, working=st.sets(st.sampled_from(WORKING), min_size=1))
    def change_hours(self, doctor: int, span: tuple[time, time, bool], working: set[DayOfWeek]) -> None:
        start, end, has_break = span
        pause = (time(9), time(9, 20)) if has_break else (None, None)
        week = [DayHours(day, start, end, *pause) for day in working]
        try:
            schedules.replace(self.session, self.here.admin, self.doctors[doctor], week, now=self.now)
        except InvalidInput as error:
            raise AssertionError(error.errors) from error

    @rule(doctor=doctor_numbers, minutes=lengths, maximum=st.integers(1, 6))
    def change_doctor(self, doctor: int, minutes: int, maximum: int) -> None:
        wanted = doctors.DoctorChange(slot_duration=minutes, max_patients_per_day=maximum)
        doctors.change(self.session, self.here.admin, self.doctors[doctor], wanted, now=self.now)

    @rule(doctor=doctor_numbers, available=st.booleans())
    def change_availability(self, doctor: int, *, available: bool) -> None:
        wanted = doctors.DoctorChange(is_available=available)
        doctors.change(self.session, self.here.admin, self.doctors[doctor], wanted, now=self.now)

    @rule(doctor=doctor_numbers, active=st.booleans())
    def change_account(self, doctor: int, *, active: bool) -> None:
        wanted = doctors.DoctorChange(is_active=active)
        doctors.change(self.session, self.here.admin, self.doctors[doctor], wanted, now=self.now)

    @rule(which=numbers, kind=st.sampled_from(AbsenceType), part=st.booleans(), later=st.integers(0, 1))
    def change_leave(self, which: int, kind: AbsenceType, *, part: bool, later: int) -> None:
        absence = self._row(DoctorAbsence, which)
        if absence is None:
            return
        start, end = (time(9, 10), time(10)) if part else (None, None)
        last = absence.start_date if part else absence.start_date + timedelta(days=later)
        wanted = absences.AbsenceChange(
            absence_type=kind, end_date=last, is_full_day=not part, start_time=start, end_time=end
        )
        # Another leave is there, it was cancelled, or it would end in the past.
        with suppress(Refused, InvalidInput):
            absences.change(self.session, self.here.admin, absence.doctor_id, absence.id, wanted, now=self.now)

    @rule(doctor=doctor_numbers)
    def regenerate(self, doctor: int) -> None:
        slot_making.regenerate(self.session, self.here.admin, self.doctors[doctor], now=self.now)
        again = slot_making.regenerate(self.session, self.here.admin, self.doctors[doctor], now=self.now)
        assert (again.removed, again.created) == (0, 0)

    @rule(strategy=st.sampled_from(Strategy), which=numbers)
    def plan(self, strategy: Strategy, which: int) -> None:
        """See to everybody who needs attention; a plan that is applied at once is carried out in full."""
        session, actor = self.session, self.here.actor
        ids = [view.id for group in affected.grouped(session, actor) for view in group.items]
        steps = []
        for number, move in enumerate(affected_plans.make(session, actor, ids, strategy, now=self.now).moves):
            view, place = move.appointment, move.place
            action = list(AffectedAction)[(which + number) % 5 % 3]
            if action is AffectedAction.MOVE and place is not None:
                steps.append(Step(view.id, action, view.version, place.doctor_id, place.date, place.start_time))
            elif action is not AffectedAction.MOVE:
                steps.append(Step(view.id, action, view.version))
        if steps:
            done = affected_batches.apply(session, actor, new_id(), steps, now=self.now)
            assert not done.refused, done.refused

    @rule(which=numbers)
    def take_a_plan_back(self, which: int) -> None:
        batch = self._row(AffectedBatch, which)
        if batch is not None:
            affected_undo.undo(self.session, self.here.other, batch.id, now=self.now)

    @precondition(lambda self: self.now < BEGIN + timedelta(days=2))
    @rule(minutes=st.sampled_from([1, 7, 30, 240, 1440]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @invariant()
    def nothing_is_broken(self) -> None:
        invariants.check(self.connection)

    @invariant()
    def the_offer_is_honest(self) -> None:
        """A slot that is shown as free can be booked, one that is not is refused, and so is a time without a slot."""
        doctor, day = self.random.choice(self.doctors), self._day(self.random.randrange(3))
        found = slots.of_date(self.session, self.here.actor, doctor, day, now=self.now).items
        if found and self.random.random() < OF_WHICH_SLOTS:
            slot = self.random.choice(found)
            answer = self._attempt(doctor, day, slot.start_time)
            assert isinstance(answer, AppointmentView) == (slot.refusal is None), (slot, answer)
            assert slot.status is not SlotStatus.AVAILABLE or slot.refusal is None
            return
        at = time(self.random.randrange(24), self.random.randrange(0, 60, 5))
        if at not in {item.start_time for item in found}:
            assert isinstance(self._attempt(doctor, day, at), Refusal)

    def _attempt(self, doctor_id: UUID, day: date, at: time) -> AppointmentView | Refusal:
        """Book for somebody who has no other appointment, and undo it."""
        wanted = BookingRequest(self.stranger, doctor_id, day, at)
        undone = self.connection.begin_nested()
        with self._session() as session:
            answer = booking.book(session, self.here.actor, wanted, now=self.now)
        undone.rollback()
        return answer


def live(engine: sa.Engine, lives: int, *, is_random: bool) -> None:
    bounds = settings(
        max_examples=lives,
        stateful_step_count=25,
        deadline=None,
        derandomize=not is_random,
        suppress_health_check=list(HealthCheck),
    )
    here = type("LifeHere", (Life,), {"engine": engine})
    run_state_machine_as_test(here, settings=bounds)


def test_a_random_life_breaks_nothing(engine: sa.Engine) -> None:
    live(engine, 8, is_random=False)


@pytest.mark.fault
def test_nor_do_many_others(engine: sa.Engine) -> None:
    live(engine, LIVES, is_random=not os.environ.get("CI"))
