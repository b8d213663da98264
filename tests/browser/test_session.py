"""The end of a session in a real browser: warned of in every tab, put off with one key, and nothing typed is lost."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import BrowserContext, Page, expect

from hms_web.domain.identity import Role
from hms_web.models import LoginSession, User
from tests.api.callers import person
from tests.browser.axe import check_axe
from tests.browser.conftest import PASSWORD, TABLET, Scene
from tests.scenes import NOW

pytestmark = pytest.mark.browser

WORDS = "Are you still there?"


@pytest.fixture
def page(scene: Scene, context: BrowserContext) -> Page:
    """A new tab of the receptionist, whose clock the test moves."""
    page = context.new_page()
    page.clock.install()
    return page


def last_seen(scene: Scene, ago: timedelta) -> None:
    """Have nothing been done since then, as far as the server knows."""
    scene.clinic.session.execute(sa.update(LoginSession).values(last_seen_at=NOW - ago))
    scene.clinic.session.commit()


def test_every_tab_warns_in_time_and_one_key_in_one_of_them_keeps_all(
    scene: Scene, page: Page, context: BrowserContext
) -> None:
    page.goto(scene.url + "/patients/new")
    page.get_by_label("Name", exact=True).press_sequentially("Halina Nowak")
    second = context.new_page()
    second.clock.install()
    second.goto(scene.url + "/patients")
    last_seen(scene, timedelta(minutes=13, seconds=10))
    page.clock.fast_forward("13:10")
    second.clock.fast_forward("13:10")
    for tab in (page, second):
        dialog = tab.get_by_role("alertdialog", name=WORDS)
        expect(dialog).to_be_visible()
        expect(dialog).to_contain_text(re.compile(r"1:\d\d"))
    for scheme, size in (("light", None), ("dark", TABLET)):
        second.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        if size:
            second.set_viewport_size(size)  # type: ignore[arg-type]
        check_axe(second)
        second.screenshot(path=f"test-results/session-{scheme}.png")
    expect(second.get_by_role("button", name="Stay signed in")).to_be_focused()
    second.keyboard.press("Enter")
    for tab in (second, page):
        expect(tab.get_by_role("alertdialog", name=WORDS)).to_be_hidden()
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Halina Nowak")


def test_a_tab_that_missed_what_the_others_did_asks_before_it_warns(scene: Scene, page: Page) -> None:
    page.goto(scene.url + "/patients")
    with page.expect_response(re.compile("/session$")) as asked:
        page.clock.fast_forward("13:10")
    assert asked.value.request.headers["x-poll"] == "1"
    assert asked.value.headers["x-session-left"] == "900"
    page.clock.run_for(3000)
    expect(page.get_by_role("alertdialog", name=WORDS)).to_be_hidden()


def test_who_types_is_at_work(scene: Scene, page: Page) -> None:
    page.goto(scene.url + "/patients/new")
    page.clock.fast_forward("05:00")
    with page.expect_request(re.compile("/session$")) as told:
        page.get_by_label("Name", exact=True).press("H")
        page.clock.run_for(2000)
    assert "x-poll" not in told.value.headers


def test_at_the_end_of_twelve_hours_what_is_open_can_still_be_saved(scene: Scene, page: Page) -> None:
    scene.clinic.session.execute(sa.update(LoginSession).values(expires_at=NOW + timedelta(seconds=100)))
    scene.clinic.session.commit()
    page.goto(scene.url + "/patients/new")
    page.clock.run_for(2000)
    page.get_by_role("button", name="Stay signed in").click()
    dialog = page.get_by_role("alertdialog", name=WORDS)
    expect(dialog).to_contain_text("twelve hours ago")
    page.get_by_label("Name", exact=True).fill("Halina Nowak")
    page.get_by_label("Phone").fill("98765 43210")
    page.get_by_role("button", name="Add the patient").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Halina Nowak")


def test_after_the_end_names_are_put_away_and_what_was_typed_comes_back_to_who_typed_it(
    scene: Scene, page: Page
) -> None:
    page.goto(scene.url + "/patients/new")
    page.wait_for_load_state("networkidle")  # an answer that is under way would tell the time left as of the jump
    page.get_by_label("Name", exact=True).fill("Halina Nowak")
    page.get_by_label("Sex").select_option("FEMALE")
    scene.clinic.session.execute(sa.delete(LoginSession))
    scene.clinic.session.commit()
    page.clock.fast_forward("15:10")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page, email_of(scene))
    page.wait_for_url(re.compile("/patients/new"))
    expect(page.get_by_label("Name", exact=True)).to_have_value("Halina Nowak")
    expect(page.get_by_label("Sex")).to_have_value("FEMALE")
    expect(page.locator("#toasts")).to_contain_text("It is not saved yet.")
    page.reload()
    expect(page.get_by_label("Name", exact=True)).to_have_value("")


def test_a_booking_that_the_end_came_into_is_taken_up_where_it_stopped(scene: Scene, page: Page) -> None:
    page.goto(scene.url + "/front-desk")
    page.locator(scene.free("09:30")).click()
    expect(page.locator("#hold[data-held]")).to_be_visible()
    page.keyboard.type("asha sh")
    page.keyboard.press("Enter")
    expect(page.locator("#reason")).to_be_focused()
    page.keyboard.type("Knee pain")
    scene.clinic.session.execute(sa.delete(LoginSession))
    scene.clinic.session.commit()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page, email_of(scene))
    expect(page.locator("#reason")).to_have_value("Knee pain")
    expect(page.locator("#q")).to_have_value("asha sh")
    page.locator("#who > summary").focus()
    page.locator("#q").focus()
    expect(page.get_by_role("option", name=re.compile("Asha Sharma"))).to_be_visible()


def test_the_next_person_finds_the_page_and_nothing_of_what_the_former_one_typed(
    scene: Scene, page: Page, context: BrowserContext
) -> None:
    nurse = person(scene.clinic, Role.NURSE)
    other = context.browser.new_context()  # type: ignore[union-attr]
    scene.sign_in(other, nurse)
    other.close()
    emails = {actor: scene.clinic.session.get_one(User, actor.user_id).email for actor in (nurse,)}
    page.goto(scene.url + "/patients")
    second = context.new_page()
    second.goto(scene.url + "/patients/new")
    second.get_by_label("Name", exact=True).fill("Halina Nowak")
    page.locator("#who > summary").click()
    page.get_by_role("button", name="Change user").click()
    for tab in (page, second):
        expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.url.endswith("/login?next=/patients")
    sign_in(page, emails[nurse])
    expect(page).to_have_url(scene.url + "/patients")
    second.goto(scene.url + "/patients/new")
    expect(second.locator("#who > summary")).to_have_text(nurse.name)
    expect(second.get_by_label("Name", exact=True)).to_have_value("")
    assert second.evaluate("Object.keys(sessionStorage).filter((name) => name.startsWith('draft:'))") == []


def email_of(scene: Scene) -> str:
    return scene.clinic.session.get_one(User, scene.clinic.actor.user_id, populate_existing=True).email


def sign_in(page: Page, email: str) -> None:
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_a_page_that_breaks_the_policy_would_be_seen(scene: Scene, no_violations: list[str]) -> None:
    page = scene.open("/patients")
    with page.expect_event("console"):
        page.evaluate("document.body.setAttribute('style', 'color: red')")
    assert len(no_violations) == 1
    assert "style" in no_violations.pop()
