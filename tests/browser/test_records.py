"""The pages of records in a real browser: the mouse, the keyboard alone, and what axe finds."""

import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect
from sqlalchemy.orm import Session

from hms_web.models import DoctorSchedule, Patient
from tests.browser.axe import check_axe
from tests.browser.conftest import signed
from tests.processes import Server
from tests.scenes import MONDAY, NOW, Clinic, clinic
from tests.web.staff import session_of

pytestmark = pytest.mark.browser


class Place:
    """A clinic of its own on the running server, and a browser in which its administrator is signed in."""

    def __init__(self, url: str, place: Clinic, page: Page) -> None:
        self.url, self.clinic, self.page = url, place, page
        self.doctor_id: UUID = place.doctor()
        self.patient_id = place.patient(name="Asha Sharma", phone="+91 98450 12345")
        self.booked = place.book(self.doctor_id, self.patient_id, NOW.time().replace(hour=10, minute=0))

    def open(self, path: str) -> Page:
        """Go to a page and check that it has nothing serious against it."""
        self.page.goto(self.url + path)
        self.check()
        return self.page

    def check(self) -> None:
        """Have axe look at the page as it is now."""
        check_axe(self.page)


@pytest.fixture
def place(product: Server, page: Page) -> Iterator[Place]:
    engine = sa.create_engine(product.database_url)
    with Session(engine, expire_on_commit=False) as session:
        here = clinic(session)
        admin = {"name": "session", "value": signed(session_of(session, here.admin)), "url": product.url}
        page.context.add_cookies([{**admin, "httpOnly": True}])  # type: ignore[typeddict-item]
        yield Place(product.url, here, page)
    engine.dispose()


def monday(place: Place) -> DoctorSchedule | None:
    place.clinic.session.expire_all()
    mine = DoctorSchedule.doctor_id == place.doctor_id
    return place.clinic.session.scalar(sa.select(DoctorSchedule).where(mine, DoctorSchedule.day_of_week == "MONDAY"))


def test_weekly_hours_show_what_they_give_before_they_are_saved(place: Place) -> None:
    page = place.open(f"/doctors/{place.doctor_id}/schedule")
    expect(page.locator("#monday-slots")).to_have_text("14 slots")
    page.locator("#monday-start").fill("11:00")
    page.locator("#monday-start").press("Tab")
    expect(page.locator("#monday-slots")).to_have_text("10 slots")
    effect = page.locator("#effect")
    expect(effect).to_contain_text("One appointment does not fit these hours")
    expect(effect).to_contain_text("Asha Sharma")
    place.check()
    before = monday(place)
    assert before
    assert before.start_time.hour == 9
    page.get_by_role("button", name="Save the hours").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved:")
    after = monday(place)
    assert after
    assert after.start_time.hour == 11


def test_weekly_hours_with_the_keyboard_alone(place: Place) -> None:
    page = place.open(f"/doctors/{place.doctor_id}/schedule")
    sunday = page.get_by_role("checkbox", name="Sunday")
    sunday.focus()
    page.keyboard.press("Space")
    expect(page.locator("#sunday-slots")).to_have_text("day off")
    expect(sunday).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator("#sunday-slots")).to_have_text("14 slots")
    page.locator("#sunday-break_end").fill("12:00")
    expect(page.locator("#effect")).to_contain_text("Sunday: The break must end after it starts.")
    page.get_by_role("button", name="Save the hours").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").first).to_be_focused()
    expect(page.locator("#sunday-break_end")).to_have_value("12:00")


def test_a_patient_is_found_while_typing_and_a_double_is_noticed(place: Place) -> None:
    page = place.open("/patients")
    page.get_by_label("Name, phone or patient number").press_sequentially("ashaa sh")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"/patients$"))
    page.get_by_role("link", name="New patient").click()
    page.get_by_label("Name", exact=True).fill("A. Sharma")
    page.get_by_label("Phone").fill("98450 12345")
    page.keyboard.press("Tab")
    expect(page.locator("#alike")).to_contain_text("One patient may be the same person")
    place.check()
    page.get_by_role("button", name="Add the patient").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("A. Sharma")
    place.check()
    assert place.clinic.count(Patient, hospital_id=place.clinic.actor.hospital_id) == 2


def test_an_appointment_is_moved_and_cancelled_with_the_keyboard_alone(place: Place) -> None:
    page = place.open(f"/appointments/{place.booked.id}")
    tuesday = MONDAY + timedelta(days=1)
    page.get_by_label("Day").fill(str(tuesday))
    expect(page.locator("#times")).to_contain_text("Tuesday 3 March")
    page.get_by_role("button", name="11:30", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Moved from Mon 2 Mar 10:00 to Tue 3 Mar 11:30")
    page.get_by_label("Why is it cancelled?").focus()
    page.keyboard.type("Patient called")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Cancelled.")
    place.check()


def test_lists_and_forms_have_nothing_serious_against_them(place: Place) -> None:
    for path in (
        "/appointments",
        "/affected",
        "/doctors",
        "/doctors/new",
        f"/doctors/{place.doctor_id}",
        f"/doctors/{place.doctor_id}/availability",
        f"/doctors/{place.doctor_id}/absences",
        "/holidays",
        "/users",
        "/users/new",
        f"/users/{place.clinic.actor.user_id}",
        f"/patients/{place.patient_id}/edit",
    ):
        place.open(path)
        place.page.emulate_media(color_scheme="dark")
        place.check()
        place.page.emulate_media(color_scheme="light")


def test_whoever_types_and_enters_at_once_finds(place: Place) -> None:
    """A scanner for numbers types as fast as that."""
    page = place.open("/patients")
    bodies: list[str | None] = []
    page.on("request", lambda request: bodies.append(request.post_data) if request.method == "POST" else None)
    page.keyboard.type("Asha")  # the field has the focus from the beginning
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 shown")).to_be_visible()
    expect(page.get_by_role("link", name="Asha Sharma")).to_be_visible()
    assert bodies
    assert all("q=Asha" in (body or "") for body in bodies), bodies
