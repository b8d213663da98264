"""Each invariant can fail: the data is broken by hand, what forbids that is taken away first, all of it rolled back."""

from collections.abc import Iterator
from datetime import time

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.visits import AppointmentStatus
from hms_web.services import booking, cancelling, visits
from hms_web.services.appointments import AppointmentView
from tests import affected_rules, invariants
from tests.scenes import MONDAY, NOW, Clinic, clinic

NO_DOCTOR_GUARD = "ALTER TABLE appointments DROP CONSTRAINT ex_appointments_doctor_overlap"
NO_PATIENT_GUARD = "ALTER TABLE appointments DROP CONSTRAINT ex_appointments_patient_overlap"
NO_TOKEN_GUARD = "DROP INDEX uq_appointments_doctor_id_date_token_number"
FIRST, SECOND = "token_number = 1", "token_number = 2"
THIS_HOUR = "starts_at = '2026-03-02 09:00+05:30', ends_at = '2026-03-02 09:30+05:30'"
EVENT = """
    INSERT INTO audit_events (id, hospital_id, at, actor_name, action, record_type, record_id, details)
    SELECT gen_random_uuid(), hospital_id, now(), 'nobody', 'appointment.{}', 'appointment', id, '{}'
      FROM appointments WHERE token_number = 1
"""
SLOT = """
    INSERT INTO doctor_slots (id, hospital_id, doctor_id, date, start_time, end_time, starts_at, ends_at)
    SELECT gen_random_uuid(), hospital_id, doctor_id, date, start_time, end_time, starts_at + '{0}', ends_at + '{0}'
      FROM doctor_slots WHERE start_time = '{1}'
"""
CONSULTATION = """
    INSERT INTO consultations (id, hospital_id, appointment_id, doctor_id, status, started_at)
    SELECT gen_random_uuid(), hospital_id, id, doctor_id, 'STARTED', now() FROM appointments WHERE token_number = 1
"""

BATCH = "INSERT INTO affected_batches (id, hospital_id) SELECT id, id FROM hospitals"
STEP = """
    INSERT INTO affected_steps (id, hospital_id, batch_id, appointment_id, action, from_doctor_id, from_starts_at,
                                from_ends_at, from_token_number, from_slot_minutes, version, undone_at)
    SELECT id, hospital_id, hospital_id, id, 'MOVE', doctor_id, starts_at, ends_at, token_number, 30, {}
      FROM appointments WHERE token_number = 3
"""

LEAVE = """
    INSERT INTO doctor_absences (id, hospital_id, doctor_id, absence_type, start_date, end_date, status)
    SELECT doctor_id, hospital_id, doctor_id, 'OTHER', date, date, 'ACTIVE' FROM appointments WHERE token_number = 1
"""
HOLI = """
    INSERT INTO hospital_holidays (id, hospital_id, name, date, is_recurring)
    SELECT id, id, 'Holi', '2020-03-02', true FROM hospitals
"""
BEGAN = """
    INSERT INTO audit_events (id, hospital_id, at, actor_name, action, record_type, record_id, details)
    SELECT 'ffffffff-ffff-4fff-8fff-ffffffffffff', hospital_id, '2026-03-01', 'nobody', '{0}.created', '{0}', id, '{{}}'
      FROM {1}
"""
CHANGED = """
    INSERT INTO audit_events (id, hospital_id, at, actor_name, action, record_type, record_id, details)
    SELECT gen_random_uuid(), hospital_id, '2026-03-01', 'nobody', '{0}', '{1}', id,
           jsonb_build_object('changes', '{2}'::jsonb) FROM {3}
"""
SCHEDULES = '{"schedules": {"from": [{"day_of_week": "MONDAY", "is_active": true}], "to": []}}'

