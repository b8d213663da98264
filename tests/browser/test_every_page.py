"""Every page that somebody can go to: axe in both schemes, and no page wider than a screen of 320 pixels."""

import re
from collections import deque
from collections.abc import Iterator
from datetime import date, time, timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Response

from hms_web.domain.identity import Actor, Role
from hms_web.models import User, new_id
from tests.browser.axe import faults
from tests.browser.conftest import Scene
from tests.browser.test_alerts import arrive
from tests.scenes import MONDAY, Clinic
from tests.services.test_figures import visit
from tests.visit_scenes import acting

pytestmark = pytest.mark.browser

WIDER = """() => {
    const {scrollWidth, clientWidth} = document.documentElement;
    if (scrollWidth <= clientWidth + 1) return null;
    const ends = one => Math.abs(one.getBoundingClientRect().right + scrollX - scrollWidth) < 2;
    const first = [...document.querySelectorAll("body *")].find(ends);
    return `${scrollWidth} pixels: ${first?.outerHTML.slice(0, 120)}`;
}"""
"""What a page that can be moved sideways is as wide as, in words, or null; rounding may take a pixel."""
LINKS = "all => all.filter(a => !a.hasAttribute('download')).map(a => a.href)"
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
NO_PAGES = re.compile(r"\.csv|\.ics|/static/|/api/")


def staff(place: Clinic, role: Role) -> Actor:
    """Somebody of the hospital."""
    hospital = place.actor.hospital_id
    user = User(id=new_id(), hospital_id=hospital, name=f"Somebody {role}", email=f"{new_id()}@test", role=role)
    place.session.add(user)
    place.session.commit()
    return Actor(hospital, place.actor.timezone, user.id, user.name, role)


def shape(address: str) -> str:
    """An address without whom it is about, so that a page is looked at once."""
    parts = urlsplit(address)
    names = sorted({item.partition("=")[0] for item in parts.query.split("&")})
    return ID.sub("<id>", parts.path) + "?" + ",".join(names)


def pages(page: Page, start: str) -> Iterator[Response]:
    """Go to every page that can be gone to from one, each shape once."""
    ahead, seen = deque([start]), set[str]()
    while ahead:
        address = ahead.popleft()
        if shape(address) in seen or NO_PAGES.search(address):
            continue
        seen.add(shape(address))
        answer = page.goto(address)
        assert answer is not None
        if "text/html" in answer.headers["content-type"]:
            ahead += [
                link.partition("#")[0] for link in page.eval_on_selector_all("a[href]", LINKS) if link.startswith(start)
            ]
            yield answer


def lived_in(scene: Scene) -> None:
    """A hospital in which every list has something."""
    place = scene.clinic
    for number in range(1, 25):
        status = "NO_SHOW" if number % 4 == 0 else "COMPLETED"
        visit(place, scene.doctor_id, time(9), status, MONDAY - timedelta(days=number), patient=scene.patient_id)
    arrive(scene, "Waits Long", time(11), 90)
    place.holiday(date(2026, 3, 20))
    place.book(scene.doctor_id, scene.patient_id, time(9), MONDAY + timedelta(days=3))
    place.absence(scene.doctor_id, MONDAY + timedelta(days=9), MONDAY + timedelta(days=10))


@pytest.mark.fault  # a minute or two: with the long forms
@pytest.mark.parametrize("role", [Role.ADMIN, Role.DOCTOR, Role.NURSE, Role.RECEPTIONIST])
def test_every_page_is_well_formed_for_everybody(scene: Scene, context: BrowserContext, role: Role) -> None:
    lived_in(scene)
    actor = acting(scene.clinic, scene.doctor_id) if role is Role.DOCTOR else staff(scene.clinic, role)
    page = scene.sign_in(context, actor)
    wrong: list[tuple[str, object]] = []
    count = 0
    for answer in pages(page, scene.url + "/"):
        count += 1
        if not answer.ok:
            wrong.append((answer.url, answer.status))
        # Enlarged to 200 and to 400 per cent, and as it is. In the middle axe would find nothing more.
        for width, height, scheme in ((640, 400, None), (320, 512, "dark"), (1280, 800, "light")):
            page.set_viewport_size({"width": width, "height": height})
            if wide := page.evaluate(WIDER):
                wrong.append((answer.url, f"wider than {width}: {wide}"))
            if scheme:
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                wrong += [(answer.url, (scheme, width, fault)) for fault in faults(page)]
    assert not wrong, "\n".join(f"{urlsplit(url).path}?{urlsplit(url).query}: {what}" for url, what in wrong)
    assert count > (40 if role is Role.ADMIN else 10)
