"""Taking over a country's public holidays: a preview, one transaction, and nothing the second time."""

from datetime import date, time

import pytest
import sqlalchemy as sa

from hms_web.domain.holiday_import import ImportState
from hms_web.domain.messages import MessageEvent
from hms_web.domain.refusals import InvalidInput
from hms_web.models import AuditEvent, HospitalHoliday, Notification
from hms_web.services import holiday_import, holidays, outbox, public_holidays
from hms_web.services.holiday_import import Imported, Source
from hms_web.services.holidays import HolidayChange, NewHoliday
from tests.scenes import NOW, Clinic

INDIA = Source("IN", 2026)
HOLI = date(2026, 3, 4)
REPUBLIC_DAY, INDEPENDENCE_DAY = date(2026, 1, 26), date(2026, 8, 15)


def take_over(here: Clinic, source: Source = INDIA, only: set[date] | None = None) -> Imported:
    return holiday_import.run(here.session, here.admin, source, only=only, now=NOW)


def test_a_year_is_taken_over_with_whom_it_concerns(here: Clinic) -> None:
    doctor_id = here.doctor()
    booked = here.book(doctor_id, here.patient(), time(10), HOLI)
    other = here.book(doctor_id, here.patient(), time(10), date(2026, 3, 5))
    foretold = {
        item.candidate.holiday.date: item for item in holiday_import.preview(here.session, here.admin, INDIA, now=NOW)
    }
    assert [view.id for view in foretold[HOLI].affected] == [booked.id]
    assert foretold[HOLI].is_new
    assert foretold[REPUBLIC_DAY].candidate.state is ImportState.PAST
    assert here.count(HospitalHoliday) == 0
    done = take_over(here)
    assert {view.date for view in done.added} == {day for day, item in foretold.items() if item.is_new}
    assert [item.holiday.date for item in done.left_out] == [day for day, item in foretold.items() if not item.is_new]
    assert [(view.id, view.affected_cause) for view in done.affected] == [(booked.id, "HOLIDAY")]
    assert here.row(other.id).affected_cause is None
    assert here.count(Notification, event=MessageEvent.AFFECTED_BY_HOLIDAY) == len(outbox.PATIENT_CHANNELS)
    names = {view.date: view.name for view in done.added}
    assert names[INDEPENDENCE_DAY] == "Independence Day"
    events = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "holiday.created")).all()
    details = {event.details["date"]: event.details for event in events}
    assert details["2026-03-04"] == {
        "name": "Holi", "date": "2026-03-04", "is_recurring": False, "source": "IN", "affected": 1,
    }  # fmt: skip
    assert details["2026-08-15"]["affected"] == 0


def test_twice_changes_nothing(here: Clinic) -> None:
    first = take_over(here)
    written = here.count(HospitalHoliday), here.count(AuditEvent), here.count(Notification)
    again = take_over(here)
    assert (again.added, again.affected) == ([], [])
    assert len(again.left_out) == len(first.added) + len(first.left_out)
    assert (here.count(HospitalHoliday), here.count(AuditEvent), here.count(Notification)) == written


def test_what_was_switched_off_stays_off_and_what_recurs_is_there(here: Clinic) -> None:
    recurring = NewHoliday("Our own", INDEPENDENCE_DAY.replace(year=2020), is_recurring=True)
    holidays.create(here.session, here.admin, recurring, now=NOW)
    holi = holidays.create(here.session, here.admin, NewHoliday("Holi", HOLI), now=NOW).holiday
    holidays.change(here.session, here.admin, holi.id, HolidayChange(is_active=False), now=NOW)
    states = {item.holiday.date: item.state for item in take_over(here).left_out}
    assert (states[INDEPENDENCE_DAY], states[HOLI]) == (ImportState.THERE, ImportState.SWITCHED_OFF)
    assert not holidays.get(here.session, here.admin, holi.id).is_active


def test_only_the_chosen_days_are_added(here: Clinic) -> None:
    done = take_over(here, only={HOLI, REPUBLIC_DAY, date(2026, 3, 5)})
    assert [(view.name, view.date) for view in done.added] == [("Holi", HOLI)]


def test_a_part_of_a_country_has_days_of_its_own(here: Clinic) -> None:
    done = take_over(here, Source("IN", 2026, "KA"))
    assert "Karnataka Rajyotsava" in {view.name for view in done.added}
    event = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "holiday.created")).first()
    assert event is not None
    assert event.details["source"] == "IN-KA"


def test_each_hospital_has_its_own(here: Clinic, elsewhere: Clinic) -> None:
    take_over(here)
    assert holidays.list_holidays(elsewhere.session, elsewhere.admin).items == []


@pytest.mark.parametrize(
    ("source", "field", "words"),
    [
        (Source("XX", 2026), "country", "two letters"),
        (Source("in", 2026), "country", "two letters"),
        (Source("IN", 2026, "ZZ"), "subdivision", "one of: AN, AP,"),
        (Source("AF", 2026, "ZZ"), "subdivision", "not divided"),
        (Source("IN", 2025), "year", "from 2026 to 2031"),
        (Source("IN", 10**30), "year", "from 2026 to 2031"),
    ],
)
def test_what_is_not_known_is_said(here: Clinic, source: Source, field: str, words: str) -> None:
    for call in (holiday_import.preview, holiday_import.run):
        with pytest.raises(InvalidInput) as caught:
            call(here.session, here.admin, source, now=NOW)
        [(named, sentence)] = caught.value.errors
        assert named == field
        assert words in sentence
    assert here.count(HospitalHoliday) == 0


def test_a_failure_on_the_way_leaves_nothing_behind(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10), HOLI)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(outbox, "queue", fail)
    with pytest.raises(RuntimeError):
        take_over(here)
    assert here.count(HospitalHoliday) == 0
    assert here.row(booked.id).affected_cause is None


def test_parts_have_names_and_time_zones_a_country() -> None:
    assert public_holidays.parts("IN")["KA"] == "Karnataka"
    assert public_holidays.parts("AF") == {}
    with pytest.raises(InvalidInput):
        public_holidays.parts("XX")
    assert public_holidays.country_of("Asia/Kolkata") == "IN"
    assert public_holidays.country_of("America/New_York") == "US"
    assert public_holidays.country_of("UTC") is None


def test_every_day_lies_in_the_year_and_has_an_english_name() -> None:
    japan = public_holidays.of_year("JP", None, 2027)
    assert {holiday.date.year for holiday in japan} == {2027}
    assert "Coming of Age Day" in {holiday.name for holiday in japan}
