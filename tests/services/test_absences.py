"""Doctors' leave: what asking for it does."""

from dataclasses import replace
from datetime import time, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from hms_web.domain.absences import AbsenceStatus
from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Actor, Role
from hms_web.domain.messages import MessageEvent
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.domain.slots import SlotStatus
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Appointment, AuditEvent, DoctorAbsence, Notification
from hms_web.services import absences, visits
from hms_web.services.absences import AbsenceChange, NewAbsence
from tests.scenes import MONDAY, NOW, Clinic
from tests.services.absence_scenes import (
    DAY,
    EMERGENCY,
    LEAVE,
    PART,
    TUESDAY,
    cancel,
    cause,
    create,
    made,
    messages,
    statuses,
)


def test_leave_blocks_slots_keeps_appointments_and_tells_their_patients(here: Clinic) -> None:
    doctor_id, other_id, patient_id = here.doctor(), here.doctor(), here.patient()
    first = here.book(doctor_id, patient_id, time(10))
    second = here.book(doctor_id, patient_id, time(10), TUESDAY)
    after = here.book(doctor_id, here.patient(), time(10), TUESDAY + DAY)
    elsewhere = here.book(other_id, here.patient(), time(10))
    effect = create(here, doctor_id, replace(LEAVE, reason=" Wedding "))
    assert [view.id for view in effect.affected] == [first.id, second.id]
    assert [view.affected_cause for view in effect.affected] == [AffectedCause.ABSENCE] * 2
    assert (effect.warning_count, effect.cancelled_appointments, effect.notified_patients) == (2, 0, 1)
    assert effect.absence is not None
    assert (effect.absence.reason, effect.absence.status) == ("Wedding", AbsenceStatus.ACTIVE)
    assert effect.absence.is_full_day
    assert [here.row(view.id).status for view in (first, second)] == ["SCHEDULED"] * 2
    assert cause(here, after) is cause(here, elsewhere) is None
    assert messages(here, MessageEvent.AFFECTED_BY_ABSENCE) == 4
    assert set(statuses(here, doctor_id).values()) == {SlotStatus.BLOCKED, SlotStatus.BOOKED}
    assert statuses(here, doctor_id, TUESDAY + DAY)["09:00"] is SlotStatus.AVAILABLE


def test_who_only_meets_an_absence_is_not_concerned(here: Clinic) -> None:
    """From 10:00 to 11:00: whoever is done at ten or begins at eleven stays."""
    doctor_id = here.doctor()
    booked = [here.book(doctor_id, here.patient(), at) for at in (time(9, 30), time(10), time(10, 30), time(11))]
    effect = create(here, doctor_id, replace(PART, start_time=time(10), end_time=time(11)))
    assert [view.id for view in effect.affected] == [view.id for view in booked[1:3]]


def test_an_absence_is_in_the_audit_trail(here: Clinic) -> None:
    doctor_id = here.doctor()
    here.book(doctor_id, here.patient(), time(10))
    absence_id = made(here, doctor_id, EMERGENCY)
    event = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.record_id == absence_id)).one()
    assert (event.action, event.details["absence_type"]) == ("absence.created", "EMERGENCY")
    assert (event.details["affected"], event.details["cancelled"]) == (1, 1)


def test_part_of_a_day_blocks_every_slot_that_it_touches(here: Clinic) -> None:
    doctor_id = here.doctor()
    before = here.book(doctor_id, here.patient(), time(9, 30))
    inside = here.book(doctor_id, here.patient(), time(11, 30))
    effect = create(here, doctor_id, replace(PART, start_time=time(10, 15)))
    assert [view.id for view in effect.affected] == [inside.id]
    assert cause(here, before) is None
    shown = statuses(here, doctor_id)
    assert [at for at, status in shown.items() if status is SlotStatus.BLOCKED] == ["10:00", "10:30", "11:00"]
    assert shown["12:00"] is SlotStatus.AVAILABLE


