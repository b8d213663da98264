"""`/account`, the second step of signing in, and browsers that are known."""

import re

import pyotp
import pytest
import sqlalchemy as sa
from flask import Flask

from hms_web.models import AuditEvent, LoginSession, RecoveryCode, SecondFactor, User
from hms_web.services import passwords, second_factors
from tests.scenes import NOW
from tests.web.pages import Browser, Form, Page
from tests.web.record_scenes import Desk

EMAIL, PASSWORD, NEW = "reception@demo.test", "harbour tulip forty two", "window lantern sixty one"
FIREFOX = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"}


@pytest.fixture
def known(desk: Desk) -> Desk:
    """The receptionist and the administrator have an address and a password."""
    for email, actor in ((EMAIL, desk.clinic.actor), ("admin@demo.test", desk.clinic.admin)):
        values = {"email": email, "password_hash": passwords.hash_password(PASSWORD)}
        desk.session.execute(sa.update(User).where(User.id == actor.user_id).values(values))
    desk.session.commit()
    return desk


@pytest.fixture
def browser(app: Flask, known: Desk) -> Browser:
    """The receptionist's browser, signed in."""
    browser = Browser(app.test_client())
    browser.client.environ_base["HTTP_USER_AGENT"] = FIREFOX["User-Agent"]
    browser.sign_in(EMAIL, PASSWORD)
    return browser


def set_up(browser: Browser) -> tuple[pyotp.TOTP, list[str]]:
    """Set up an app on the account's page; return what it is and the recovery codes."""
    page = browser.get("/account").form("/account/second-factor").send(proof=PASSWORD)
    assert page.url == "/account/second-factor"
    (key,) = [code for code in page.all("code") if "secret" in code.attrib["class"]]
    totp = pyotp.TOTP("".join((key.text or "").split()))
    assert drawn(page).startswith("M4 4h1v1h-1z")
    wrong = page.form("/confirm").send(code="000000")
    assert wrong.status == 422
    assert "not right" in wrong.text
    shown = wrong.form("/confirm").send(code=totp.at(NOW))
    codes = [(code.text or "").strip() for code in shown.all("code")]
    assert len(codes) == 10
    assert codes[0] not in browser.get("/account").text
    return totp, codes


def drawn(page: Page) -> str:
    """The picture that the camera reads."""
    return next(e.attrib["d"] for e in page.root.iter() if e.attrib.get("class") == "qr-dark")


def in_step_two(app: Flask, next_page: str = "") -> Page:
    page = Browser(app.test_client()).sign_in(EMAIL, PASSWORD, next_page)
    assert page.h1 == "Enter the code"
    return page


def test_a_new_password_goes_on_here_and_ends_every_other_session(app: Flask, browser: Browser) -> None:
    other = Browser(app.test_client())
    other.sign_in(EMAIL, PASSWORD)
    page = browser.get("/account")
    assert "Firefox, Windows" in page.text
    wrong = page.form("/account/password").send(present="not it at all", password=NEW, again=NEW)
    assert wrong.status == 422
    assert "That is not your present password." in wrong.text
    assert PASSWORD not in wrong.html
    weak = page.form("/account/password").send(present=PASSWORD, password="password1234", again="password1234")
    assert "first that are tried" in weak.text
    with browser.client.session_transaction() as kept:
        old = kept["token"]
    done = page.form("/account/password").send(present=PASSWORD, password=NEW, again=NEW)
    assert (done.url, done.status) == ("/account", 200)
    assert "The password is changed." in done.text
    with browser.client.session_transaction() as kept:
        assert kept["token"] != old
    assert other.get("/front-desk").h1 == "Sign in"


def test_wrong_present_passwords_are_limited_as_at_the_sign_in(browser: Browser) -> None:
    page = browser.get("/account")
    statuses = [page.form("/account/second-factor").send(proof="wrong wrong wrong").status for _ in range(11)]
    assert statuses == [422] * 10 + [429]


def test_sessions_and_tokens_are_shown_and_ended(app: Flask, browser: Browser) -> None:
    others = [Browser(app.test_client()) for _ in range(2)]
    for other in others:
        other.sign_in(EMAIL, PASSWORD)
    answer = app.test_client().post("/api/v1/auth/token", json={"email": EMAIL, "password": PASSWORD}).json
    assert answer
    ask = lambda: app.test_client().get(  # noqa: E731
        "/api/v1/auth/me", headers={"Authorization": f"Bearer {answer['accessToken']}"}
    )
    assert ask().status_code == 200
    page = browser.get("/account")
    one = next(form for form in page.all("form") if form.attrib["action"].endswith("/end"))
    page = Form(page, one).send()
    assert "That session has ended." in page.text
    assert sum(other.get("/front-desk").h1 == "Sign in" for other in others) == 1
    page.form("/end-others").send()
    assert [other.get("/front-desk").h1 for other in others] == ["Sign in"] * 2
    assert browser.get("/account").form("/revoke").send().status == 200
    assert ask().status_code == 401


