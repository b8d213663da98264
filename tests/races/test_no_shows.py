"""C9 and C10: the sweep against a check-in, and against everybody else who finds out that somebody did not come."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.models import Appointment, AuditEvent, NoShowLog, Notification, Patient
from tests.races.conftest import CRON_KEY
from tests.races.crowd import API, Ask
from tests.races.hall import Hall, times
from tests.scenes import MONDAY, NOW

pytestmark = pytest.mark.race
ROUNDS, SOME = 12, 3
ADMIN = 2
SWEEP = Ask("POST", f"{API}/no-show/trigger", who=ADMIN)
EXTERNAL = Ask("POST", f"{API}/no-show/external-trigger", headers={"x-cron-api-key": CRON_KEY})


def due(hall: Hall, doctor: UUID, at: time, patient: UUID | None = None, *, minutes: int = 15) -> UUID:
    """Let an appointment's time have gone by just now: it was `minutes` ago, today."""
    key = hall.booked(doctor, at, patient)
    start = NOW - timedelta(minutes=minutes)
    local = start.astimezone(hall.here.actor.zone)
    moved = {
        "date": MONDAY,
        "starts_at": start,
        "ends_at": start + timedelta(minutes=15),
        "start_time": local.time(),
        "end_time": (local + timedelta(minutes=15)).time(),
    }
    hall.here.session.execute(sa.update(Appointment).where(Appointment.id == key).values(moved))
    hall.here.session.commit()
    return key


def check_in(key: UUID) -> Ask:
    return Ask("PATCH", f"{API}/appointments/{key}/status", {"status": "CHECKED_IN"})


def manual(key: UUID, who: int = 0) -> Ask:
    return Ask("POST", f"{API}/no-show/{key}", {"reason": "MANUAL_STAFF"}, who=who)


def facts(hall: Hall, key: UUID) -> tuple[str, int, int]:
    """Return an appointment's status, its logs and its messages of having been missed."""
    row = hall.here.row(key)
    logs = hall.here.count(NoShowLog, appointment_id=key)
    sms = hall.here.count(Notification, appointment_id=key, event="appointment.no_show", channel="sms")
    hall.here.session.rollback()
    return row.status, logs, sms


def test_a_check_in_against_the_sweep_at_the_threshold(hall: Hall) -> None:
    seen: Counter[str] = Counter()
    for at in times(ROUNDS):
        key = due(hall, hall.doctor(), at)
        arrival, sweep = hall.crowd.at_once([check_in(key), SWEEP])
        assert sweep.status == 200, sweep.text
        status, logs, messages = facts(hall, key)
        seen[status] += 1
        if arrival.status == 200:
            assert (status, logs, messages) == ("CHECKED_IN", 0, 0)
        else:
            assert arrival.outcome == "INVALID_TRANSITION"
            assert (status, logs, messages) == ("NO_SHOW", 1, 1)
    assert sum(seen.values()) == ROUNDS


def test_whoever_finds_out_and_however_many_it_counts_once(hall: Hall) -> None:
    for at in times(ROUNDS):
        patient = hall.here.patient()
        key = due(hall, hall.doctor(), at, patient)
        answers = hall.crowd.at_once([SWEEP, manual(key), EXTERNAL, manual(key, who=1)])
        assert {answer.status for answer in (answers[1], answers[3])} <= {200, 409}
        assert answers[0].status in {200, 202}, answers[0].text
        assert answers[2].status in {200, 202}, answers[2].text
        hall.crowd.ask(SWEEP)
        assert facts(hall, key) == ("NO_SHOW", 1, 1)
        assert hall.here.session.get_one(Patient, patient).no_show_count == 1
        hall.here.session.rollback()


def third_and_fourth(hall: Hall, at: time) -> tuple[UUID, list[UUID]]:
    """Return a patient who missed two, with two more that are over."""
    patient = hall.here.patient()
    for minutes in (75, 90):
        due(hall, hall.doctor(), at, patient, minutes=minutes)
        assert hall.crowd.ask(SWEEP).status == 200
    return patient, [due(hall, hall.doctor(), at, patient, minutes=minutes) for minutes in (15, 30)]


def person(hall: Hall, patient: UUID) -> tuple[int, str, int]:
    """Return a patient's count and status, and how often they were blocked."""
    row = hall.here.session.get_one(Patient, patient, populate_existing=True)
    blocked = hall.here.count(AuditEvent, action="patient.blocked", record_id=patient)
    hall.here.session.rollback()
    return row.no_show_count, row.status, blocked


@pytest.mark.parametrize("sweeps", [False, True], ids=["two by hand", "one by hand, one by the sweep"])
def test_the_third_and_the_fourth_at_once_block_once(hall: Hall, sweeps: bool) -> None:  # noqa: FBT001 a parameter
    for at in times(SOME):
        patient, (third, fourth) = third_and_fourth(hall, at)
        asks = [manual(third), SWEEP if sweeps else manual(fourth, who=1)]
        answers = hall.crowd.at_once(asks)
        assert all(answer.status in {200, 409} for answer in answers), [answer.text for answer in answers]
        hall.crowd.ask(SWEEP)
        assert person(hall, patient) == (4, "BLOCKED", 1)


def test_control_without_locks_the_sweep_marks_whoever_has_checked_in(unguarded: Hall) -> None:
    for at in times(SOME):
        key = due(unguarded, unguarded.doctor(), at)
        with ThreadPoolExecutor(1) as pool:
            with unguarded.holding("appointments", key):
                sent = pool.submit(unguarded.crowd.at_once, [check_in(key), SWEEP])
                unguarded.await_waiting(2)  # both have seen it expected, and want to write
            assert [answer.status for answer in sent.result()] == [200, 200]
    with pytest.raises(AssertionError, match="the audited statuses do not lead to the present one"):
        unguarded.check()


def test_control_without_locks_two_no_shows_block_twice(unguarded: Hall) -> None:
    patient, keys = third_and_fourth(unguarded, time(9))
    with ThreadPoolExecutor(1) as pool:
        with unguarded.holding("patients", patient):
            sent = pool.submit(unguarded.crowd.at_once, [manual(keys[0]), manual(keys[1], who=1)])
            unguarded.await_waiting(2)  # both have counted two
        assert [answer.status for answer in sent.result()] == [200, 200]
    assert person(unguarded, patient) == (4, "BLOCKED", 2)
    with pytest.raises(AssertionError, match="a block by no-shows came or went more often"):
        unguarded.check()