def test_an_emergency_cancels_who_is_to_come_and_lists_who_is_here(here: Clinic) -> None:
    doctor_id, patient_id = here.doctor(), here.patient()
    coming = here.book(doctor_id, patient_id, time(10))
    confirmed = here.book(doctor_id, patient_id, time(11))
    arrived = here.book(doctor_id, here.patient(), time(9))
    visits.set_status(here.session, here.actor, confirmed.id, AppointmentStatus.CONFIRMED, now=NOW)
    visits.set_status(here.session, here.actor, arrived.id, AppointmentStatus.CHECKED_IN, now=NOW)
    effect = create(here, doctor_id, EMERGENCY)
    assert [(view.id, view.status) for view in effect.affected] == [
        (arrived.id, AppointmentStatus.CHECKED_IN),
        (coming.id, AppointmentStatus.CANCELLED),
        (confirmed.id, AppointmentStatus.CANCELLED),
    ]
    assert (effect.warning_count, effect.cancelled_appointments, effect.notified_patients) == (1, 2, 1)
    assert here.row(coming.id).cancel_reason == "Auto-cancelled due to doctor emergency"
    assert (cause(here, arrived), cause(here, coming)) == (AffectedCause.ABSENCE, None)
    told = sa.select(Notification).where(Notification.event == MessageEvent.CANCELLED_BY_EMERGENCY)
    rows = here.session.scalars(told).all()
    assert {row.title for row in rows} == {"Appointment Cancelled - Doctor Emergency"}
    assert [row.priority for row in rows] == ["HIGH"] * 4
    assert messages(here, MessageEvent.AFFECTED_BY_ABSENCE) == 0
    assert statuses(here, doctor_id)["10:00"] is SlotStatus.BLOCKED


def test_after_an_emergency_is_cancelled_its_slots_can_be_booked_again(here: Clinic) -> None:
    doctor_id = here.doctor()
    booked = here.book(doctor_id, here.patient(), time(10))
    absence_id = made(here, doctor_id, EMERGENCY)
    cancel(here, doctor_id, absence_id)
    assert statuses(here, doctor_id)["10:00"] is SlotStatus.AVAILABLE
    assert here.row(booked.id).status == "CANCELLED"


@pytest.mark.parametrize("wanted", [LEAVE, EMERGENCY, PART])
def test_a_preview_tells_what_creating_does_and_changes_nothing(here: Clinic, wanted: NewAbsence) -> None:
    doctor_id, patient_id = here.doctor(), here.patient()
    here.book(doctor_id, patient_id, time(10))
    here.book(doctor_id, patient_id, time(11))
    arrived = here.book(doctor_id, here.patient(), time(11, 30))
    visits.set_status(here.session, here.actor, arrived.id, AppointmentStatus.CHECKED_IN, now=NOW)
    written = here.count(AuditEvent), here.count(Notification)
    foretold = absences.preview(here.session, here.admin, doctor_id, wanted, now=NOW)
    assert foretold.absence is None
    assert here.count(DoctorAbsence) == 0
    assert here.count(Appointment, status="CANCELLED") == 0
    assert (here.count(AuditEvent), here.count(Notification)) == written
    effect = create(here, doctor_id, wanted)
    assert [view.id for view in foretold.affected] == [view.id for view in effect.affected]
    counts = (foretold.warning_count, foretold.cancelled_appointments, foretold.notified_patients)
    assert counts == (effect.warning_count, effect.cancelled_appointments, effect.notified_patients)


def test_who_is_late_is_told_of_an_emergency_and_is_no_no_show(here: Clinic) -> None:
    doctor_id = here.doctor()
    booked = here.book(doctor_id, here.patient(), time(9))
    late = NOW + timedelta(minutes=70)
    effect = absences.create(here.session, here.admin, doctor_id, EMERGENCY, now=late)
    assert [view.id for view in effect.affected] == [booked.id]
    assert here.row(booked.id).status == "CANCELLED"


def test_past_appointments_are_left_alone(here: Clinic) -> None:
    doctor_id = here.doctor()
    booked = here.book(doctor_id, here.patient(), time(9))
    later = NOW + timedelta(hours=3)
    effect = absences.create(here.session, here.admin, doctor_id, EMERGENCY, now=later)
    assert effect.affected == []
    assert here.row(booked.id).status == "SCHEDULED"


