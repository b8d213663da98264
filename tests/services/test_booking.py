"""Booking, moving and changing appointments."""

from dataclasses import replace
from datetime import date, time, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from hms_web.domain.messages import MessageEvent
from hms_web.domain.refusals import Code, InvalidInput, Refusal
from hms_web.models import Appointment, AuditEvent, Doctor, Notification, User
from hms_web.services import appointments, booking, cancelling, slot_keeping
from hms_web.services.appointments import AppointmentView
from hms_web.services.booking import AppointmentChange, BookingRequest
from tests.scenes import LAST_DAY, MONDAY, NOW, Clinic


def ask(doctor_id: UUID, patient_id: UUID, at: time, day: date = MONDAY) -> BookingRequest:
    return BookingRequest(patient_id, doctor_id, day, at)


def refused(here: Clinic, request: BookingRequest) -> Code:
    answer = booking.book(here.session, here.actor, request, now=NOW)
    assert isinstance(answer, Refusal), answer
    return answer.code


def test_a_booking_writes_appointment_audit_and_messages_in_one(here: Clinic) -> None:
    doctor, patient = here.doctor(), here.patient(name="Asha Rao")
    booked = here.book(doctor, patient, time(10))
    assert (booked.patient_name, booked.doctor_name, booked.token_number) == ("Asha Rao", "Dr. 001", 1)
    assert booked.starts_at.isoformat() == "2026-03-02T04:30:00+00:00"
    stored = here.row(booked.id)
    assert (stored.start_time, stored.end_time, stored.slot_minutes) == (time(10), time(10, 30), 30)
    assert stored.created_by_id == here.actor.user_id
    assert here.count(AuditEvent, record_id=booked.id, action="appointment.booked") == 1
    messages = here.session.scalars(sa.select(Notification).where(Notification.appointment_id == booked.id)).all()
    assert sorted(message.channel for message in messages) == ["in_app", "sms"]
    assert {message.event for message in messages} == {MessageEvent.BOOKED}


def test_a_booking_asks_the_database_three_times(here: Clinic) -> None:
    """Both locks, one look at everything that the checks and the message need, and one statement that writes."""
    doctor, patient = here.doctor(), here.patient()
    here.book(doctor, here.patient(), time(9))  # the day has its slots
    statements: list[str] = []
    connection = here.session.connection()

    def note(*call: object) -> None:
        statements.append(str(call[2]))

    sa.event.listen(connection, "before_cursor_execute", note)
    here.book(doctor, patient, time(10))
    sa.event.remove(connection, "before_cursor_execute", note)
    assert len(statements) == 3, statements


def test_what_a_booking_answers_is_what_a_reading_answers(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    assert appointments.get(here.session, here.actor, booked.id) == booked


def test_tokens_count_up_by_doctor_and_day_and_are_not_given_twice(here: Clinic) -> None:
    doctor, other = here.doctor(), here.doctor()
    first = here.book(doctor, here.patient(), time(10))
    cancelling.cancel(here.session, here.actor, first.id, reason=None, now=NOW)
    second = here.book(doctor, here.patient(), time(9))
    assert (first.token_number, second.token_number) == (1, 2)
    assert here.book(other, here.patient(), time(9)).token_number == 1
    assert here.book(doctor, here.patient(), time(9), MONDAY + timedelta(days=1)).token_number == 1


def test_a_token_that_was_told_is_not_told_again_after_its_appointment_moved(here: Clinic) -> None:
    doctor = here.doctor()
    here.book(doctor, here.patient(), time(9))
    second = here.book(doctor, here.patient(), time(10))
    move(here, second, date=MONDAY + timedelta(days=1))
    assert here.book(doctor, here.patient(), time(10)).token_number == 3


def test_an_unknown_patient_or_doctor(here: Clinic, elsewhere: Clinic) -> None:
    doctor, patient = here.doctor(), here.patient()
    assert refused(here, ask(doctor, uuid4(), time(10))) is Code.PATIENT_NOT_FOUND
    assert refused(here, ask(doctor, elsewhere.patient(), time(10))) is Code.PATIENT_NOT_FOUND
    assert refused(here, ask(uuid4(), patient, time(10))) is Code.DOCTOR_NOT_FOUND
    assert refused(here, ask(elsewhere.doctor(), patient, time(10))) is Code.DOCTOR_NOT_FOUND


def test_a_blocked_patient_needs_an_admins_written_reason(here: Clinic) -> None:
    doctor, patient = here.doctor(), here.patient(status="BLOCKED", blocked_reason="3 no-shows")
    request = ask(doctor, patient, time(10))
    urgent = replace(request, override_reason="chest pain")
    assert refused(here, request) is Code.PATIENT_BLOCKED
    assert refused(here, urgent) is Code.PATIENT_BLOCKED
    blank = booking.book(here.session, here.admin, replace(request, override_reason="  "), now=NOW)
    assert isinstance(blank, Refusal)
    booked = booking.book(here.session, here.admin, urgent, now=NOW)
    assert isinstance(booked, AppointmentView)
    event = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.record_id == booked.id)).one()
    assert event.details["override_reason"] == "chest pain"