def test_a_second_factor_from_the_picture_to_the_sign_in(app: Flask, browser: Browser, known: Desk) -> None:
    assert browser.get("/account").form("/account/second-factor").send(proof="").status == 422
    assert browser.get("/account/second-factor").url == "/account", "nothing is begun"
    totp, codes = set_up(browser)
    page = in_step_two(app, "/patients")
    stranger = page.browser
    assert stranger.get("/patients").h1 == "Sign in", "the password alone opens nothing"
    assert stranger.client.get("/api/v1/auth/me").status_code == 401
    assert page.form("/login/code").send(code=totp.at(NOW)).status == 422, "the code of the set-up is used"
    done = page.form("/login/code").send(code=totp.at(NOW.timestamp() + 30))
    assert done.url == "/patients"
    with_paper = in_step_two(app).form("/login/code").send(code=codes[3])
    assert with_paper.url == "/front-desk"
    again = in_step_two(app).form("/login/code").send(code=codes[3])
    assert again.status == 422
    page = browser.get("/account")
    assert "9 recovery codes are left" in page.text
    assert "of the shorter kind" not in page.text
    known.session.execute(sa.update(RecoveryCode).values(is_short=True))
    known.session.commit()
    assert "of the shorter kind" in browser.get("/account").text
    assert Browser(app.test_client()).get("/login/code").h1 == "Sign in", "nobody waits"
    renewed = browser.get("/account").form("/second-factor/codes").send(proof=PASSWORD)
    assert len(renewed.all("code")) == 10
    form = browser.get("/account").form("/second-factor/codes")
    form.element.attrib["action"] = "/account/second-factor/remove"
    assert form.send(proof="wrong wrong wrong").status == 422
    assert "The second factor is removed." in form.send(proof=PASSWORD).text
    assert Browser(app.test_client()).sign_in(EMAIL, PASSWORD).url == "/front-desk"


def test_codes_cannot_be_guessed_and_a_recovery_code_still_gets_in(app: Flask, browser: Browser, known: Desk) -> None:
    totp, codes = set_up(browser)
    page = in_step_two(app)
    statuses = [page.form("/login/code").send(code=f"{number:06}").status for number in range(11)]
    assert statuses == [422] * 10 + [429]
    assert page.form("/login/code").send(code=totp.at(NOW.timestamp() + 30)).status == 429
    assert page.form("/login/code").send(code=codes[0]).url == "/front-desk"
    browser.get("/account").form("/logout").send()
    known_here = browser.sign_in(EMAIL, PASSWORD).form("/login/code")
    assert known_here.send(code=totp.at(NOW.timestamp() + 30)).url == "/front-desk", "a known browser has its own tries"
    for what in ("code_wrong", "held_off"):
        assert known.clinic.count(AuditEvent, action=f"user.sign_in_{what}") == 1


def test_a_token_needs_the_code(app: Flask, browser: Browser) -> None:
    totp, _ = set_up(browser)
    ask = lambda **more: app.test_client().post(  # noqa: E731
        "/api/v1/auth/token", json={"email": EMAIL, "password": PASSWORD, **more}
    )
    assert [ask().json["code"] for _ in range(12)] == ["SECOND_FACTOR_NEEDED"] * 12, "which is no failure"  # type: ignore[index]
    assert ask(otp="000000").json["code"] == "WRONG_CODE"  # type: ignore[index]
    assert ask(otp=totp.at(NOW.timestamp() + 30)).status_code == 200
    assert ask(otp=totp.at(NOW.timestamp() + 30)).status_code == 401


def test_an_admin_removes_somebodys_and_requires_one_of_admins(app: Flask, browser: Browser, known: Desk) -> None:
    set_up(browser)
    admin = Browser(app.test_client())
    admin.sign_in("admin@demo.test", PASSWORD)
    page = admin.get("/users").form("/users/second-factor").send(wanted="yes")
    assert 'href="/account#factor-title">Set up a second factor for yourself first' in page.html
    assert 'id="factor-title"' in admin.get("/account").html
    page = admin.get(f"/users/{known.clinic.actor.user_id}").form("/second-factor/remove").send()
    assert "signed out everywhere" in page.text
    assert browser.get("/front-desk").h1 == "Sign in"
    set_up(admin)
    assert "need a second factor from now on" in admin.get("/users").form("/second-factor").send(wanted="yes").text
    form = admin.get("/account").form("/second-factor/codes")
    form.element.attrib["action"] = "/account/second-factor/remove"
    kept = form.send(proof=PASSWORD)
    assert kept.status == 409
    assert "cannot be removed" in kept.text
    assert "no longer need" in admin.get("/users").form("/second-factor").send(wanted="no").text


