import re
from datetime import time, timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from hms_web.domain.visits import AppointmentStatus
from hms_web.models import Appointment, DoctorSlot
from tests.browser.axe import check_axe_for_all
from tests.browser.conftest import TABLET, Scene
from tests.scenes import NOW

pytestmark = pytest.mark.browser


def kind(page: Page, wanted: str) -> None:
    expect(page.locator("#panel")).to_have_attribute("data-kind", wanted)


def held(page: Page) -> None:
    expect(page.locator("#hold[data-held]")).to_be_visible()


def test_a_known_patient_is_booked_with_the_mouse(scene: Scene) -> None:
    page = scene.open()
    page.locator(scene.free("09:30")).click()
    held(page)
    page.get_by_label("Patient", exact=True).type("asha sh")
    page.get_by_role("option", name=re.compile("Asha Sharma")).click()
    page.get_by_role("button", name=re.compile("^Book")).click()
    kind(page, "booked")
    expect(page.locator("#grid")).to_contain_text("Asha Sharma")
    expect(page.locator("#day")).to_contain_text("Asha Sharma")
    first = scene.appointments()[0]
    assert (first.patient_id, first.start_time) == (scene.patient_id, time(9, 30))


def test_a_known_patient_is_booked_with_three_actions_of_the_keyboard(scene: Scene) -> None:
    page = scene.open()
    page.keyboard.press("ArrowDown")  # to the first free slot of the grid
    expect(page.locator(scene.free("09:00"))).to_be_focused()
    page.keyboard.press("Enter")  # one: pick the slot
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("asha sh")
    page.keyboard.press("Enter")  # two: the patient, before the answer has come
    expect(page.locator("#reason")).to_be_focused()
    page.keyboard.press("Enter")  # three: book
    kind(page, "booked")
    assert scene.appointments()[0].patient_id == scene.patient_id
    page.keyboard.press("Escape")
    kind(page, "empty")
    expect(page.locator('#grid button[aria-label^="09:00 Asha Sharma"]')).to_be_focused()


def test_the_patient_may_come_first_and_the_next_free_time_by_a_key(scene: Scene) -> None:
    page = scene.open()
    page.keyboard.press("/")
    page.keyboard.type("12345")
    page.keyboard.press("Enter")
    expect(page.locator("#chosen")).to_contain_text("Asha Sharma")
    page.keyboard.press("n")
    expect(page.locator("#reason")).to_be_focused()
    expect(page.locator("#chosen")).to_contain_text("Asha Sharma")
    page.keyboard.press("Enter")
    kind(page, "booked")
    assert scene.appointments()[0].start_time == time(9)


def test_an_appointment_is_moved_with_the_mouse(scene: Scene) -> None:
    page = scene.open()
    page.locator("#grid button", has_text="Maria Silva").click()
    kind(page, "appointment")
    page.get_by_role("link", name=re.compile("Reschedule")).click()
    kind(page, "moving")
    page.locator(scene.free("11:00")).click()
    kind(page, "move")
    page.get_by_role("button", name=re.compile("^Move ")).click()
    kind(page, "appointment")
    expect(page.locator("#toasts")).to_contain_text("Moved: Maria Silva, now Mon 2 Mar 11:00 with Dr. 001")
    expect(page.locator('#grid button[aria-label^="11:00 Maria Silva"]')).to_be_visible()
    assert scene.appointments()[0].start_time == time(11)


