"""Alerts about people who wait too long: when they come, when they go, and who takes them on."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import sqlalchemy as sa

from hms_web.domain.visits import AppointmentStatus
from hms_web.models import StageAlert
from hms_web.services import stage_alerts, visits
from hms_web.services.stage_alerts import AlertResult
from tests.scenes import Clinic

TEN = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
"""10:00 in Kolkata on the Monday of the clinic."""
TOO_LONG = TEN + timedelta(minutes=35)


def checked_in(here: Clinic, at: datetime = TEN) -> UUID:
    booked = here.book(here.doctor(), here.patient(), time(10))
    visits.set_status(here.session, here.actor, booked.id, AppointmentStatus.CHECKED_IN, now=at)
    return booked.id


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
