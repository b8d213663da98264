"""Doctors' leave: what changing and cancelling it does, and how it is listed."""

from dataclasses import replace
from datetime import time
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.domain.absences import AbsenceStatus, AbsenceType
from hms_web.domain.affected import AffectedCause
from hms_web.domain.messages import MessageEvent
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.domain.slots import SlotStatus
from hms_web.models import AuditEvent, DoctorAbsence
from hms_web.services import absences, outbox
from hms_web.services.absences import AbsenceChange, NewAbsence
from tests.scenes import MONDAY, NOW, Clinic
from tests.services.absence_scenes import (
    DAY,
    LEAVE,
    PART,
    TUESDAY,
    cancel,
    cause,
    change,
    create,
    made,
    messages,
    statuses,
)


def test_cancelling_opens_the_time_again_and_settles_appointments(here: Clinic) -> None:
    doctor_id = here.doctor()
    booked = here.book(doctor_id, here.patient(), time(10))
    absence_id = made(here, doctor_id)
    assert cause(here, booked) == AffectedCause.ABSENCE
    assert cancel(here, doctor_id, absence_id).status is AbsenceStatus.CANCELLED
    assert cause(here, booked) is None
    assert statuses(here, doctor_id)["09:00"] is SlotStatus.AVAILABLE
    assert here.count(AuditEvent, record_id=absence_id, action="absence.cancelled") == 1
    assert cancel(here, doctor_id, absence_id).status is AbsenceStatus.CANCELLED
    assert here.count(AuditEvent, record_id=absence_id, action="absence.cancelled") == 1


def test_an_appointment_stays_affected_while_something_else_speaks_against_it(here: Clinic) -> None:
    doctor_id = here.doctor()
    booked = here.book(doctor_id, here.patient(), time(10))
    absence_id = made(here, doctor_id)
    here.holiday(MONDAY)
    cancel(here, doctor_id, absence_id)
    assert cause(here, booked) == AffectedCause.HOLIDAY


def test_a_mark_of_another_cause_is_not_lifted(here: Clinic) -> None:
    doctor_id = here.doctor()
    booked = here.book(doctor_id, here.patient(), time(10))
    here.row(booked.id).affected_cause = AffectedCause.SCHEDULE_CHANGE
    here.session.commit()
    absence_id = made(here, doctor_id)
    assert messages(here, MessageEvent.AFFECTED_BY_ABSENCE) == 0
    cancel(here, doctor_id, absence_id)
    assert cause(here, booked) == AffectedCause.SCHEDULE_CHANGE


def test_of_two_parts_only_the_cancelled_one_settles(here: Clinic) -> None:
    doctor_id = here.doctor()
    morning = here.book(doctor_id, here.patient(), time(10))
    noon = here.book(doctor_id, here.patient(), time(12))
    absence_id = made(here, doctor_id, PART)
    made(here, doctor_id, replace(PART, start_time=time(12), end_time=time(13)))
    cancel(here, doctor_id, absence_id)
    assert cause(here, morning) is None
    assert cause(here, noon) == AffectedCause.ABSENCE


def test_extending_affects_only_the_added_time(here: Clinic) -> None:
    doctor_id = here.doctor()
    first = here.book(doctor_id, here.patient(), time(10))
    second = here.book(doctor_id, here.patient(), time(10), TUESDAY)
    absence_id = made(here, doctor_id, replace(LEAVE, end_date=MONDAY))
    foretold = absences.preview_change(
        here.session, here.admin, doctor_id, absence_id, AbsenceChange(end_date=TUESDAY), now=NOW
    )
    effect = change(here, doctor_id, absence_id, end_date=TUESDAY)
    for told in (foretold, effect):
        assert [view.id for view in told.affected] == [second.id]
        assert (told.warning_count, told.notified_patients) == (1, 1)
    assert cause(here, first) == cause(here, second) == AffectedCause.ABSENCE
    assert messages(here, MessageEvent.AFFECTED_BY_ABSENCE) == 4
    event = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "absence.changed")).one()
    assert event.details["changes"] == {"end_date": {"from": "2026-03-02", "to": "2026-03-03"}}


def test_moving_moves_the_blocks_and_the_marks(here: Clinic) -> None:
    doctor_id = here.doctor()
    left = here.book(doctor_id, here.patient(), time(10))
    reached = here.book(doctor_id, here.patient(), time(15))
    absence_id = made(here, doctor_id, PART)
    change(here, doctor_id, absence_id, start_time=time(14), end_time=time(16))
    assert cause(here, left) is None
    assert cause(here, reached) == AffectedCause.ABSENCE
    shown = statuses(here, doctor_id)
    assert [at for at, status in shown.items() if status is SlotStatus.BLOCKED] == ["14:00", "14:30", "15:30"]