@pytest.mark.parametrize("written", ["x" * 501, "chest\0pain"])
def test_the_written_reason_is_a_text_like_any_other(here: Clinic, written: str) -> None:
    request = ask(here.doctor(), here.patient(status="BLOCKED"), time(10))
    with pytest.raises(InvalidInput) as caught:
        booking.book(here.session, here.admin, replace(request, override_reason=written), now=NOW)
    assert [field for field, _ in caught.value.errors] == ["overrideReason"]


def test_one_patient_is_not_in_two_places(here: Clinic) -> None:
    quarter, half, patient = here.doctor(minutes=15), here.doctor(minutes=30), here.patient()
    here.book(half, patient, time(10))
    assert refused(here, ask(quarter, patient, time(10, 15))) is Code.PATIENT_DOUBLE_BOOKED
    here.book(quarter, patient, time(10, 30))


def test_a_doctor_who_does_not_take_appointments(here: Clinic) -> None:
    doctor, patient = here.doctor(), here.patient()
    request = ask(doctor, patient, time(10))
    here.session.execute(sa.update(Doctor).where(Doctor.id == doctor).values(is_available=False))
    assert refused(here, request) is Code.DOCTOR_UNAVAILABLE
    here.session.execute(sa.update(Doctor).where(Doctor.id == doctor).values(is_available=True))
    owner = sa.select(Doctor.user_id).where(Doctor.id == doctor).scalar_subquery()
    here.session.execute(sa.update(User).where(User.id == owner).values(is_active=False))
    assert refused(here, request) is Code.DOCTOR_INACTIVE


def test_times_and_days_that_cannot_be(here: Clinic) -> None:
    doctor, patient = here.doctor(), here.patient()
    for code, at, day in (
        (Code.DATE_IN_PAST, time(7, 59), MONDAY),
        (Code.DATE_IN_PAST, time(10), MONDAY - timedelta(days=1)),
        (Code.BEYOND_BOOKING_WINDOW, time(10), LAST_DAY + timedelta(days=1)),
        (Code.OUTSIDE_SCHEDULE, time(8, 30), MONDAY),
        (Code.OUTSIDE_SCHEDULE, time(17), MONDAY),
        (Code.OUTSIDE_SCHEDULE, time(23, 50), MONDAY),
        (Code.DURING_BREAK, time(13, 30), MONDAY),
        (Code.NOT_A_SLOT, time(10, 10), MONDAY),
    ):
        assert refused(here, ask(doctor, patient, at, day)) is code
    assert here.book(doctor, patient, time(10), LAST_DAY).date == LAST_DAY


