"""A plan is taken back: everybody stands where they stood, or it says why not, and nobody keeps a wrong message."""

from datetime import time, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from hms_web.domain.affected import AffectedAction
from hms_web.domain.messages import MessageEvent
from hms_web.domain.notifications import DeliveryState
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.schedules import DayHours, DayOfWeek
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Appointment, AuditEvent, Doctor, Notification
from hms_web.services import absences, affected_undo, booking, doctors, schedules, slot_keeping, visits
from hms_web.services.affected_records import BatchView
from hms_web.services.booking import AppointmentChange
from hms_web.services.doctors import DoctorChange
from hms_web.services.slot_keeping import HoldView
from tests.scenes import MONDAY, NOW, Clinic
from tests.services.affected_scenes import TUESDAY, Ill, ill

MOVE, KEEP, CANCEL = AffectedAction.MOVE, AffectedAction.KEEP, AffectedAction.CANCEL
LATER = NOW + timedelta(seconds=20)


@pytest.fixture
def clinic(here: Clinic) -> Ill:
    return ill(here)


def reasons(batch: BatchView) -> list[Code | None]:
    return [step.undo_refusal.code if step.undo_refusal else None for step in batch.steps]


def messages(here: Clinic, appointment_id: UUID, channel: str = "sms") -> list[tuple[str, str]]:
    query = sa.select(Notification.event, Notification.state).where(
        Notification.appointment_id == appointment_id, Notification.channel == channel
    )
    found = [(row.event, row.state) for row in here.session.execute(query.order_by(Notification.id))]
    here.session.rollback()
    return found


def sent(here: Clinic, **columns: object) -> None:
    """Let the worker have done its work."""
    here.session.execute(
        sa.update(Notification)
        .where(Notification.state == "QUEUED", Notification.channel == "sms")
        .values({"state": "SENT"} | columns)
    )
    here.session.commit()


PLACE = ("doctor_id", "date", "start_time", "end_time", "starts_at", "ends_at", "token_number", "affected_cause")


def test_everybody_goes_back_to_where_they_stood(here: Clinic, clinic: Ill) -> None:
    before = [clinic.now(number) for number in range(3)]
    batch = clinic.apply(*clinic.steps()[:2], clinic.move(2, time(10), MONDAY, clinic.colleague))
    undone = clinic.undo(batch, at=LATER)
    assert (len(undone.undone), undone.undone_at, undone.undone_by) == (3, LATER, "Reception 1")
    assert (undone.done, undone.may_undo, reasons(undone)) == ([], False, [None] * 3)
    for number in range(3):
        now = clinic.now(number)
        assert [getattr(now, name) for name in PLACE] == [getattr(before[number], name) for name in PLACE]
        assert (now.affected_at, now.version) == (before[number].affected_at, 4)
    assert here.row(clinic.ids[2]).slot_minutes == 30
    assert here.starts(clinic.colleague)
    event = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "plan.undone")).one()
    assert event.details == {"undone": 3, "of": 3}
    clinic.check()


def test_twice_is_harmless(clinic: Ill) -> None:
    batch = clinic.apply(*clinic.steps())
    first = clinic.undo(batch, at=LATER)
    assert clinic.undo(batch, at=LATER + timedelta(minutes=1)) == first
    clinic.check()


def test_an_unknown_plan(clinic: Ill) -> None:
    with pytest.raises(Refused) as refused:
        affected_undo.undo(clinic.here.session, clinic.here.actor, uuid4(), now=NOW)
    assert refused.value.refusal.code is Code.PLAN_NOT_FOUND


