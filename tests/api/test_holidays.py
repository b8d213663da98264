"""`/holidays/import`, and holidays that are over."""

from datetime import date, time

import pytest

from hms_web.models import HospitalHoliday
from tests.api.callers import Caller, body_of, code, fields
from tests.scenes import Clinic

IMPORT = "/holidays/import"


def test_a_year_is_taken_over_and_twice_changes_nothing(admin: Caller, here: Clinic) -> None:
    booked = here.book(here.doctor(), here.patient(), time(10), date(2026, 3, 4))
    done = body_of(admin.post(IMPORT, {"country": "IN", "year": 2026}, Idempotency_Key="a"))
    assert body_of(admin.post(IMPORT, {"country": "IN", "year": 2026}, Idempotency_Key="a")) == done
    assert ("Holi", "2026-03-04", False, True) in {
        (item["name"], item["date"], item["isRecurring"], item["isActive"]) for item in done["imported"]
    }
    assert {"name": "Republic Day", "date": "2026-01-26", "state": "PAST"} in done["leftOut"]
    assert [(item["id"], item["cause"]) for item in done["affectedAppointments"]] == [(str(booked.id), "HOLIDAY")]
    again = body_of(admin.post(IMPORT, {"country": "IN", "year": 2026}))
    assert (again["imported"], again["affectedAppointments"]) == ([], [])
    assert {"name": "Holi", "date": "2026-03-04", "state": "THERE"} in again["leftOut"]


def test_a_part_of_a_country(admin: Caller) -> None:
    done = body_of(admin.post(IMPORT, {"country": "IN", "subdivision": "KA", "year": 2026}))
    assert "Karnataka Rajyotsava" in {item["name"] for item in done["imported"]}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"country": "XX"}, "country"),
        ({"country": ""}, "country"),
        ({"country": 5}, "country"),
        ({"subdivision": "ZZ"}, "subdivision"),
        ({"year": 2025}, "year"),
        ({"year": 2032}, "year"),
        ({"year": 10**40}, "year"),
        ({"year": "2026"}, "year"),
        ({"hospitalId": "x"}, "hospitalId"),
    ],
)
def test_what_is_not_known_names_its_field(admin: Caller, here: Clinic, wrong: dict[str, object], field: str) -> None:
    assert fields(admin.post(IMPORT, {"country": "IN", "year": 2026} | wrong)) == [field]
    assert here.count(HospitalHoliday) == 0


def test_administrators_only(reception: Caller) -> None:
    assert code(reception.post(IMPORT, {"country": "IN", "year": 2026})) == (403, "FORBIDDEN")


def test_a_single_day_that_is_over_is_refused(admin: Caller) -> None:
    assert fields(admin.post("/holidays", {"name": "Gone", "date": "2026-03-01"})) == ["date"]
    body_of(admin.post("/holidays", {"name": "Every year", "date": "2020-03-01", "isRecurring": True}))
    made = body_of(admin.post("/holidays", {"name": "To come", "date": "2026-03-05"}))["holiday"]
    assert fields(admin.patch(f"/holidays/{made['id']}", {"date": "2026-02-05"})) == ["date"]
    body_of(admin.patch(f"/holidays/{made['id']}", {"name": "Other words"}))
