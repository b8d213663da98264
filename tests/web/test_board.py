"""The board and the sheet for vitals, as they are without JavaScript and as htmx asks for them."""

from datetime import time, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import pytest
import sqlalchemy as sa

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.domain.visits import AppointmentStatus
from hms_web.domain.vitals import Readings
from hms_web.models import LoginSession, Vitals
from hms_web.services import cancelling, consultations, visits, vitals
from hms_web.web import flow
from tests.api.callers import person
from tests.scenes import MONDAY, NOW
from tests.visit_scenes import acting, arrived, seen
from tests.web.pages import HX, Browser, Page, text
from tests.web.record_scenes import Desk
from tests.web.staff import signed_in


@pytest.fixture
def nurse(desk: Desk) -> Browser:
    """A nurse's browser."""
    return signed_in(desk.app, desk.session, person(desk.clinic, Role.NURSE))


def column(page: Page, stage: str) -> str:
    """What stands in a column."""
    (found,) = page.all("section", class_=f"column-{stage}")
    return text(found)


def press(page: Page, path: str, **values: str) -> Page:
    """Press a button of the board's form that says where to send it."""
    return page.browser.post(path, page.form(id="board-form").values | values)


def poll_of(page: Page) -> str:
    """The address that the board asks when it refreshes."""
    return str(page.all("div", id="board")[0].attrib["hx-get"])


def test_somebody_walks_through_the_columns(desk: Desk, nurse: Browser) -> None:
    board = nurse.get("/board")
    assert (board.status, board.h1) == (200, "Board")
    assert "Asha Sharma 10:00 #1 Dr. 001" in column(board, "expected")
    assert "Nobody waits for vitals." in column(board, "arrived")
    here = press(board, f"/board/{desk.booked.id}/status?version=1", status="CHECKED_IN")
    assert "Asha Sharma: here." in here.text
    assert "0 min" in column(here, "arrived")
    page = here.follow("Vitals")
    assert "Asha Sharma T" in page.text
    done = page.form("/vitals").send(temperature_c="36,6", pulse_bpm="72")
    assert urlsplit(done.url).path == "/board"
    assert "Vitals of Asha Sharma recorded." in done.text
    assert "Asha Sharma" in column(done, "vitals-done")
    consultations.start(desk.session, acting(desk.clinic, desk.doctor_id), desk.booked.id, now=NOW)
    assert "Asha Sharma" in column(nurse.get("/board"), "with-doctor")


def test_whoever_checks_in_for_a_doctor_who_is_away_is_told(desk: Desk, nurse: Browser) -> None:
    """At once and with the remedy, on the board, at the front desk and on the record; who was kept is no surprise."""
    here, reception = desk.clinic, desk.reception()
    here.absence(desk.doctor_id, MONDAY, MONDAY)
    others = [here.book(here.doctor(), here.patient(), time(10)) for _ in range(3)]
    for other in others[:2]:
        here.absence(other.doctor_id, MONDAY, MONDAY)
    warning = "is away at that time. "
    board = press(nurse.get("/board"), f"/board/{desk.booked.id}/status", status="CHECKED_IN")
    assert warning in board.text
    assert "a colleague can be found for today" in board.text
    record = reception.get(f"/appointments/{others[0].id}").form("/status").send(status="CHECKED_IN")
    assert warning in record.text
    token = reception.csrf_token("/front-desk")
    path = f"/front-desk/appointments/{others[1].id}/status"
    assert warning in reception.post(path, {"csrf_token": token, "status": "CHECKED_IN"}).text
    undone = reception.post(path, {"csrf_token": token, "status": "SCHEDULED"})
    assert warning not in undone.text
    shown = reception.client.post(path, data={"csrf_token": token, "status": "CHECKED_IN"}, headers=HX)
    assert warning in shown.headers["HX-Trigger-After-Settle"]
    fine = reception.get(f"/appointments/{others[2].id}").form("/status").send(status="CHECKED_IN")
    assert "may wait in vain" not in fine.text


