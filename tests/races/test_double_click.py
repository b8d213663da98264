"""C5: the booking form of the front desk, sent twice by a double click, books once."""

from collections.abc import Iterator
from contextlib import closing
from datetime import time
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa

from hms_web.models import DoctorSlot, Patient, User
from hms_web.services import passwords
from tests.races.crowd import Answer, Ask
from tests.races.guards import forgetful_keys, meeting, without_constraints
from tests.races.hall import DAY, Hall, times
from tests.web.pages import parse

pytestmark = pytest.mark.race
PASSWORD = "a long enough password"
ROUNDS, SOME, CLICKS = 6, 2, 2
DONE = 303


class Desk:
    """A receptionist's browser, signed in through the form."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        session, actor = hall.here.session, hall.here.actor
        user = session.get_one(User, actor.user_id)
        user.password_hash = passwords.hash_password(PASSWORD)
        email = user.email
        session.commit()
        self.browser = httpx.Client(base_url=f"http://{hall.crowd.addresses[0]}")
        _action, fields = form(self.browser.get("/login").text, "/login")
        answer = self.browser.post("/login", data=fields | {"email": email, "password": PASSWORD})
        assert answer.status_code == DONE, answer.text

    def double_click(self, doctor: UUID, at: time, **filled: str) -> list[Answer]:
        """Open the form of a slot, fill it in, and send it twice, to one server process each."""
        wanted = sa.select(DoctorSlot.id).where(DoctorSlot.doctor_id == doctor, DoctorSlot.start_time == at)
        with self.hall.engine.connect() as connection:
            slot = connection.scalar(wanted.where(DoctorSlot.date == DAY))
        page = self.browser.get("/front-desk", params={"date": f"{DAY}", "slot": f"{slot}"})
        action, fields = form(page.text, "/book")
        cookies = "; ".join(f"{name}={value}" for name, value in self.browser.cookies.items())
        headers = {"Cookie": cookies, "Content-Type": "application/x-www-form-urlencoded"}
        content = urlencode(fields | filled).encode()
        return self.hall.crowd.at_once([Ask("POST", action, headers=headers, content=content)] * CLICKS)


def form(html: str, goes_to: str) -> tuple[str, dict[str, Any]]:
    """Return where a page's form goes, and what stands in its fields."""
    root = parse(html)
    element = next(item for item in root.iter("form") if goes_to in item.attrib.get("action", ""))
    inputs = [*element.iter("input"), *element.iter("select")]
    inputs += [item for item in root.iter("input") if item.attrib.get("form") == element.attrib.get("id", "-")]
    off = [item for fields in element.iter("fieldset") if "disabled" in fields.attrib for item in fields.iter()]
    off += [item for item in inputs if item.attrib.get("type") in {"checkbox", "radio"}]
    named = [item for item in inputs if "name" in item.attrib and item not in off]
    return element.attrib["action"], {item.attrib["name"]: value_of(item) for item in named}


def value_of(item: Any) -> str:
    if item.tag == "input":
        return str(item.attrib.get("value", ""))
    options = list(item.iter("option"))
    chosen = [option for option in options if "selected" in option.attrib] or options
    return str(chosen[0].attrib.get("value", ""))


@pytest.fixture
def desk(hall: Hall) -> Iterator[Desk]:
    """A receptionist at the servers as they are."""
    desk = Desk(hall)
    with closing(desk.browser):
        yield desk


def test_a_form_sent_twice_books_once(desk: Desk) -> None:
    doctor, patients = desk.hall.doctor(), desk.hall.patients(ROUNDS)
    for patient, at in zip(patients, times(ROUNDS), strict=True):
        answers = desk.double_click(doctor, at, patient_id=str(patient))
        assert [answer.status for answer in answers] == [DONE] * CLICKS
        assert len({answer.headers["location"] for answer in answers}) == 1
        assert desk.hall.active(patient_id=patient) == 1


def test_a_new_patient_sent_twice_is_one_patient(desk: Desk) -> None:
    doctor = desk.hall.doctor()
    for number, at in enumerate(times(ROUNDS)):
        name = f"Newcomer {number}"
        answers = desk.double_click(doctor, at, is_new="1", name=name, phone=f"97{number:08}")
        assert [answer.status for answer in answers] == [DONE] * CLICKS
        assert desk.hall.here.count(Patient, name=name) == 1
    assert desk.hall.active() == ROUNDS


def test_control_without_the_key_the_second_click_is_refused(guarded: Hall) -> None:
    desk, doctor = Desk(guarded), guarded.doctor()
    with closing(desk.browser), forgetful_keys(guarded.engine):
        for at in times(SOME):
            answers = desk.double_click(doctor, at, patient_id=str(guarded.here.patient()))
            assert sorted(answer.status for answer in answers) == [DONE, 409]


def test_control_without_key_locks_and_constraints_there_are_two(unguarded: Hall) -> None:
    desk, doctor, engine = Desk(unguarded), unguarded.doctor(), unguarded.engine
    with closing(desk.browser), without_constraints(engine), meeting(engine, CLICKS), forgetful_keys(engine):
        for at in times(SOME):
            patient = unguarded.here.patient()
            desk.double_click(doctor, at, patient_id=str(patient))
            assert unguarded.active(patient_id=patient) == CLICKS
        with pytest.raises(AssertionError, match="a patient has two active appointments at once"):
            unguarded.check()
