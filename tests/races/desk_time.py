"""What is done to the doctors' time, each with its preview: what was foretold is what is done."""

from collections.abc import Iterable
from datetime import time, timedelta
from typing import Any

from hms_web.domain.absences import AbsenceType
from hms_web.domain.schedules import DayHours
from hms_web.domain.shown import Concern, Shown, mark
from hms_web.services import (
    absences,
    doctor_previews,
    doctors,
    holidays,
    schedules,
    slot_making,
)
from tests.races.desk import WORKING, Desk


def _hours(desk: Desk) -> tuple[time, time]:
    begin = desk.random.choice([time(0, 10), time(2), time(9), time(9, 10), time(10, 30)])
    return begin, time(begin.hour + desk.random.choice([1, 2]), 30)


KINDS = (AbsenceType.EMERGENCY, AbsenceType.SICK_LEAVE, AbsenceType.OTHER)


def shown(concerned: Iterable[Concern]) -> Shown:
    """What a page showed: exactly these, with what becomes of each."""
    return Shown(frozenset(mark(key, fate) for key, fate in concerned))


def same(foretold: Any, done: Any) -> bool:
    """Whether what was foretold is what was done."""
    counts = [
        (
            {view.id for view in one.affected},
            one.warning_count,
            one.cancelled_appointments,
            one.notified_patients,
        )
        for one in (foretold, done)
    ]
    return counts[0] == counts[1]


def leave(desk: Desk) -> object:
    first, part = desk.day(), desk.random.random() < 0.5
    last = first if part else first + timedelta(days=desk.random.choice([0, 0, 1]))
    wanted = absences.NewAbsence(
        desk.random.choice(KINDS), first, last, not part, *(_hours(desk) if part else (None, None))
    )
    doctor = desk.random.choice(desk.doctors)
    given = desk.session, desk.here.admin, doctor, wanted
    foretold = absences.preview(*given, now=desk.now)
    done = absences.create(*given, now=desk.now, shown=shown(foretold.concerned))
    assert same(foretold, done), (foretold, done)
    return done


def change_leave(desk: Desk) -> object:
    row = desk.one("SELECT * FROM doctor_absences ORDER BY id")
    if row is None:
        return None
    part = desk.random.random() < 0.4
    start, end = _hours(desk) if part else (None, None)
    first = row.start_date if desk.random.random() < 0.7 else desk.day()
    last = first if part else first + timedelta(days=desk.random.choice([0, 1, 2]))
    wanted = absences.AbsenceChange(
        start_date=first,
        absence_type=desk.random.choice([AbsenceType(row.absence_type), *KINDS]),
        end_date=last,
        is_full_day=not part,
        start_time=start,
        end_time=end,
    )
    given = desk.session, desk.here.admin, row.doctor_id, row.id, wanted
    foretold, before = absences.preview_change(*given, now=desk.now), desk.listed()
    done = absences.change(*given, now=desk.now, shown=shown(foretold.concerned))
    assert same(foretold, done), (foretold, done)
    gone = before - desk.listed() - {view.id for view in done.affected}
    assert gone <= {view.id for view in foretold.settled} | {view.id for view in done.affected}, (gone, foretold)
    return done


def come_back(desk: Desk) -> object:
    row = desk.one("SELECT * FROM doctor_absences WHERE status = 'ACTIVE' ORDER BY id")
    if row is None:
        return None
    given = desk.session, desk.here.admin, row.doctor_id, row.id
    foretold = absences.preview_cancel(*given, now=desk.now)
    before = desk.listed()
    done = absences.cancel(*given, now=desk.now, shown=shown(foretold.concerned))
    assert before - desk.listed() == {view.id for view in foretold.settled}, (before, foretold.settled)
    return done


def close_for_a_day(desk: Desk) -> object:
    wanted = holidays.NewHoliday("Holi", desk.day(), desk.random.random() < 0.3)
    foretold = holidays.preview(desk.session, desk.here.admin, wanted, now=desk.now)
    done = holidays.create(desk.session, desk.here.admin, wanted, now=desk.now, shown=shown(foretold.concerned))
    assert {view.id for view in done.affected} == {view.id for view in foretold.affected}
    return done


