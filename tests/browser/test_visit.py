"""One visit in a real browser: the nurse's part and the doctor's, with the mouse and with the keyboard alone."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from hms_web.domain.identity import Actor, Role
from hms_web.models import Appointment, Consultation, LoginSession, Vitals
from hms_web.services import consultations, stage_alerts
from hms_web.services.consultations import ConsultationChange
from tests.api.callers import person
from tests.browser.axe import check_axe, check_axe_for_all
from tests.browser.conftest import TABLET, WIDE, Scene, later
from tests.scenes import NOW
from tests.visit_scenes import acting, arrived, seen

pytestmark = pytest.mark.browser


@pytest.fixture
def staff(scene: Scene, browser: Browser) -> Iterator[Callable[[Actor, str], Page]]:
    """Open a browser of its own for somebody, on a page."""
    contexts: list[BrowserContext] = []

    def open_for(actor: Actor, path: str) -> Page:
        context = browser.new_context(viewport=WIDE)  # type: ignore[arg-type]
        contexts.append(context)
        page = scene.sign_in(context, actor)
        page.goto(scene.url + path)
        return page

    yield open_for
    for context in contexts:
        context.close()


def nurse_of(scene: Scene) -> Actor:
    return person(scene.clinic, Role.NURSE)


def doctor_of(scene: Scene) -> Actor:
    return acting(scene.clinic, scene.doctor_id)


Staff = Callable[[Actor, str], Page]


def column(page: Page, title: str) -> str:
    return page.get_by_role("region", name=title).inner_text()


def stored(scene: Scene, table: type) -> list[Any]:
    scene.clinic.session.expire_all()
    mine = table.hospital_id == scene.clinic.actor.hospital_id  # type: ignore[attr-defined]
    found: list[Any] = list(scene.clinic.session.scalars(sa.select(table).where(mine)))
    scene.clinic.session.commit()
    return found


def test_the_nurse_checks_in_and_takes_vitals_with_the_mouse(scene: Scene, staff: Staff) -> None:
    page = staff(nurse_of(scene), "/board")
    check_axe(page)
    page.get_by_role("button", name="Check in Maria Silva").click()
    expect(page.get_by_role("region", name="Arrived")).to_contain_text("Maria Silva")
    expect(page.locator("#announcer")).to_have_text("Maria Silva: here.")
    page.get_by_role("link", name="Vitals of Maria Silva").click()
    sheet = page.get_by_role("dialog")
    expect(sheet.get_by_label("Temperature")).to_be_focused()
    sheet.get_by_label("Temperature").fill("39,9")
    sheet.get_by_label("Pulse").fill("72")
    expect(sheet.locator("#temperature_c-check")).to_contain_text("Unusual: check this value")
    expect(sheet.locator("#temperature_c-check")).to_be_visible()
    expect(sheet.locator("#pulse_bpm-check")).to_be_hidden()
    check_axe(page)
    sheet.get_by_role("button", name="Record").click()
    expect(sheet).to_contain_text("Temperature 39.9 °C is unusually high: check this value.")
    sheet.get_by_role("button", name="They are right").click()
    expect(sheet).to_be_hidden()
    expect(page.get_by_role("region", name="Vitals done")).to_contain_text("Maria Silva")
    page.set_viewport_size(TABLET)  # type: ignore[arg-type]
    check_axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    (taken,) = stored(scene, Vitals)
    assert (float(taken.temperature_c or 0), taken.pulse_bpm) == (39.9, 72)


def test_the_nurse_does_it_with_the_keyboard_alone(scene: Scene, staff: Staff) -> None:
    page = staff(nurse_of(scene), "/board")
    tab_to(page, "Check in Maria Silva")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Arrived")).to_contain_text("Maria Silva")
    tab_to(page, "Vitals of Maria Silva")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Temperature")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("71x")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_label("Pulse")).to_have_value("71x")
    page.get_by_label("Pulse").focus()
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("region", name="Vitals done")).to_contain_text("Maria Silva")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until something of that name has the focus."""
    told = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim()"
    for _ in range(60):
        if page.evaluate(told) == name:
            return
        page.keyboard.press("Tab")
    message = f"Tab never reaches {name}"
    raise AssertionError(message)