def test_what_is_unusual_is_marked_for_those_who_treat(desk: Desk, nurse: Browser) -> None:
    key = arrived(desk.clinic, desk.doctor_id, time(11), name="Ravi Rao")
    vitals.record(desk.session, desk.clinic.actor, key, Readings(pulse_bpm=190, spo2_percent=98), now=NOW)
    shown = column(nurse.get("/board"), "vitals-done")
    assert "unusual Pulse 190 per min" in shown
    assert "98" not in shown, "only what is unusual"
    assert "unusual" not in column(desk.reception().get("/board"), "vitals-done")
    day = desk.doctor().get("/my-day").text
    assert "190/min unusual 98 % O₂" in day


def test_who_is_ready_before_their_time_is_ready_and_does_not_wait_yet(desk: Desk, nurse: Browser) -> None:
    key = arrived(desk.clinic, desk.doctor_id, time(9))
    vitals.record(desk.session, desk.clinic.actor, key, Readings(pulse_bpm=70), now=NOW)
    assert "ready" in column(nurse.get("/board"), "vitals-done")
    with clock.fixed(NOW + timedelta(minutes=10)):
        assert "10 min" not in column(nurse.get("/board"), "vitals-done")


def test_undoing_a_check_in(desk: Desk, nurse: Browser) -> None:
    visits.set_status(desk.session, desk.clinic.actor, desk.booked.id, AppointmentStatus.CHECKED_IN, now=NOW)
    board = nurse.get("/board")
    again = press(board, f"/board/{desk.booked.id}/status?version=2", status="SCHEDULED")
    assert "Asha Sharma: expected." in again.text
    assert "Asha Sharma" in column(again, "expected")


@pytest.mark.parametrize(
    ("version", "status", "said"),
    [
        ("9", "CHECKED_IN", "changed this meanwhile"),
        ("1", "SCHEDULED", "An appointment that is expected cannot become expected"),
        ("1", "COMPLETED", "Choose what to do."),
    ],
)
def test_what_is_refused_is_said_and_the_board_is_as_it_is(
    desk: Desk, nurse: Browser, version: str, status: str, said: str
) -> None:
    path = f"/board/{desk.booked.id}/status?version={version}"
    page = press(nurse.get("/board"), path, status=status)
    assert said in page.text
    assert "Asha Sharma" in column(page, "expected")
    token = nurse.csrf_token("/board")
    fragment = nurse.post(path, {"status": status, "csrf_token": token}, headers={"HX-Request": "true"})
    assert fragment.status in {409, 422}
    assert said in fragment.response.headers["HX-Trigger-After-Settle"]
    assert "Asha Sharma" in column(fragment, "expected")


def test_it_polls_cheaply_and_shows_what_has_changed(desk: Desk, nurse: Browser) -> None:
    address = poll_of(nurse.get("/board"))
    assert nurse.fragment(address).status == 204
    visits.set_status(desk.session, desk.clinic.actor, desk.booked.id, AppointmentStatus.CHECKED_IN, now=NOW)
    changed = nurse.fragment(address)
    assert changed.status == 200
    assert "Asha Sharma" in column(changed, "arrived")
    assert nurse.fragment(poll_of(changed)).status == 204


def test_a_poll_keeps_no_session_alive(desk: Desk, nurse: Browser) -> None:
    address = poll_of(nurse.get("/board"))
    with clock.fixed(NOW + timedelta(minutes=14)):
        assert nurse.fragment(address, **{"X-Poll": "1"}).status in {200, 204}
    with clock.fixed(NOW + timedelta(minutes=16)):
        gone = nurse.client.get(address, headers={"HX-Request": "true", "X-Poll": "1"})
    assert (gone.status_code, gone.headers["HX-Redirect"][:6]) == (401, "/login")