def test_becoming_an_emergency_cancels_everything_in_its_time(here: Clinic) -> None:
    doctor_id = here.doctor()
    booked = here.book(doctor_id, here.patient(), time(10))
    absence_id = made(here, doctor_id)
    wanted = AbsenceChange(absence_type=AbsenceType.EMERGENCY)
    foretold = absences.preview_change(here.session, here.admin, doctor_id, absence_id, wanted, now=NOW)
    assert foretold.cancelled_appointments == 1
    assert here.row(booked.id).status == "SCHEDULED"
    effect = change(here, doctor_id, absence_id, absence_type=AbsenceType.EMERGENCY)
    assert effect.cancelled_appointments == 1
    assert here.row(booked.id).status == "CANCELLED"
    assert cause(here, booked) is None
    again = change(here, doctor_id, absence_id, absence_type=AbsenceType.EMERGENCY, reason="Accident")
    assert (again.affected, again.cancelled_appointments) == ([], 0)


@pytest.mark.parametrize(
    ("start", "wanted", "end"),
    [
        (LEAVE, {"is_full_day": False, "end_date": MONDAY, "start_time": time(9), "end_time": time(10)}, PART),
        (PART, {"is_full_day": True}, LEAVE),
        (PART, {"reason": "Course"}, PART),
    ],
)
def test_days_become_hours_and_hours_days(
    here: Clinic, start: NewAbsence, wanted: dict[str, object], end: NewAbsence
) -> None:
    doctor_id = here.doctor()
    absence = change(here, doctor_id, made(here, doctor_id, start), **wanted).absence
    assert absence is not None
    assert absence.is_full_day is end.is_full_day


def test_an_absence_that_has_begun_keeps_its_first_day_and_may_end_sooner_or_later(here: Clinic) -> None:
    doctor_id = here.doctor()
    absence_id = here.absence(doctor_id, MONDAY - 3 * DAY, TUESDAY)
    absence = change(here, doctor_id, absence_id, end_date=MONDAY).absence
    assert absence is not None
    assert absence.end_date == MONDAY
    with pytest.raises(InvalidInput) as caught:
        change(here, doctor_id, absence_id, start_date=MONDAY - DAY)
    assert [field for field, _ in caught.value.errors] == ["startDate"]


def test_a_change_has_to_leave_others_room_and_a_cancelled_one_stays(here: Clinic) -> None:
    doctor_id = here.doctor()
    first = made(here, doctor_id, replace(LEAVE, end_date=MONDAY))
    made(here, doctor_id, replace(LEAVE, start_date=TUESDAY))
    with pytest.raises(Refused) as caught:
        change(here, doctor_id, first, end_date=TUESDAY)
    assert caught.value.refusal.code is Code.ABSENCE_OVERLAP
    assert change(here, doctor_id, first).affected == []
    assert here.count(AuditEvent, action="absence.changed") == 0
    cancel(here, doctor_id, first)
    with pytest.raises(Refused) as caught:
        change(here, doctor_id, first, reason="x")
    assert caught.value.refusal.code is Code.ABSENCE_NOT_FOUND


def test_absences_are_listed_by_date_and_narrowed(here: Clinic, elsewhere: Clinic) -> None:
    doctor_id, other_id = here.doctor(), here.doctor()
    late = made(here, doctor_id, replace(LEAVE, start_date=MONDAY + 9 * DAY, end_date=MONDAY + 9 * DAY))
    early = made(here, doctor_id)
    others = made(here, other_id, replace(LEAVE, start_date=MONDAY + 5 * DAY, end_date=MONDAY + 5 * DAY))
    cancel(here, doctor_id, early)

    def listed(*whose: UUID, **filters: object) -> list[UUID]:
        given: dict[str, Any] = filters
        page = absences.list_absences(here.session, here.actor, *whose, **given)
        return [absence.id for absence in page.items]

    assert listed() == [early, others, late]
    assert listed(doctor_id) == [early, late]
    assert listed(doctor_id, status=AbsenceStatus.ACTIVE) == [late]
    assert listed(first=TUESDAY) == [early, others, late]
    assert listed(first=TUESDAY + DAY) == [others, late]
    assert listed(last=MONDAY + 5 * DAY) == [early, others]
    assert absences.list_absences(elsewhere.session, elsewhere.actor).items == []
    cut = absences.list_absences(here.session, here.actor, limit=2)
    assert listed(limit=2, cursor=cut.next_cursor) == [late]


def test_a_failure_on_the_way_leaves_nothing_behind(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    doctor_id = here.doctor()
    booked = here.book(doctor_id, here.patient(), time(10))

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(outbox, "queue", fail)
    with pytest.raises(RuntimeError):
        create(here, doctor_id)
    assert here.count(DoctorAbsence) == 0
    assert cause(here, booked) is None
