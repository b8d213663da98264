"""The boards on a screen on the wall."""

from datetime import time

import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Page, expect

from hms_web.domain.identity import Actor, Role
from hms_web.models import Doctor, User, new_id
from tests.browser.axe import faults
from tests.browser.conftest import Scene
from tests.browser.test_alerts import arrive
from tests.scenes import Clinic

pytestmark = pytest.mark.browser

NAMES_ON_A_WALL = 24
"""Pixels: on a screen of 1.2 m that is a centimetre, which is read from four metres."""
SIZES = """() => [...document.querySelectorAll(".alert-who, .person-name")].map(
    e => parseFloat(getComputedStyle(e).fontSize))"""
IN_SIGHT = """() => [...document.querySelectorAll(".alert-who")].filter(
    who => who.closest(".alert").getBoundingClientRect().bottom <= innerHeight).length"""
WHOLE = """() => { const list = document.getElementById("arrived-people");
    const edge = list.getBoundingClientRect().bottom + 1;
    return [...list.children].filter(one => one.getBoundingClientRect().bottom <= edge).length; }"""
EDGES = """() => new Set([...document.querySelectorAll(".alert-who")].map(
    who => Math.round(who.getBoundingClientRect().left))).size"""
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
SIDEWAYS = 2
"""Pixels that rounding may take."""


def staff(place: Clinic, role: Role) -> Actor:
    """Somebody of the hospital."""
    hospital = place.actor.hospital_id
    user = User(id=new_id(), hospital_id=hospital, name=f"Somebody {role}", email=f"{new_id()}@test", role=role)
    place.session.add(user)
    place.session.commit()
    return Actor(hospital, place.actor.timezone, user.id, user.name, role)


def watching(scene: Scene, context: BrowserContext, path: str) -> Page:
    page = scene.sign_in(context, staff(scene.clinic, Role.NURSE))
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(scene.url + path)
    return page


def test_a_screen_on_the_wall_is_read_from_four_metres(scene: Scene, context: BrowserContext) -> None:
    for number, at in enumerate((time(9), time(9, 30), time(10, 30), time(11), time(11, 30), time(14), time(15))):
        arrive(scene, f"Somebody Waiting {number}", at, 60 + number)
    for path in ("/alerts", "/board"):
        page = watching(scene, context, path)
        enter = page.get_by_role("link", name="For a screen on the wall")
        leave = page.get_by_role("link", name="Leave the view for a wall")
        enter.click()
        expect(leave).to_be_visible()
        sizes = page.evaluate(SIZES)
        assert len(sizes) >= 7
        assert min(sizes) >= NAMES_ON_A_WALL
        assert page.evaluate(WIDER) < SIDEWAYS
        assert faults(page) == []
        leave.click()
        expect(enter).to_be_visible()
        assert max(page.evaluate(SIZES)) < NAMES_ON_A_WALL
        page.close()


def test_the_way_to_the_view_for_a_wall_is_on_the_screen(scene: Scene, context: BrowserContext) -> None:
    """Under a column that is full."""
    for hour in (9, 11, 12, 14, 15, 16):
        scene.clinic.book(scene.doctor_id, scene.clinic.patient(), time(hour))
    page = scene.sign_in(context, staff(scene.clinic, Role.NURSE))
    page.set_viewport_size({"width": 1280, "height": 500})
    page.goto(scene.url + "/board")
    full = page.locator(".column-expected .people")
    assert full.evaluate("column => column.scrollHeight > column.clientHeight")
    expect(page.get_by_role("link", name="For a screen on the wall")).to_be_in_viewport(ratio=1)


def test_nobody_is_below_the_edge_of_a_wall_unsaid(scene: Scene, context: BrowserContext) -> None:
    """Nobody scrolls there: twelve fit, their names in two lines, and of more it is said how many they are."""
    morning = [time(hour, minute) for hour in (9, 11, 12) for minute in (0, 30)] + [time(10, 30)]
    afternoon = [time(hour, minute) for hour in (14, 15, 16) for minute in (0, 30)]
    for number, at in enumerate((morning + afternoon)[:12]):
        arrive(scene, f"Somebody Waiting {number}", at, 45 + 7 * number)
    values = {"department": "General Medicine"}
    scene.clinic.session.execute(sa.update(Doctor).where(Doctor.id == scene.doctor_id).values(values))
    of_doctor = sa.select(Doctor.user_id).where(Doctor.id == scene.doctor_id).scalar_subquery()
    scene.clinic.session.execute(sa.update(User).where(User.id == of_doctor).values(name="Dr. Farah Siddiqui"))
    scene.clinic.session.commit()
    board = watching(scene, context, "/board?wall=1")
    below = board.locator(".column-arrived [data-below]")
    assert board.locator("#arrived-people > li").count() == 12
    expect(below).to_be_in_viewport(ratio=1)
    assert 8 <= board.evaluate(WHOLE) < 12  # their names take two lines
    expect(below).to_have_text(f"{12 - board.evaluate(WHOLE)} more below")
    board.set_viewport_size({"width": 1920, "height": 1600})
    expect(below).to_be_hidden()
    assert board.evaluate(WHOLE) == 12
    assert faults(board) == []
    board.close()
    page = watching(scene, context, "/alerts?wall=1")
    more = page.locator("#alerts-more")
    assert page.evaluate(IN_SIGHT) == 12
    assert page.evaluate(EDGES) == 2
    expect(more).to_be_hidden()
    arrive(scene, "Somebody Else", afternoon[-1], 200)
    page.evaluate("htmx.trigger('#alerts', 'refresh')")
    expect(more).to_have_text("1 more who waits too long is below what fits on the screen")
    expect(more).to_be_in_viewport(ratio=1)
    assert faults(page) == []