@pytest.mark.parametrize(
    ("wanted", "fields"),
    [
        (replace(LEAVE, start_date=MONDAY - DAY), ["startDate"]),
        (replace(LEAVE, end_date=MONDAY - DAY), ["endDate"]),
        (replace(PART, end_time=time(10)), ["endTime"]),
        (replace(PART, is_full_day=True), ["startTime"]),
        (replace(LEAVE, reason="a\0"), ["reason"]),
        (replace(LEAVE, end_date=MONDAY - DAY, reason="x" * 2001), ["endDate", "reason"]),
    ],
)
def test_an_absence_has_to_be_right(here: Clinic, wanted: NewAbsence, fields: list[str]) -> None:
    doctor_id = here.doctor()
    for call in (absences.create, absences.preview):
        with pytest.raises(InvalidInput) as caught:
            call(here.session, here.admin, doctor_id, wanted, now=NOW)
        assert [field for field, _ in caught.value.errors] == fields
    assert here.count(DoctorAbsence) == 0


@pytest.mark.parametrize(
    ("other", "overlaps"),
    [
        (LEAVE, True),
        (PART, True),
        (replace(LEAVE, start_date=TUESDAY + DAY, end_date=TUESDAY + DAY), False),
    ],
)
def test_two_absences_of_a_doctor_share_no_time(here: Clinic, other: NewAbsence, overlaps: bool) -> None:  # noqa: FBT001
    doctor_id = here.doctor()
    made(here, doctor_id, LEAVE)
    for call in (absences.preview, absences.create):
        if not overlaps:
            call(here.session, here.admin, doctor_id, other, now=NOW)
            continue
        with pytest.raises(Refused) as caught:
            call(here.session, here.admin, doctor_id, other, now=NOW)
        assert caught.value.refusal.code is Code.ABSENCE_OVERLAP
        assert caught.value.refusal.facts == {"first_day": MONDAY, "last_day": TUESDAY}
    create(here, here.doctor(), other)


def test_two_parts_of_one_day_are_allowed_beside_each_other(here: Clinic) -> None:
    doctor_id = here.doctor()
    made(here, doctor_id, PART)
    made(here, doctor_id, replace(PART, start_time=time(12), end_time=time(13)))
    with pytest.raises(Refused):
        create(here, doctor_id, replace(PART, start_time=time(11, 59), end_time=time(12, 30)))


def test_a_cancelled_absence_is_in_nobodys_way(here: Clinic) -> None:
    doctor_id = here.doctor()
    cancel(here, doctor_id, made(here, doctor_id))
    made(here, doctor_id)


def test_only_the_doctor_or_an_admin_has_a_say(here: Clinic, elsewhere: Clinic) -> None:
    doctor_id, other_id = here.doctor(), here.doctor()
    absence_id = made(here, doctor_id)
    doctor = replace(here.actor, role=Role.DOCTOR, doctor_id=other_id)

    def answers(actor: Actor, whose: UUID) -> set[Code]:
        calls = (
            lambda: absences.create(here.session, actor, whose, LEAVE, now=NOW),
            lambda: absences.preview(here.session, actor, whose, LEAVE, now=NOW),
            lambda: absences.change(here.session, actor, whose, absence_id, AbsenceChange(), now=NOW),
            lambda: absences.preview_change(here.session, actor, whose, absence_id, AbsenceChange(), now=NOW),
            lambda: absences.cancel(here.session, actor, whose, absence_id, now=NOW),
        )
        codes = set()
        for call in calls:
            with pytest.raises(Refused) as caught:
                call()
            codes.add(caught.value.refusal.code)
        return codes

    assert answers(here.actor, doctor_id) == {Code.FORBIDDEN}
    assert answers(doctor, doctor_id) == {Code.FORBIDDEN}
    assert answers(elsewhere.admin, doctor_id) == {Code.DOCTOR_NOT_FOUND}
    assert answers(here.admin, uuid4()) == {Code.DOCTOR_NOT_FOUND}
    assert create(here, other_id, LEAVE, doctor).absence is not None


def test_another_doctors_absence_does_not_exist(here: Clinic, elsewhere: Clinic) -> None:
    doctor_id, other_id = here.doctor(), here.doctor()
    absence_id = made(here, doctor_id)
    for actor, whose, which in (
        (here.admin, other_id, absence_id),
        (here.admin, doctor_id, uuid4()),
        (elsewhere.admin, doctor_id, absence_id),
    ):
        with pytest.raises(Refused) as caught:
            absences.get(here.session, actor, whose, which)
        assert caught.value.refusal.code is Code.ABSENCE_NOT_FOUND
    assert absences.get(here.session, here.actor, doctor_id, absence_id).id == absence_id
