"""C6: people book while the doctor's time goes: never booked in closed time without being listed, cancelled or told.

Six ways in which time goes. In each round several people book different slots of a doctor while it happens. Each of
them is refused by the rule, or their booking survives and is dealt with: it stands on the affected list, or it was
cancelled, its patient has a message, and whoever took the time was told of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.domain.messages import MessageEvent
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Notification
from hms_web.services.outbox import PATIENT_CHANNELS
from tests.races.crowd import API, Answer, Ask
from tests.races.guards import held_back
from tests.races.hall import DAY, ON_DAY, Hall, times

pytestmark = pytest.mark.race
ADMIN = 2
ROUNDS, CLIENTS, SOME = 10, 8, 3
OVERTAKEN = 20.0
# That somebody waits for whoever asks: with locks nobody gets further before the booking has written.
KEPT_OUT = "SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
"""Seconds that a booking lingers between its checks and its writing: with locks; without, at most, to be overtaken."""
HOURS = {"dayOfWeek": ON_DAY, "startTime": "12:00", "endTime": "14:00"}
OLD_MINUTES, NEW_MINUTES = 15, 20


@dataclass(frozen=True)
class Loss:
    """One way in which a doctor's time goes.

    `refusal` is what a booking that comes too late is told; `status`, `cause` and `event` what becomes of one that was
    quicker; `done` the rows by which the database shows that it has happened; `listed` the ids in the answer.
    """

    ask: Callable[[Hall, UUID], Ask]
    refusal: str
    status: AppointmentStatus
    cause: str | None
    event: MessageEvent
    done: str
    listed: str = "affectedAppointments"


def leave(kind: str) -> Callable[[Hall, UUID], Ask]:
    body = {"absenceType": kind, "startDate": f"{DAY}", "endDate": f"{DAY}"}
    return lambda _hall, doctor: Ask("POST", f"{API}/doctors/{doctor}/absences", body, who=ADMIN)


def new_hours(_hall: Hall, doctor: UUID) -> Ask:
    return Ask("PUT", f"{API}/doctors/{doctor}/schedules", {"schedules": [HOURS]}, who=ADMIN)


def resign(_hall: Hall, doctor: UUID) -> Ask:
    return Ask("PATCH", f"{API}/doctors/{doctor}", {"isAvailable": False}, who=ADMIN)


def holiday(_hall: Hall, _doctor: UUID) -> Ask:
    return Ask("POST", f"{API}/holidays", {"name": "Holi", "date": f"{DAY}"}, who=ADMIN)


STAYS, GOES = AppointmentStatus.SCHEDULED, AppointmentStatus.CANCELLED
LOSSES = {
    "regular leave": Loss(
        leave("SICK_LEAVE"),
        "DOCTOR_ABSENT",
        STAYS,
        "ABSENCE",
        MessageEvent.AFFECTED_BY_ABSENCE,
        "SELECT FROM doctor_absences WHERE doctor_id = NEW.doctor_id",
    ),
    "EMERGENCY": Loss(
        leave("EMERGENCY"),
        "DOCTOR_ABSENT",
        GOES,
        None,
        MessageEvent.CANCELLED_BY_EMERGENCY,
        "SELECT FROM doctor_absences WHERE doctor_id = NEW.doctor_id",
    ),
    "new hours": Loss(
        new_hours,
        "OUTSIDE_SCHEDULE",
        STAYS,
        "SCHEDULE_CHANGE",
        MessageEvent.NEEDS_RESCHEDULING,
        "SELECT FROM doctor_schedules WHERE doctor_id = NEW.doctor_id AND start_time = '12:00'",
    ),
    "isAvailable off": Loss(
        resign,
        "DOCTOR_UNAVAILABLE",
        GOES,
        None,
        MessageEvent.DOCTOR_UNAVAILABLE,
        "SELECT FROM doctors WHERE id = NEW.doctor_id AND NOT is_available",
        "affectedAppointmentIds",
    ),
    "holiday": Loss(
        holiday,
        "HOSPITAL_HOLIDAY",
        STAYS,
        "HOLIDAY",
        MessageEvent.AFFECTED_BY_HOLIDAY,
        "SELECT FROM hospital_holidays WHERE date = NEW.date",
    ),
}


@pytest.fixture(params=LOSSES)
def loss(request: pytest.FixtureRequest) -> Loss:
    return LOSSES[request.param]


def book_while_time_goes(hall: Hall, loss: Loss, clients: int) -> tuple[Answer, list[Answer]]:
    """Let people book different slots of one doctor while its time goes."""
    doctor, patients = hall.doctor(), hall.patients(clients)
    bookings = [hall.booking(doctor, patient, at) for patient, at in zip(patients, times(clients), strict=True)]
    ask = loss.ask(hall, doctor)
    took, *booked = hall.crowd.at_once([ask, *bookings])
    return took, booked


def take_while_somebody_books(hall: Hall, loss: Loss) -> tuple[Answer, list[Answer]]:
    """Let one person book, and the doctor's time go as soon as the booking lingers with its checks behind it."""
    doctor, (patient,), (at,) = hall.doctor(), hall.patients(1), times(1)
    booked, took = hall.crowd.one_then(hall.booking(doctor, patient, at), hall.await_lingering, loss.ask(hall, doctor))
    return took, [booked]


