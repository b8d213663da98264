"""A no-show by hand, its way back, and the block that three of them bring."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.domain.affected import AffectedCause
from hms_web.domain.no_show import NoShowReason
from hms_web.domain.refusals import Code, InvalidInput, Refusal, Refused
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import (
    Appointment,
    AuditEvent,
    Doctor,
    DoctorSlot,
    NoShowLog,
    Notification,
    Patient,
    SlotBlock,
    new_id,
)
from hms_web.services import (
    appointments,
    booking,
    cancelling,
    doctors,
    marking,
    no_show,
    no_show_stats,
    patient_blocks,
    slot_keeping,
    slots,
    visits,
    wording,
)
from hms_web.services.appointments import AppointmentView
from hms_web.services.booking import BookingRequest
from hms_web.services.doctors import DoctorChange
from tests import invariants
from tests.scenes import MONDAY, NOW, Clinic

TEN = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
"""10:00 in Kolkata on the Monday of the clinic."""
EARLY, LATE = TEN - timedelta(hours=1), TEN + timedelta(minutes=40)
MINUTE = timedelta(minutes=1)


def mark(
    here: Clinic,
    appointment_id: UUID,
    now: datetime = LATE,
    *,
    reason: NoShowReason = NoShowReason.MANUAL_STAFF,
    notes: str | None = None,
    version: int | None = None,
) -> AppointmentView | Refusal:
    return no_show.mark(here.session, here.actor, appointment_id, reason=reason, notes=notes, now=now, version=version)


def revert(
    here: Clinic,
    appointment_id: UUID,
    now: datetime = LATE,
    *,
    note: str = "Stood in traffic",
    version: int | None = None,
) -> AppointmentView | Refusal:
    return no_show.revert(here.session, here.actor, appointment_id, note=note, now=now, version=version)


def marked(here: Clinic, now: datetime = LATE, at: time = time(10)) -> AppointmentView:
    booked = here.book(here.doctor(), here.patient(), at)
    view = mark(here, booked.id, now)
    assert isinstance(view, AppointmentView)
    return view


def log_of(here: Clinic, appointment_id: UUID) -> NoShowLog:
    here.session.expire_all()
    return here.session.scalars(sa.select(NoShowLog).where(NoShowLog.appointment_id == appointment_id)).one()


def person(here: Clinic, patient_id: UUID) -> Patient:
    here.session.expire_all()
    return here.session.get_one(Patient, patient_id)


def sound(here: Clinic) -> None:
    invariants.check(here.session.connection())
    here.session.rollback()


def times_missed(here: Clinic, patient_id: UUID, count: int) -> list[UUID]:
    doctor = here.doctor()
    keys = [here.book(doctor, patient_id, time(10 + number)).id for number in range(count)]
    for key in keys:
        assert isinstance(mark(here, key, NOW), AppointmentView)
    return keys


def test_a_manual_no_show_is_noted_with_its_reason(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    view = mark(here, booked.id, reason=NoShowReason.PATIENT_CALLED, notes=" Has a fever ")
    assert isinstance(view, AppointmentView)
    assert (view.status, view.version) == (AppointmentStatus.NO_SHOW, 2)
    log = log_of(here, booked.id)
    assert (log.reason, log.notes, log.created_by_id) == ("PATIENT_CALLED", "Has a fever", here.actor.user_id)
    assert (log.slot_released, log.slot_released_at) == (False, None)
    assert person(here, booked.patient_id).no_show_count == 1
    event = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "appointment.no_show")).one()
    assert event.details == {
        "status": {"from": "SCHEDULED", "to": "NO_SHOW"},
        "reason": "PATIENT_CALLED",
        "note": "Has a fever",
    }
    assert here.count(Notification, appointment_id=booked.id, event="appointment.no_show") == 2
    sound(here)


def test_the_status_no_show_runs_the_same(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    done = visits.set_status(here.session, here.actor, booked.id, AppointmentStatus.NO_SHOW, now=LATE, note="Nobody")
    assert isinstance(done, AppointmentView)
    assert (log_of(here, booked.id).reason, log_of(here, booked.id).notes) == ("MANUAL_STAFF", "Nobody")


@pytest.mark.parametrize(
    ("before", "is_released"), [(5 * MINUTE, False), (5 * MINUTE + timedelta(microseconds=1), True)]
)
def test_a_slot_is_offered_again_when_it_begins_in_more_than_five_minutes(
    here: Clinic, before: timedelta, *, is_released: bool
) -> None:
    view = marked(here, TEN - before)
    log = log_of(here, view.id)
    assert (log.slot_released, log.slot_released_at) == (is_released, TEN - before if is_released else None)
    day = slots.of_date(here.session, here.actor, view.doctor_id, MONDAY, now=TEN - before)
    [status] = [slot.status for slot in day.items if slot.start_time == time(10)]
    assert status == ("AVAILABLE" if is_released else "BLOCKED")
    sound(here)
    # Whoever is here after all has the time back, closed or not.
    assert isinstance(revert(here, view.id, TEN - before), AppointmentView)
    assert here.count(SlotBlock) == 0
    sound(here)


def test_only_an_expected_patient_can_be_missed(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    visits.set_status(here.session, here.actor, booked.id, AppointmentStatus.CHECKED_IN, now=TEN)
    refused = mark(here, booked.id)
    assert refused == Refusal(Code.INVALID_TRANSITION, {"from": "CHECKED_IN", "to": "NO_SHOW"})
    again = marked(here)
    assert mark(here, again.id) == Refusal(Code.INVALID_TRANSITION, {"from": "NO_SHOW", "to": "NO_SHOW"})
    assert mark(here, new_id()) == Refusal(Code.APPOINTMENT_NOT_FOUND)
    assert here.count(NoShowLog) == 1


def test_an_older_version_is_refused(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    assert mark(here, booked.id, version=2) == Refusal(Code.STALE_VERSION)
    assert isinstance(mark(here, booked.id, version=1), AppointmentView)
    assert revert(here, booked.id, version=1) == Refusal(Code.STALE_VERSION)
    assert isinstance(revert(here, booked.id, version=2), AppointmentView)


def test_what_the_hospital_caused_never_counts_against_a_patient(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    marking.mark_cause(here.session, here.actor, [booked.id], AffectedCause.ABSENCE, now=NOW)
    here.session.commit()
    assert mark(here, booked.id) == Refusal(Code.HOSPITALS_DOING)
    assert (here.count(NoShowLog), person(here, booked.patient_id).no_show_count) == (0, 0)


def test_words_are_checked(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    with pytest.raises(InvalidInput, match="reason"):
        mark(here, booked.id, reason=NoShowReason.AUTO_TIMEOUT)
    with pytest.raises(InvalidInput, match="notes"):
        mark(here, booked.id, notes="x" * 501)
    with pytest.raises(InvalidInput, match="note"):
        revert(here, booked.id, note=" ")


def test_the_third_no_show_blocks_at_once_and_a_fourth_changes_nothing_of_that(here: Clinic) -> None:
    patient_id = here.patient()
    doctor = here.doctor()
    keys = [here.book(doctor, patient_id, time(hour)).id for hour in (9, 10, 11, 12)]
    states = []
    for number, key in enumerate(keys):
        mark(here, key, NOW + number * MINUTE)
        row = person(here, patient_id)
        states.append((row.no_show_count, row.lifetime_no_shows, row.status, row.is_auto_blocked))
    blocked = [(3, 3, "BLOCKED", True), (4, 4, "BLOCKED", True)]
    assert states == [(1, 1, "ACTIVE", False), (2, 2, "ACTIVE", False), *blocked]
    row = person(here, patient_id)
    assert (row.blocked_reason, row.blocked_at) == ("Blocked due to 3 no-show appointments", NOW + 2 * MINUTE)
    assert here.count(AuditEvent, action="patient.blocked", record_id=patient_id) == 1
    assert here.count(Notification, patient_id=patient_id, event="appointment.not_coming") == 4
    assert here.count(Notification, patient_id=patient_id, event="appointment.not_coming_blocked") == 4
    refused = booking.book(here.session, here.actor, BookingRequest(patient_id, doctor, MONDAY, time(15)), now=NOW)
    assert isinstance(refused, Refusal)
    assert refused.code is Code.PATIENT_BLOCKED
    sound(here)


def test_a_patient_whom_somebody_else_blocked_stays_blocked_for_that(here: Clinic) -> None:
    doctor, patient_id = here.doctor(), here.patient()
    keys = [here.book(doctor, patient_id, time(hour)).id for hour in (9, 10, 11)]
    row = person(here, patient_id)
    row.status, row.blocked_reason = "BLOCKED", "Owes money"
    here.session.commit()
    for key in keys:
        mark(here, key, NOW)
    assert isinstance(revert(here, keys[0], NOW), AppointmentView)
    row = person(here, patient_id)
    assert (row.no_show_count, row.status, row.blocked_reason) == (2, "BLOCKED", "Owes money")
    assert here.count(AuditEvent, action="patient.blocked") == 0


@pytest.mark.parametrize(
    ("now", "status"),
    [(TEN - timedelta(microseconds=1), AppointmentStatus.SCHEDULED), (TEN, AppointmentStatus.CHECKED_IN)],
)
def test_who_comes_after_all_is_expected_again_or_here(here: Clinic, now: datetime, status: AppointmentStatus) -> None:
    view = marked(here, EARLY)
    done = revert(here, view.id, now)
    assert isinstance(done, AppointmentView)
    assert (done.status, done.version) == (status, 3)
    assert done.checked_in_at == (now if status is AppointmentStatus.CHECKED_IN else None)
    log = log_of(here, view.id)
    assert (log.reverted_at, log.reverted_by_id, log.revert_note) == (now, here.actor.user_id, "Stood in traffic")
    row = person(here, view.patient_id)
    assert (row.no_show_count, row.lifetime_no_shows) == (0, 0)
    sound(here)


def test_who_comes_after_all_gets_their_time_back_although_the_day_was_divided_anew(here: Clinic) -> None:
    doctor_id = here.doctor()
    booked = here.book(doctor_id, here.patient(), time(10))
    mark(here, booked.id, EARLY)
    doctors.change(here.session, here.admin, doctor_id, DoctorChange(slot_duration=20), now=EARLY + MINUTE)
    assert isinstance(revert(here, booked.id, LATE), AppointmentView)
    query = sa.select(DoctorSlot.start_time, DoctorSlot.end_time).where(
        DoctorSlot.doctor_id == doctor_id, DoctorSlot.date == MONDAY, DoctorSlot.start_time.between(time(9), time(11))
    )
    times = [tuple(row) for row in here.session.execute(query.order_by(DoctorSlot.starts_at))]
    assert (time(10), time(10, 30)) in times
    sound(here)


def test_one_that_was_confirmed_is_asked_again(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    visits.set_status(here.session, here.actor, booked.id, AppointmentStatus.CONFIRMED, now=NOW)
    mark(here, booked.id, EARLY)
    assert log_of(here, booked.id).previous_status == "CONFIRMED"
    done = revert(here, booked.id, EARLY)
    assert isinstance(done, AppointmentView)
    assert done.status is AppointmentStatus.SCHEDULED
    sound(here)


def test_a_no_show_is_taken_back_once(here: Clinic) -> None:
    view = marked(here)
    assert isinstance(revert(here, view.id), AppointmentView)
    assert revert(here, view.id) == Refusal(Code.INVALID_TRANSITION, {"from": "CHECKED_IN", "to": "CHECKED_IN"})
    assert person(here, view.patient_id).no_show_count == 0
    assert revert(here, new_id()) == Refusal(Code.APPOINTMENT_NOT_FOUND)


def test_another_no_show_after_the_first_was_taken_back_counts_and_tells_anew(here: Clinic) -> None:
    view = marked(here, EARLY)
    revert(here, view.id, EARLY)
    assert isinstance(mark(here, view.id), AppointmentView)
    assert here.count(NoShowLog, appointment_id=view.id) == 2
    assert person(here, view.patient_id).no_show_count == 1
    assert len(told(here, view.id, "appointment.not_coming")) == len(told(here, view.id, "appointment.no_show")) == 2
    sound(here)


def told(here: Clinic, appointment_id: UUID, event: str) -> list[tuple[str, str]]:
    here.session.expire_all()
    query = sa.select(Notification.channel, Notification.state).where(
        Notification.appointment_id == appointment_id, Notification.event == event
    )
    return sorted((row.channel, row.state) for row in here.session.execute(query))


def send_all(here: Clinic) -> None:
    here.session.execute(sa.update(Notification).values(state="SENT", next_attempt_at=None))
    here.session.commit()


def test_who_may_have_heard_of_the_no_show_hears_that_the_time_stands(here: Clinic) -> None:
    view = marked(here, EARLY)
    send_all(here)
    assert isinstance(revert(here, view.id, EARLY), AppointmentView)
    assert told(here, view.id, "appointment.kept") == [("in_app", "SENT"), ("sms", "QUEUED")]
    assert told(here, view.id, "appointment.not_coming") == [("in_app", "SENT"), ("sms", "SENT")]
    sound(here)


def test_what_was_not_sent_of_a_no_show_never_is_and_needs_no_other_message(here: Clinic) -> None:
    view = marked(here, EARLY)
    assert isinstance(revert(here, view.id, EARLY), AppointmentView)
    assert told(here, view.id, "appointment.not_coming") == [("in_app", "SUPPRESSED"), ("sms", "SUPPRESSED")]
    assert told(here, view.id, "appointment.kept") == []
    assert isinstance(mark(here, view.id, EARLY + MINUTE), AppointmentView)
    states = [state for channel, state in told(here, view.id, "appointment.not_coming") if channel == "sms"]
    assert states == ["QUEUED", "SUPPRESSED"]
    sound(here)


def test_who_is_here_or_needs_another_time_is_not_told_that_it_stands(here: Clinic) -> None:
    here_now, away = marked(here, EARLY), marked(here, EARLY)
    send_all(here)
    here.absence(away.doctor_id, MONDAY, MONDAY)
    for view, now in ((here_now, LATE), (away, EARLY)):
        assert isinstance(revert(here, view.id, now), AppointmentView)
        assert told(here, view.id, "appointment.kept") == []
    sound(here)


@pytest.mark.parametrize(
    ("now", "event"), [(EARLY, "not_coming"), (TEN - timedelta(microseconds=1), "not_coming"), (TEN, "no_show")]
)
def test_who_calls_off_a_time_to_come_is_not_told_that_it_was_missed(here: Clinic, now: datetime, event: str) -> None:
    patient_id = here.patient()
    booked = [here.book(here.doctor(), patient_id, time(hour)).id for hour in (10, 11, 12)]
    assert isinstance(mark(here, booked[0], now, reason=NoShowReason.PATIENT_CALLED), AppointmentView)
    assert len(told(here, booked[0], f"appointment.{event}")) == 2
    for key in booked[1:]:
        assert isinstance(mark(here, key, EARLY, reason=NoShowReason.PATIENT_CALLED), AppointmentView)
    assert len(told(here, booked[2], "appointment.not_coming_blocked")) == 2
    sound(here)


def test_nobody_checks_in_for_another_day(here: Clinic) -> None:
    view = marked(here)
    tomorrow = LATE + timedelta(days=1)
    refused = revert(here, view.id, tomorrow)
    edge = {"from": "NO_SHOW", "to": "CHECKED_IN", "day": MONDAY, "no_show": True}
    assert refused == Refusal(Code.INVALID_TRANSITION, edge)
    assert "An administrator" in wording.sentence(refused, here.actor.zone)


def test_an_administrator_takes_a_wrong_no_show_of_an_earlier_day_out_of_the_count(here: Clinic) -> None:
    """An unjust block must be curable; the appointment keeps its place in history."""
    patient_id, tomorrow = here.patient(), LATE + timedelta(days=1)
    keys = [here.book(here.doctor(), patient_id, time(10) if n == 0 else time(8 + n)).id for n in (0, 1, 3)]
    for key in keys:
        assert isinstance(mark(here, key, TEN + timedelta(hours=2)), AppointmentView)
    assert person(here, patient_id).status == "BLOCKED"
    done = no_show.revert(here.session, here.admin, keys[0], note=" He sat here all day ", now=tomorrow)
    assert isinstance(done, AppointmentView)
    assert (done.status, done.checked_in_at, done.version) == (AppointmentStatus.NO_SHOW, None, 3)
    log = log_of(here, keys[0])
    assert (log.reverted_at, log.reverted_by_id, log.revert_note) == (
        tomorrow,
        here.admin.user_id,
        "He sat here all day",
    )
    patient = person(here, patient_id)
    assert (patient.status, patient.no_show_count, patient.lifetime_no_shows) == ("ACTIVE", 2, 2)
    assert told(here, keys[0], "appointment.no_show") == [("in_app", "SUPPRESSED"), ("sms", "SUPPRESSED")]
    assert here.count(AuditEvent, action="appointment.no_show_excused", record_id=keys[0]) == 1
    sound(here)
    shares = no_show_stats.stats(here.session, here.admin).total
    assert (shares.missed, shares.came) == (2, 0)
    again = no_show.revert(here.session, here.admin, keys[0], note="Twice", now=tomorrow)
    assert again == Refusal(Code.INVALID_TRANSITION, {"from": "NO_SHOW", "excused": True})
    assert "taken back before" in wording.sentence(again, here.actor.zone)
    sound(here)


def test_on_the_day_itself_an_administrator_takes_it_back_like_everybody(here: Clinic) -> None:
    view = marked(here)
    done = no_show.revert(here.session, here.admin, view.id, note="Late", now=LATE)
    assert isinstance(done, AppointmentView)
    assert done.status is AppointmentStatus.CHECKED_IN
    again = no_show.revert(here.session, here.admin, view.id, note="Late", now=LATE)
    assert again == Refusal(Code.INVALID_TRANSITION, {"from": "CHECKED_IN", "to": "CHECKED_IN"})


def test_a_time_that_is_somebody_elses_by_now_stays_theirs(here: Clinic) -> None:
    view = marked(here, EARLY)
    other = here.book(view.doctor_id, here.patient(), time(10))
    assert revert(here, view.id, EARLY) == Refusal(Code.SLOT_TAKEN)
    assert revert(here, view.id, LATE) == Refusal(Code.SLOT_TAKEN)
    cancelling.cancel(here.session, here.actor, other.id, reason=None, now=LATE)
    assert isinstance(revert(here, view.id, LATE), AppointmentView)
    sound(here)


def test_a_patient_who_has_something_else_by_now_is_told_when(here: Clinic) -> None:
    view = marked(here, EARLY)
    here.book(here.doctor(), view.patient_id, time(10))
    assert revert(here, view.id, EARLY) == Refusal(Code.PATIENT_DOUBLE_BOOKED, {"starts_at": TEN})


def test_a_time_that_was_closed_meanwhile_is_closed_until_it_has_begun(here: Clinic) -> None:
    view = marked(here, EARLY)
    slot = here.slot(view.doctor_id, time(10))
    slot_keeping.block(here.session, here.admin, slot.id, blocked=True, reason="Visit", now=EARLY)
    assert revert(here, view.id, EARLY) == Refusal(Code.SLOT_BLOCKED, {"reason": "Visit"})
    assert isinstance(revert(here, view.id, LATE), AppointmentView)


def test_times_beside_it_may_be_closed(here: Clinic) -> None:
    view = marked(here, EARLY)
    for at in (time(9, 30), time(10, 30)):
        slot = here.slot(view.doctor_id, at)
        slot_keeping.block(here.session, here.admin, slot.id, blocked=True, reason="Visit", now=EARLY)
    assert isinstance(revert(here, view.id, EARLY), AppointmentView)


def test_a_full_day_stays_full(here: Clinic) -> None:
    doctor = here.doctor(maximum=1)
    booked = here.book(doctor, here.patient(), time(10))
    mark(here, booked.id, EARLY)
    here.book(doctor, here.patient(), time(11))
    assert revert(here, booked.id, EARLY) == Refusal(Code.DOCTOR_FULLY_BOOKED, {"maximum": 1})
    sound(here)


def test_neither_the_no_show_itself_nor_who_cancelled_fills_the_day(here: Clinic) -> None:
    doctor = here.doctor(maximum=1)
    cancelling.cancel(here.session, here.actor, here.book(doctor, here.patient(), time(11)).id, reason="Ill", now=EARLY)
    booked = here.book(doctor, here.patient(), time(10))
    mark(here, booked.id, EARLY)
    assert isinstance(revert(here, booked.id, EARLY), AppointmentView)


def test_who_is_expected_again_while_the_doctor_is_away_needs_another_time(here: Clinic) -> None:
    view = marked(here, EARLY)
    here.absence(view.doctor_id, MONDAY, MONDAY)
    done = revert(here, view.id, EARLY)
    assert isinstance(done, AppointmentView)
    assert done.affected_cause is AffectedCause.ABSENCE
    sound(here)


def test_a_block_of_three_ends_when_they_are_two_and_one_of_four_does_not(here: Clinic) -> None:
    patient_id = here.patient()
    keys = times_missed(here, patient_id, 3)
    assert person(here, patient_id).status == "BLOCKED"
    assert isinstance(revert(here, keys[0], NOW), AppointmentView)
    row = person(here, patient_id)
    assert (row.status, row.no_show_count, row.blocked_at, row.blocked_reason) == ("ACTIVE", 2, None, None)
    assert not row.is_auto_blocked
    event = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "patient.unblocked")).one()
    assert event.details["by_revert"] is True
    sound(here)


def test_after_an_unblocking_the_old_ones_count_no_more(here: Clinic) -> None:
    patient_id = here.patient()
    keys = times_missed(here, patient_id, 3)
    patient_blocks.unblock(here.session, here.admin, patient_id, reason="Was in hospital", now=NOW)
    row = person(here, patient_id)
    assert (row.no_show_count, row.lifetime_no_shows, row.status, row.is_auto_blocked) == (0, 3, "ACTIVE", False)
    assert here.count(NoShowLog, is_counted=False) == 3
    assert isinstance(revert(here, keys[0], NOW), AppointmentView)
    row = person(here, patient_id)
    assert (row.no_show_count, row.lifetime_no_shows) == (0, 2)
    again = here.book(here.doctor(), patient_id, time(16))
    mark(here, again.id, NOW)
    assert (person(here, patient_id).no_show_count, person(here, patient_id).lifetime_no_shows) == (1, 3)
    sound(here)


def test_another_hospitals_patients_are_not_there(here: Clinic, elsewhere: Clinic) -> None:
    booked = elsewhere.book(elsewhere.doctor(), elsewhere.patient(), time(15))
    assert mark(here, booked.id) == Refusal(Code.APPOINTMENT_NOT_FOUND)
    assert revert(here, booked.id) == Refusal(Code.APPOINTMENT_NOT_FOUND)
    with pytest.raises(Refused):
        patient_blocks.count_down(here.session, here.actor, booked.patient_id, is_counted=True, now=LATE)
    assert appointments.get(elsewhere.session, elsewhere.actor, booked.id).status is AppointmentStatus.SCHEDULED
    assert (here.count(Appointment, status="NO_SHOW"), here.count(Doctor)) == (0, 1)
