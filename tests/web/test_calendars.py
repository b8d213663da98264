"""A doctor's calendar for calendar programs: its links on the doctor's pages, and the calendar itself."""

from datetime import date, time, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from icalendar import Calendar, Component
from werkzeug.test import TestResponse

from hms_web.domain.absences import AbsenceType
from hms_web.models import Doctor, User
from hms_web.services import absences, calendar_feed, passwords
from hms_web.services.absence_records import AbsenceChange, NewAbsence
from hms_web.web import calendars
from tests.scenes import MONDAY, NOW
from tests.web.pages import Browser, Page, text
from tests.web.record_scenes import Desk

OLD, NEW = "harbour tulip forty two", "window lantern sixty one"


def path_of(page: Page) -> str:
    return urlsplit(text(page.all("code", class_="secret")[0])).path


def made(desk: Desk, browser: Browser) -> str:
    page = browser.get(f"/doctors/{desk.doctor_id}/calendar")
    return path_of(page.form(f"{desk.doctor_id}/calendar").send(name="My phone"))


def ask(client: FlaskClient, path: str, **headers: str) -> TestResponse:
    somewhere = {"REMOTE_ADDR": str(uuid4())}  # so that no other test's wrong tries count
    return client.get(path, headers=headers, environ_overrides=somewhere)


def events(answer: TestResponse) -> dict[str, Component]:
    return {str(event["summary"]): event for event in Calendar.from_ical(answer.data).walk("VEVENT")}


def test_a_doctor_makes_a_link_that_is_shown_once_and_revokes_it(desk: Desk) -> None:
    doctor = desk.doctor()
    path = made(desk, doctor)
    page = doctor.get(f"/doctors/{desk.doctor_id}/calendar")
    assert path not in page.html
    assert "My phone" in page.text
    stranger = desk.app.test_client()
    assert ask(stranger, path).status_code == 200
    page.form("/revoke").send()
    assert ask(stranger, path).status_code == 404
    colleague = desk.clinic.doctor()
    assert doctor.get(f"/doctors/{colleague}/calendar").status == 403


def test_a_wrong_name_stands_at_its_field(desk: Desk) -> None:
    page = desk.admin().get(f"/doctors/{desk.doctor_id}/calendar")
    again = page.form(f"{desk.doctor_id}/calendar").send(name=" ")
    assert (again.status, again.all("input", id="name")[0].attrib["aria-invalid"]) == (422, "true")


def test_the_calendar_names_no_patient_until_the_hospital_lets_it(desk: Desk) -> None:
    admin, stranger = desk.admin(), desk.app.test_client()
    desk.clinic.absence(desk.doctor_id, MONDAY + timedelta(days=1), MONDAY + timedelta(days=2))
    path = made(desk, admin)
    answer = ask(stranger, path)
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert b"Asha" not in answer.data
    found = events(answer)
    visit, leave = found["Appointment, token 1"], found["Away"]
    assert visit.decoded("dtstart") == NOW + timedelta(hours=2)
    assert (str(visit["uid"]), str(visit["status"])) == (f"appointment-{desk.booked.id}@hms", "CONFIRMED")
    assert (leave.decoded("dtstart"), leave.decoded("dtend")) == (date(2026, 3, 3), date(2026, 3, 5))
    admin.get(f"/doctors/{desk.doctor_id}/calendar").form("/names").send(names="yes")
    assert "Asha Sharma, token 1" in events(ask(stranger, path))
    admin.get(f"/doctors/{desk.doctor_id}/calendar").form("/names").send(names="no")
    assert b"Asha" not in ask(stranger, path).data
    assert not desk.doctor().get(f"/doctors/{desk.doctor_id}/calendar").all("button", name="names")


def test_what_is_unchanged_is_not_sent_again_and_nobody_keeps_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path, stranger = made(desk, desk.admin()), desk.app.test_client()
    first = ask(stranger, path)
    assert first.headers["Cache-Control"] == "no-store"
    again = {"If-None-Match": first.headers["ETag"]}
    with monkeypatch.context() as patch:
        patch.setattr(calendars, "written", None)
        assert ask(stranger, path, **again).status_code == 304, "what nobody gets is not written"
    desk.clinic.book(desk.doctor_id, desk.clinic.patient(), time(12))
    assert ask(stranger, path, **again).status_code == 200


def test_leave_that_is_changed_or_cancelled_stays_with_a_higher_number(desk: Desk) -> None:
    place, stranger, path = desk.clinic, desk.app.test_client(), made(desk, desk.admin())
    day = MONDAY + timedelta(days=3)
    wanted = NewAbsence(AbsenceType.ANNUAL_LEAVE, day, day)
    leave = absences.create(place.session, place.admin, desk.doctor_id, wanted, now=NOW).absence
    assert leave is not None
    seen = [events(ask(stranger, path))["Away"]]
    longer = AbsenceChange(end_date=day + timedelta(days=1))
    absences.change(place.session, place.admin, desk.doctor_id, leave.id, longer, now=NOW)
    seen.append(events(ask(stranger, path))["Away"])
    absences.cancel(place.session, place.admin, desk.doctor_id, leave.id, now=NOW)
    seen.append(events(ask(stranger, path))["Away"])
    assert len({str(event["uid"]) for event in seen}) == 1
    assert [str(event["status"]) for event in seen] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert str(seen[-1]["transp"]) == "TRANSPARENT"
    numbers = [int(event.decoded("sequence")) for event in seen]
    assert numbers == sorted(set(numbers))


def test_a_link_that_is_none_is_404_and_its_secret_stands_in_no_log(
    desk: Desk, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    path = made(desk, desk.admin())
    caplog.clear()
    stranger, somebody = desk.app.test_client(), {"REMOTE_ADDR": str(uuid4())}
    wrong = "/calendar/nobodys-secret.ics"
    answers = [stranger.get(wrong, environ_overrides=somebody) for _ in range(21)]
    assert {answer.status_code for answer in answers[:20]} == {404}
    assert answers[0].headers["Cache-Control"] == "no-store"
    assert (answers[20].status_code, answers[20].headers["Retry-After"]) == (429, str(calendar_feed.WAIT_SECONDS))
    assert ask(stranger, path).status_code == 200, "the right link is not kept out by others' tries"
    logged = caplog.text + capsys.readouterr().err
    assert "/calendar/<secret>.ics" in logged
    assert "nobodys-secret" not in logged
    assert path.removeprefix("/calendar/").removesuffix(".ics") not in logged


def test_links_outlive_a_new_password_and_the_doctor_is_told(desk: Desk) -> None:
    user_id = desk.session.scalar(sa.select(Doctor.user_id).where(Doctor.id == desk.doctor_id))
    hashed = passwords.hash_password(OLD)
    desk.session.execute(sa.update(User).where(User.id == user_id).values(password_hash=hashed))
    desk.session.commit()
    browser = desk.doctor()

    def change(present: str, wanted: str) -> Page:
        return browser.get("/account").form("/account/password").send(present=present, password=wanted, again=wanted)

    assert "links to your calendar" not in change(OLD, NEW).text
    link = made(desk, browser)
    assert "They stay valid when a password is changed" in browser.get(f"/doctors/{desk.doctor_id}/calendar").text
    assert "The links to your calendar still work." in change(NEW, OLD).text
    assert ask(browser.client, link).status_code == 200
