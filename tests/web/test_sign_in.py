import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from hms_web import clock
from hms_web.app import create_app
from hms_web.config import Environment, Settings
from hms_web.domain.identity import Role
from hms_web.models import AuditEvent, LoginSession, User, db
from hms_web.services import passwords
from hms_web.web import auth
from tests.api.callers import person
from tests.scenes import NOW
from tests.web.pages import HX, Browser
from tests.web.record_scenes import Desk
from tests.web.staff import signed_in

EMAIL, PASSWORD = "reception@demo.test", "harbour tulip forty two"
SORRY = "That e-mail address and password do not belong together"


@pytest.fixture
def known(desk: Desk) -> Desk:
    """The receptionist has an address and a password."""
    values = {"email": EMAIL, "password_hash": passwords.hash_password(PASSWORD)}
    desk.session.execute(sa.update(User).where(User.id == desk.clinic.actor.user_id).values(values))
    desk.session.commit()
    return desk


@pytest.fixture
def browser(known: Desk, client: FlaskClient) -> Browser:
    return Browser(client)


def test_who_signs_in_comes_to_their_work(browser: Browser) -> None:
    page = browser.sign_in(EMAIL, PASSWORD)
    assert page.url == "/front-desk"
    assert "Reception 1" in page.text
    assert browser.get("/login").url == "/front-desk"


def test_the_page_that_was_asked_for_comes_after_signing_in(browser: Browser) -> None:
    asked = browser.get("/front-desk?date=2026-03-03")
    assert asked.h1 == "Sign in"
    done = asked.form("/login").send(email=EMAIL, password=PASSWORD)
    assert done.url == "/front-desk?date=2026-03-03"


def test_unknown_account_and_wrong_password_read_the_same(browser: Browser) -> None:
    wrong, unknown = browser.sign_in(EMAIL, "not this one at all"), browser.sign_in("nobody@demo.test", PASSWORD)
    assert wrong.status == unknown.status == 422
    assert SORRY in wrong.text
    assert wrong.text == unknown.text
    fields = [page.form("/login").values for page in (wrong, unknown)]
    assert [values["password"] for values in fields] == ["", ""], "a password is never shown again"


def test_failures_stand_in_the_audit_trail_until_they_are_held_off(browser: Browser, known: Desk) -> None:
    for _ in range(11):
        browser.sign_in(EMAIL, "not this one at all")
    counts = [known.clinic.count(AuditEvent, action=f"user.sign_in_{what}") for what in ("failed", "held_off")]
    assert counts == [1, 1]


def test_an_empty_form_says_what_is_missing_at_the_fields(browser: Browser) -> None:
    page = browser.sign_in("", "")
    field = next(item.attrib for item in page.all("input") if item.attrib["name"] == "password")
    assert (field["type"], field["autocomplete"]) == ("password", "current-password")
    assert "Enter your e-mail address." in page.text
    assert page.all("input", id="email")[0].attrib["aria-describedby"] == "email-error"
    assert page.all("input", id="email")[0].attrib["aria-invalid"] == "true"
    assert page.all("a", href="#email")


def test_the_session_is_new_at_sign_in_and_holds_only_a_random_token(browser: Browser, known: Desk) -> None:
    browser.get("/login")
    with browser.client.session_transaction() as before:
        old = before["csrf_token"]
    browser.sign_in(EMAIL, PASSWORD)
    with browser.client.session_transaction() as after:
        assert set(after) <= {auth.TOKEN, "csrf_token", "_flashes"}
        assert after.get("csrf_token") != old
        stored = known.session.scalars(sa.select(LoginSession)).one()
        assert stored.token_hash == passwords.secret_hash(after[auth.TOKEN])


def test_sign_out_ends_it_on_the_server_too(browser: Browser, known: Desk) -> None:
    page = browser.sign_in(EMAIL, PASSWORD)
    with browser.client.session_transaction() as kept:
        token = kept[auth.TOKEN]
    assert page.form("/logout").send().h1 == "Sign in"
    assert known.session.scalar(sa.select(sa.func.count()).select_from(LoginSession)) == 0
    with browser.client.session_transaction() as stolen:
        stolen[auth.TOKEN] = token
    assert browser.get("/front-desk").h1 == "Sign in"
    assert browser.get("/login").form("/login").send(email="", password="").status == 422


def test_a_poll_is_not_activity(app: Flask, desk: Desk) -> None:
    person = desk.reception()
    for minutes in (5, 10, 14):
        with clock.fixed(NOW + timedelta(minutes=minutes)):
            assert person.client.get("/front-desk/grid", headers=HX | {"X-Poll": "1"}).status_code == 200
    with clock.fixed(NOW + timedelta(minutes=16)):
        polled = person.client.get("/front-desk/grid", headers=HX | {"X-Poll": "1"})
        assert (polled.status_code, polled.data) == (401, b"")
    other = desk.reception()
    for minutes in (10, 20, 30):
        with clock.fixed(NOW + timedelta(minutes=minutes)):
            assert other.client.get("/front-desk/grid", headers=HX).status_code == 200