def change_holiday(desk: Desk) -> object:
    row = desk.one("SELECT id FROM hospital_holidays ORDER BY id")
    wanted = desk.random.choice(
        [
            holidays.HolidayChange(is_active=desk.random.random() < 0.5),
            holidays.HolidayChange(date=desk.day()),
            holidays.HolidayChange(is_recurring=desk.random.random() < 0.5),
        ]
    )
    if row is None:
        return None
    given = desk.session, desk.here.admin, row.id, wanted
    foretold, before = holidays.preview_change(*given, now=desk.now), desk.listed()
    done = holidays.change(*given, now=desk.now, shown=shown(foretold.concerned))
    assert before - desk.listed() == {view.id for view in foretold.settled}
    return done


def open_again(desk: Desk) -> object:
    row = desk.one("SELECT id FROM hospital_holidays ORDER BY id")
    if row is None:
        return None
    foretold = holidays.preview_delete(desk.session, desk.here.admin, row.id, now=desk.now)
    before = desk.listed()
    holidays.delete(desk.session, desk.here.admin, row.id, now=desk.now, shown=shown(foretold.concerned))
    assert before - desk.listed() == {view.id for view in foretold.settled}
    return True


def change_hours(desk: Desk) -> object:
    start = desk.random.choice([time(0), time(1), time(9), time(9, 10)])
    end = desk.random.choice([time(start.hour + 2, 30), time(start.hour + 4)])
    middle = time(start.hour + 1, 10)
    pause = desk.random.choice([(None, None), (middle, time(start.hour + 1, 40))])
    week = [DayHours(day, start, end, *pause) for day in WORKING if desk.random.random() < 0.8]
    given = desk.session, desk.here.admin, desk.random.choice(desk.doctors), week
    foretold = schedules.preview(*given, now=desk.now)
    return schedules.replace(*given, now=desk.now, shown=shown(foretold.concerned))


def _change_doctor(desk: Desk, **wanted: Any) -> object:
    session, admin, doctor = desk.session, desk.here.admin, desk.random.choice(desk.doctors)
    minutes = wanted.get("slot_duration")
    concerned: list[Concern] = []
    if wanted.get("is_available") is False:
        concerned = doctor_previews.by_availability(session, admin, doctor, now=desk.now)
    elif wanted.get("is_active") is False:
        concerned = doctor_previews.by_account(session, admin, doctor, now=desk.now)
    elif minutes:
        concerned = doctor_previews.by_slot_length(session, admin, doctor, minutes, now=desk.now)
    change = doctors.DoctorChange(**wanted)
    return doctors.change(session, admin, doctor, change, now=desk.now, shown=shown(concerned))


def change_length(desk: Desk) -> object:
    return _change_doctor(desk, slot_duration=desk.random.choice([15, 20, 30, 45, 60]))


def change_maximum(desk: Desk) -> object:
    return _change_doctor(desk, max_patients_per_day=desk.random.choice([1, 2, 3, 4, 6]))


def switch(desk: Desk) -> object:
    return _change_doctor(desk, is_available=desk.random.random() < 0.6)


def switch_account(desk: Desk) -> object:
    return _change_doctor(desk, is_active=desk.random.random() < 0.6)


def set_right(desk: Desk) -> object:
    """Let everybody work again, so that life goes on."""
    for doctor in desk.doctors:
        wanted = doctors.DoctorChange(is_available=True, is_active=True)
        doctors.change(desk.session, desk.here.admin, doctor, wanted, now=desk.now)
    return True


def regenerate(desk: Desk) -> object:
    doctor = desk.random.choice(desk.doctors)
    slot_making.regenerate(desk.session, desk.here.admin, doctor, now=desk.now)
    again = slot_making.regenerate(desk.session, desk.here.admin, doctor, now=desk.now)
    assert (again.removed, again.created) == (0, 0)
    return again