def test_after_a_check_in_the_card_is_marked_and_said(desk: Desk, nurse: Browser) -> None:
    token = nurse.csrf_token("/board")
    path = f"/board/{desk.booked.id}/status?version=1"
    answer = nurse.post(path, {"status": "CHECKED_IN", "csrf_token": token}, headers={"HX-Request": "true"})
    assert "Asha Sharma: here." in answer.response.headers["HX-Trigger-After-Settle"]
    (card,) = answer.all("li", class_="changed")
    assert "Asha Sharma" in text(card)


def test_filters_stand_in_the_address(desk: Desk, nurse: Browser) -> None:
    other = desk.clinic.doctor()
    arrived(desk.clinic, other, name="Maria Silva")
    page = nurse.get(f"/board?doctor={other}&department=Cardiology")
    assert "Maria Silva" in column(page, "arrived")
    assert "Asha Sharma" not in page.text
    assert f"doctor={other}" in poll_of(page)
    assert "Asha Sharma" not in nurse.get("/board?department=Surgery").text
    assert "Asha Sharma" in nurse.get("/board?doctor=nonsense&department=").text


def test_who_is_late_is_said_in_words(desk: Desk, nurse: Browser) -> None:
    later = NOW + timedelta(hours=2, minutes=12)
    desk.session.execute(sa.update(LoginSession).values(last_seen_at=later))
    desk.session.commit()
    with clock.fixed(later):
        page = nurse.get("/board")
    assert "1 late" in column(page, "expected")
    assert "late 12 min" in column(page, "expected")


def test_those_who_are_done_do_not_fill_the_screen(desk: Desk, nurse: Browser) -> None:
    here, me = desk.clinic, acting(desk.clinic, desk.doctor_id)
    full = consultations.ConsultationChange(chief_complaint="Cough", diagnosis=["J20.9"])
    starts = [time(11), time(11, 30), time(12), time(12, 30), time(14), time(14, 30), time(15), time(15, 30)]
    for at in starts:
        view = seen(here, desk.doctor_id, at)
        consultations.change(here.session, me, view.id, full, now=NOW)
        consultations.complete(here.session, me, view.id, now=NOW)
    gone = here.book(desk.doctor_id, here.patient(), time(16)).id
    cancelling.cancel(here.session, here.actor, gone, reason="Ill", now=NOW)
    page = nurse.get("/board")
    (done,) = page.all("section", class_="column-done")
    assert len(list(done.iter("li"))) == flow.MOST_DONE
    assert "Done 8" in text(done)
    assert "and 2 more" in text(done)
    assert "1 cancelled" in text(done)
    assert page.follow("and 2 more").status == 200


def test_each_reader_has_what_they_may_do(desk: Desk, nurse: Browser) -> None:
    arrived(desk.clinic, desk.doctor_id, time(11), name="Maria Silva")
    colleague = desk.clinic.doctor()
    words = {
        "reception": desk.reception().get("/board"),
        "nurse": nurse.get("/board"),
        "doctor": desk.doctor().get("/board"),
        "colleague": desk.doctor(colleague).get("/board"),
    }
    assert {
        who: "Vitals" in column(page, "arrived").replace("Nobody waits for vitals", "") for who, page in words.items()
    } == {
        "reception": False,
        "nurse": True,
        "doctor": True,
        "colleague": True,
    }
    assert {who for who, page in words.items() if "Start" in column(page, "arrived")} == {"doctor"}
    assert all("Check in" in column(page, "expected") for page in words.values())


HX_SHEET = {"HX-Request": "true", "HX-Target": "sheet-body"}


@pytest.fixture
def present(desk: Desk) -> UUID:
    """The appointment of somebody who is here."""
    return arrived(desk.clinic, desk.doctor_id, time(11), name="Maria Silva")