def test_the_page_knows_how_long_the_session_lasts_and_staying_makes_it_last(desk: Desk) -> None:
    person = desk.reception()
    box = person.get("/front-desk").all("dialog", id="session")[0]
    assert box.attrib["data-left"] == "900"
    with clock.fixed(NOW + timedelta(minutes=13)):
        polled = person.client.get("/front-desk/grid", headers=HX | {"X-Poll": "1"})
        assert polled.headers["X-Session-Left"] == "120"
        stayed = person.client.get(box.attrib["data-stay"], headers=HX)
        assert (stayed.status_code, stayed.headers["X-Session-Left"]) == (204, "900")


def test_a_fragment_without_a_session_moves_the_whole_page(client: FlaskClient, still_clock: None) -> None:
    looked_at = {"HX-Current-URL": "http://localhost/front-desk?date=2026-03-03"}
    answer = client.get("/front-desk/grid", headers=HX | looked_at)
    assert answer.headers["HX-Redirect"] == "/login?next=/front-desk?date%3D2026-03-03"
    assert answer.data == b""


def test_the_next_person_at_a_desk_comes_to_the_same_page_and_the_former_session_ends(
    app: Flask, known: Desk, browser: Browser
) -> None:
    person = known.doctor()
    with person.client.session_transaction() as kept:
        token = kept[auth.TOKEN]
    page = person.get("/front-desk?date=2026-03-03")
    asked = page.form("/change-user").send()
    assert asked.url == "/login?next=/front-desk?date%3D2026-03-03"
    done = asked.form("/login").send(email=EMAIL, password=PASSWORD)
    assert done.url == "/front-desk?date=2026-03-03"
    assert "Reception 1" in done.text
    with browser.client.session_transaction() as stolen:
        stolen[auth.TOKEN] = token
    assert browser.get("/front-desk").h1 == "Sign in"
    assert browser.client.post("/change-user", data={"next": "//evil.test"}).status_code == 400
    leaving = page.form("/change-user").send(csrf_token=person.csrf_token("/front-desk"), next="//evil.test")
    assert leaving.url == "/login"


@pytest.mark.parametrize("path", ["/my-day", "/users", "/change-user", "/nowhere", "/patients/not-an-id"])
def test_a_page_that_is_not_theirs_is_not_where_somebody_lands(browser: Browser, path: str) -> None:
    assert browser.sign_in(EMAIL, PASSWORD, next_page=path).url == "/front-desk"


@pytest.mark.parametrize(
    "path",
    [
        "//evil.test",
        "/\\evil.test",
        "/\t/evil.test",
        "/%09/evil.test",
        "/%2509/evil.test",
        "/%5cevil.test",
        "/%2f/evil.test",
        "https://evil.test/",
        "evil.test",
        "/front-desk//evil.test",
        "/a?b=\r\nSet-Cookie: x",
        "/ä",
        f"/{'a' * 5000}!",  # told at once, and not after trying every way in which so many could be segments
        f"/appointments/{'a' * 36}?next=/board",
        "",
        "/",
        None,
    ],
)
def test_next_leads_only_to_a_local_path(path: str | None) -> None:
    assert auth.local_path(path) is None


@pytest.mark.parametrize(
    "path", ["/front-desk", "/front-desk?date=2026-03-02&department=Ear%2C%20nose", "/patients/1-2/"]
)
def test_a_local_path_is_kept(path: str) -> None:
    assert auth.local_path(path) == path


def test_signing_in_never_leaves_the_site(browser: Browser) -> None:
    page = browser.sign_in(EMAIL, PASSWORD, next_page="/%2509/evil.test")
    assert page.url == "/front-desk"


def test_without_its_token_no_form_is_taken(browser: Browser) -> None:
    page = browser.sign_in(EMAIL, PASSWORD)
    refused = page.form("/logout").send(csrf_token=None)
    assert refused.status == 400
    assert "open for too long" in refused.text
    assert browser.get("/front-desk").url == "/front-desk", "still signed in"
    token = browser.csrf_token("/front-desk")
    assert browser.client.post("/front-desk/patients", data={"q": "a"}).status_code == 400
    assert (
        browser.client.post("/front-desk/patients", data={"q": "a"}, headers={"X-CSRFToken": token}).status_code == 200
    )


