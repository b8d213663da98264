"""`/auth` and `/users`."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from hms_web import clock
from hms_web.domain.identity import TOKEN_LASTS, Role
from hms_web.domain.refusals import Code, Refused
from hms_web.models import ApiToken, AuditEvent, LoginSession, User
from hms_web.services import passwords, sign_in_limits, users
from tests.api.callers import Caller, caller_of, check_described, check_problem, code, fields, person
from tests.scenes import NOW, Clinic
from tests.web.pages import Browser

PASSWORD = "four words that do not belong"
EMAIL = "asha@clinic.test"


@pytest.fixture
def asha(here: Clinic) -> users.UserView:
    """A nurse with a password."""
    wanted = users.NewUser("Asha Rao", EMAIL, Role.NURSE, PASSWORD)
    return users.create(here.session, here.admin, wanted, now=NOW).user


def token(
    client: FlaskClient, email: str, password: object, address: str = "192.0.2.1", *, shown: str | None = None
) -> TestResponse:
    body = {"email": email, "password": password}
    headers = {} if shown is None else {"Authorization": f"Bearer {shown}"}
    answer = client.post("/api/v1/auth/token", json=body, headers=headers, environ_base={"REMOTE_ADDR": address})
    check_described(client, "POST", "/auth/token", answer)
    return answer


def test_a_token_opens_the_rest(client: FlaskClient, here: Clinic, asha: users.UserView) -> None:
    answer = token(client, f" {EMAIL.upper()} ", PASSWORD)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json
    assert body is not None
    assert body.keys() == {"accessToken", "tokenType", "expiresIn", "user"}
    assert (body["tokenType"], body["expiresIn"]) == ("Bearer", 12 * 3600)
    caller = Caller(client, here.actor, body["accessToken"])
    assert caller.get("/auth/me").json == body["user"]
    hospital = {"id": str(here.actor.hospital_id), "name": "Test Clinic", "timezone": "Asia/Kolkata"}
    assert body["user"] == {
        "id": str(asha.id),
        "name": "Asha Rao",
        "email": EMAIL,
        "role": "NURSE",
        "hospital": hospital,
        "doctorId": None,
    }
    assert here.count(ApiToken, token_hash=passwords.secret_hash(body["accessToken"])) == 1


def test_a_doctor_is_told_their_own_id(client: FlaskClient, here: Clinic) -> None:
    doctor = here.doctor()
    me = caller_of(client, here, person(here, Role.DOCTOR, doctor)).get("/auth/me").json
    assert me is not None
    assert me["doctorId"] == str(doctor)


@pytest.mark.parametrize(("email", "password"), [(EMAIL, "wrong"), ("nobody@clinic.test", PASSWORD), ("", "")])
def test_unknown_accounts_and_wrong_passwords_look_alike(
    client: FlaskClient, asha: users.UserView, email: str, password: str
) -> None:
    answer = token(client, email, password)
    check_problem(answer)
    assert code(answer) == (401, "WRONG_CREDENTIALS")
    assert answer.data == token(client, "somebody@else.test", "x").data
    assert "WWW-Authenticate" in answer.headers


@pytest.mark.parametrize("email", ["\ud800", "a" * 100_000, "a@b\r\nX: y"])
def test_strange_credentials(client: FlaskClient, asha: users.UserView, email: str) -> None:
    assert token(client, email, PASSWORD).status_code in {400, 401, 422}
    assert fields(token(client, EMAIL, 7)) == ["password"]
    assert fields(token(client, "\0", PASSWORD)) == ["email"]


def test_failures_are_limited_for_account_and_address_together(
    client: FlaskClient, here: Clinic, asha: users.UserView
) -> None:
    for _ in range(10):
        assert token(client, EMAIL, "wrong").status_code == 401
    limited = token(client, EMAIL, PASSWORD)
    check_problem(limited)
    assert code(limited) == (429, "TOO_MANY_ATTEMPTS")
    assert 0 < int(limited.headers["Retry-After"]) <= 900
    for what in ("failed", "held_off"):
        assert here.count(AuditEvent, action=f"user.sign_in_{what}", record_id=asha.id) == 1
    # Nobody else is locked out: not the same person from elsewhere, nor a colleague from here.
    assert token(client, EMAIL, PASSWORD, "192.0.2.2").status_code == 200
    assert token(client, "other@clinic.test", "x").status_code == 401


def test_guesses_from_all_over_the_world_keep_out_neither_a_known_program_nor_a_known_browser(
    client: FlaskClient, app: Flask, here: Clinic, asha: users.UserView
) -> None:
    browser = Browser(app.test_client())
    assert browser.sign_in(EMAIL, PASSWORD).url == "/board"
    mine, revoked = (token(client, EMAIL, PASSWORD).json["accessToken"] for _ in range(2))  # type: ignore[index]
    other = users.NewUser("Ravi Das", "ravi@clinic.test", Role.NURSE, PASSWORD)
    users.create(here.session, here.admin, other, now=NOW)
    theirs = token(client, "ravi@clinic.test", PASSWORD).json["accessToken"]  # type: ignore[index]
    gone = sa.delete(ApiToken).where(ApiToken.token_hash == passwords.secret_hash(revoked))
    here.session.execute(gone)
    here.session.commit()
    limits: sign_in_limits.SignInLimits = app.extensions[sign_in_limits.EXTENSION]
    for number in range(100):
        with suppress(Refused), limits.counted(EMAIL, f"198.51.100.{number}"):
            raise Refused(Code.WRONG_CREDENTIALS)

    def ask(shown: str | None, password: str = PASSWORD) -> int:
        return token(client, EMAIL, password, shown=shown).status_code

    assert [ask(shown) for shown in (None, "", "no token", theirs, revoked)] == [429] * 5
    assert ask(mine) == 200
    assert [ask(mine, "wrong") for _ in range(11)] == [401] * 10 + [429], "it is counted itself"
    browser.get("/account").form("/logout").send()
    assert browser.sign_in(EMAIL, PASSWORD).url == "/board", "and nobody else by it"


@pytest.mark.parametrize(("days", "status"), [(0, 200), (29, 200), (30, 429)])
def test_a_program_is_known_for_a_month_after_its_token_ended(
    client: FlaskClient, asha: users.UserView, days: int, status: int
) -> None:
    shown = token(client, EMAIL, PASSWORD).json["accessToken"]  # type: ignore[index]
    for _ in range(10):
        token(client, EMAIL, "wrong")
    with clock.fixed(NOW + TOKEN_LASTS + timedelta(days=days)):
        me = client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {shown}"})
        assert me.status_code == 401, "it opens nothing any more"
        assert token(client, EMAIL, PASSWORD, shown=shown).status_code == status


def test_success_is_never_limited(client: FlaskClient, asha: users.UserView) -> None:
    for _ in range(12):
        assert token(client, EMAIL, PASSWORD).status_code == 200


@pytest.fixture
def without_redis(app: Flask) -> Iterator[None]:
    """The counts, while Redis does not answer."""
    kept = app.extensions[sign_in_limits.EXTENSION]
    app.extensions[sign_in_limits.EXTENSION] = sign_in_limits.SignInLimits("redis://127.0.0.1:1")
    yield
    app.extensions[sign_in_limits.EXTENSION] = kept


@pytest.mark.usefixtures("without_redis")
def test_the_limit_holds_without_redis(client: FlaskClient, asha: users.UserView) -> None:
    assert [token(client, EMAIL, "wrong").status_code for _ in range(12)] == [401] * 10 + [429] * 2
    assert token(client, EMAIL, PASSWORD, "192.0.2.2").status_code == 200


def test_users_are_listed_added_and_changed(admin: Caller, here: Clinic) -> None:
    made = admin.post("/users", {"name": " Ravi Das ", "email": "Ravi@Clinic.test", "role": "RECEPTIONIST"})
    assert made.status_code == 201
    user = dict(made.json or {})
    link = user.pop("passwordLink")
    assert link["url"].startswith("http://localhost/set-password/")
    assert link["expiresAt"] == (NOW + timedelta(days=3)).astimezone(here.actor.zone).isoformat()
    assert (user["name"], user["email"], user["role"]) == ("Ravi Das", "ravi@clinic.test", "RECEPTIONIST")
    assert (user["isActive"], user["hasPassword"], user["doctorId"]) == (True, False, None)
    listed = admin.get("/users?limit=200").json
    assert listed is not None
    assert user in listed["items"]
    with_password = admin.post(
        "/users", {"name": "Asha Rao", "email": EMAIL, "role": "NURSE", "password": PASSWORD}
    ).json
    assert with_password is not None
    assert (with_password["hasPassword"], with_password["passwordLink"]) == (True, None)
    changed = admin.patch(f"/users/{user['id']}", {"name": "Ravi Dass", "role": "NURSE", "isActive": False}).json
    assert changed == user | {"name": "Ravi Dass", "role": "NURSE", "isActive": False}


@pytest.mark.parametrize(
    ("field", "value"),
    [("email", "nobody"), ("password", "short"), ("role", "DOCTOR"), ("role", "ROOT"), ("name", "")],
)
def test_a_user_with_something_wrong(admin: Caller, field: str, value: str) -> None:
    wanted: dict[str, Any] = {"name": "Asha Rao", "email": EMAIL, "role": "NURSE", "password": PASSWORD}
    assert fields(admin.post("/users", wanted | {field: value})) == [field]


def test_refused_changes_of_users(admin: Caller, reception: Caller, here: Clinic) -> None:
    wanted = {"name": "Asha Rao", "email": EMAIL, "role": "NURSE"}
    admin.post("/users", wanted)
    assert code(admin.post("/users", wanted | {"email": EMAIL.upper()})) == (409, "EMAIL_TAKEN")
    for change in ({"role": "NURSE"}, {"isActive": False}):
        assert code(admin.patch(f"/users/{here.admin.user_id}", change)) == (409, "LAST_ADMIN")
    assert fields(admin.patch(f"/users/{here.actor.user_id}", {"email": "new@clinic.test"})) == ["email"]
    assert fields(admin.patch(f"/users/{here.actor.user_id}", {"isActive": "no"})) == ["isActive"]


@pytest.mark.parametrize("change", [{"role": "NURSE"}, {"isActive": False}])
def test_a_new_role_or_a_deactivation_ends_tokens_and_sessions(
    admin: Caller, reception: Caller, here: Clinic, change: dict[str, object]
) -> None:
    secret = LoginSession(
        user_id=here.actor.user_id, token_hash="x", created_at=NOW, last_seen_at=NOW, expires_at=NOW + timedelta(1)
    )
    here.session.add(secret)
    here.session.commit()
    assert admin.patch(f"/users/{here.actor.user_id}", {"name": "Reception One"}).status_code == 200
    assert reception.get("/auth/me").status_code == 200
    assert admin.patch(f"/users/{here.actor.user_id}", change).status_code == 200
    assert reception.get("/auth/me").status_code == 401
    assert here.count(LoginSession) == 0
    assert here.count(User, id=here.actor.user_id) == 1