def test_holidays_and_absences(here: Clinic) -> None:
    doctor, patient = here.doctor(), here.patient()
    here.holiday(date(2020, 3, 4), is_recurring=True)
    here.absence(doctor, MONDAY, MONDAY, (time(10, 15), time(11)))
    assert refused(here, ask(doctor, patient, time(10), date(2026, 3, 4))) is Code.HOSPITAL_HOLIDAY
    assert refused(here, ask(doctor, patient, time(10))) is Code.DOCTOR_ABSENT
    here.book(doctor, patient, time(11))


def test_a_slot_that_somebody_or_something_has(here: Clinic) -> None:
    doctor, patient = here.doctor(), here.patient()
    here.book(doctor, here.patient(), time(10))
    assert refused(here, ask(doctor, patient, time(10))) is Code.SLOT_TAKEN
    slot_keeping.block(
        here.session, here.admin, here.slot(doctor, time(11)).id, blocked=True, reason="equipment", now=NOW
    )
    assert refused(here, ask(doctor, patient, time(11))) is Code.SLOT_BLOCKED
    slot_keeping.hold(here.session, here.other, here.slot(doctor, time(12)).id, now=NOW)
    assert refused(here, ask(doctor, patient, time(12))) is Code.SLOT_HELD


def test_ones_own_hold_is_used_up_by_the_booking(here: Clinic) -> None:
    doctor, patient = here.doctor(), here.patient()
    here.book(doctor, here.patient(), time(9))
    slot = here.slot(doctor, time(12))
    slot_keeping.hold(here.session, here.actor, slot.id, now=NOW)
    here.book(doctor, patient, time(12))
    assert here.slot(doctor, time(12)).held_by_id is None


def test_a_full_day(here: Clinic) -> None:
    doctor = here.doctor(maximum=2)
    first = here.book(doctor, here.patient(), time(9))
    here.book(doctor, here.patient(), time(10))
    request = ask(doctor, here.patient(), time(11))
    assert refused(here, request) is Code.DOCTOR_FULLY_BOOKED
    cancelling.cancel(here.session, here.actor, first.id, reason=None, now=NOW)
    assert isinstance(booking.book(here.session, here.actor, request, now=NOW), AppointmentView)


def test_words_that_are_too_long_or_cannot_be_stored(here: Clinic) -> None:
    request = ask(here.doctor(), here.patient(), time(10))
    for reason in ("x" * 501, "a\0b", "\ud800"):
        with pytest.raises(InvalidInput):
            booking.book(here.session, here.actor, replace(request, reason=reason), now=NOW)


def test_a_booking_that_is_imported_can_keep_quiet(here: Clinic) -> None:
    request = replace(ask(here.doctor(), here.patient(), time(10)), notify=False, import_key="A1")
    booked = booking.book(here.session, here.actor, request, now=NOW)
    assert isinstance(booked, AppointmentView)
    assert here.count(Notification) == 0


def move(here: Clinic, booked: AppointmentView, **wanted: object) -> AppointmentView | Refusal:
    change = AppointmentChange(**wanted)  # type: ignore[arg-type]
    return booking.change(here.session, here.actor, booked.id, change, now=NOW)


def test_a_move_keeps_id_and_history_and_frees_the_old_slot(here: Clinic) -> None:
    doctor, patient = here.doctor(), here.patient()
    booked = here.book(doctor, patient, time(10))
    moved = move(here, booked, time=time(11), version=1)
    assert isinstance(moved, AppointmentView)
    assert (moved.id, moved.start_time, moved.token_number, moved.version) == (booked.id, time(11), 1, 2)
    here.book(doctor, here.patient(), time(10))
    assert here.count(AuditEvent, record_id=booked.id) == 2
    assert here.count(Notification, event=MessageEvent.RESCHEDULED) == 2