def test_failures_are_limited_per_account_and_address_and_successes_are_not(app: Flask, known: Desk) -> None:
    for _ in range(12):
        assert Browser(app.test_client()).sign_in(EMAIL, PASSWORD).url == "/front-desk"
    browser = Browser(app.test_client())
    statuses = [browser.sign_in(EMAIL, "wrong wrong wrong").status for _ in range(12)]
    assert statuses == [422] * 10 + [429] * 2
    late = browser.sign_in(EMAIL, PASSWORD)
    assert late.status == 429
    assert "Too many attempts" in late.text
    assert late.response.headers["Retry-After"] == "900"
    assert browser.sign_in("other@demo.test", "wrong wrong wrong").status == 422, "another account is not slowed down"


@pytest.fixture
def without_redis(database_url: str, app: Flask) -> Iterator[Flask]:
    """The application over a Redis that is not there."""
    lost = create_app({"HMS_ENV": "testing", "DATABASE_URL": database_url, "REDIS_URL": "redis://127.0.0.1:1/0"})
    yield lost
    with lost.app_context():
        db.engine.dispose()


def test_without_redis_the_limit_still_holds(without_redis: Flask, known: Desk) -> None:
    browser = Browser(without_redis.test_client())
    statuses = [browser.sign_in(EMAIL, "wrong wrong wrong").status for _ in range(12)]
    assert statuses == [422] * 10 + [429] * 2
    assert Browser(without_redis.test_client()).sign_in(EMAIL, PASSWORD).status == 429


def test_cookies_are_closed_to_scripts_and_other_sites(client: FlaskClient) -> None:
    cookie = client.get("/login").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_in_production_the_cookie_is_bound_to_this_host_and_to_https(database_url: str, redis_url: str) -> None:
    settings = Settings.from_env(
        {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "SECRET_KEY": "x" * 40,
            "HMS_TRUSTED_HOSTS": "desk.test",
            "HMS_TRUSTED_PROXIES": "1",
        }
    )
    assert settings.env is Environment.PRODUCTION
    client = create_app(settings).test_client()
    answer = client.get("/login", base_url="https://desk.test")
    assert answer.headers["Set-Cookie"].startswith("__Host-session=")
    assert "; Secure;" in answer.headers["Set-Cookie"]
    assert "Strict-Transport-Security" in answer.headers
    token = re.findall(r'name="csrf_token" value="([^"]+)"', answer.text)[0]
    form, whence = {"language": "hi", "csrf_token": token}, {"Referer": "https://desk.test/login"}
    chosen = client.post("/language", data=form, base_url="https://desk.test", headers=whence)
    assert chosen.headers["Set-Cookie"].startswith("__Host-language=hi;")
    assert "; Secure;" in chosen.headers["Set-Cookie"]
    assert 'lang="hi"' in client.get("/login", base_url="https://desk.test").text
    # A link with which a password is set is made from the host's name: only ours is taken.
    assert client.get("/login", base_url="https://evil.test").status_code == 400
    forwarded = client.get("/login", base_url="https://desk.test", headers={"X-Forwarded-Host": "evil.test"})
    assert forwarded.status_code == 400
    assert client.get("/healthz", base_url="http://127.0.0.1:8000").status_code == 200, (
        "as the machine's own probe asks"
    )


def test_whoever_signs_in_has_their_own_start_page(app: Flask, desk: Desk) -> None:
    assert desk.admin().get("/").url == "/overview"
    assert desk.doctor().get("/").url == "/my-day"
    assert signed_in(app, desk.session, person(desk.clinic, Role.NURSE)).get("/").url == "/board"
    assert signed_in(app, desk.session, desk.clinic.other).get("/").url == "/front-desk"


def test_the_sign_in_key_in_redis_names_nobody(app: Flask, known: Desk, redis: "object") -> None:
    Browser(app.test_client()).sign_in(EMAIL, "wrong wrong wrong")
    keys = b" ".join(redis.keys("*"))  # type: ignore[attr-defined]
    assert keys
    assert b"reception" not in keys


def test_no_stylesheet_or_script_is_left_out_of_the_fingerprint(app: Flask, client: FlaskClient) -> None:
    page = Browser(client).get("/login")
    links = [link.attrib["href"] for link in page.all("link", rel="stylesheet")]
    links += [script.attrib["src"] for script in page.all("script")]
    assert len(links) >= 5
    for link in links:
        with client.get(link) as answer:
            assert answer.status_code == 200, link
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        with client.get("/assets/000000000000/" + link.split("/", 3)[3]) as old:
            assert old.headers["Cache-Control"] == "no-cache"
    assert client.get("/assets/x/css/none.css").status_code == 404
    assert client.get("/assets/x/../pyproject.toml").status_code == 404


def test_static_files_hold_no_addresses_of_others() -> None:
    for path in (Path(__file__).parents[2] / "static").rglob("*.*"):
        assert "https://" not in path.read_text().replace("http://www.w3.org", ""), path


def test_the_demo_can_be_reached_by_http(session: Session, client: FlaskClient) -> None:
    assert "Secure" not in client.get("/login").headers["Set-Cookie"]