def test_what_is_typed_in_the_sheet_outlives_a_change_of_the_board(scene: Scene, staff: Staff) -> None:
    key = arrived(scene.clinic, scene.doctor_id, NOW.time().replace(hour=11, minute=0), name="Asha Rao")
    page = staff(nurse_of(scene), "/board")
    page.get_by_role("link", name="Vitals of Asha Rao").click()
    page.get_by_label("Pulse").fill("7")
    scene.page.goto(scene.url + "/board")
    scene.page.get_by_role("button", name="Check in Maria Silva").click()
    expect(scene.page.get_by_role("region", name="Arrived")).to_contain_text("Maria Silva")
    page.evaluate("htmx.trigger('#board', 'refresh')")
    expect(page.locator(".column-arrived")).to_contain_text("Maria Silva")
    expect(page.get_by_label("Pulse")).to_be_focused()
    expect(page.get_by_label("Pulse")).to_have_value("7")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Vitals done")).to_contain_text("Asha Rao")
    assert scene.clinic.row(key).vitals_recorded_at


def test_an_open_board_shows_what_others_do_and_says_when_contact_is_lost(scene: Scene, staff: Staff) -> None:
    page = staff(nurse_of(scene), "/board")
    page.context.clock.install()
    page.reload()
    badge = page.locator(".live-badge")
    expect(badge).to_have_text(re.compile(r"Live, as of 08:00:\d\d"))
    scene.page.goto(scene.url + "/board")
    scene.page.get_by_role("button", name="Check in Maria Silva").click()
    expect(later(page).get_by_role("region", name="Arrived")).to_contain_text("Maria Silva")
    page.context.set_offline(True)
    expect(badge).to_have_text(re.compile(r"No contact since 08:\d\d:\d\d"))
    expect(page.locator("[data-live-part]")).to_have_class(re.compile("is-stale"))
    page.context.set_offline(False)
    expect(badge).to_have_text(re.compile(r"Live, as of"))
    expect(page.locator("[data-live-part]")).not_to_have_class(re.compile("is-stale"))


def test_the_doctor_sees_a_patient_with_the_mouse(scene: Scene, staff: Staff) -> None:
    arrived(scene.clinic, scene.doctor_id, NOW.time().replace(hour=11, minute=0), name="Asha Rao")
    page = staff(doctor_of(scene), "/my-day")
    check_axe(page)
    page.get_by_role("button", name="Start with Asha Rao").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Asha Rao")
    check_axe(page)
    page.get_by_label("Notes").fill("Wheezing")
    expect(page.locator("[data-words]")).to_have_text(re.compile(r"Saved 08:00"))
    page.get_by_role("button", name="Complete the visit").click()
    expect(page.get_by_role("alert")).to_contain_text("Write down the chief complaint.")
    expect(page.get_by_label("Chief complaint")).to_have_attribute("aria-invalid", "true")
    check_axe(page)
    page.get_by_label("Chief complaint").fill("Cough")
    page.get_by_label("Diagnoses").fill("J20.9 Bronchitis\nAsthma")
    page.get_by_role("button", name="Complete the visit").click()
    expect(page.get_by_text("The visit of Asha Rao is completed.")).to_be_visible()
    (row,) = stored(scene, Consultation)
    assert (row.status, row.notes, row.diagnosis) == ("COMPLETED", "Wheezing", ["J20.9 Bronchitis", "Asthma"])


def test_the_doctor_does_it_with_the_keyboard_alone(scene: Scene, staff: Staff) -> None:
    arrived(scene.clinic, scene.doctor_id, NOW.time().replace(hour=11, minute=0), name="Asha Rao")
    page = staff(doctor_of(scene), "/my-day")
    tab_to(page, "Start with Asha Rao")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Asha Rao")
    page.get_by_label("Chief complaint").focus()
    page.keyboard.type("Cough")
    page.keyboard.press("Tab")
    page.keyboard.type("J20.9 Bronchitis")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("The visit of Asha Rao is completed.")).to_be_visible()


@contextmanager
def consultation(scene: Scene, staff: Staff) -> Iterator[Page]:
    """The page of a consultation that has begun."""
    view = seen(scene.clinic, scene.doctor_id, NOW.time().replace(hour=11, minute=0), name="Asha Rao")
    yield staff(doctor_of(scene), f"/consultations/{view.id}")


