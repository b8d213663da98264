"""The boards on a screen on the wall."""

from datetime import time

import pytest
from playwright.sync_api import BrowserContext, Page

from hms_web.domain.identity import Actor, Role
from hms_web.models import User, new_id
from tests.browser.axe import faults
from tests.browser.conftest import Scene
from tests.browser.test_alerts import arrive
from tests.scenes import Clinic

pytestmark = pytest.mark.browser

NAMES_ON_A_WALL = 24
"""Pixels: on a screen of 1.2 m that is a centimetre, which is read from four metres."""
SIZES = """() => [...document.querySelectorAll(".alert-who, .person-name")].map(
    e => parseFloat(getComputedStyle(e).fontSize))"""
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
        page.get_by_role("link", name="For a screen on the wall").click()
        sizes = page.evaluate(SIZES)
        assert len(sizes) >= 7
        assert min(sizes) >= NAMES_ON_A_WALL
        assert page.evaluate(WIDER) < SIDEWAYS
        assert faults(page) == []
        page.get_by_role("link", name="Leave the view for a wall").click()
        assert max(page.evaluate(SIZES)) < NAMES_ON_A_WALL
        page.close()
