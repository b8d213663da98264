"""What changing, switching off and deleting a holiday is foretold to do, and does."""

from datetime import time, timedelta

import sqlalchemy as sa

from hms_web.domain.affected import AffectedCause
from hms_web.models import Appointment, AuditEvent
from hms_web.services import holidays
from hms_web.services.holidays import HolidayChange, NewHoliday
from tests.scenes import MONDAY, NOW, Clinic

TUESDAY = MONDAY + timedelta(days=1)


def test_who_gets_the_time_back_and_who_stays_and_why(here: Clinic) -> None:
    doctor, away = here.doctor(), here.doctor()
    begun, back, kept = (here.book(doctor, here.patient(), at) for at in (time(9), time(11), time(12)))
    stays = here.book(away, here.patient(), time(10))
    holiday = holidays.create(here.session, here.admin, NewHoliday("Holi", MONDAY), now=NOW).holiday
    here.absence(away, MONDAY, MONDAY)
    kept_now = {"affected_cause": None, "affected_at": None, "kept_cause": "HOLIDAY"}
    here.session.execute(sa.update(Appointment).where(Appointment.id == kept.id).values(kept_now))
    here.session.commit()
    events = here.count(AuditEvent)
    at = begun.starts_at + timedelta(minutes=5)
    foretold = holidays.preview_delete(here.session, here.admin, holiday.id, now=at)
    off = holidays.preview_change(here.session, here.admin, holiday.id, HolidayChange(is_active=False), now=at)
    assert foretold == off
    assert foretold.affected == ()
    assert [view.id for view in foretold.settled] == [back.id]
    assert {(view.id, cause) for view, cause in foretold.remaining} == {
        (begun.id, None), (stays.id, AffectedCause.ABSENCE),
    }  # fmt: skip
    assert here.count(AuditEvent) == events
    holidays.delete(here.session, here.admin, holiday.id, now=at)
    causes = {key: here.row(key).affected_cause for key in (begun.id, back.id, kept.id, stays.id)}
    assert causes == {begun.id: "HOLIDAY", back.id: None, kept.id: None, stays.id: "ABSENCE"}


def test_another_holiday_on_the_same_day_holds_them(here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10))
    single = holidays.create(here.session, here.admin, NewHoliday("Holi", MONDAY), now=NOW).holiday
    holidays.create(here.session, here.admin, NewHoliday("Holi", MONDAY, is_recurring=True), now=NOW)
    foretold = holidays.preview_delete(here.session, here.admin, single.id, now=NOW)
    assert [(view.id, cause) for view, cause in foretold.remaining] == [(booked.id, AffectedCause.HOLIDAY)]


def test_another_day_says_both_sides(here: Clinic) -> None:
    doctor = here.doctor()
    first, second = here.book(doctor, here.patient(), time(10)), here.book(doctor, here.patient(), time(10), TUESDAY)
    holiday = holidays.create(here.session, here.admin, NewHoliday("Holi", MONDAY), now=NOW).holiday
    wanted = HolidayChange(name="Holi", date=TUESDAY)
    foretold = holidays.preview_change(here.session, here.admin, holiday.id, wanted, now=NOW)
    assert ([view.id for view in foretold.affected], [view.id for view in foretold.settled]) == (
        [second.id], [first.id],
    )  # fmt: skip
    same = holidays.preview_change(here.session, here.admin, holiday.id, HolidayChange(name="Rang"), now=NOW)
    assert same.concerned == []
    changed = holidays.change(here.session, here.admin, holiday.id, wanted, now=NOW)
    assert [view.id for view in changed.affected] == [second.id]