def undone(hall: Hall, took: Answer) -> None:
    """Open the hospital again, so that the next round can be booked in."""
    if "holiday" in took.body:
        gone = hall.crowd.ask(Ask("DELETE", f"{API}/holidays/{took.body['holiday']['id']}", who=ADMIN))
        assert gone.status == 204


def nobody_is_lost(hall: Hall, loss: Loss, took: Answer, booked: Sequence[Answer]) -> None:
    """Fail when somebody is booked in closed time who is not listed, not told, or not in the answer."""
    assert took.status < 300, took.text
    assert {answer.outcome for answer in booked} <= {"201", loss.refusal}
    ids = {UUID(answer.body["id"]) for answer in booked if answer.status == 201}
    for key in ids:
        row = hall.here.row(key)
        assert (row.status, row.affected_cause) == (loss.status, loss.cause), "somebody is booked in closed time"
        told = hall.here.count(Notification, appointment_id=key, event=loss.event)
        assert told == len(PATIENT_CHANNELS), "a patient was not told"
    hall.here.session.rollback()
    named = took.body[loss.listed]
    assert {UUID(item["id"] if isinstance(item, dict) else item) for item in named} >= ids, "somebody is not listed"


def test_who_books_while_time_goes_is_refused_or_dealt_with(hall: Hall, loss: Loss) -> None:
    for _ in range(ROUNDS):
        took, booked = book_while_time_goes(hall, loss, CLIENTS)
        nobody_is_lost(hall, loss, took, booked)
        hall.check()
        undone(hall, took)


def test_who_has_passed_the_checks_is_still_seen(guarded: Hall, loss: Loss) -> None:
    """A booking lingers between its checks and its writing; the doctor's lock keeps whoever takes the time out."""
    for _ in range(SOME):
        with held_back(guarded.engine, f"{loss.done} UNION ALL {KEPT_OUT}", OVERTAKEN):
            took, booked = take_while_somebody_books(guarded, loss)
        nobody_is_lost(guarded, loss, took, booked)
        guarded.check()
        undone(guarded, took)


def test_control_without_locks_somebody_is_booked_in_closed_time(unguarded: Hall, loss: Loss) -> None:
    with held_back(unguarded.engine, loss.done, OVERTAKEN):
        took, booked = take_while_somebody_books(unguarded, loss)
    assert (took.status < 300, [answer.status for answer in booked]) == (True, [201])
    with pytest.raises(AssertionError, match="somebody is booked in closed time"):
        nobody_is_lost(unguarded, loss, took, booked)


def after_seeing_nobody(loss: Loss) -> Loss:
    """Return the same change, made by somebody who was shown that nobody is booked."""

    def ask(hall: Hall, doctor: UUID) -> Ask:
        plain = loss.ask(hall, doctor)
        return replace(plain, body={**(plain.body or {}), "shownAppointmentIds": []})

    return replace(loss, ask=ask)


def test_nobody_loses_a_time_unseen(guarded: Hall, loss: Loss) -> None:
    with held_back(guarded.engine, f"{loss.done} UNION ALL {KEPT_OUT}", OVERTAKEN):
        took, (booked,) = take_while_somebody_books(guarded, after_seeing_nobody(loss))
    assert (took.outcome, booked.outcome) == ("MORE_CONCERNED", "201")
    row = guarded.here.row(UUID(booked.body["id"]))
    assert (row.status, row.affected_cause) == (STAYS, None)
    guarded.here.session.rollback()
    guarded.check()


def test_control_without_locks_somebody_loses_a_time_unseen(unguarded: Hall, loss: Loss) -> None:
    with held_back(unguarded.engine, loss.done, OVERTAKEN):
        took, (booked,) = take_while_somebody_books(unguarded, after_seeing_nobody(loss))
    assert (took.status < 300, booked.outcome) == (True, "201")


def book_and_block(hall: Hall, at: time) -> tuple[Ask, Ask]:
    """Return two requests: book a slot, and close it by hand."""
    doctor, patient = hall.doctor(), hall.patients(1)[0]
    slot = hall.here.slot(doctor, at, DAY).id
    hall.here.session.rollback()
    block = Ask("PATCH", f"{API}/slots/{slot}/block", {"blocked": True, "reason": "Meeting"}, who=ADMIN)
    return hall.booking(doctor, patient, at), block


def book_against_block(hall: Hall, at: time) -> tuple[str, str]:
    """Let one person book a slot while another closes it; return what they were told."""
    booked, blocked = hall.crowd.at_once(book_and_block(hall, at))
    return booked.outcome, blocked.outcome


def block_while_somebody_books(hall: Hall, at: time) -> tuple[str, str]:
    """The same, closed as soon as the booking lingers with its checks behind it."""
    booking, block = book_and_block(hall, at)
    booked, blocked = hall.crowd.one_then(booking, hall.await_lingering, block)
    return booked.outcome, blocked.outcome


