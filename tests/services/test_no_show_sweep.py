"""The periodic sweep: who is marked, who is asked about, what follows, and what one bad row stops."""

from datetime import UTC, datetime, time, timedelta

import sqlalchemy as sa

from hms_web.domain.messages import MessageEvent
from hms_web.models import AuditEvent, NoShowLog, Notification, Patient
from hms_web.services import no_show_sweep
from hms_web.services.no_show_sweep import SweepResult
from tests import invariants
from tests.scenes import Clinic

TEN = datetime(2026, 3, 2, 4, 30, tzinfo=UTC)
"""10:00 in Kolkata on the Monday of the clinic."""
HALF_PAST = TEN + timedelta(minutes=30)


def swept(here: Clinic, now: datetime) -> SweepResult:
    return no_show_sweep.sweep(here.session, here.actor, now=now)


def sound(here: Clinic) -> None:
    invariants.check(here.session.connection())
    here.session.rollback()


def test_at_the_end_of_the_slot_an_expected_patient_has_not_come(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    assert swept(here, HALF_PAST - timedelta(microseconds=1)) == SweepResult()
    assert swept(here, HALF_PAST) == SweepResult(processed=1, marked=1)
    assert here.row(booked.id).status == "NO_SHOW"
    log = here.session.scalars(sa.select(NoShowLog)).one()
    assert (log.reason, log.slot_time, log.timeout_minutes, log.slot_released) == ("AUTO_TIMEOUT", TEN, 30, False)
    assert (log.previous_status, log.is_counted, log.created_by_id, log.created_at) == (
        "SCHEDULED",
        True,
        None,
        HALF_PAST,
    )
    patient = here.session.get_one(Patient, booked.patient_id)
    assert (patient.no_show_count, patient.lifetime_no_shows, patient.status) == (1, 1, "ACTIVE")
    assert here.count(AuditEvent, action="appointment.no_show", record_id=booked.id) == 1
    assert here.count(Notification, event=MessageEvent.NO_SHOW, appointment_id=booked.id) == 2
    assert swept(here, HALF_PAST) == SweepResult()
    sound(here)