def test_an_appointment_is_moved_with_the_keyboard_alone(scene: Scene) -> None:
    page = scene.open()
    page.keyboard.press("ArrowDown")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    expect(page.locator("#grid button", has_text="Maria Silva")).to_be_focused()
    page.keyboard.press("r")
    kind(page, "moving")
    expect(page.locator("#grid button", has_text="Maria Silva")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    kind(page, "move")
    held(page)
    page.keyboard.press("Enter")
    kind(page, "appointment")
    assert scene.appointments()[0].start_time == time(10, 30)


def test_on_a_tablet_what_is_opened_comes_into_sight_with_its_buttons(scene: Scene) -> None:
    page = scene.page
    page.set_viewport_size(TABLET)  # type: ignore[arg-type]
    scene.open()
    page.locator("#grid button", has_text="Maria Silva").click()
    kind(page, "appointment")
    expect(page.get_by_role("link", name=re.compile("Reschedule"))).to_be_in_viewport(ratio=1)
    page.get_by_role("link", name=re.compile("Reschedule")).click()
    kind(page, "moving")
    expect(page.locator("#grid button", has_text="Maria Silva")).to_be_in_viewport(ratio=1)


def test_what_was_done_goes_by_itself_and_what_was_refused_stays(scene: Scene) -> None:
    page = scene.page
    page.clock.install()
    scene.open()
    for tone in ("good", "bad"):
        detail = f"{{ words: 'It is {tone}', tone: '{tone}' }}"
        page.evaluate(f"document.body.dispatchEvent(new CustomEvent('toast', {{ detail: {detail}, bubbles: true }}))")
    said = page.locator("#toasts [data-toast] p")
    expect(said).to_have_text(["It is good", "It is bad"])
    page.clock.run_for(11_000)
    expect(said).to_have_text(["It is bad"])


def test_an_appointment_is_cancelled_with_the_mouse(scene: Scene) -> None:
    page = scene.open()
    page.locator("#day").get_by_role("button", name="Maria Silva", exact=True).click()
    page.get_by_role("link", name=re.compile("Cancel…")).click()
    page.get_by_label("Why").fill("Patient called")
    page.get_by_role("button", name=re.compile("Cancel the appointment")).click()
    kind(page, "appointment")
    expect(page.locator("#panel .badge").first).to_have_text("cancelled")
    expect(page.locator(scene.free("10:00"))).to_be_visible()
    gone = scene.appointments()[0]
    assert (gone.status, gone.cancel_reason) == (AppointmentStatus.CANCELLED, "Patient called")


def test_an_appointment_is_cancelled_with_the_keyboard_alone(scene: Scene) -> None:
    page = scene.open()
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    expect(page.locator("#cancel-reason")).to_be_focused()
    page.keyboard.type("Booked by mistake")
    page.keyboard.press("Enter")
    kind(page, "appointment")
    assert scene.appointments()[0].status == AppointmentStatus.CANCELLED


def test_somebody_is_checked_in_from_the_list_and_by_key_and_the_focus_stays(scene: Scene) -> None:
    other = scene.clinic.patient(name="Noah Brown")
    scene.clinic.book(scene.doctor_id, other, time(11))
    page = scene.open()
    page.get_by_role("button", name="Check in Maria Silva").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#day")).to_contain_text("here")
    expect(page.get_by_role("button", name="Check in Noah Brown")).to_be_visible()
    assert page.evaluate("document.getElementById('day').contains(document.activeElement)")
    page.locator("#grid button", has_text="Noah Brown").focus()
    page.keyboard.press("c")
    expect(page.locator("#panel .badge").first).to_have_text("here")
    assert {row.status for row in scene.appointments()} == {AppointmentStatus.CHECKED_IN}


def test_a_new_patient_is_added_in_the_form_and_a_possible_twin_is_shown(scene: Scene) -> None:
    page = scene.open()
    page.locator(scene.free("09:00")).click()
    page.get_by_label("Patient", exact=True).type("Zoe Quill")
    page.get_by_role("option", name=re.compile("New patient")).click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Zoe Quill")
    page.get_by_label("Phone", exact=True).fill("+91 98450 12345")
    page.keyboard.press("Tab")
    expect(page.locator("#duplicates")).to_contain_text("Asha Sharma")
    page.get_by_role("button", name=re.compile("^Book")).click()
    page.get_by_label("It is somebody else").check()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Zoe Quill")
    page.get_by_role("button", name=re.compile("^Book")).click()
    kind(page, "booked")
    expect(page.locator("#panel")).to_contain_text("Zoe Quill")


def test_who_was_quicker_is_told_and_nothing_typed_is_lost(scene: Scene) -> None:
    page = scene.open()
    page.locator(scene.free("09:00")).click()
    held(page)
    page.get_by_label("Patient", exact=True).type("asha sh")
    page.get_by_role("option", name=re.compile("Asha Sharma")).click()
    page.get_by_label("Reason").fill("Palpitations")
    scene.clinic.holiday(scene.appointments()[0].date)
    page.get_by_role("button", name=re.compile("^Book")).click()
    alert = page.locator("#panel [role=alert]")
    expect(alert).to_contain_text("The hospital is closed that day (Holi)")
    expect(alert).to_be_focused()
    expect(page.get_by_label("Reason")).to_have_value("Palpitations")
    expect(page.locator("#chosen")).to_contain_text("Asha Sharma")
    expect(page.locator("#grid")).to_contain_text("holiday: Holi")  # beside who is booked there
    alert.get_by_role("link").first.click()
    expect(page.locator("#panel-title")).not_to_contain_text("Mon 2 Mar")
    expect(page.locator("#reason")).to_have_value("Palpitations")
    expect(page.locator("#chosen")).to_contain_text("Asha Sharma")


def test_a_double_click_books_once(scene: Scene) -> None:
    page = scene.open()
    page.locator(scene.free("09:00")).click()
    page.get_by_label("Patient", exact=True).type("asha sh")
    page.get_by_role("option", name=re.compile("Asha Sharma")).click()
    page.get_by_role("button", name=re.compile("^Book")).dblclick()
    kind(page, "booked")
    assert len(scene.appointments()) == 2


def test_others_see_a_hold_and_escape_lets_it_go(scene: Scene, browser: Browser) -> None:
    page = scene.open()
    page.locator(scene.free("09:00")).click()
    held(page)
    with browser.new_context() as context:
        there = scene.sign_in(context, scene.clinic.other)
        there.goto(scene.url + "/front-desk")
        expect(there.locator("#grid")).to_contain_text("held by Reception 1")
        page.keyboard.press("Escape")
        kind(page, "empty")
        expect(page.locator(scene.free("09:00"))).to_be_focused()
        there.reload()
        expect(there.locator(scene.free("09:00"))).to_be_visible()


def test_whoever_leaves_lets_the_slot_go_and_the_next_one_does_not_come_to_its_form(scene: Scene) -> None:
    page = scene.open()
    page.locator(scene.free("09:00")).click()
    held(page)
    page.locator("#who > summary").click()
    page.get_by_role("button", name="Change user").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.url.endswith("/login?next=/front-desk?date%3D2026-03-02")
    mine = sa.select(DoctorSlot.id).where(DoctorSlot.held_by_id == scene.clinic.actor.user_id)
    assert scene.clinic.session.scalars(mine).all() == []


def test_a_quiet_refresh_takes_neither_words_nor_focus(scene: Scene) -> None:
    page = scene.open()
    page.locator(scene.free("09:00")).click()
    held(page)
    page.get_by_label("Reason").fill("half a wor")
    scene.clinic.book(scene.doctor_id, scene.patient_id, time(11))
    with page.expect_response(re.compile("/front-desk/grid")):
        page.evaluate("htmx.trigger('#grid', 'refresh')")
    expect(page.locator("#grid")).to_contain_text("Asha Sharma")
    expect(page.get_by_label("Reason")).to_be_focused()
    expect(page.get_by_label("Reason")).to_have_value("half a wor")
    page.locator("#grid button", has_text="Asha Sharma").focus()
    with page.expect_response(re.compile("/front-desk/grid")) as unchanged:
        page.evaluate("htmx.trigger('#grid', 'refresh')")
    assert unchanged.value.status == 204
    scene.clinic.book(scene.doctor_id, scene.clinic.patient(name="Noah Brown"), time(12))
    page.evaluate("htmx.trigger('#grid', 'refresh')")
    expect(page.locator("#grid")).to_contain_text("Noah Brown")
    expect(page.locator("#grid button", has_text="Asha Sharma")).to_be_focused()


def test_axe_finds_nothing_serious_in_any_state(scene: Scene) -> None:
    page = scene.open()
    check_axe_for_all(page)
    page.locator(scene.free("09:00")).click()
    held(page)
    page.get_by_label("Patient", exact=True).type("ash")
    expect(page.locator("#options [role=option]").first).to_be_visible()
    check_axe_for_all(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("^Book")).click()
    expect(page.locator("#panel [role=alert]")).to_be_visible()
    check_axe_for_all(page)
    page.set_viewport_size(TABLET)  # type: ignore[arg-type]
    page.locator("#grid button", has_text="Maria Silva").click()
    kind(page, "appointment")
    check_axe_for_all(page)
    page.keyboard.press("x")
    kind(page, "cancelling")
    check_axe_for_all(page)
    page.locator("h1").click()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    check_axe_for_all(page)


def test_it_works_without_javascript(scene: Scene, browser: Browser) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = scene.sign_in(context, scene.clinic.other)
        page.goto(scene.url + "/front-desk")
        page.locator(scene.free("09:00")).click()
        page.get_by_label("Patient", exact=True).fill("asha sh")
        page.get_by_role("button", name="Find").click()
        page.get_by_role("radio", name=re.compile("Asha Sharma")).check()
        page.get_by_role("button", name="Book", exact=True).click()
        expect(page.get_by_text("Booked: Asha Sharma")).to_be_visible()
        page.locator("#grid button", has_text="Asha Sharma").click()
        page.get_by_role("link", name="Reschedule").click()
        page.locator(scene.free("11:00")).click()
        page.get_by_role("button", name="Move", exact=True).click()
        expect(page.get_by_text("Moved: Asha Sharma")).to_be_visible()
        page.get_by_role("link", name="Cancel…").click()
        page.get_by_label("Why").fill("Patient called")
        page.get_by_role("button", name="Cancel the appointment").click()
        expect(page.get_by_text("Cancelled: Asha Sharma")).to_be_visible()


def test_a_move_goes_on_over_days_and_filters_and_ends_with_it(scene: Scene) -> None:
    page = scene.open()
    page.locator("#grid button", has_text="Maria Silva").click()
    kind(page, "appointment")
    page.keyboard.press("r")
    kind(page, "moving")
    page.keyboard.press("]")
    expect(page.locator("h1")).to_have_text("Tuesday 3 March")
    kind(page, "moving")
    page.keyboard.press("t")
    expect(page.locator("h1")).to_have_text("Monday 2 March")
    page.locator("#by-doctor").select_option(label="Dr. 001")
    expect(page).to_have_url(re.compile("doctor="))
    kind(page, "moving")
    page.locator("h1").click()
    page.keyboard.press("n")
    kind(page, "move")
    page.get_by_role("button", name=re.compile("^Move ")).click()
    kind(page, "appointment")
    assert [row.start_time for row in scene.appointments()] == [time(9)]
    page.keyboard.press("]")
    kind(page, "empty")


def test_a_closed_form_forgets_whom_it_was_for(scene: Scene) -> None:
    page = scene.open()
    page.locator(scene.free("09:00")).click()
    page.get_by_label("Patient", exact=True).type("asha sh")
    page.get_by_role("option", name=re.compile("Asha Sharma")).click()
    page.get_by_label("Reason").fill("Cough")
    page.keyboard.press("Escape")
    kind(page, "empty")
    expect(page.locator("#chosen")).to_be_hidden()
    page.locator(scene.free("09:30")).click()
    held(page)
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#q")).to_have_value("")
    expect(page.locator("#chosen")).to_be_hidden()
    expect(page.get_by_label("Reason")).to_have_value("")
    page.get_by_label("Patient", exact=True).type("Zoe Quill")
    page.get_by_role("option", name=re.compile("New patient")).click()
    page.get_by_role("link", name=re.compile("^Close")).click()
    kind(page, "empty")
    page.locator(scene.free("09:30")).click()
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#newcomer")).to_be_hidden()


def test_another_slot_keeps_what_was_typed_while_the_form_is_open(scene: Scene) -> None:
    page = scene.open()
    page.locator(scene.free("09:00")).click()
    page.get_by_label("Patient", exact=True).type("asha sh")
    page.get_by_role("option", name=re.compile("Asha Sharma")).click()
    page.get_by_label("Reason").fill("Cough")
    page.locator(scene.free("09:30")).click()
    expect(page.locator("#panel-title")).to_contain_text("Book 09:30")
    expect(page.locator("#chosen")).to_contain_text("Asha Sharma")
    expect(page.get_by_label("Reason")).to_have_value("Cough")


def test_a_slot_picked_before_the_former_form_is_closed_has_the_last_word(scene: Scene) -> None:
    page = scene.open()
    for at, other in (("09:00", "09:30"), ("11:00", "11:30"), ("14:00", "14:30")):
        page.locator(scene.free(at)).click()
        held(page)
        page.evaluate(
            """(other) => {
                document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
                document.querySelector(other).click();
            }""",
            scene.free(other),
        )
        page.wait_for_load_state("networkidle")
        expect(page.locator("#panel-title")).to_contain_text(f"Book {other}")
        expect(page.locator("#q")).to_be_focused()
        held(page)
        expect(page.locator("#grid .mine")).to_have_count(1)
        page.keyboard.press("Escape")
        kind(page, "empty")


def test_a_date_is_gone_to_when_it_is_complete_and_not_while_it_is_typed(scene: Scene) -> None:
    page = scene.open()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "date=" in request.url else None)
    page.keyboard.press("d")
    expect(page.locator("#on-day")).to_be_focused()
    page.keyboard.type("03032026", delay=20)
    page.wait_for_timeout(300)
    assert not [url for url in asked if "/front-desk?" in url]
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Tuesday 3 March")
    page.locator("#on-day").focus()
    page.keyboard.type("03042026")
    page.locator("h1").click()
    expect(page.locator("h1")).to_have_text("Wednesday 4 March")
    page.locator("#on-day").blur()
    page.locator("#on-day").fill("2026-03-05")
    page.locator("#on-day").blur()
    expect(page.locator("h1")).to_have_text("Thursday 5 March")