def send(nurse: Browser, key: UUID, **figures: str) -> Page:
    data = figures | {"csrf_token": nurse.csrf_token("/board")}
    return nurse.post(f"/appointments/{key}/vitals", data, headers=HX_SHEET)


def test_the_sheet_has_the_form_and_who_it_is(nurse: Browser, present: UUID) -> None:
    sheet = nurse.fragment(f"/appointments/{present}/vitals", **HX_SHEET)
    assert sheet.fragment
    assert "Maria Silva" in sheet.text
    assert sheet.form("/vitals").values["temperature_c"] == ""


def test_what_was_typed_stays_when_it_is_refused(desk: Desk, nurse: Browser, present: UUID) -> None:
    sheet = send(nurse, present, temperature_c="366", pulse_bpm="many", spo2_percent="98.5", note="calm")
    assert sheet.status == 422
    fields = {item.attrib["name"]: item for item in sheet.all("input") if item.attrib.get("type") == "text"}
    assert [fields[name].attrib["value"] for name in ("temperature_c", "pulse_bpm")] == ["366", "many"]
    assert "Write a number, like 72 or 36.6." in sheet.text
    assert "Write a whole number." in sheet.text
    assert fields["pulse_bpm"].attrib["aria-invalid"] == "true"
    again = send(nurse, present, temperature_c="366", note="calm")
    assert "Temperature lies between 25 and 45 °C." in again.text
    assert "Write down at least one reading." in send(nurse, present).text
    assert desk.clinic.count(Vitals) == 0


def test_a_recorded_taking_closes_the_sheet(nurse: Browser, present: UUID) -> None:
    done = send(nurse, present, pulse_bpm="72")
    assert (done.status, done.html) == (200, "")
    assert "close-sheet" in done.response.headers["HX-Trigger-After-Settle"]


def test_a_rare_value_is_recorded_and_shown_again(desk: Desk, nurse: Browser, present: UUID) -> None:
    checked = send(nurse, present, pulse_bpm="190")
    assert "Pulse 190 per min is unusually high: check this value." in checked.text
    assert "They are right" in checked.text
    assert desk.clinic.count(Vitals) == 1
    page = nurse.get(f"/appointments/{present}/vitals?next=/board")
    back = page.form("/vitals").send(pulse_bpm="185")
    assert "Pulse 185 per min is unusually high" in back.text
    assert back.url == "/board"
    assert "185 per min check" in nurse.get(f"/appointments/{present}/vitals").text


def test_who_is_not_here_has_no_form(desk: Desk, nurse: Browser) -> None:
    page = nurse.get(f"/appointments/{desk.booked.id}/vitals")
    assert "Check the patient in first." in page.text
    refused = nurse.post(
        f"/appointments/{desk.booked.id}/vitals", {"pulse_bpm": "72", "csrf_token": nurse.csrf_token("/board")}
    )
    assert refused.status == 409
    assert "this appointment is expected" in refused.text


def test_the_way_back_leads_nowhere_else(nurse: Browser, present: UUID) -> None:
    page = nurse.get(f"/appointments/{present}/vitals?next=//evil.test/")
    done = page.form("/vitals").send(pulse_bpm="72")
    assert done.url == f"/appointments/{present}"


def test_the_appointments_page_leads_on_for_those_who_treat(desk: Desk, nurse: Browser, present: UUID) -> None:
    path = f"/appointments/{present}"
    assert "Record vitals" in nurse.get(path).text
    send(nurse, present, pulse_bpm="72")
    assert "Pulse 72 per min" in nurse.get(path).text
    for_desk = desk.reception().get(path).text
    assert "Pulse" not in for_desk
    doctor = desk.doctor()
    page = doctor.get(path)
    started = page.form("/consultations").send(appointment=str(present))
    assert started.h1 == "Maria Silva"
    assert doctor.get(path).follow("Open the consultation").h1 == "Maria Silva"
    assert "Start the consultation" not in desk.doctor(desk.clinic.doctor()).get(path).text