def test_an_admin_who_needs_one_sets_it_up_while_signing_in(app: Flask, known: Desk) -> None:
    session, admin = known.session, known.clinic.admin
    second_factors.begin(session, admin.user_id, begun_in="b", key="x", now=NOW)  # type: ignore[arg-type]
    found = second_factors.enrolment(session, admin.user_id, "a", begun_in="b", key="x", now=NOW)  # type: ignore[arg-type]
    assert found
    second_factors.confirm(session, admin, pyotp.TOTP(found.secret).at(NOW), begun_in="b", key="x", now=NOW)
    second_factors.want_of_admins(session, admin, is_wanted=True, now=NOW)
    second_factors.removed(session, admin, admin.user_id, now=NOW)
    session.commit()
    browser = Browser(app.test_client())
    stranger = Browser(app.test_client()).sign_in("admin@demo.test", PASSWORD, "/jobs")
    page = browser.sign_in("admin@demo.test", PASSWORD, "/jobs")
    assert page.h1 == "Set up a second factor"
    assert stranger.html != page.html
    kept = session.scalars(sa.select(SecondFactor.secret_encrypted)).all()
    assert stranger.browser.get("/login/set-up").status
    session.rollback()
    assert session.scalars(sa.select(SecondFactor.secret_encrypted)).all() == kept, "looking begins nothing"
    assert stranger.browser.get("/login/set-up").h1 == "Sign in", "what somebody else began is not theirs to go on with"
    assert browser.get("/users").h1 == "Sign in"
    (key,) = [code for code in page.all("code") if "secret" in code.attrib["class"]]
    totp = pyotp.TOTP("".join((key.text or "").split()))
    assert page.form("/login/set-up").send(code="000000").status == 422
    shown = page.form("/login/set-up").send(code=totp.at(NOW))
    assert len(shown.all("code")) == 10
    assert shown.follow("go on").url == "/jobs"
    assert browser.get("/login/set-up").url == "/overview", "who is signed in has no second step"


def test_a_browser_that_is_known_is_not_kept_out_by_others_behind_its_address(app: Flask, known: Desk) -> None:
    mine, theirs = Browser(app.test_client()), Browser(app.test_client())
    mine.sign_in(EMAIL, PASSWORD)
    cookie = mine.client.get_cookie("device")
    assert cookie
    assert (cookie.http_only, cookie.same_site) == (True, "Lax")
    assert "reception" not in cookie.value
    assert [theirs.sign_in(EMAIL, "wrong wrong wrong").status for _ in range(11)][-1] == 429
    assert Browser(app.test_client()).sign_in(EMAIL, PASSWORD).status == 429
    mine.get("/account").form("/logout").send()
    assert mine.sign_in(EMAIL, PASSWORD).url == "/front-desk"
    mine.get("/account").form("/logout").send()
    assert [mine.sign_in(EMAIL, "wrong wrong wrong").status for _ in range(11)] == [422] * 10 + [429], (
        "and it is counted itself"
    )
    mine.client.set_cookie("device", re.sub("^.", "x", cookie.value))
    assert mine.sign_in(EMAIL, PASSWORD).status == 429, "what is not signed is unknown"


def test_who_sets_a_password_with_a_link_gets_in_while_others_guess(app: Flask, known: Desk) -> None:
    from hms_web.services import users  # noqa: PLC0415 for this test alone

    theirs, mine = Browser(app.test_client()), Browser(app.test_client())
    assert [theirs.sign_in(EMAIL, "wrong wrong wrong").status for _ in range(11)][-1] == 429
    link = users.new_link(known.session, known.clinic.admin, known.clinic.actor.user_id, now=NOW)  # type: ignore[arg-type]
    page = mine.get(f"/set-password/{link.token}").form("/set-password").send(password=NEW, again=NEW)
    assert page.h1 == "Sign in"
    assert page.form("/login").send(email=EMAIL, password=NEW).url == "/front-desk"


def test_the_session_row_says_which_browser_it_is(browser: Browser, known: Desk) -> None:
    assert known.session.scalars(sa.select(LoginSession.device)).all() == ["Firefox, Windows"]
