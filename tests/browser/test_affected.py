"""A doctor falls ill with a full day: three clicks or three keys find everybody another time, in under a minute."""

import time as seconds
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from hms_web.models import Notification
from hms_web.services import holidays
from hms_web.services.holidays import NewHoliday
from tests import invariants
from tests.browser.axe import check_axe
from tests.browser.conftest import TABLET, Scene
from tests.scenes import NOW
from tests.services.affected_scenes import TUESDAY, away

pytestmark = pytest.mark.browser

PATIENTS, MOST_SECONDS = 28, 60.0


@dataclass
class Ward:
    """The scene, with a doctor on leave over a full Monday."""

    scene: Scene
    doctor: UUID
    ids: list[UUID]

    def standing(self) -> list[tuple[date, str | None, str]]:
        """Where everybody stands: day, cause of attention, status."""
        rows = {row.id: row for row in self.scene.appointments()}
        found = [(rows[key].date, rows[key].affected_cause, rows[key].status) for key in self.ids]
        self.scene.clinic.session.rollback()
        return found

    def told(self, event: str, state: str) -> int:
        """How many text messages of an event are in a state."""
        query = sa.select(sa.func.count()).select_from(Notification)
        mine = (Notification.appointment_id.in_(self.ids), Notification.channel == "sms")
        count = self.scene.clinic.session.scalar(
            query.where(*mine, Notification.event == event, Notification.state == state)
        )
        self.scene.clinic.session.rollback()
        return count or 0


@pytest.fixture
def ward(scene: Scene) -> Iterator[Ward]:
    here = scene.clinic
    doctor = here.doctor(15, maximum=100, pause=None)
    ids = [
        here.book(doctor, here.patient(name=f"Person {number} Rao"), time(9 + number // 4, 15 * (number % 4))).id
        for number in range(PATIENTS)
    ]
    away(here, doctor)
    here.session.commit()
    yield Ward(scene, doctor, ids)
    invariants.check(here.session.connection())
    here.session.rollback()


def moved(ward: Ward) -> None:
    """Everybody has another day, nobody is lost, and everybody will be told."""
    assert ward.standing() == [(TUESDAY, None, "SCHEDULED")] * PATIENTS
    assert ward.told("appointment.rescheduled", "QUEUED") == PATIENTS


def test_a_full_day_with_the_mouse(ward: Ward) -> None:
    page = ward.scene.open()
    began = seconds.monotonic()
    page.get_by_role("link", name="Needs attention").click()
    page.get_by_role("button", name=f"Plan all {PATIENTS}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Plan for {PATIENTS} appointments")
    page.get_by_role("button", name="Apply plan").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{PATIENTS} done")
    took = seconds.monotonic() - began
    assert took < MOST_SECONDS, f"three clicks took {took:.1f} s"
    moved(ward)
    check_axe(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{PATIENTS} taken back")
    assert {(cause, status) for _day, cause, status in ward.standing()} == {("ABSENCE", "SCHEDULED")}
    assert ward.told("appointment.rescheduled", "SUPPRESSED") == PATIENTS
    assert ward.told("appointment.affected_by_absence", "QUEUED") == PATIENTS


def test_a_full_day_with_the_keyboard_alone(ward: Ward) -> None:
    page = ward.scene.open("/affected")
    began = seconds.monotonic()
    expect(page.get_by_role("button", name=f"Plan all {PATIENTS}")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The plan")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Apply plan").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{PATIENTS} done")
    took = seconds.monotonic() - began
    assert took < MOST_SECONDS, f"three keys took {took:.1f} s"
    moved(ward)
    expect(page.get_by_role("status").first).to_be_focused()


def test_some_of_them_are_chosen_and_each_gets_what_suits(ward: Ward) -> None:
    page = ward.scene.open("/affected")
    keep = page.get_by_role("button", name="Keep", exact=True)
    expect(keep).to_be_disabled()
    all_of_them = page.get_by_role("checkbox", name="Choose all of this group")
    all_of_them.check()
    expect(page.locator("[data-count]")).to_have_text(str(PATIENTS))
    all_of_them.uncheck()
    for number in range(3):
        page.get_by_role("checkbox", name=f"Choose Person {number} Rao").check()
    expect(page.locator("[data-count]")).to_have_text("3")
    assert all_of_them.evaluate("(box) => box.indeterminate")
    page.get_by_role("button", name="A colleague", exact=True).click()
    first, second, third = (page.get_by_role("combobox", name=f"For Person {number} Rao") for number in range(3))
    expect(first).not_to_have_value("LEAVE")
    # A time that one row has cannot be chosen in another one.
    third.select_option("LEAVE")
    place = first.input_value()
    assert (
        second.locator(f'option[value="{place}"]').count() == 0
        or second.locator(f'option[value="{place}"]').is_disabled()
    )
    expect(page.get_by_label("Why, for those who are cancelled")).to_be_hidden()
    second.select_option("CANCEL")
    expect(page.get_by_label("Why, for those who are cancelled")).to_have_value("The doctor is away")
    check_axe(page)
    page.get_by_role("button", name="Apply plan").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("2 done")
    statuses = [status for _day, _cause, status in ward.standing()[:3]]
    causes = [cause for _day, cause, _status in ward.standing()[:3]]
    assert (statuses, causes) == (["SCHEDULED", "CANCELLED", "SCHEDULED"], [None, None, "ABSENCE"])


def test_what_was_taken_meanwhile_gets_a_new_proposal_on_the_spot(ward: Ward) -> None:
    page = ward.scene.open("/affected")
    page.get_by_role("button", name=f"Plan all {PATIENTS}").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Plan for {PATIENTS} appointments")
    here = ward.scene.clinic
    here.book(ward.doctor, here.patient(), time(9), TUESDAY)
    page.get_by_role("button", name="Apply plan").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{PATIENTS - 1} done, 1 refused")
    expect(page.get_by_role("row", name="Person 0 Rao").first).to_contain_text("This slot was just taken")
    check_axe(page)
    page.get_by_role("button", name="Apply plan").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("1 done")
    assert {cause for _day, cause, _status in ward.standing()} == {None}


def test_the_pages_are_sound_on_a_tablet_in_both_schemes(ward: Ward) -> None:
    here = ward.scene.clinic
    here.book(ward.doctor, here.patient(phone=None), time(9), TUESDAY)
    holidays.create(here.session, here.admin, NewHoliday("Holi", TUESDAY), now=NOW + timedelta(minutes=1))
    page = ward.scene.open("/affected")
    page.set_viewport_size(TABLET)  # type: ignore[arg-type]
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        check_axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Plan this one").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Plan for 1 appointment")
    check_axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_one_is_kept_at_the_front_desk_without_leaving_it(ward: Ward) -> None:
    page = ward.scene.open("/front-desk?affected=1")
    button = page.get_by_role("button", name="Keep Person 0 Rao although the doctor is away")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_count(0)
    expect(page.locator("#announcer")).to_contain_text("Kept: Person 0 Rao")
    expect(page.locator("#panel .card-head .number")).to_have_text(str(PATIENTS - 1))
    assert ward.standing()[0][1:] == (None, "SCHEDULED")
    check_axe(page)
