"""The hospital's holidays, and what they do to appointments."""

from datetime import date, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from hms_web.domain.affected import AffectedCause
from hms_web.domain.messages import MessageEvent
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.domain.slots import ClosedReason, SlotStatus
from hms_web.models import AuditEvent, HospitalHoliday, Notification
from hms_web.services import holidays, slots
from hms_web.services.appointments import AppointmentView
from hms_web.services.holidays import HolidayChange, HolidayEffect, NewHoliday
from tests.scenes import MONDAY, NOW, Clinic

DAY = timedelta(days=1)
TUESDAY = MONDAY + DAY


def create(here: Clinic, day: date = TUESDAY, name: str = "Holi", **columns: object) -> HolidayEffect:
    given: dict[str, Any] = columns
    return holidays.create(here.session, here.admin, NewHoliday(name, day, **given), now=NOW)


def change(here: Clinic, holiday_id: UUID, **wanted: object) -> HolidayEffect:
    given: dict[str, Any] = wanted
    return holidays.change(here.session, here.admin, holiday_id, HolidayChange(**given), now=NOW)


def cause(here: Clinic, booked: AppointmentView) -> str | None:
    return here.row(booked.id).affected_cause


def book(here: Clinic, day: date, at: time = time(10)) -> AppointmentView:
    return here.book(here.doctor(), here.patient(), at, day)


def test_a_holiday_closes_its_day_and_lists_who_was_booked(here: Clinic) -> None:
    doctor_id = here.doctor()
    booked, other = here.book(doctor_id, here.patient(), time(10), TUESDAY), book(here, TUESDAY)
    before = book(here, MONDAY)
    foretold = holidays.preview(here.session, here.admin, NewHoliday("Holi", TUESDAY), now=NOW)
    effect = create(here, name=" Holi ", description=" Closed. ")
    assert {view.id for view in effect.affected} == {view.id for view in foretold.affected} == {booked.id, other.id}
    assert {view.affected_cause for view in effect.affected} == {AffectedCause.HOLIDAY}
    assert (effect.holiday.name, effect.holiday.description, effect.holiday.is_active) == ("Holi", "Closed.", True)
    assert cause(here, before) is None
    assert here.count(Notification, event=MessageEvent.AFFECTED_BY_HOLIDAY) == 4
    day = slots.of_date(here.session, here.actor, doctor_id, TUESDAY, now=NOW)
    assert (day.closed_reason, day.closed_note) == (ClosedReason.HOLIDAY, "Holi")
    seen = [(slot.status, slot.taken and slot.taken.appointment_id) for slot in day.items]
    assert seen == [(SlotStatus.BOOKED, booked.id)], "nothing is offered, and whoever is booked is seen"
    event = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "holiday.created")).one()
    assert (event.details["date"], event.details["affected"]) == ("2026-03-03", 2)


def test_a_recurring_holiday_closes_the_day_of_every_year(here: Clinic) -> None:
    booked = book(here, TUESDAY)
    effect = create(here, TUESDAY.replace(year=2019), is_recurring=True)
    assert [view.id for view in effect.affected] == [booked.id]


def test_today_can_become_a_holiday_for_those_still_to_come(here: Clinic) -> None:
    gone, coming = book(here, MONDAY, time(9)), book(here, MONDAY, time(12))
    effect = holidays.create(
        here.session, here.admin, NewHoliday("Mourning", MONDAY), now=NOW + timedelta(hours=2, minutes=1)
    )
    assert [view.id for view in effect.affected] == [coming.id]
    assert cause(here, gone) is None


@pytest.mark.parametrize(
    ("columns", "fields"),
    [({"name": " "}, ["name"]), ({"name": "x" * 121, "description": "\0"}, ["name", "description"])],
)
def test_a_holiday_has_to_be_right(here: Clinic, columns: dict[str, Any], fields: list[str]) -> None:
    calls = (
        lambda: create(here, **columns),
        lambda: holidays.preview(here.session, here.admin, NewHoliday(date=TUESDAY, **columns), now=NOW),
        lambda: change(here, uuid4(), **columns),
    )
    for call in calls:
        with pytest.raises(InvalidInput) as caught:
            call()
        assert [field for field, _ in caught.value.errors] == fields