def test_a_message_that_waits_never_goes_out(here: Clinic, clinic: Ill) -> None:
    clinic.undo(clinic.apply(clinic.move(0, time(9)), clinic.other(1, KEEP)), at=LATER)
    for number, event in ((0, "appointment.rescheduled"), (1, "appointment.kept")):
        for channel in ("sms", "in_app"):
            assert (event, "SUPPRESSED") in messages(here, clinic.ids[number], channel)
        assert [name for name, _ in messages(here, clinic.ids[number])].count("appointment.affected_by_absence") == 1
    clinic.check()


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "SENT"},
        {"state": "FAILED"},
        {"state": "NOT_CONFIGURED", "phoned_at": NOW},
        {"state": "QUEUED", "claimed_until": LATER + timedelta(minutes=1)},
    ],
    ids=["sent", "failed", "phoned", "on its way"],
)
def test_who_was_told_is_told_again(here: Clinic, clinic: Ill, columns: dict[str, object]) -> None:
    batch = clinic.apply(clinic.move(0, time(9)), clinic.other(1, KEEP))
    sent(here, **columns)
    clinic.undo(batch, at=LATER)
    for number in (0, 1):
        assert messages(here, clinic.ids[number])[-1] == ("appointment.affected_by_absence", "QUEUED")
    clinic.check()


def test_who_is_only_on_the_phone_list_is_taken_off_it(here: Clinic, clinic: Ill) -> None:
    batch = clinic.apply(clinic.move(0, time(9)))
    sent(here, state=DeliveryState.NOT_CONFIGURED)
    clinic.undo(batch, at=LATER)
    assert messages(here, clinic.ids[0])[-1] == ("appointment.rescheduled", "SUPPRESSED")


def test_who_was_never_told_that_another_time_is_needed_is_told_now(here: Clinic, clinic: Ill) -> None:
    batch = clinic.apply(clinic.move(0, time(9)))
    here.session.execute(
        sa.update(Notification).where(Notification.event == MessageEvent.AFFECTED_BY_ABSENCE).values(state="SUPPRESSED")
    )
    here.session.commit()
    clinic.undo(batch, at=LATER)
    assert messages(here, clinic.ids[0])[-1] == ("appointment.affected_by_absence", "QUEUED")


def test_what_cannot_be_taken_back_says_why(here: Clinic, clinic: Ill) -> None:
    batch = clinic.apply(clinic.move(0, time(9)), clinic.other(1, CANCEL), clinic.other(2, KEEP))
    assert batch.may_undo
    change = AppointmentChange(time=time(11))
    booking.change(here.session, here.other, clinic.ids[0], change, now=NOW)
    undone = clinic.undo(batch, at=LATER)
    assert reasons(undone) == [Code.STALE_VERSION, Code.STAYS_CANCELLED, None]
    stale = undone.steps[0].undo_refusal
    assert stale
    assert stale.facts == {"by": "Reception 2"}
    assert clinic.now(0).start_time == time(11)
    assert len(undone.done) == 2
    clinic.check()


def end_leave(clinic: Ill) -> None:
    absences.cancel(clinic.here.session, clinic.here.admin, clinic.doctor, clinic.absence, now=NOW)


def test_a_time_that_somebody_else_has_by_now(here: Clinic, clinic: Ill) -> None:
    batch = clinic.apply(*clinic.steps())
    end_leave(clinic)
    here.book(clinic.doctor, here.patient(), time(10))
    held = here.slot(clinic.doctor, time(10, 30))
    assert isinstance(slot_keeping.hold(here.session, here.other, held.id, now=NOW), HoldView)
    closed = here.slot(clinic.doctor, time(11))
    slot_keeping.block(here.session, here.admin, closed.id, blocked=True, reason=None, now=NOW)
    undone = clinic.undo(batch)
    assert reasons(undone) == [Code.SLOT_TAKEN, Code.SLOT_HELD, Code.SLOT_BLOCKED]
    assert [clinic.now(number).date for number in range(3)] == [TUESDAY] * 3
    clinic.check()


def test_a_patient_who_is_elsewhere_by_now_and_a_day_that_is_full(here: Clinic, clinic: Ill) -> None:
    batch = clinic.apply(*clinic.steps())
    here.book(clinic.colleague, clinic.booked[0].patient_id, time(10))
    end_leave(clinic)
    here.book(clinic.doctor, here.patient(), time(15))
    doctors.change(here.session, here.admin, clinic.doctor, DoctorChange(max_patients_per_day=1), now=NOW)
    assert reasons(clinic.undo(batch)) == [
        Code.PATIENT_DOUBLE_BOOKED,
        Code.DOCTOR_FULLY_BOOKED,
        Code.DOCTOR_FULLY_BOOKED,
    ]


