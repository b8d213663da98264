"""Whom a doctor's time leaves standing in the house: they are on the affected list until somebody has seen to them."""

from dataclasses import replace
from datetime import time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.domain.absences import AbsenceType
from hms_web.domain.affected import AffectedAction
from hms_web.domain.messages import MessageEvent
from hms_web.domain.no_show import NoShowReason
from hms_web.domain.planning import Strategy
from hms_web.domain.refusals import Code
from hms_web.domain.visits import AppointmentStatus
from hms_web.domain.vitals import Readings
from hms_web.models import Notification, StageAlert
from hms_web.services import (
    absences,
    affected,
    affected_plans,
    consultations,
    no_show,
    stage_alerts,
    visits,
    vitals,
)
from hms_web.services.absences import NewAbsence
from hms_web.services.affected_batches import Step
from hms_web.services.appointments import AppointmentView
from hms_web.services.consultations import ConsultationChange
from tests.scenes import MONDAY, NOW, Clinic
from tests.services.affected_scenes import TUESDAY, Ill, views

S = AppointmentStatus
MOVE, KEEP, CANCEL = AffectedAction.MOVE, AffectedAction.KEEP, AffectedAction.CANCEL
EMERGENCY = NewAbsence(AbsenceType.EMERGENCY, MONDAY, MONDAY)


def arrived(here: Clinic, doctor: UUID, at: time) -> AppointmentView:
    """Book somebody who is checked in."""
    booked = here.book(doctor, here.patient(), at)
    done = visits.set_status(here.session, here.actor, booked.id, S.CHECKED_IN, now=NOW)
    assert isinstance(done, AppointmentView)
    return done


@pytest.fixture
def clinic(here: Clinic) -> Ill:
    """An emergency over two people who are here and one who is not, and a colleague who has time."""
    doctor, colleague = here.doctor(), here.doctor()
    waiting = [arrived(here, doctor, time(9)), arrived(here, doctor, time(9, 30))]
    coming = here.book(doctor, here.patient(), time(10))
    done = absences.create(here.session, here.admin, doctor, EMERGENCY, now=NOW)
    assert done.absence
    assert (done.warning_count, done.cancelled_appointments, done.notified_patients) == (2, 1, 1)
    return Ill(here, doctor, colleague, done.absence.id, [*waiting, coming])


def listed(here: Clinic) -> list[UUID]:
    return [view.id for group in affected.grouped(here.session, here.actor) for view in group.items]


def told(here: Clinic, key: UUID) -> set[str]:
    query = sa.select(Notification.event).where(Notification.appointment_id == key)
    return set(here.session.scalars(query.where(Notification.event != MessageEvent.BOOKED)))


def test_they_stand_on_the_list_under_their_cause_and_nobody_sends_them_a_message(clinic: Ill) -> None:
    here = clinic.here
    assert listed(here) == clinic.ids[:2]
    assert affected.count(here.session, here.actor) == 2
    (group,) = affected.grouped(here.session, here.actor)
    assert group.absence
    assert group.absence.id == clinic.absence
    assert [told(here, key) for key in clinic.ids] == [set(), set(), {MessageEvent.CANCELLED_BY_EMERGENCY}]
    clinic.check()


def test_who_is_here_comes_before_who_waits_longer_at_home(here: Clinic) -> None:
    doctor = here.doctor()
    at_home = here.book(doctor, here.patient(), time(9), TUESDAY)
    absences.create(here.session, here.admin, doctor, NewAbsence(AbsenceType.OTHER, TUESDAY, TUESDAY), now=NOW)
    waits = arrived(here, doctor, time(10))
    later = NOW + timedelta(minutes=1)
    absences.create(here.session, here.admin, doctor, NewAbsence(AbsenceType.OTHER, MONDAY, MONDAY), now=later)
    assert listed(here) == [waits.id, at_home.id]


def test_a_plan_offers_them_what_is_left_of_today_the_soonest_first(clinic: Ill) -> None:
    here, late = clinic.here, NOW + timedelta(hours=6, minutes=10)  # 14:10 in the hospital
    for strategy in (Strategy.SAME_DOCTOR_ELSE_COLLEAGUE, Strategy.COLLEAGUE):
        plan = affected_plans.make(here.session, here.actor, clinic.ids, strategy, now=late)
        places = [move.place for move in plan.moves if move.place]
        assert [(p.doctor_id, p.date, p.start_time) for p in places] == [
            (clinic.colleague, MONDAY, time(14, 30)),
            (clinic.colleague, MONDAY, time(15)),
        ]
        assert {other.date for move in plan.moves for other in move.others} == {MONDAY}
        assert not any(place.is_soon for place in places)
        assert plan.gone == 1
    own = affected_plans.make(here.session, here.actor, clinic.ids[:2], Strategy.SAME_DOCTOR, now=late)
    assert [move.place for move in own.moves] == [None, None]