def test_a_reload_loses_nothing_typed(scene: Scene, staff: Staff) -> None:
    with consultation(scene, staff) as page:
        page.route(re.compile(r"/consultations/[^/]+$"), refuse_posts)
        page.get_by_label("Notes").fill("W")
        page.reload()
        expect(page.get_by_label("Notes")).to_have_value("W")
        expect(page.locator("[data-words]")).to_have_text(re.compile("Could not be saved at|is back"))
        page.unroute_all()
        page.get_by_label("Notes").press("End")
        page.keyboard.type("heezing")
        expect(page.locator("[data-words]")).to_have_text(re.compile("Saved"))
        page.reload()
        expect(page.get_by_label("Notes")).to_have_value("Wheezing")
        assert page.evaluate("Object.keys(sessionStorage).filter((name) => name.startsWith('draft:'))") == []


def test_saved_is_said_of_all_that_was_typed(scene: Scene, staff: Staff) -> None:
    """Not of the first letter, while the rest was typed and the answer was on its way."""
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if route.request.method == "POST" and not held:
            held.append(route)
        else:
            route.continue_()

    with consultation(scene, staff) as page:
        page.route(re.compile(r"/consultations/[^/]+$"), hold_the_first)
        with page.expect_request(lambda request: request.method == "POST"):
            page.get_by_label("Notes").fill("W")
        page.get_by_label("Notes").press("End")
        page.keyboard.type("heezing")
        held[0].continue_()
        expect(page.locator("[data-words]")).to_have_text(re.compile("Saved"))
        (row,) = stored(scene, Consultation)
        assert row.notes == "Wheezing"


def refuse_posts(route: Route) -> None:
    """Let nothing be saved, as a lost connection does."""
    if route.request.method == "POST":
        route.abort()
    else:
        route.continue_()


def test_an_expired_session_loses_nothing_typed(scene: Scene, staff: Staff) -> None:
    with consultation(scene, staff) as page:
        email = next(word for word in (page.locator(".menu-note").text_content() or "").split() if "@" in word)
        scene.clinic.session.execute(sa.delete(LoginSession).where(LoginSession.user_id == doctor_of(scene).user_id))
        scene.clinic.session.commit()
        page.get_by_label("Notes").fill("W")
        page.wait_for_url(re.compile("/login"))
        page.get_by_label("Email").fill(email)
        page.get_by_label("Password").fill("harbour tulip forty two")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_label("Notes")).to_have_value("W")
        expect(page.locator("[data-words]")).to_have_text(re.compile("Saved"))


def test_two_tabs_say_what_the_other_wrote(scene: Scene, staff: Staff) -> None:
    with consultation(scene, staff) as page:
        (row,) = stored(scene, Consultation)
        theirs = ConsultationChange(notes="from the other tab")
        consultations.change(scene.clinic.session, doctor_of(scene), row.id, theirs, now=NOW)
        page.get_by_label("Notes").fill("from this tab")
        expect(page.get_by_role("alert")).to_contain_text("from the other tab")
        expect(page.get_by_label("Notes")).to_have_value("from this tab")
        check_axe(page)
        page.get_by_role("button", name="Save mine in its place").click()
        expect(page.locator("[data-words]")).to_have_text(re.compile("Saved"))
        (row,) = stored(scene, Consultation)
        assert row.notes == "from this tab"


def test_breaking_off_and_asking_a_colleague(scene: Scene, staff: Staff) -> None:
    with consultation(scene, staff) as page:
        page.get_by_text("Ask another doctor").click()
        page.get_by_label("Doctor", exact=True).select_option(index=1)
        page.get_by_label("Notes").fill("Wheezing")
        page.get_by_role("button", name="Ask", exact=True).click()
        expect(page.get_by_text("has been asked.")).to_be_visible()
        expect(page.get_by_label("Notes")).to_have_value("Wheezing")
        page.get_by_text("Break it off").click()
        page.get_by_role("button", name="Break off the consultation").click()
        expect(page.get_by_role("alert")).to_contain_text("Say why")
        page.get_by_label("Why is it broken off?").fill("Called to the ward")
        page.get_by_role("button", name="Break off the consultation").click()
        expect(page.get_by_text("Asha Rao waits again.")).to_be_visible()
        assert [item.status for item in stored(scene, Appointment) if item.checked_in_at] == ["CHECKED_IN"]