def test_who_has_to_be_called_is_there_with_the_whole_number_and_reason(scene: Scene) -> None:
    values = {"affected_cause": "ABSENCE", "affected_at": NOW, "reason": "Follow-up of the stress test"}
    scene.clinic.session.execute(
        sa.update(Appointment).where(Appointment.id == scene.appointments()[0].id).values(values)
    )
    scene.clinic.session.commit()
    page = scene.open("/front-desk?affected=1")
    row = page.locator("#panel .day-row").first
    expect(row).to_contain_text("+91 98450 77777")
    expect(row).to_contain_text("Follow-up of the stress test")
    for note in row.locator(".note").all():
        assert note.evaluate("(one) => one.scrollWidth <= one.clientWidth"), note.inner_text()


def test_a_new_hold_lets_go_of_the_one_of_the_form_before(scene: Scene) -> None:
    page = scene.open()
    page.locator(scene.free("09:00")).click()
    held(page)
    page.evaluate("navigator.sendBeacon = () => false")  # the browser went before it could say goodbye
    page.reload()
    page.wait_for_load_state("networkidle")
    page.goto(scene.url + "/front-desk")
    page.locator(scene.free("09:30")).click()
    held(page)
    expect(page.locator("#grid .mine")).to_have_count(1)
    expect(page.locator('#grid .mine[aria-current="true"]')).to_have_count(1)


