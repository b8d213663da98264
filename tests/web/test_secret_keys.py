"""SECRET_KEY is exchanged while people work: what the former key signed holds until it goes, and not after that."""

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from itsdangerous import BadSignature, Serializer, URLSafeSerializer, URLSafeTimedSerializer

from hms_web.app import create_app
from hms_web.models import IdempotencyKey, User, db
from hms_web.services import passwords
from tests.api.callers import caller_of
from tests.web.pages import Browser
from tests.web.record_scenes import Desk

FORMER, PRESENT = "the former key of this desk", "the present key of this desk"
EMAIL, PASSWORD = "reception@demo.test", "harbour tulip forty two"
COOKIES = ("session", "device")
Start = Callable[..., Flask]


@pytest.fixture
def start(app: Flask, database_url: str, redis_url: str) -> Iterator[Start]:
    """Start the product with a SECRET_KEY, and those that are taken beside it."""
    started = []

    def begin(key: str, *beside: str) -> Flask:
        keys = {"SECRET_KEY": key, "SECRET_KEY_FALLBACKS": ", ".join(beside)}
        servers = {"HMS_ENV": "testing", "DATABASE_URL": database_url, "REDIS_URL": redis_url}
        started.append(create_app({**servers, **keys}))
        return started[-1]

    yield begin
    for one in started:
        with one.app_context():
            db.engine.dispose()


def moved(browser: Browser, app: Flask) -> Browser:
    """The same browser, when the process has been started anew."""
    client = app.test_client()
    for name in COOKIES:
        cookie = browser.client.get_cookie(name)
        if cookie is not None:
            client.set_cookie(name, cookie.value)
    return Browser(client)


@pytest.fixture
def known(desk: Desk) -> Desk:
    """The receptionist has an address and a password."""
    values = {"email": EMAIL, "password_hash": passwords.hash_password(PASSWORD)}
    desk.session.execute(sa.update(User).where(User.id == desk.clinic.actor.user_id).values(values))
    desk.session.commit()
    return desk


def search(browser: Browser, token: str) -> int:
    """The status of what a page that stands open sends, with its own CSRF token."""
    return browser.client.post("/front-desk/patients", data={"q": "a"}, headers={"X-CSRFToken": token}).status_code


def signer(of: type[Serializer[str]], salt: str, value: str) -> list[str]:
    """Which of the two keys signed a value."""
    found = []
    for key in (FORMER, PRESENT):
        try:
            of(key, salt=salt).loads(value)
        except BadSignature:
            continue
        found.append(key)
    return found


def csrf_signer(token: str) -> list[str]:
    return signer(URLSafeTimedSerializer, "wtf-csrf-token", token)


def device_signer(browser: Browser) -> list[str]:
    cookie = browser.client.get_cookie("device")
    assert cookie
    return signer(URLSafeSerializer, "hms devices", cookie.value)


def test_while_keys_change_everybody_stays_signed_in_and_what_is_new_bears_the_new_one(
    known: Desk, start: Start
) -> None:
    before = Browser(start(FORMER).test_client())
    before.sign_in(EMAIL, PASSWORD)
    old = before.csrf_token("/front-desk")
    assert (csrf_signer(old), device_signer(before)) == ([FORMER], [FORMER])
    both = start(PRESENT, FORMER)
    during, fresh = moved(before, both), Browser(both.test_client())
    assert during.get("/front-desk").url == "/front-desk", "with the old cookie"
    assert search(during, old) == 200, "the page that stood open"
    assert csrf_signer(during.csrf_token("/front-desk")) == [PRESENT]
    fresh.sign_in(EMAIL, PASSWORD)
    assert device_signer(fresh) == [PRESENT]
    alone = start(PRESENT)
    after, kept = moved(before, alone), moved(fresh, alone)
    assert after.get("/front-desk").h1 == "Sign in", "what the former key signed has ended with it"
    assert kept.get("/front-desk").url == "/front-desk", "and what the present one signed has not"
    assert (search(kept, kept.csrf_token("/front-desk")), search(kept, old)) == (200, 400)


def test_a_known_browser_stays_known_and_is_noted_under_the_new_key(known: Desk, start: Start) -> None:
    before = Browser(start(FORMER).test_client())
    before.sign_in(EMAIL, PASSWORD)
    both = start(PRESENT, FORMER)
    theirs, mine = Browser(both.test_client()), moved(before, both)
    assert [theirs.sign_in(EMAIL, "wrong wrong wrong").status for _ in range(11)][-1] == 429
    mine.get("/account").form("/logout").send()
    assert mine.sign_in(EMAIL, PASSWORD).url == "/front-desk"
    assert device_signer(mine) == [PRESENT]


def test_a_request_that_is_sent_again_over_a_change_of_keys_is_carried_out_once(desk: Desk, start: Start) -> None:
    def ask(app: Flask, name: str = "Asha Rao") -> tuple[int, object]:
        program = caller_of(app.test_client(), desk.clinic, desk.clinic.actor)
        answer = program.post("/patients", {"name": name, "phone": "98765 43210"}, Idempotency_Key="k1")
        return answer.status_code, answer.json

    first = ask(start(FORMER))
    both = start(PRESENT, FORMER)
    assert first[0] == 201
    assert ask(both) == first
    assert ask(both, "Asha Roy")[0] == 422
    assert desk.clinic.count(IdempotencyKey) == 1
