import re

import pytest
import sqlalchemy as sa

from hms_web.domain.identity import Role
from hms_web.models import Appointment, AuditEvent, Doctor, LoginSession, User
from hms_web.web import users
from tests.api.callers import caller_of
from tests.scenes import clinic
from tests.web.pages import Browser, Page
from tests.web.record_scenes import Desk

PASSWORD = "harbour-tulip-forty-two"


def link_in(page: Page) -> str:
    found = re.search(r"http://localhost(/set-password/[\w-]+)", page.text)
    assert found, page.text
    return found[1]


def test_a_new_user_gets_a_link_and_signs_in_with_the_password_set_there(desk: Desk) -> None:
    page = desk.admin().get("/users/new")
    shown = page.form("/new").send(name="Grace", email="grace@example.org", role="ADMIN")
    assert shown.h1 == "A link for Grace"
    link = link_in(shown)
    stranger = Browser(desk.app.test_client())
    form = stranger.get(link).form("/set-password/")
    late = Browser(desk.app.test_client()).get(link).form("/set-password/")
    assert "Use at least 12 characters" in form.send(password="short", again="short").text
    assert "are not the same" in form.send(password=PASSWORD, again="other").text
    done = form.send(password=PASSWORD, again=PASSWORD)
    assert "The password is set" in done.text
    assert done.form("/login").send(email="grace@example.org", password=PASSWORD).h1 == "Overview"
    assert "no longer works" in stranger.get(link).text
    used_up = late.send(password=PASSWORD, again=PASSWORD)
    assert used_up.status == 410
    assert "no longer works" in used_up.text


def test_the_link_is_kept_in_no_cookie_and_no_address(desk: Desk) -> None:
    page = desk.admin().get("/users/new")
    shown = page.form("/new").send(name="Grace", email="grace@example.org", role="NURSE")
    secret = link_in(shown).rpartition("/")[2]
    assert secret not in shown.url
    assert secret not in str(shown.response.headers)
    with desk.app.test_client() as client:
        assert secret not in str(client.get("/users").headers)


def test_users_are_searched_page_by_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "ROWS", 1)
    admin = desk.admin()
    page = admin.get("/users").form("/users").send(q="reception")
    assert 'value="reception"' in page.html
    assert ("Reception 1" in page.text, "Reception 2" in page.text) == (True, False)
    rest = page.follow("Next page")
    assert ("Reception 1" in rest.text, "Reception 2" in rest.text) == (False, True)
    assert "Reception 1" in rest.follow("From the start").text
    part = admin.fragment("/users?q=nobody")
    assert "No user fits." in part.text
    assert "0 users" in part.response.headers["HX-Trigger-After-Settle"]


def test_mistakes_of_a_new_user_keep_what_was_typed(desk: Desk) -> None:
    form = desk.admin().get("/users/new").form("/new")
    form.send(name="Grace", email="grace@example.org")
    for email, status in (("", 422), ("nowhere", 422), ("grace@example.org", 409)):
        refused = form.send(name="Kept", email=email)
        assert refused.status == status
        assert 'value="Kept"' in refused.html
    assert form.send(name="Kept", email="k@example.org", role="DOCTOR").status == 422


def test_an_admin_signs_somebody_out_everywhere(desk: Desk) -> None:
    mine = desk.reception()
    program = caller_of(desk.app.test_client(), desk.clinic, desk.clinic.actor)
    admin, user_id = desk.admin(), desk.clinic.actor.user_id
    done = admin.get(f"/users/{user_id}").form("/sessions/end").send()
    assert "This person is signed out everywhere." in done.text
    assert mine.get("/front-desk").h1 == "Sign in"
    assert program.get("/auth/me").status_code == 401
    assert desk.clinic.count(AuditEvent, action="user.signed_out_everywhere", record_id=user_id) == 1
    assert admin.get("/users").status == 200, "nobody else is"
    elsewhere = clinic(desk.session).actor.user_id
    token = admin.csrf_token("/users")
    refused = admin.client.post(f"/users/{elsewhere}/sessions/end", data={"csrf_token": token})
    assert refused.status_code == 404
    assert desk.clinic.count(AuditEvent, action="user.signed_out_everywhere") == 1


def test_another_role_ends_the_sessions_of_that_user(desk: Desk) -> None:
    desk.reception()
    assert desk.clinic.count(LoginSession, user_id=desk.clinic.actor.user_id) == 1
    page = desk.admin().get("/users").follow("Reception 1")
    done = page.form(f"/users/{desk.clinic.actor.user_id}").send(name="Rosa", role="NURSE")
    assert done.h1 == "Rosa"
    assert desk.clinic.count(LoginSession, user_id=desk.clinic.actor.user_id) == 0
    assert page.form(f"/users/{desk.clinic.actor.user_id}").send(name=" ").status == 422
    assert page.form(f"/users/{desk.clinic.actor.user_id}").send(name="123").status == 422


def test_a_user_is_deactivated_and_activated(desk: Desk) -> None:
    desk.reception()
    asked = desk.admin().get(f"/users/{desk.clinic.actor.user_id}").follow("Deactivate the account")
    assert asked.h1 == "Deactivate the account of Reception 1"
    assert "signed out everywhere" in asked.text
    assert desk.clinic.count(User, is_active=False) == 0
    off = asked.form("/active").send(active="no")
    assert "Deactivated." in off.text
    assert desk.clinic.count(User, is_active=False) == 1
    assert "Activated." in off.form("/active").send(active="yes").text


def test_a_doctor_is_deactivated_once_those_booked_have_been_shown(desk: Desk) -> None:
    user_id = desk.session.scalar(sa.select(Doctor.user_id))
    page = desk.admin().get(f"/users/{user_id}/deactivate")
    assert "One appointment then needs another time" in page.text
    refused = page.form("/active").send(active="no", shown="")
    assert refused.status == 409
    assert desk.clinic.count(User, is_active=False) == 0
    assert "other appointments are concerned" in refused.text
    off = refused.form("/active").send(active="no")
    assert desk.clinic.count(Appointment, affected_cause="DOCTOR_UNAVAILABLE") == 1
    renamed = off.form(f"/users/{user_id}").send(name="Dr. Renamed")
    assert renamed.h1 == "Dr. Renamed"


def test_the_last_administrator_stays_one(desk: Desk) -> None:
    page = desk.admin().get(f"/users/{desk.clinic.admin.user_id}")
    refused = page.follow("Deactivate the account").form("/active").send(active="no")
    assert refused.status == 409
    assert "the hospital's last administrator" in refused.text
    assert "last administrator" in page.form(f"/users/{desk.clinic.admin.user_id}").send(role="NURSE").text


def test_who_gives_up_being_an_administrator_is_signed_out(desk: Desk) -> None:
    desk.session.execute(sa.update(User).where(User.id == desk.clinic.other.user_id).values(role=Role.ADMIN))
    desk.session.commit()
    page = desk.admin().get(f"/users/{desk.clinic.admin.user_id}")
    done = page.form(f"/users/{desk.clinic.admin.user_id}").send(role="NURSE")
    assert done.h1 == "Sign in"


def test_a_new_link_for_a_forgotten_password(desk: Desk) -> None:
    page = desk.admin().get(f"/users/{desk.clinic.actor.user_id}")
    assert page.form("/link").send().h1 == "A link for Reception 1"