def test_when_the_leave_has_ended_they_go_back_as_ordinary_ones(here: Clinic, clinic: Ill) -> None:
    batch = clinic.apply(*clinic.steps()[:2])
    here.session.execute(
        sa.update(Notification)
        .where(Notification.appointment_id == clinic.ids[1], Notification.event == MessageEvent.RESCHEDULED)
        .values(state="SENT")
    )
    here.session.commit()
    end_leave(clinic)
    assert reasons(clinic.undo(batch, at=LATER)) == [None, None]
    for number in (0, 1):
        now = clinic.now(number)
        assert (now.date, now.affected_cause, now.affected_at) == (MONDAY, None, None)
    assert messages(here, clinic.ids[0])[-1] == ("appointment.rescheduled", "SUPPRESSED")
    assert messages(here, clinic.ids[1])[-1] == ("appointment.rescheduled", "QUEUED")
    clinic.check()


def test_another_reason_by_now_is_the_one_that_is_shown(here: Clinic, clinic: Ill) -> None:
    batch = clinic.apply(*clinic.steps()[:1])
    end_leave(clinic)
    schedules.replace(
        here.session, here.admin, clinic.doctor, [DayHours(DayOfWeek.TUESDAY, time(9), time(12))], now=NOW
    )
    assert reasons(clinic.undo(batch, at=LATER)) == [None]
    assert clinic.now(0).affected_cause == "SCHEDULE_CHANGE"
    assert messages(here, clinic.ids[0])[-1] == ("appointment.needs_rescheduling", "QUEUED")
    clinic.check()


def test_the_slots_of_both_days_are_put_right(here: Clinic) -> None:
    clinic = ill(here, 1)
    batch = clinic.apply(clinic.move(0, time(9)))
    doctors.change(here.session, here.admin, clinic.doctor, DoctorChange(slot_duration=20), now=NOW)
    end_leave(clinic)
    assert here.starts(clinic.doctor)[:5] == ["09:00", "09:20", "09:40", "10:00", "10:20"]
    clinic.undo(batch)
    assert here.starts(clinic.doctor)[:6] == ["09:00", "09:20", "09:40", "10:00", "10:40", "11:00"]
    assert here.starts(clinic.doctor, TUESDAY)[:3] == ["09:00", "09:20", "09:40"]
    clinic.check()


def test_a_time_that_has_gone_by_is_still_somebodys(clinic: Ill) -> None:
    batch = clinic.apply(*clinic.steps())
    undone = clinic.undo(batch, at=NOW + timedelta(hours=4))
    assert reasons(undone) == [None] * 3
    assert clinic.now(0).affected_cause == "ABSENCE"


def test_nobody_goes_back_to_an_ordinary_time_that_has_begun_unless_they_are_here(here: Clinic, clinic: Ill) -> None:
    key = clinic.ids[2]
    visits.set_status(here.session, here.actor, key, AppointmentStatus.CHECKED_IN, now=NOW)
    batch = clinic.apply(clinic.move(0, time(10)), clinic.move(2, time(16), MONDAY, clinic.colleague))
    end_leave(clinic)
    undone = clinic.undo(batch, at=clinic.booked[2].starts_at)
    assert reasons(undone) == [Code.DATE_IN_PAST, None]
    assert (clinic.now(0).date, clinic.now(2).start_time) == (TUESDAY, time(11))
    clinic.check()


def test_after_an_undo_the_list_can_be_planned_again(here: Clinic, clinic: Ill) -> None:
    clinic.undo(clinic.apply(*clinic.steps()))
    again = clinic.apply(*clinic.steps())
    assert len(again.done) == 3
    assert {clinic.now(number).version for number in range(3)} == {5}
    assert here.count(Appointment, affected_cause=None) == 3
    clinic.check()


def test_nothing_is_undone_of_what_was_refused(here: Clinic, clinic: Ill) -> None:
    steps = clinic.steps()
    here.book(clinic.doctor, here.patient(), time(9), TUESDAY)
    batch = clinic.apply(*steps)
    undone = clinic.undo(batch)
    assert [step.undone_at is None for step in undone.steps] == [True, False, False]
    assert len(undone.refused) == 1
    assert here.session.scalar(sa.select(sa.func.count()).select_from(Doctor)) == 2
    clinic.check()
