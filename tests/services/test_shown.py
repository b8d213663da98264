"""A change of a doctor's time that concerns others than were shown is not made."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web.domain.absences import AbsenceType
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.schedules import DayHours, DayOfWeek
from hms_web.domain.shown import Shown
from hms_web.models import AuditEvent, Doctor
from hms_web.services import absences, doctors, holiday_import, holidays, schedules, users
from hms_web.services.absences import AbsenceChange, NewAbsence
from hms_web.services.doctors import DoctorChange
from hms_web.services.holiday_import import Source
from hms_web.services.holidays import HolidayChange, NewHoliday
from hms_web.services.users import UserChange
from tests.scenes import MONDAY, NOW, Clinic
from tests.services.absence_scenes import DAY, EMERGENCY, LEAVE, made

HOLI = MONDAY + 2 * DAY
SHORT = [DayHours(day, time(12), time(14)) for day in DayOfWeek]


@dataclass
class Scene:
    here: Clinic
    doctor: UUID
    absence: UUID | None = None
    holiday: UUID | None = None


Save = Callable[[Scene, Shown | None], object]


def off(scene: Scene, shown: Shown | None) -> object:
    user = scene.here.session.scalars(sa.select(Doctor.user_id).where(Doctor.id == scene.doctor)).one()
    session, admin = scene.here.session, scene.here.admin
    return users.change(session, admin, user, UserChange(is_active=False), now=NOW, shown=shown)


def doctor(**wanted: object) -> Save:
    change = DoctorChange(**wanted)  # type: ignore[arg-type]
    return lambda s, shown: doctors.change(s.here.session, s.here.admin, s.doctor, change, now=NOW, shown=shown)


def absence(change: AbsenceChange) -> Save:
    def save(s: Scene, shown: Shown | None) -> object:
        assert s.absence
        return absences.change(s.here.session, s.here.admin, s.doctor, s.absence, change, now=NOW, shown=shown)

    return save


def cancelled(s: Scene, shown: Shown | None) -> object:
    assert s.absence
    return absences.cancel(s.here.session, s.here.admin, s.doctor, s.absence, now=NOW, shown=shown)


def holiday(change: HolidayChange | None) -> Save:
    def save(s: Scene, shown: Shown | None) -> object:
        assert s.holiday
        if change is None:
            holidays.delete(s.here.session, s.here.admin, s.holiday, now=NOW, shown=shown)
            return None
        return holidays.change(s.here.session, s.here.admin, s.holiday, change, now=NOW, shown=shown)

    return save


FREE: dict[str, Save] = {
    "emergency": lambda s, shown: absences.create(
        s.here.session, s.here.admin, s.doctor, EMERGENCY, now=NOW, shown=shown
    ),
    "leave": lambda s, shown: absences.create(s.here.session, s.here.admin, s.doctor, LEAVE, now=NOW, shown=shown),
    "hours": lambda s, shown: schedules.replace(s.here.session, s.here.admin, s.doctor, SHORT, now=NOW, shown=shown),
    "holiday": lambda s, shown: holidays.create(
        s.here.session, s.here.admin, NewHoliday("Holi", MONDAY), now=NOW, shown=shown
    ),
    "unavailable": doctor(is_available=False),
    "deactivated": doctor(is_active=False),
    "account": off,
}
IN_LEAVE: dict[str, Save] = {
    "to emergency": absence(AbsenceChange(absence_type=AbsenceType.EMERGENCY)),
    "shortened": absence(AbsenceChange(start_date=MONDAY + DAY)),
    "cancelled": cancelled,
}
ON_HOLIDAY: dict[str, Save] = {
    "moved": holiday(HolidayChange(date=MONDAY + 9 * DAY)),
    "switched off": holiday(HolidayChange(is_active=False)),
    "deleted": holiday(None),
}


def refused(scene: Scene, save: Save, booked: UUID) -> None:
    """Fail unless it is refused without a trace to who saw nobody, and done for who saw the appointment."""
    here = scene.here
    before = here.count(AuditEvent)
    with pytest.raises(Refused) as caught:
        save(scene, Shown(frozenset()))
    assert (caught.value.refusal.code, caught.value.refusal.facts) == (Code.MORE_CONCERNED, {"count": 1})
    assert here.count(AuditEvent) == before
    save(scene, Shown.of_ids([booked]))
    assert here.count(AuditEvent) > before


@pytest.mark.parametrize("save", FREE.values(), ids=FREE.keys())
def test_what_takes_time(here: Clinic, save: Save) -> None:
    scene = Scene(here, here.doctor())
    refused(scene, save, here.book(scene.doctor, here.patient(), time(10)).id)


@pytest.mark.parametrize("save", IN_LEAVE.values(), ids=IN_LEAVE.keys())
def test_leave_that_changes(here: Clinic, save: Save) -> None:
    scene = Scene(here, here.doctor())
    booked = here.book(scene.doctor, here.patient(), time(10))
    scene.absence = made(here, scene.doctor, LEAVE)
    refused(scene, save, booked.id)


@pytest.mark.parametrize("save", ON_HOLIDAY.values(), ids=ON_HOLIDAY.keys())
def test_a_holiday_that_changes(here: Clinic, save: Save) -> None:
    scene = Scene(here, here.doctor())
    booked = here.book(scene.doctor, here.patient(), time(10))
    scene.holiday = holidays.create(here.session, here.admin, NewHoliday("Holi", MONDAY), now=NOW).holiday.id
    refused(scene, save, booked.id)


def test_an_import_concerns_only_who_lies_on_its_days(here: Clinic) -> None:
    scene = Scene(here, here.doctor())
    booked = here.book(scene.doctor, here.patient(), time(10), HOLI)

    def save(s: Scene, shown: Shown | None) -> object:
        source = Source("IN", 2026)
        return holiday_import.run(s.here.session, s.here.admin, source, only=[HOLI], now=NOW, shown=shown)

    other = holiday_import.run(here.session, here.admin, Source("IN", 2026), only=[], now=NOW, shown=Shown(frozenset()))
    assert other.added == []
    refused(scene, save, booked.id)


def test_another_slot_length_says_whom_it_leaves_without_a_time(here: Clinic) -> None:
    scene = Scene(here, here.doctor())
    here.book(scene.doctor, here.patient(), time(10))
    for change in (DoctorChange(slot_duration=15), DoctorChange(slot_duration=15), DoctorChange(is_available=True)):
        doctors.change(here.session, here.admin, scene.doctor, change, now=NOW, shown=Shown(frozenset()))


def test_what_changes_nothing_asks_nothing(here: Clinic) -> None:
    scene = Scene(here, here.doctor())
    here.book(scene.doctor, here.patient(), time(10))
    scene.absence = made(here, scene.doctor, NewAbsence(AbsenceType.OTHER, MONDAY, MONDAY))
    cancelled(scene, None)
    cancelled(scene, Shown(frozenset()))
    week = schedules.weeks_of(here.session, [scene.doctor])[scene.doctor]
    schedules.replace(here.session, here.admin, scene.doctor, week, now=NOW, shown=Shown(frozenset()))
