"""Cancelling, and the statuses that people set by hand."""

from datetime import time, timedelta
from uuid import uuid4

import pytest

from hms_web.domain.affected import AffectedCause
from hms_web.domain.messages import MessageEvent
from hms_web.domain.refusals import Code, InvalidInput, Refusal
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import AuditEvent, Notification
from hms_web.services import cancelling, unit_of_work, visits
from hms_web.services.appointments import AppointmentView
from tests.scenes import MONDAY, NOW, Clinic

S = AppointmentStatus


def test_cancelling_frees_the_slot_and_tells_the_patient_once(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    for _ in range(2):
        gone = cancelling.cancel(here.session, here.actor, booked.id, reason=" asked by phone ", now=NOW)
        assert isinstance(gone, AppointmentView)
        assert (gone.status, gone.cancel_reason, gone.version) == (S.CANCELLED, "asked by phone", 2)
    assert here.count(Notification, event=MessageEvent.CANCELLED) == 2  # one a channel
    assert here.count(AuditEvent, action="appointment.cancelled") == 1
    here.book(doctor, here.patient(), time(10))


def test_what_cannot_be_cancelled(here: Clinic, elsewhere: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    cancel = cancelling.cancel
    missing = Refusal(Code.APPOINTMENT_NOT_FOUND)
    assert cancel(here.session, here.actor, uuid4(), reason=None, now=NOW) == missing
    assert cancel(here.session, elsewhere.actor, booked.id, reason=None, now=NOW) == missing
    stale = cancel(here.session, here.actor, booked.id, reason=None, now=NOW, version=7)
    assert stale == Refusal(Code.STALE_VERSION)
    here.row(booked.id).status = S.COMPLETED
    here.session.commit()
    done = cancel(here.session, here.actor, booked.id, reason=None, now=NOW)
    assert isinstance(done, Refusal)
    assert done.code is Code.INVALID_TRANSITION
    with pytest.raises(InvalidInput):
        cancel(here.session, here.actor, booked.id, reason="x" * 501, now=NOW)


def test_many_at_once_leave_alone_who_is_already_here(here: Clinic) -> None:
    doctor = here.doctor()
    views = [here.book(doctor, here.patient(), time(hour)) for hour in (9, 10, 11)]
    visits.set_status(here.session, here.actor, views[0].id, S.CHECKED_IN, now=NOW)
    gone = unit_of_work.run(
        here.session,
        lambda: cancelling.cancel_affected(
            here.session,
            here.actor,
            [view.id for view in views],
            note="Auto-cancelled due to doctor emergency",
            event=MessageEvent.CANCELLED_BY_EMERGENCY,
            now=NOW,
        ),
    )
    assert [view.id for view in gone] == [views[1].id, views[2].id]
    assert {view.cancel_reason for view in gone} == {"Auto-cancelled due to doctor emergency"}
    assert here.count(Notification, event=MessageEvent.CANCELLED_BY_EMERGENCY, priority="HIGH") == 4


def test_confirming_checking_in_and_taking_it_back(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    for status in (S.CONFIRMED, S.CHECKED_IN, S.SCHEDULED, S.CHECKED_IN):
        view = visits.set_status(here.session, here.actor, booked.id, status, now=NOW, note="ok")
        assert isinstance(view, AppointmentView)
        assert view.status is status
        assert (view.checked_in_at is not None) is (status is S.CHECKED_IN)
    left = visits.set_status(here.session, here.actor, booked.id, S.CANCELLED, now=NOW, note="left")
    assert isinstance(left, AppointmentView)
    assert left.cancel_reason == "left"


def test_check_in_is_for_today_only(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10), MONDAY + timedelta(days=1))
    refusal = visits.set_status(here.session, here.actor, booked.id, S.CHECKED_IN, now=NOW)
    assert isinstance(refusal, Refusal)
    assert refusal.code is Code.INVALID_TRANSITION
    tomorrow = NOW + timedelta(days=1)
    assert isinstance(
        visits.set_status(here.session, here.actor, booked.id, S.CHECKED_IN, now=tomorrow), AppointmentView
    )


def test_statuses_that_are_not_set_by_hand(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    for status in (S.IN_PROGRESS, S.COMPLETED, S.SCHEDULED):
        refusal = visits.set_status(here.session, here.actor, booked.id, status, now=NOW)
        assert isinstance(refusal, Refusal)
        assert refusal.code is Code.INVALID_TRANSITION
    missing = visits.set_status(here.session, here.actor, uuid4(), S.CONFIRMED, now=NOW)
    assert missing == Refusal(Code.APPOINTMENT_NOT_FOUND)
    stale = visits.set_status(here.session, here.actor, booked.id, S.CONFIRMED, now=NOW, version=9)
    assert stale == Refusal(Code.STALE_VERSION)
    with pytest.raises(InvalidInput):
        visits.set_status(here.session, here.actor, booked.id, S.CONFIRMED, now=NOW, note="\0")


def test_who_is_not_here_after_all_is_affected_by_what_came_meanwhile(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(10))
    visits.set_status(here.session, here.actor, booked.id, S.CHECKED_IN, now=NOW)
    here.absence(doctor, MONDAY, MONDAY)
    undone = visits.set_status(here.session, here.actor, booked.id, S.SCHEDULED, now=NOW)
    assert isinstance(undone, AppointmentView)
    assert (undone.status, undone.affected_cause) == (S.SCHEDULED, AffectedCause.ABSENCE)
