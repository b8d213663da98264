"""Days that nobody can mean: a time zone would push them over the edge of the calendar."""

import pytest

from tests.scenes import MONDAY
from tests.web.record_scenes import Desk

EDGES = ["9999-12-31", "0001-01-01", "1899-12-31", "9999-01-01"]
LAST_DAYS = ["9998-12-31", "1900-01-01"]


@pytest.mark.parametrize("day", EDGES + LAST_DAYS)
def test_a_page_of_any_day_can_be_looked_at(desk: Desk, day: str) -> None:
    person = desk.reception()
    for path in (
        f"/front-desk?date={day}",
        f"/front-desk/grid?date={day}",
        f"/front-desk/day?date={day}",
        f"/appointments?first={day}",
        f"/appointments?first={day}&last={day}",
        f"/appointments?last={day}",
        f"/appointments/{desk.booked.id}?date={day}",
    ):
        assert person.client.get(path).status_code == 200, path


@pytest.mark.parametrize("day", EDGES)
def test_a_day_over_the_edge_counts_as_not_asked(desk: Desk, day: str) -> None:
    assert f'"{MONDAY}"' in desk.reception().get(f"/front-desk?date={day}").html
    page = desk.reception().get(f"/appointments?first={day}&last={day}")
    # The language switch and the change of user alone have it, in the address that they come back to.
    assert page.html.count(day) == 2 * page.form("/language").values["next"].count(day) == 4


@pytest.mark.parametrize("day", EDGES)
def test_a_form_with_such_a_day_is_refused(desk: Desk, day: str) -> None:
    person = desk.reception()
    token = person.csrf_token("/front-desk")
    place = {"csrf_token": token, "doctor_id": desk.doctor_id, "date": day, "time": "10:00"}
    booked = person.post("/front-desk/book", place | {"patient_id": desk.patient_id})
    assert booked.status == 400
    moved = person.post(f"/front-desk/move?appointment={desk.booked.id}&move={desk.booked.id}", place)
    assert moved.status == 400
    slot = {"csrf_token": token, "slot": f"{day}T10:00/{desk.doctor_id}"}
    assert person.post(f"/appointments/{desk.booked.id}/move", slot).status == 422


@pytest.mark.parametrize("day", EDGES)
def test_a_records_form_says_which_days_it_takes(desk: Desk, day: str) -> None:
    admin = desk.admin()
    holiday = admin.get("/holidays").form("/holidays").send(name="Holi", date=day)
    away = admin.get(f"/doctors/{desk.doctor_id}/absences").form(id="new").send(start_date=day, end_date=day)
    born = admin.get("/patients/new").form("/patients/new").send(name="Asha", phone="9812345678", date_of_birth=day)
    for page in (holiday, away, born):
        assert page.status == 422
        assert "Enter a day from 1900 to 9998." in page.text
