"""Alerts about people who wait too long: when they come, when they go, and who takes them on."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.local_time import day_span
from hms_web.domain.refusals import InvalidInput, Refused
from hms_web.domain.visits import AppointmentStatus
from hms_web.local.processes import wait_until
from hms_web.models import Appointment, AuditEvent, Patient, StageAlert, new_id
from hms_web.services import alert_board, booking, header, stage_alerts, visits
from hms_web.services.alert_board import AlertView
from hms_web.services.appointments import AppointmentView
from hms_web.services.header import Waiting
from hms_web.services.stage_alerts import AlertResult
from tests.races.guards import trigger
from tests.scenes import MONDAY, Clinic
from tests.services.test_no_show_sweep import held, impatient

TEN = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
"""10:00 in Kolkata on the Monday of the clinic."""
TOO_LONG = TEN + timedelta(minutes=35)
A_SECOND = timedelta(seconds=1)


def checked_in(here: Clinic, at: datetime = TEN) -> UUID:
    booked = here.book(here.doctor(), here.patient(), time(10))
    visits.set_status(here.session, here.actor, booked.id, AppointmentStatus.CHECKED_IN, now=at)
    return booked.id


def untaken(here: Clinic) -> int:
    return header.counts(here.session, here.actor, [Waiting.ALERTS], now=TOO_LONG)[Waiting.ALERTS]


def scan(here: Clinic, now: datetime) -> tuple[int, int]:
    done = stage_alerts.scan(here.session, here.actor, now=now)
    return done.created, done.resolved


def test_whoever_waits_for_vitals_longer_than_a_slot_and_five_minutes_alarms(here: Clinic) -> None:
    booked = checked_in(here)
    assert scan(here, TOO_LONG - timedelta(microseconds=1)) == (0, 0)
    assert stage_alerts.scan(here.session, here.actor, now=TOO_LONG) == AlertResult(created=1, resolved=0)
    alert = here.session.scalars(sa.select(StageAlert)).one()
    assert (alert.appointment_id, alert.alert_type, alert.status) == (booked, "NO_VITALS", "ACTIVE")
    assert (alert.waiting_since, alert.created_at) == (TEN, TOO_LONG)
    assert alert.message == "Patient checked in at 10:00 and has no vitals yet."
    assert scan(here, TOO_LONG + timedelta(minutes=5)) == (0, 0)


def test_who_has_waited_longest_stands_first_whoever_alarmed_first(here: Clinic) -> None:
    first, later = (here.book(here.doctor(minutes), here.patient(), time(10)).id for minutes in (60, 30))
    for booked, at in ((first, TEN), (later, TEN + timedelta(minutes=5))):
        visits.set_status(here.session, here.actor, booked, AppointmentStatus.CHECKED_IN, now=at)
    assert scan(here, TEN + timedelta(minutes=40)) == (1, 0)
    now = TEN + timedelta(minutes=65)
    assert scan(here, now) == (1, 0)
    board = alert_board.live(here.session, here.actor, now=now)
    assert [alert.appointment_id for alert in board] == [first, later]
    assert board[0].created_at > board[1].created_at


def test_an_alert_ends_when_the_visit_moves_on(here: Clinic) -> None:
    booked = checked_in(here)
    scan(here, TOO_LONG)
    later = TOO_LONG + timedelta(minutes=1)
    assert stage_alerts.resolve_for(here.session, here.actor, booked, now=later) == 0
    here.row(booked).vitals_recorded_at = later
    here.session.flush()
    assert stage_alerts.resolve_for(here.session, here.actor, booked, now=later) == 1
    here.session.commit()
    assert [row.status for row in here.session.scalars(sa.select(StageAlert))] == ["RESOLVED"]
    assert scan(here, later + timedelta(minutes=39)) == (0, 0)
    assert scan(here, later + timedelta(minutes=40)) == (1, 0)


def test_an_alert_that_was_ended_by_hand_stays_so_until_the_stage_begins_anew(here: Clinic) -> None:
    booked = checked_in(here)
    later = TOO_LONG
    for _stage in ("vitals", "doctor"):
        assert scan(here, later) == (1, 0)
        alert = here.session.scalars(sa.select(StageAlert).where(StageAlert.status == "ACTIVE")).one()
        alert_board.resolve(here.session, here.actor, alert.id, note="Knows", now=later)
        assert scan(here, later + timedelta(minutes=5)) == (0, 0)
        here.row(booked).vitals_recorded_at = later
        here.session.commit()
        later += timedelta(minutes=40)
    here.row(booked).vitals_recorded_at = None
    here.row(booked).checked_in_at = later
    here.session.commit()
    assert scan(here, later + timedelta(minutes=35)) == (1, 0)


def test_who_comes_back_to_a_stage_alarms_again(here: Clinic) -> None:
    """A consultation that was broken off: the alert had ended by itself."""
    booked = checked_in(here)
    assert scan(here, TOO_LONG) == (1, 0)
    here.row(booked).status = "IN_PROGRESS"
    here.session.commit()
    assert scan(here, TOO_LONG) == (0, 1)
    here.row(booked).status = "CHECKED_IN"
    here.session.commit()
    assert scan(here, TOO_LONG) == (1, 0)


def test_who_moves_on_while_the_scan_looks_raises_no_alert(here: Clinic, engine: sa.Engine) -> None:
    booked = checked_in(here)
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )

    def scan_apart() -> AlertResult:
        with Session(engine, expire_on_commit=False) as session:
            return stage_alerts.scan(session, here.actor, now=TOO_LONG)

    with engine.connect() as measuring, ThreadPoolExecutor(1) as pool:
        measuring.execute(
            sa.update(Appointment).where(Appointment.id == booked).values(vitals_recorded_at=TOO_LONG, version=3)
        )
        found = pool.submit(scan_apart)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as looking:
            assert wait_until(lambda: bool(looking.scalar(waiting)), 10)
        measuring.commit()
        assert found.result(10) == AlertResult(created=0, resolved=0)
    assert here.count(StageAlert) == 0


def test_a_visit_or_an_alert_that_somebody_holds_or_that_cannot_be_written_stops_no_other(
    here: Clinic, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [checked_in(here) for _ in range(4)]
    impatient(monkeypatch)
    with held(engine, "appointments", keys[:1]), trigger(engine, "stage_alerts", "BEFORE INSERT", poison(keys[1])):
        done = stage_alerts.scan(here.session, here.actor, now=TOO_LONG)
        here.session.rollback()
    assert (done.created, done.resolved) == (2, 0)
    assert {failure.record_id: failure.error for failure in done.errors} == {
        keys[0]: "Busy, SQLSTATE 55P03",
        keys[1]: "ProgrammingError, SQLSTATE P0001",
    }
    assert scan(here, TOO_LONG) == (2, 0)
    here.session.execute(sa.update(Appointment).values(vitals_recorded_at=TOO_LONG))
    here.session.commit()
    alert = here.session.scalars(sa.select(StageAlert.id).where(StageAlert.appointment_id == keys[0])).one()
    with held(engine, "stage_alerts", [alert]):
        done = stage_alerts.scan(here.session, here.actor, now=TOO_LONG)
    assert (done.created, done.resolved, [failure.record_id for failure in done.errors]) == (0, 3, [alert])
    assert scan(here, TOO_LONG) == (0, 1)


def poison(appointment_id: UUID) -> str:
    return f"IF NEW.appointment_id = '{appointment_id}' THEN RAISE 'poison'; END IF;"


def test_more_than_one_transactions_worth_of_alerts(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_alerts, "AT_ONCE", 2)
    for _ in range(5):
        checked_in(here)
    assert scan(here, TOO_LONG) == (5, 0)
    assert scan(here, TOO_LONG + timedelta(days=1)) == (0, 5)


def test_at_the_next_scan_yesterdays_alerts_are_over(here: Clinic) -> None:
    checked_in(here)
    assert scan(here, TOO_LONG) == (1, 0)
    assert scan(here, TOO_LONG + timedelta(days=1)) == (0, 1)


def test_a_scan_that_lost_its_lease_writes_nothing(here: Clinic) -> None:
    checked_in(here)

    def guard(session: Session) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        stage_alerts.scan(here.session, here.actor, now=TOO_LONG, guard=guard)
    assert here.count(StageAlert) == 0


def test_whoever_asks_cheaply_hears_of_another_doctor_and_of_another_name(here: Clinic) -> None:
    key = checked_in(here)
    scan(here, TOO_LONG)
    seen = [alert_board.version(here.session, here.actor, now=TOO_LONG)]
    marked = {"affected_cause": "ABSENCE", "affected_at": TEN}
    here.session.execute(sa.update(Appointment).where(Appointment.id == key).values(marked))
    here.session.commit()
    change = booking.AppointmentChange(doctor_id=here.doctor(), time=time(11))
    assert isinstance(booking.change(here.session, here.actor, key, change, now=TOO_LONG), AppointmentView)
    seen.append(alert_board.version(here.session, here.actor, now=TOO_LONG))
    patient = here.session.get_one(Appointment, key).patient_id
    here.session.execute(sa.update(Patient).where(Patient.id == patient).values(name="Asha Rao-Menon"))
    here.session.commit()
    seen.append(alert_board.version(here.session, here.actor, now=TOO_LONG))
    assert len(set(seen)) == 3
    assert alert_board.live(here.session, here.actor, now=TOO_LONG)[0].patient_name == "Asha Rao-Menon"


def test_a_new_day_is_a_new_board(here: Clinic) -> None:
    """Yesterday's alerts go at midnight of the hospital's own day, though nobody writes anything then."""
    checked_in(here)
    scan(here, TOO_LONG)
    midnight = day_span(MONDAY, here.actor.zone).ends_at
    last, first = (alert_board.version(here.session, here.actor, now=at) for at in (midnight - A_SECOND, midnight))
    assert last == alert_board.version(here.session, here.actor, now=TOO_LONG) != first
    assert alert_board.live(here.session, here.actor, now=midnight - A_SECOND)
    assert alert_board.live(here.session, here.actor, now=midnight) == []


def test_the_board_of_one_doctor_and_what_asks_cheaply(here: Clinic, elsewhere: Clinic) -> None:
    checked_in(here)
    empty = alert_board.version(here.session, here.actor, now=TOO_LONG)
    scan(here, TOO_LONG)
    [alert] = alert_board.live(here.session, here.actor, now=TOO_LONG)
    assert alert_board.live(here.session, here.actor, now=TOO_LONG, doctor_id=alert.doctor_id) == [alert]
    assert alert_board.live(here.session, here.actor, now=TOO_LONG, doctor_id=new_id()) == []
    raised = alert_board.version(here.session, here.actor, now=TOO_LONG)
    assert alert_board.version(elsewhere.session, elsewhere.actor, now=TOO_LONG) == empty != raised
    assert untaken(here) == 1
    taken = alert_board.acknowledge(here.session, here.actor, alert.id, now=TOO_LONG)
    assert isinstance(taken, AlertView)
    assert (taken.acknowledged_by, taken.acknowledged_at) == (here.actor.name, TOO_LONG)
    assert alert_board.version(here.session, here.actor, now=TOO_LONG) not in {empty, raised}
    assert untaken(here) == 0
    with pytest.raises(Refused):
        alert_board.acknowledge(elsewhere.session, elsewhere.actor, alert.id, now=TOO_LONG)
    with pytest.raises(Refused):
        alert_board.get(elsewhere.session, elsewhere.actor, alert.id)
    with pytest.raises(InvalidInput):
        alert_board.resolve(here.session, here.actor, alert.id, note="x" * 501, now=TOO_LONG)
    actions = here.session.scalars(sa.select(AuditEvent.action).where(AuditEvent.record_type == "alert"))
    assert sorted(actions) == ["alert.acknowledged", "alert.raised"]
