"""Axe, in both schemes, in the states that no address leads to: refusals, conflicts, errors, lost contact."""

import re
from uuid import uuid4

import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Page, expect

from hms_web.domain.identity import Role
from hms_web.models import AuditEvent, Patient, new_id
from hms_web.services import cancelling, patients
from hms_web.services.patients import PatientChange
from tests.browser.axe import check_axe_for_all
from tests.browser.conftest import Scene
from tests.browser.test_every_page import WIDER, staff
from tests.browser.test_front_desk import held, kind
from tests.scenes import NOW

pytestmark = pytest.mark.browser


def test_pages_that_say_what_went_wrong(scene: Scene, context: BrowserContext) -> None:
    page = scene.page
    for path, status, words in (
        ("/users", 403, "That is not for your role"),
        (f"/patients/{uuid4()}", 404, "There is no such patient"),
        ("/nowhere", 404, "There is nothing here"),
    ):
        answer = page.goto(scene.url + path)
        assert answer is not None
        assert answer.status == status
        expect(page.locator("main")).to_contain_text(words)
        check_axe_for_all(page)
    page.goto(scene.url + "/patients/new")
    page.locator("main form").evaluate("form => { form.noValidate = true; form.requestSubmit() }")
    expect(page.locator("main [role=alert]")).to_be_focused()
    check_axe_for_all(page)
    page = scene.sign_in(context, staff(scene.clinic, Role.ADMIN))
    # What nobody can write: details that are none. It stands for any mistake of ours.
    broken = {"id": new_id(), "hospital_id": scene.clinic.actor.hospital_id, "at": NOW, "actor_name": "x"}
    broken |= {"action": "patient.changed", "record_type": "patient", "record_id": scene.patient_id, "details": "none"}
    scene.clinic.session.execute(sa.insert(AuditEvent).values(broken))
    scene.clinic.session.commit()
    answer = page.goto(scene.url + "/audit")
    assert answer is not None
    assert answer.status == 500
    expect(page.locator("h1")).to_have_text("Something broke on our side")
    check_axe_for_all(page)
    context.clear_cookies()
    page.goto(scene.url + "/login")
    page.get_by_label("Email").fill("nobody@demo.test")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check_axe_for_all(page)


def choose(page: Page, name: str) -> None:
    page.get_by_label("Patient", exact=True).type(name)
    page.get_by_role("option", name=re.compile(f"^{name}")).click()


def test_refusals_and_conflicts_beside_what_was_done(scene: Scene) -> None:
    place, page = scene.clinic, scene.open()
    page.locator(scene.free("09:00")).click()
    held(page)
    choose(page, "Asha Sharma")
    place.holiday(scene.appointments()[0].date)
    page.get_by_role("button", name=re.compile("^Book")).click()
    expect(page.locator("#panel [role=alert]")).to_be_focused()
    check_axe_for_all(page)
    scene.open()
    page.locator("#grid button", has_text="Maria Silva").click()
    kind(page, "appointment")
    page.keyboard.press("r")
    kind(page, "moving")
    check_axe_for_all(page)


def test_a_blocked_patient_and_a_lost_contact(scene: Scene) -> None:
    place, page = scene.clinic, scene.page
    blocked = {"status": "BLOCKED", "blocked_reason": "Blocked due to 3 no-show appointments", "blocked_at": NOW}
    place.session.execute(sa.update(Patient).where(Patient.id == scene.patient_id).values(blocked))
    place.session.commit()
    scene.open()
    page.locator(scene.free("09:00")).click()
    held(page)
    choose(page, "Asha Sharma")
    check_axe_for_all(page)
    page.get_by_role("button", name=re.compile("^Book")).click()
    alert = page.locator("#panel [role=alert]")
    expect(alert).to_be_focused()
    expect(alert).to_contain_text("blocked from booking (Blocked due to 3 no-show appointments)")
    expect(page.locator("#chosen")).to_contain_text("Asha Sharma")
    expect(page.locator(".toast")).to_have_count(0)
    check_axe_for_all(page)
    page.context.set_offline(True)
    expect(page.get_by_role("alert").filter(has_text="No contact with the server since")).to_be_visible()
    check_axe_for_all(page)
    page.context.set_offline(False)


def test_two_who_change_one_record(scene: Scene) -> None:
    page = scene.open(f"/patients/{scene.patient_id}/edit")
    change = PatientChange(name="Asha Sharma-Rao")
    patients.change(scene.clinic.session, scene.clinic.other, scene.patient_id, change, now=NOW)
    page.get_by_label("Name", exact=True).fill("Asha S. Sharma")
    page.locator("main form").get_by_role("button").last.click()
    expect(page.locator("main [role=alert]")).to_be_focused()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Asha S. Sharma")
    check_axe_for_all(page)
    # Somebody else is quicker at the list of the day: said beside it, and the list stays.
    page = scene.open()
    booked = scene.appointments()[0]
    cancelling.cancel(scene.clinic.session, scene.clinic.other, booked.id, reason="Called", now=NOW)
    page.locator("#day button[name=status]").click()
    expect(page.locator("#panel [role=alert]")).to_contain_text("Somebody else has changed this meanwhile")
    check_axe_for_all(page)


def test_an_open_menu_is_no_wider_than_a_small_screen(scene: Scene, context: BrowserContext) -> None:
    page = scene.sign_in(context, staff(scene.clinic, Role.ADMIN))
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(scene.url + "/jobs")
    for menu in ("#manage", "#who"):
        page.locator(f"{menu} summary").click()
        expect(page.locator(f"{menu} .menu-body")).to_be_in_viewport(ratio=1)
        assert page.evaluate(WIDER) is None
        check_axe_for_all(page)
