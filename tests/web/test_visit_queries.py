"""Boards ask the database as often for many people as for one, and hardly at all when nothing has changed."""

from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest

from hms_web.domain.identity import Role
from hms_web.domain.vitals import Readings
from hms_web.services import vitals
from hms_web.services.consultation_records import ConsultationView
from tests.api.callers import person
from tests.scenes import MONDAY, NOW
from tests.visit_scenes import arrived, seen
from tests.web.pages import HX, Browser
from tests.web.record_scenes import Desk
from tests.web.staff import signed_in
from tests.web.test_query_counts import counted

ROWS = 50


def needed(desk: Desk, browser: Browser, paths: list[str]) -> dict[str, int]:
    """How many statements each page needs."""
    found = {}
    for path in paths:
        browser.client.get(path, headers=HX)
        with counted(desk.app) as sent:
            assert browser.client.get(path, headers=HX).status_code == 200, path
        found[path] = len(sent)
    return found


def measure(desk: Desk, view: ConsultationView) -> None:
    readings = Readings(temperature_c=Decimal("36.6"), pulse_bpm=72)
    vitals.record(desk.session, desk.clinic.actor, view.appointment_id, readings, now=NOW)


def test_fifty_people_need_no_more_queries_than_one(desk: Desk) -> None:
    here = desk.clinic
    doctor_id = here.doctor(15, 100, start=time(8, 15), end=time(23), pause=None)
    nurse, doctor = signed_in(desk.app, desk.session, person(here, Role.NURSE)), desk.doctor(doctor_id)
    view = seen(here, doctor_id, time(9))
    measure(desk, view)
    boards = ["/board", "/board/columns"]
    own = ["/my-day", "/my-day/list", f"/consultations/{view.id}", f"/appointments/{view.appointment_id}/vitals"]
    few = needed(desk, nurse, boards) | needed(desk, doctor, own)
    for number in range(ROWS - 1):
        at = (datetime.combine(MONDAY, time(9, 15)) + timedelta(minutes=15 * number)).time()
        another = seen(here, doctor_id, at) if number % 3 == 0 else None
        if another:
            measure(desk, another)
        elif number % 3 == 1:
            arrived(here, doctor_id, at)
        else:
            here.book(doctor_id, here.patient(), at)
        measure(desk, view)
    many = needed(desk, nurse, boards) | needed(desk, doctor, own)
    assert {path: (few[path], many[path]) for path in few if many[path] > few[path]} == {}


@pytest.mark.parametrize(("path", "part", "questions"), [("/board", "board", 2), ("/alerts", "alerts", 1)])
def test_a_poll_that_finds_nothing_new_asks_for_little(desk: Desk, path: str, part: str, questions: int) -> None:
    """Who asks, and whether anything has changed: the board of alerts asks for both at once."""
    nurse = signed_in(desk.app, desk.session, person(desk.clinic, Role.NURSE))
    address = nurse.get(path).all("div", id=part)[0].attrib["hx-get"]
    with counted(desk.app) as sent:
        assert nurse.client.get(address, headers=HX | {"X-Poll": "1"}).status_code == 204
    assert len([statement for statement in sent if statement.lstrip().upper().startswith("SELECT")]) == questions