def test_a_move_to_another_doctor_or_day_gets_a_new_token(here: Clinic) -> None:
    doctor, other = here.doctor(), here.doctor()
    here.book(other, here.patient(), time(9))
    booked = here.book(doctor, here.patient(), time(10))
    moved = move(here, booked, doctor_id=other)
    assert isinstance(moved, AppointmentView)
    assert (moved.doctor_id, moved.token_number) == (other, 2)
    again = move(here, moved, date=MONDAY + timedelta(days=1))
    assert isinstance(again, AppointmentView)
    assert (again.date, again.token_number) == (MONDAY + timedelta(days=1), 1)


def test_a_move_does_not_count_itself(here: Clinic) -> None:
    doctor = here.doctor(minutes=60, maximum=1)
    booked = here.book(doctor, here.patient(), time(10))
    assert isinstance(move(here, booked, time=time(11)), AppointmentView)


def test_a_blocked_patients_appointment_can_be_moved(here: Clinic) -> None:
    doctor, patient = here.doctor(), here.patient()
    booked = here.book(doctor, patient, time(10))
    here.session.execute(sa.text("UPDATE patients SET status = 'BLOCKED'"))
    assert isinstance(move(here, booked, time=time(11)), AppointmentView)


def test_a_refused_move_keeps_the_old_time(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    here.book(doctor, here.patient(), time(11))
    refusal = move(here, booked, time=time(11))
    assert refusal == Refusal(Code.SLOT_TAKEN)
    assert here.row(booked.id).start_time == time(10)
    assert move(here, booked, time=time(11, 10)) == Refusal(Code.NOT_A_SLOT)


def test_only_who_is_expected_can_be_moved(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    cancelling.cancel(here.session, here.actor, booked.id, reason=None, now=NOW)
    refusal = move(here, booked, time=time(11))
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.INVALID_TRANSITION


def test_a_stale_version_changes_nothing(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    assert isinstance(move(here, booked, time=time(11), version=1), AppointmentView)
    assert move(here, booked, time=time(12), version=1) == Refusal(Code.STALE_VERSION)
    assert here.row(booked.id).start_time == time(11)


def test_words_can_be_changed_and_emptied(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    changed = move(here, booked, reason="Follow-up ", notes="brings letters")
    assert isinstance(changed, AppointmentView)
    assert (changed.reason, changed.notes, changed.version) == ("Follow-up", "brings letters", 2)
    emptied = move(here, booked, notes=None)
    assert isinstance(emptied, AppointmentView)
    assert (emptied.reason, emptied.notes, emptied.version) == ("Follow-up", None, 3)
    assert here.count(Notification) == 2


def test_changing_nothing_is_no_change(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    same = move(here, booked, time=time(10), date=MONDAY, reason=None)
    assert isinstance(same, AppointmentView)
    assert same.version == 1
    assert here.count(AuditEvent) == 1


def test_another_hospitals_appointment_is_not_there(here: Clinic, elsewhere: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    assert move(elsewhere, booked, time=time(11)) == Refusal(Code.APPOINTMENT_NOT_FOUND)
    assert here.row(booked.id).start_time == time(10)
    assert move(here, booked, doctor_id=elsewhere.doctor()) == Refusal(Code.DOCTOR_NOT_FOUND)


def test_the_database_refuses_what_no_check_saw(here: Clinic) -> None:
    doctor, patient = here.doctor(), here.patient()
    booked = here.row(here.book(doctor, patient, time(10)).id)
    columns = {column.name: getattr(booked, column.name) for column in Appointment.__table__.columns}
    overlapping = {"id": uuid4(), "starts_at": booked.starts_at + timedelta(minutes=10), "token_number": 99}
    for same in ("doctor_id", "patient_id"):
        else_id = {"doctor_id": here.patient(), "patient_id": here.doctor()}[same]
        other = {"patient_id": else_id} if same == "doctor_id" else {"doctor_id": else_id}
        with pytest.raises(sa.exc.IntegrityError, match=same.removesuffix("_id")):
            here.session.execute(sa.insert(Appointment).values({**columns, **overlapping, **other}))
        here.session.rollback()
    gone = {**columns, **overlapping, "status": "CANCELLED"}
    here.session.execute(sa.insert(Appointment).values(gone))