def test_every_screen_in_both_sizes_and_colours(scene: Scene, staff: Staff) -> None:
    with consultation(scene, staff) as page:
        consulting = page.url.removeprefix(scene.url)
        for path in ("/board", "/my-day", consulting, f"/appointments/{scene.appointments()[-1].id}/vitals"):
            page.goto(scene.url + path)
            for size in (WIDE, TABLET):
                page.set_viewport_size(size)  # type: ignore[arg-type]
                check_axe_for_all(page)
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


WATCH = """
document.addEventListener("securitypolicyviolation", (event) => {
    const seen = JSON.parse(sessionStorage.getItem("policy") ?? "[]");
    seen.push(`${location.pathname}: ${event.violatedDirective} ${event.sample}`);
    sessionStorage.setItem("policy", JSON.stringify(seen));
});
"""


def broken(page: Page) -> list[str]:
    """What the content policy has refused in this tab so far."""
    found: list[str] = page.evaluate("JSON.parse(sessionStorage.getItem('policy') ?? '[]')")
    return found


def test_no_page_of_a_visit_is_in_the_content_policys_way(scene: Scene, staff: Staff, no_violations: list[str]) -> None:
    here = scene.clinic
    waiting = arrived(here, scene.doctor_id, time(11))
    inside = seen(here, scene.doctor_id, time(12))
    stage_alerts.scan(here.session, here.actor, now=NOW + timedelta(hours=1))
    nurse, doctor = staff(nurse_of(scene), "/board"), staff(doctor_of(scene), "/my-day")
    for page in (nurse, doctor):
        page.add_init_script(WATCH)
    for path in ("/board", f"/appointments/{waiting}/vitals", f"/appointments/{waiting}", "/alerts", "/still-here"):
        nurse.goto(scene.url + path)
        nurse.wait_for_load_state("networkidle")
    nurse.goto(f"{scene.url}/appointments/{waiting}/vitals")
    nurse.get_by_label("Pulse").fill("190")
    nurse.get_by_label("Temperature").click()
    expect(nurse.get_by_text("Unusual: check this value (50 to 110 is common).")).to_be_visible()
    nurse.get_by_role("button", name="Record").click()
    expect(nurse.get_by_text("recorded.")).to_be_visible()
    nurse.goto(scene.url + "/board")
    expect(nurse.get_by_role("region", name="Vitals done").get_by_text("Pulse 190 per min")).to_be_visible()
    nurse.get_by_role("link", name="Vitals of").first.click()
    nurse.get_by_label("Pulse").fill("72")
    nurse.get_by_role("button", name="Record").click()
    for path in ("/my-day", f"/consultations/{inside.id}", f"/no-shows/{waiting}", "/front-desk"):
        doctor.goto(scene.url + path)
        doctor.wait_for_load_state("networkidle")
    assert broken(nurse) + broken(doctor) == []
    with doctor.expect_event("console"):
        doctor.evaluate("document.body.setAttribute('style', 'color: red')")
    assert broken(doctor), "control: what breaks it is seen"
    no_violations.clear()


def test_enter_does_what_the_field_is_for_and_never_ends_the_visit(scene: Scene, staff: Staff) -> None:
    here, colleague = scene.clinic, scene.clinic.doctor()
    view = seen(here, scene.doctor_id, time(11))
    written = ConsultationChange(chief_complaint="Cough", diagnosis=["Bronchitis"])
    consultations.change(here.session, doctor_of(scene), view.id, written, now=NOW)
    page = staff(doctor_of(scene), f"/consultations/{view.id}")
    page.get_by_text("Ask another doctor").click()
    page.get_by_label("Doctor", exact=True).select_option(str(colleague))
    page.get_by_label("Question").fill("Is the dose right?")
    page.get_by_label("Question").press("Enter")
    expect(page.get_by_text("has been asked")).to_be_visible()
    page.get_by_text("Break it off").click()
    page.get_by_label("Why is it broken off?").fill("Called to the ward")
    page.get_by_label("Why is it broken off?").press("Enter")
    expect(page.get_by_text("waits again")).to_be_visible()
    assert [one.status for one in stored(scene, Consultation)] == ["ABANDONED"]
