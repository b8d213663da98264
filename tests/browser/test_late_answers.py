"""Answers that come after the form they were asked for was closed: they write nothing into a newer one."""

import re
from datetime import time, timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, Route, expect

from hms_web.models import DoctorSlot
from tests.browser.conftest import Scene
from tests.scenes import NOW

pytestmark = pytest.mark.browser


def caught(page: Page, pattern: str) -> list[Route]:
    """Keep the first request whose address fits back, until its route is continued."""
    kept: list[Route] = []

    def keep(route: Route) -> None:
        if kept:
            route.continue_()
        else:
            kept.append(route)

    page.route(re.compile(pattern), keep)
    return kept


def holder(scene: Scene, at: time) -> object:
    scene.clinic.session.rollback()
    row = scene.clinic.slot(scene.doctor_id, at)
    scene.clinic.session.rollback()
    return row.held_by_id


def held(page: Page) -> None:
    expect(page.locator("#hold[data-held]")).to_be_visible()


def answered(page: Page, route: Route, words: str) -> None:
    """Let a request that was kept back go on, and return when its answer has come."""
    with page.expect_response(re.compile(words)):
        route.continue_()


def test_a_hold_that_is_refused_late_says_nothing_in_a_newer_form(scene: Scene) -> None:
    page = scene.open()
    kept = caught(page, r"/hold\b")
    page.locator(scene.free("09:00")).click()
    expect(page.locator("#panel")).to_contain_text("Book 09:00")
    page.locator(scene.free("09:30")).click()
    expect(page.locator("#panel")).to_contain_text("Book 09:30")
    held(page)
    slot_id = scene.clinic.slot(scene.doctor_id, time(9)).id
    taken = {"held_by_id": scene.clinic.other.user_id, "held_until": NOW + timedelta(minutes=2)}
    scene.clinic.session.execute(sa.update(DoctorSlot).where(DoctorSlot.id == slot_id).values(taken))
    scene.clinic.session.commit()
    answered(page, kept[0], r"/hold\b")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#hold-trouble")).to_have_text("")
    held(page)


def test_a_hold_that_is_given_late_is_let_go(scene: Scene) -> None:
    page = scene.open()
    kept = caught(page, r"/hold\b")
    page.locator(scene.free("09:00")).click()
    expect(page.locator("#panel")).to_contain_text("Book 09:00")
    page.locator(scene.free("09:30")).click()
    held(page)
    with page.expect_response(re.compile(r"/release\b")):
        answered(page, kept[0], r"/hold\b")
    assert holder(scene, time(9)) is None
    assert holder(scene, time(9, 30)) == scene.clinic.actor.user_id
    held(page)


def test_a_booking_that_is_answered_late_is_told_and_leaves_the_newer_form_alone(scene: Scene) -> None:
    page = scene.open()
    page.locator(scene.free("09:30")).click()
    held(page)
    page.get_by_label("Patient", exact=True).type("asha sh")
    page.get_by_role("option", name=re.compile("Asha Sharma")).click()
    kept = caught(page, r"/front-desk/book\b")
    page.get_by_role("button", name=re.compile("^Book")).click()
    page.locator(scene.free("11:00")).click()
    expect(page.locator("#panel")).to_contain_text("Book 11:00")
    held(page)
    page.locator("#reason").fill("Fever")
    address = page.url
    answered(page, kept[0], r"/front-desk/book\b")
    expect(page.locator("#toasts")).to_contain_text("Booked: Asha Sharma, Mon 2 Mar 09:30")
    expect(page.locator('#grid button[aria-label^="09:30 Asha Sharma"]')).to_be_visible()
    expect(page.locator("#panel")).to_contain_text("Book 11:00")
    expect(page.locator("#reason")).to_have_value("Fever")
    held(page)
    assert page.url == address
    assert holder(scene, time(11)) == scene.clinic.actor.user_id


def test_a_booking_that_is_refused_late_is_told_too(scene: Scene) -> None:
    page = scene.open()
    page.locator(scene.free("09:30")).click()
    held(page)
    page.get_by_label("Patient", exact=True).type("asha sh")
    page.get_by_role("option", name=re.compile("Asha Sharma")).click()
    kept = caught(page, r"/front-desk/book\b")
    page.get_by_role("button", name=re.compile("^Book")).click()
    page.locator(scene.free("11:00")).click()
    held(page)
    scene.clinic.session.execute(sa.text("UPDATE patients SET status = 'BLOCKED', blocked_reason = 'x'"))
    scene.clinic.session.commit()
    answered(page, kept[0], r"/front-desk/book\b")
    expect(page.locator("#toasts")).to_contain_text("What you sent before was refused")
    expect(page.locator("#panel")).to_contain_text("Book 11:00")
    expect(page.locator("#panel [role=alert]")).to_have_count(0)


def test_an_offered_time_that_was_pressed_opens_although_the_offer_is_written_anew(scene: Scene) -> None:
    page = scene.open()
    page.locator(scene.free("09:00")).click()
    held(page)
    page.get_by_label("Patient", exact=True).type("asha sh")
    page.get_by_role("option", name=re.compile("Asha Sharma")).click()
    scene.clinic.holiday(scene.appointments()[0].date)
    page.get_by_role("button", name=re.compile("^Book")).click()
    offer = page.locator("#panel [role=alert]").get_by_role("link").first
    expect(offer).to_be_visible()
    page.wait_for_load_state("networkidle")
    kept = caught(page, r"/front-desk\?")
    with page.expect_request(re.compile(r"/front-desk\?")):
        offer.click()
    page.evaluate("() => document.querySelector('#panel [role=alert]').remove()")
    answered(page, kept[0], r"/front-desk\?")
    expect(page.locator("#panel-title")).not_to_contain_text("Mon 2 Mar")