def test_a_colleague_sees_them_with_what_was_measured(clinic: Ill) -> None:
    here = clinic.here
    doctor = clinic.doctor_actor(clinic.colleague)
    vitals.record(here.session, doctor, clinic.ids[0], Readings(pulse_bpm=70), now=NOW)
    soon = NOW + timedelta(hours=2)
    assert stage_alerts.scan(here.session, here.actor, now=soon).created == 2
    batch = clinic.apply(clinic.move(0, time(9), MONDAY, clinic.colleague))
    (step,) = batch.done
    view = step.appointment
    assert (view.status, view.doctor_id, view.affected_cause) == (S.CHECKED_IN, clinic.colleague, None)
    assert view.vitals_recorded_at
    assert view.checked_in_at
    alert = here.session.scalars(sa.select(StageAlert).where(StageAlert.appointment_id == view.id)).one()
    assert (alert.status, alert.doctor_id) == ("ACTIVE", clinic.colleague)
    assert listed(here) == [clinic.ids[1]]
    clinic.undo(batch)
    here.session.expire_all()
    assert (clinic.now(0).doctor_id, alert.doctor_id) == (clinic.doctor, clinic.doctor)
    assert listed(here) == clinic.ids[:2]
    clinic.check()


def test_only_waiting_people_and_only_today(clinic: Ill) -> None:
    here = clinic.here
    fine = arrived(here, clinic.colleague, time(11))
    consultations.start(here.session, clinic.doctor_actor(clinic.doctor), clinic.ids[1], now=NOW)
    plan = affected_plans.make(here.session, here.actor, clinic.ids[:2], Strategy.COLLEAGUE, now=NOW)
    assert [(move.appointment.id, bool(move.place)) for move in plan.moves] == [
        (clinic.ids[0], True), (clinic.ids[1], False),
    ]  # fmt: skip
    batch = clinic.apply(
        clinic.move(0, time(9), TUESDAY, clinic.colleague),
        clinic.move(1, time(9), MONDAY, clinic.colleague),
        Step(fine.id, MOVE, fine.version, clinic.doctor, MONDAY, time(12)),
    )
    assert [step.refusal and step.refusal.code for step in batch.steps] == [
        Code.INVALID_TRANSITION, Code.INVALID_TRANSITION, Code.NOT_AFFECTED,
    ]  # fmt: skip
    assert clinic.apply(clinic.other(1, CANCEL)).refused


def test_keeping_them_or_sending_them_home_settles_them(clinic: Ill) -> None:
    here = clinic.here
    batch = clinic.apply(clinic.other(0, KEEP), clinic.other(1, CANCEL))
    assert len(batch.done) == 2
    assert (clinic.now(0).kept_cause, clinic.now(1).status, clinic.now(1).cancel_reason) == (
        "ABSENCE",
        "CANCELLED",
        "Ill",
    )
    assert listed(here) == []
    clinic.check()


def test_who_was_seen_after_all_is_settled(clinic: Ill) -> None:
    here, doctor = clinic.here, clinic.doctor_actor(clinic.doctor)
    seen = consultations.start(here.session, doctor, clinic.ids[0], now=NOW)
    assert clinic.ids[0] in listed(here)
    said = ConsultationChange(chief_complaint="Cough", diagnosis=["Cold"])
    consultations.change(here.session, doctor, seen.id, said, now=NOW)
    consultations.complete(here.session, doctor, seen.id, now=NOW)
    assert (clinic.now(0).affected_cause, listed(here)) == (None, [clinic.ids[1]])
    clinic.check()


def test_who_is_checked_in_while_affected_stays_on_the_list_and_hears_nothing_when_the_leave_goes(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(9))
    leave = absences.create(
        here.session, here.admin, doctor, NewAbsence(AbsenceType.SICK_LEAVE, MONDAY, MONDAY), now=NOW
    ).absence
    assert leave
    here.session.execute(sa.update(Notification).values(state="SENT"))
    visits.set_status(here.session, here.actor, booked.id, S.CHECKED_IN, now=NOW)
    assert listed(here) == [booked.id]
    begun = booked.starts_at + timedelta(minutes=5)
    absences.cancel(here.session, here.admin, doctor, leave.id, now=begun)
    assert listed(here) == []
    assert told(here, booked.id) == {MessageEvent.AFFECTED_BY_ABSENCE}


def test_another_cause_takes_over_in_silence(clinic: Ill) -> None:
    here = clinic.here
    here.holiday(MONDAY)
    absences.cancel(here.session, here.admin, clinic.doctor, clinic.absence, now=NOW)
    assert [view.affected_cause for view in views(here, clinic.ids[:2])] == ["HOLIDAY", "HOLIDAY"]
    assert told(here, clinic.ids[0]) == set()


def test_a_late_one_who_comes_back_from_a_no_show_into_leave_is_listed(here: Clinic) -> None:
    doctor = here.doctor()
    booked = here.book(doctor, here.patient(), time(9))
    begun = booked.starts_at + timedelta(minutes=10)
    no_show.mark(here.session, here.actor, booked.id, reason=NoShowReason.MANUAL_STAFF, notes=None, now=begun)
    absences.create(here.session, here.admin, doctor, replace(EMERGENCY), now=begun)
    back = no_show.revert(here.session, here.actor, booked.id, note="Here", now=begun)
    assert isinstance(back, AppointmentView)
    assert (back.status, back.affected_cause) == (S.CHECKED_IN, "ABSENCE")