BROKEN: dict[str, list[str]] = {
    "a doctor has two active appointments at once": [
        NO_DOCTOR_GUARD,
        f"UPDATE appointments SET starts_at = starts_at - interval '10 minutes' WHERE {SECOND}",
    ],
    "a patient has two active appointments at once": [
        NO_PATIENT_GUARD,
        (
            f"UPDATE appointments SET doctor_id = (SELECT max(id::text)::uuid FROM doctors), {THIS_HOUR}, "
            f"patient_id = (SELECT patient_id FROM appointments WHERE {FIRST}) WHERE {SECOND}"
        ),
    ],
    "a slot has two active appointments": [
        f"UPDATE appointments SET ends_at = starts_at + interval '15 minutes' WHERE {FIRST}",
        f"UPDATE appointments SET starts_at = starts_at - interval '15 minutes', ends_at = starts_at WHERE {SECOND}",
    ],
    "two active appointments of a doctor begin together": [
        NO_DOCTOR_GUARD,
        f"UPDATE appointments SET {THIS_HOUR} WHERE {SECOND}",
    ],
    "the day of a doctor is over its maximum": ["UPDATE doctors SET max_patients_per_day = 1"],
    "a change has not exactly one audit event": [EVENT.format("changed", "{}")],
    "a change has not exactly one message a channel": [
        "DELETE FROM notifications WHERE event = 'appointment.rescheduled' AND channel = 'sms'"
    ],
    "a status followed one that it may not follow": [
        EVENT.format("completed", '{"status": {"from": "SCHEDULED", "to": "COMPLETED"}}')
    ],
    "the audited statuses do not lead to the present one": [
        f"UPDATE appointments SET status = 'CHECKED_IN' WHERE {FIRST}"
    ],
    "stored slots of a doctor overlap": [SLOT.format("10 minutes", "16:30")],
    "a slot and an active appointment overlap without being the same time": [
        f"UPDATE appointments SET ends_at = ends_at - interval '10 minutes' WHERE {FIRST}"
    ],
    "somebody will come at a time that is no slot, and stands in no grid": [
        "DELETE FROM doctor_slots s USING appointments a WHERE s.doctor_id = a.doctor_id AND s.starts_at = a.starts_at"
    ],
    "a token number was given twice": [NO_TOKEN_GUARD, "UPDATE appointments SET token_number = 1"],
    affected_rules.UNLISTED[affected_rules.ABSENCE]: [LEAVE, BEGAN.format("absence", "doctor_absences")],
    affected_rules.UNLISTED[affected_rules.HOLIDAY]: [
        HOLI,
        BEGAN.format("holiday", "hospital_holidays"),
    ],
    affected_rules.UNLISTED[affected_rules.HOURS]: [
        CHANGED.format("doctor.schedule_replaced", "doctor", SCHEDULES, "doctors"),
        "DELETE FROM doctor_schedules WHERE day_of_week = 'MONDAY'",
    ],
    affected_rules.UNLISTED[affected_rules.GONE]: [
        CHANGED.format("user.changed", "user", '{"is_active": {"from": true, "to": false}}', "users"),
        "UPDATE users SET is_active = false",
    ],
    affected_rules.STRAY: [f"UPDATE appointments SET affected_cause = 'HOLIDAY', affected_at = now() WHERE {FIRST}"],
    affected_rules.OUTLIVED: [f"UPDATE appointments SET kept_cause = 'HOLIDAY' WHERE {FIRST}"],
    "an appointment is kept and needs attention at once": [
        f"UPDATE appointments SET affected_cause = 'HOLIDAY', kept_cause = 'ABSENCE' WHERE {FIRST}"
    ],
    "a plan was undone and its patient is told of it all the same": [
        BATCH,
        STEP.format("version, now()"),
        "UPDATE notifications SET state = 'SENT' WHERE event = 'appointment.rescheduled'",
    ],
    "somebody who heard that another time is needed does not hear that it is not": [
        (
            "UPDATE notifications SET event = 'appointment.affected_by_absence', state = 'SENT' "
            f"WHERE appointment_id = (SELECT id FROM appointments WHERE {FIRST})"
        )
    ],
    "a step of a plan was neither done nor refused": [BATCH, STEP.format("NULL, NULL")],
    "a remembered request has no answer": [
        (
            "INSERT INTO idempotency_keys (user_id, key, fingerprint, created_at) "
            "SELECT id, 'key', 'print', now() FROM users LIMIT 1"
        )
    ],
    "an appointment has two open consultations": ["DROP INDEX uq_consultations_open", CONSULTATION, CONSULTATION],
    "somebody is with the doctor without a consultation, or the other way round": [CONSULTATION],
    "a visit is completed without its consultation, or the other way round": [
        CONSULTATION,
        "UPDATE consultations SET status = 'COMPLETED'",
    ],
    "the no-shows of a patient are not those of the logs": ["UPDATE patients SET no_show_count = 1"],
    "a block by no-shows came or went more often than it should": [
        "UPDATE patients SET is_auto_blocked = true, status = 'BLOCKED'"
    ],
    "an appointment is a no-show without its log, or the other way round": [
        f"""
        INSERT INTO no_show_logs (id, hospital_id, appointment_id, patient_id, doctor_id, reason, slot_time,
                                  timeout_minutes, slot_released, previous_status, created_at)
        SELECT id, hospital_id, id, patient_id, doctor_id, 'AUTO_TIMEOUT', starts_at, 30, false, 'SCHEDULED', now()
          FROM appointments WHERE {FIRST}
        """
    ],
    "an alert lives on although the visit has moved on": [
        f"""
        INSERT INTO stage_alerts (id, hospital_id, appointment_id, patient_id, doctor_id, alert_type, status, message,
                                  waiting_since, created_at)
        SELECT id, hospital_id, id, patient_id, doctor_id, 'NO_VITALS', 'ACTIVE', '', now(), now()
          FROM appointments WHERE {FIRST}
        """
    ],
    "vitals are said to have been taken and are not there": ["UPDATE appointments SET vitals_recorded_at = now()"],
}