A_BLOCK = "SELECT FROM slot_blocks WHERE doctor_id = NEW.doctor_id"
ONE_OF_THEM = {("201", "SLOT_BOOKED"), ("SLOT_BLOCKED", "200")}
IN_BLOCKS = """
    SELECT count(*) FROM appointments a JOIN slot_blocks b ON b.doctor_id = a.doctor_id
       AND tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)
     WHERE a.status NOT IN ('CANCELLED', 'NO_SHOW')
"""


def in_blocks(hall: Hall) -> int:
    """Count who is booked in time that was closed by hand."""
    with hall.engine.connect() as connection:
        return connection.scalar(sa.text(IN_BLOCKS)) or 0


def test_a_slot_is_booked_or_blocked(hall: Hall) -> None:
    for at in times(2 * ROUNDS):
        assert book_against_block(hall, at) in ONE_OF_THEM
    assert in_blocks(hall) == 0


def test_the_locks_alone_keep_a_block_and_a_booking_apart(guarded: Hall) -> None:
    with held_back(guarded.engine, f"{A_BLOCK} UNION ALL {KEPT_OUT}", OVERTAKEN):
        assert [block_while_somebody_books(guarded, at) for at in times(SOME)] == [("201", "SLOT_BOOKED")] * SOME
    assert in_blocks(guarded) == 0


def test_control_without_locks_a_slot_is_booked_and_blocked(unguarded: Hall) -> None:
    with held_back(unguarded.engine, A_BLOCK, OVERTAKEN):
        assert block_while_somebody_books(unguarded, times(1)[0]) == ("201", "200")
    assert in_blocks(unguarded) == 1


def book_while_slots_change(hall: Hall, clients: int) -> None:
    """Let people book slots while their doctor's slots get another length; nobody loses what they got."""
    doctor, patients = hall.doctor(minutes=OLD_MINUTES), hall.patients(clients)
    # Slots of the old length that begin when none of the new does.
    wanted = [at for at in times(4 * clients, OLD_MINUTES) if at.minute in {15, 30, 45}][:clients]
    asks = [hall.booking(doctor, patient, at) for patient, at in zip(patients, wanted, strict=True)]
    changed, made, *booked = hall.crowd.at_once([*other_slots(doctor), *asks])
    assert (changed.status, made.status) == (200, 200)
    they_keep_what_they_got(hall, booked)


def other_slots(doctor: UUID) -> tuple[Ask, Ask]:
    """Return two requests: another slot length, and the doctor's slots made anew."""
    change = Ask("PATCH", f"{API}/doctors/{doctor}", {"slotDuration": NEW_MINUTES}, who=ADMIN)
    return change, Ask("POST", f"{API}/slots/regenerate/{doctor}", {}, who=ADMIN)


def slots_change_while_somebody_books(hall: Hall) -> None:
    """Give a doctor's slots another length as soon as a booking of an old one lingers with its checks behind it."""
    doctor, (patient,) = hall.doctor(minutes=OLD_MINUTES), hall.patients(1)
    booking = hall.booking(doctor, patient, times(2, OLD_MINUTES)[1])
    change, _ = other_slots(doctor)
    booked, changed = hall.crowd.one_then(booking, hall.await_lingering, change)
    assert changed.status == 200
    they_keep_what_they_got(hall, [booked])


def they_keep_what_they_got(hall: Hall, booked: Sequence[Answer]) -> None:
    """Fail when somebody was told anything else than what there is."""
    assert {answer.outcome for answer in booked} <= {"201", "NOT_A_SLOT"}
    for answer in booked:
        if answer.status == 201:
            row = hall.here.row(UUID(answer.body["id"]))
            assert row.ends_at - row.starts_at == timedelta(minutes=OLD_MINUTES)
    hall.here.session.rollback()


SLOTS_HAVE_CHANGED = f"SELECT FROM doctors WHERE id = NEW.doctor_id AND slot_duration = {NEW_MINUTES}"


def test_slots_that_are_made_anew_lie_around_what_is_booked_meanwhile(hall: Hall) -> None:
    for _ in range(ROUNDS):
        book_while_slots_change(hall, CLIENTS)
        hall.check()


def test_the_locks_alone_keep_new_slots_and_a_booking_apart(guarded: Hall) -> None:
    with held_back(guarded.engine, f"{SLOTS_HAVE_CHANGED} UNION ALL {KEPT_OUT}", OVERTAKEN):
        for _ in range(SOME):
            slots_change_while_somebody_books(guarded)
    guarded.check()


def test_control_without_locks_new_slots_lie_over_a_booking(unguarded: Hall) -> None:
    with held_back(unguarded.engine, SLOTS_HAVE_CHANGED, OVERTAKEN):
        slots_change_while_somebody_books(unguarded)
    with pytest.raises(AssertionError, match="a slot and an active appointment overlap"):
        unguarded.check()
