"""What the tests of leave share: leave to enter, and ways to enter, change and cancel it."""

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

from hms_web.domain.absences import AbsenceType
from hms_web.domain.identity import Actor
from hms_web.domain.messages import MessageEvent
from hms_web.domain.slots import SlotStatus
from hms_web.models import Notification
from hms_web.services import absences, slots
from hms_web.services.absences import AbsenceChange, AbsenceEffect, NewAbsence
from hms_web.services.appointments import AppointmentView
from tests.scenes import MONDAY, NOW, Clinic

TUESDAY = MONDAY + timedelta(days=1)
DAY = timedelta(days=1)
LEAVE = NewAbsence(AbsenceType.ANNUAL_LEAVE, MONDAY, TUESDAY)
EMERGENCY = replace(LEAVE, absence_type=AbsenceType.EMERGENCY)
PART = NewAbsence(AbsenceType.TRAINING, MONDAY, MONDAY, is_full_day=False, start_time=time(10), end_time=time(12))


def create(here: Clinic, doctor_id: UUID, wanted: NewAbsence = LEAVE, actor: Actor | None = None) -> AbsenceEffect:
    return absences.create(here.session, actor or here.admin, doctor_id, wanted, now=NOW)


def made(here: Clinic, doctor_id: UUID, wanted: NewAbsence = LEAVE) -> UUID:
    absence = create(here, doctor_id, wanted).absence
    assert absence is not None
    return absence.id


def change(here: Clinic, doctor_id: UUID, absence_id: UUID, **wanted: object) -> AbsenceEffect:
    given: dict[str, Any] = wanted
    return absences.change(here.session, here.admin, doctor_id, absence_id, AbsenceChange(**given), now=NOW)


def cancel(here: Clinic, doctor_id: UUID, absence_id: UUID) -> absences.AbsenceView:
    return absences.cancel(here.session, here.admin, doctor_id, absence_id, now=NOW)


def cause(here: Clinic, booked: AppointmentView) -> str | None:
    return here.row(booked.id).affected_cause


def statuses(here: Clinic, doctor_id: UUID, day: date = MONDAY) -> dict[str, SlotStatus]:
    items = slots.of_date(here.session, here.actor, doctor_id, day, now=NOW).items
    return {f"{slot.start_time:%H:%M}": slot.status for slot in items}


def messages(here: Clinic, event: MessageEvent) -> int:
    return here.count(Notification, event=event)