@pytest.fixture
def here(session: Session) -> Clinic:
    """Two doctors; the first has two patients in a row, one who was moved and one who cancelled."""
    here = clinic(session)
    doctor, _other = here.doctor(), here.doctor()
    first = here.book(doctor, here.patient(), time(9))
    here.book(doctor, here.patient(), time(9, 30))
    moved = here.book(doctor, here.patient(), time(11))
    change = booking.AppointmentChange(time=time(12))
    assert isinstance(booking.change(session, here.actor, moved.id, change, now=NOW), AppointmentView)
    gone = here.book(doctor, here.patient(), time(15))
    cancelling.cancel(session, here.actor, gone.id, reason="Better", now=NOW)
    confirmed = AppointmentStatus.CONFIRMED
    assert isinstance(visits.set_status(session, here.actor, first.id, confirmed, now=NOW), AppointmentView)
    return here


@pytest.fixture
def breakable(here: Clinic, engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection whose changes never stay."""
    with engine.connect() as connection:
        yield connection
        connection.rollback()


def test_what_the_services_wrote_is_sound(breakable: sa.Connection) -> None:
    invariants.check(breakable)


def test_there_is_a_way_to_break_each_rule() -> None:
    assert set(BROKEN) == set(invariants.NAMES)


@pytest.mark.parametrize("wrong", BROKEN)
def test_a_broken_rule_is_named(breakable: sa.Connection, wrong: str) -> None:
    for statement in BROKEN[wrong]:
        breakable.exec_driver_sql(statement)
    with pytest.raises(AssertionError, match=wrong):
        invariants.check(breakable)


def named(breakable: sa.Connection, *statements: str) -> set[str]:
    """What is wrong with the affected list once some things were done to the database."""
    for statement in statements:
        breakable.exec_driver_sql(statement)
    return set(affected_rules.violations(breakable))


def test_who_was_over_before_something_spoke_against_them_need_not_be_listed(breakable: sa.Connection) -> None:
    in_leave = affected_rules.UNLISTED[affected_rules.ABSENCE]
    begins = BEGAN.format("absence", "doctor_absences")
    in_time, too_late = (
        begins.replace("2026-03-01", at) for at in ("2026-03-02 09:29+05:30", "2026-03-02 12:30+05:30")
    )
    gone = "DELETE FROM audit_events WHERE action = 'absence.created'"
    assert named(breakable, "ALTER TABLE audit_events DISABLE TRIGGER USER", LEAVE, too_late) == set()
    assert named(breakable, gone, in_time) == {in_leave}


def test_a_decision_to_keep_covers_nothing_that_came_after_it(breakable: sa.Connection) -> None:
    kept = EVENT.format("kept", "{}").replace("gen_random_uuid()", "'88888888-8888-4888-8888-888888888888'")
    kept = kept.replace("now()", "'2026-03-01'")
    before = BEGAN.format("absence", "doctor_absences").replace("ffffffff", "00000000")
    keep = "UPDATE appointments SET kept_cause = 'ABSENCE'"
    only = "UPDATE appointments SET status = 'CANCELLED' WHERE token_number <> 1"
    assert named(breakable, LEAVE, before, kept, keep, only) == set()
    after = named(breakable, HOLI, BEGAN.format("holiday", "hospital_holidays"))
    assert after == {affected_rules.UNLISTED[affected_rules.HOLIDAY]}


def test_a_message_too_many_is_named(breakable: sa.Connection) -> None:
    again = (
        "INSERT INTO notifications (id, hospital_id, patient_id, dedupe_key, event, channel, priority, appointment_id,"
        " title, body) SELECT gen_random_uuid(), hospital_id, patient_id, dedupe_key || '!', event, channel, priority,"
        " appointment_id, '', ''"
        " FROM notifications LIMIT 1"
    )
    breakable.exec_driver_sql(again)
    with pytest.raises(AssertionError, match="not exactly one message"):
        invariants.check(breakable)


def test_a_maximum_that_was_lowered_later_is_no_violation(breakable: sa.Connection, here: Clinic) -> None:
    lowered = """
        INSERT INTO audit_events (id, hospital_id, at, actor_name, action, record_type, record_id, details)
        SELECT gen_random_uuid(), hospital_id, now(), 'nobody', 'doctor.changed', 'doctor', id,
               jsonb_build_object('changes', jsonb_build_object('max_patients_per_day',
                   jsonb_build_object('from', 30, 'to', 1)))
          FROM doctors
    """
    breakable.exec_driver_sql(lowered)
    breakable.exec_driver_sql("UPDATE doctors SET max_patients_per_day = 1")
    invariants.check(breakable)


def test_every_violation_is_listed_at_once(breakable: sa.Connection) -> None:
    breakable.exec_driver_sql("UPDATE doctors SET max_patients_per_day = 1")
    breakable.exec_driver_sql(f"UPDATE appointments SET status = 'CHECKED_IN' WHERE {FIRST}")
    with pytest.raises(AssertionError) as failed:
        invariants.check(breakable)
    assert "over its maximum" in str(failed.value)
    assert "do not lead to the present one" in str(failed.value)
    assert f"date={MONDAY}" in str(failed.value)


def test_a_long_list_is_cut(breakable: sa.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invariants, "MOST_SHOWN", 1)
    breakable.exec_driver_sql(EVENT.format("changed", "{}").replace("token_number = 1", "true"))
    with pytest.raises(AssertionError, match="exactly one audit event: 3 more"):
        invariants.check(breakable)