def test_enter_without_a_patient_says_what_is_missing_and_the_next_form_is_clean(scene: Scene) -> None:
    page = scene.open()
    page.locator(scene.free("09:00")).click()
    held(page)
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#panel [role=alert]")).to_contain_text("Choose a patient")
    page.locator(scene.free("09:30")).click()
    expect(page.locator("#panel-title")).to_contain_text("Book 09:30")
    expect(page.locator("#panel")).not_to_contain_text("Choose a patient")
    expect(page.locator("#panel [aria-invalid]")).to_have_count(0)


def test_a_slot_that_somebody_took_meanwhile_is_refused_once_in_words_of_now(scene: Scene) -> None:
    page = scene.open()
    page.locator(scene.free("09:00")).click()
    held(page)
    page.get_by_label("Patient", exact=True).type("asha sh")
    page.get_by_role("option", name=re.compile("Asha Sharma")).click()
    slot_id = scene.clinic.slot(scene.doctor_id, time(9)).id
    taken = {"held_by_id": scene.clinic.other.user_id, "held_until": NOW + timedelta(minutes=2)}
    scene.clinic.session.execute(sa.update(DoctorSlot).where(DoctorSlot.id == slot_id).values(taken))
    scene.clinic.session.commit()
    page.evaluate("htmx.trigger('#hold', 'renew')")
    expect(page.locator("#panel [role=alert]")).to_contain_text("is booking this slot right now")
    page.get_by_role("button", name=re.compile("^Book")).click()
    page.wait_for_load_state("networkidle")
    expect(page.locator("#panel [role=alert]")).to_have_count(1)


def test_on_a_tablet_upright_a_booking_needs_no_scrolling(scene: Scene) -> None:
    page = scene.page
    page.set_viewport_size(TABLET)  # type: ignore[arg-type]
    scene.open()
    page.locator(scene.free("09:00")).click()
    held(page)
    page.get_by_label("Patient", exact=True).type("ash")
    expect(page.locator("#options [role=option]").first).to_be_visible()
    for part in ("#q", "#options", "#book"):
        box = page.locator(part).bounding_box()
        assert box
        assert box["y"] + box["height"] <= TABLET["height"], part
        assert box["y"] >= 0, part