@pytest.mark.parametrize(
    ("first", "second", "taken"),
    [
        ((TUESDAY, False), (TUESDAY, False), True),
        ((TUESDAY, True), (TUESDAY.replace(year=2020), True), True),
        ((TUESDAY, True), (TUESDAY, False), False),
        ((TUESDAY, False), (TUESDAY.replace(year=2027), False), False),
        ((TUESDAY, True), (MONDAY, True), False),
    ],
)
def test_a_day_is_closed_once(
    here: Clinic,
    first: tuple[date, bool],
    second: tuple[date, bool],
    taken: bool,  # noqa: FBT001
) -> None:
    create(here, first[0], is_recurring=first[1])
    wanted = NewHoliday("Other", second[0], is_recurring=second[1])
    for call in (holidays.preview, holidays.create):
        if not taken:
            call(here.session, here.admin, wanted, now=NOW)
            continue
        with pytest.raises(Refused) as caught:
            call(here.session, here.admin, wanted, now=NOW)
        assert (caught.value.refusal.code, caught.value.refusal.facts) == (Code.HOLIDAY_EXISTS, {"name": "Holi"})


def test_deleting_settles_what_was_affected(here: Clinic) -> None:
    booked = book(here, TUESDAY)
    holiday = create(here).holiday
    holidays.delete(here.session, here.admin, holiday.id, now=NOW)
    assert cause(here, booked) is None
    assert here.count(HospitalHoliday) == 0
    event = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "holiday.deleted")).one()
    assert event.details["name"] == "Holi"


def test_what_another_reason_speaks_against_stays_affected(here: Clinic) -> None:
    doctor_id = here.doctor()
    booked = here.book(doctor_id, here.patient(), time(10), TUESDAY)
    once = create(here).holiday
    yearly = create(here, is_recurring=True).holiday
    here.absence(doctor_id, TUESDAY, TUESDAY)
    holidays.delete(here.session, here.admin, once.id, now=NOW)
    assert cause(here, booked) == AffectedCause.HOLIDAY
    holidays.delete(here.session, here.admin, yearly.id, now=NOW)
    assert cause(here, booked) == AffectedCause.ABSENCE


def test_switching_off_and_on_again(here: Clinic) -> None:
    booked = book(here, TUESDAY)
    holiday = create(here).holiday
    off = change(here, holiday.id, is_active=False)
    assert (off.affected, off.holiday.days, cause(here, booked)) == ([], None, None)
    create(here, name="Other")
    with pytest.raises(Refused) as caught:
        change(here, holiday.id, is_active=True)
    assert caught.value.refusal.code is Code.HOLIDAY_EXISTS
    moved = change(here, holiday.id, is_active=True, date=MONDAY)
    assert (moved.holiday.is_active, moved.holiday.date) == (True, MONDAY)


def test_moving_a_holiday_moves_its_marks(here: Clinic) -> None:
    left, reached = book(here, TUESDAY), book(here, MONDAY)
    holiday = create(here).holiday
    effect = change(here, holiday.id, date=MONDAY)
    assert [view.id for view in effect.affected] == [reached.id]
    assert cause(here, left) is None
    assert cause(here, reached) == AffectedCause.HOLIDAY


def test_a_change_of_words_affects_nobody_anew(here: Clinic) -> None:
    booked = book(here, TUESDAY)
    holiday = create(here).holiday
    effect = change(here, holiday.id, name="Festival", description="Closed", is_recurring=True)
    assert effect.affected == []
    assert cause(here, booked) == AffectedCause.HOLIDAY
    assert here.count(Notification, event=MessageEvent.AFFECTED_BY_HOLIDAY) == 2
    event = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "holiday.changed")).one()
    assert event.details["changes"]["name"] == {"from": "Holi", "to": "Festival"}
    change(here, holiday.id, name="Festival")
    assert here.count(AuditEvent, action="holiday.changed") == 1


def test_another_hospitals_holiday_does_not_exist(here: Clinic, elsewhere: Clinic) -> None:
    holiday = create(here).holiday
    assert holidays.get(here.session, here.actor, holiday.id) == holiday
    for key in (holiday.id, uuid4()):
        for call in (
            lambda wanted: holidays.get(elsewhere.session, elsewhere.actor, wanted),
            lambda wanted: change(elsewhere, wanted, name="Mine"),
            lambda wanted: holidays.delete(elsewhere.session, elsewhere.admin, wanted, now=NOW),
        ):
            with pytest.raises(Refused) as caught:
                call(key)
            assert caught.value.refusal.code is Code.HOLIDAY_NOT_FOUND
    assert create(elsewhere).holiday.name == "Holi"
    assert here.count(HospitalHoliday) == 2


def test_holidays_are_listed_by_date_a_page_at_a_time(here: Clinic, elsewhere: Clinic) -> None:
    create(elsewhere)
    made = [create(here, MONDAY + n * DAY).holiday for n in (3, 1, 2)]
    in_order = [made[1], made[2], made[0]]
    assert holidays.list_holidays(here.session, here.actor).items == in_order
    cut = holidays.list_holidays(here.session, here.actor, limit=2)
    assert cut.items == in_order[:2]
    assert holidays.list_holidays(here.session, here.actor, limit=2, cursor=cut.next_cursor).items == in_order[2:]
