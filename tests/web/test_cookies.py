"""A cookie that was checked is believed at once when it comes again, and nothing else is."""

from datetime import timedelta

import pytest
from flask import Flask, Response, session
from flask.testing import FlaskClient

from hms_web import clock
from hms_web.web.cookies import Cookies

LASTS = timedelta(hours=1)


@pytest.fixture
def small() -> FlaskClient:
    """A browser of a small program that keeps what it is told."""
    app = Flask("small", static_folder=None)
    app.config.update(SECRET_KEY="a key of no importance", PERMANENT_SESSION_LIFETIME=LASTS)
    app.session_interface = Cookies()

    @app.get("/keep/<name>")
    def keep(name: str) -> str:
        session["name"] = name
        return "kept"

    @app.get("/name")
    def tell() -> str:
        return str(session.get("name", "nobody"))

    @app.get("/add/<name>")
    def add(name: str) -> str:
        session.setdefault("names", []).append(name)  # in place: the session does not see it
        return ",".join(session["names"])

    @app.get("/names/<name>")
    def begin(name: str) -> Response:
        session["names"] = [name]
        return Response()

    return app.test_client()


def test_a_cookie_is_the_same_again_and_again(small: FlaskClient) -> None:
    small.get("/keep/Asha")
    assert [small.get("/name").text for _ in "abc"] == ["Asha"] * 3


def test_one_that_was_changed_is_not_believed_after_one_that_was(small: FlaskClient) -> None:
    small.get("/keep/Asha")
    assert small.get("/name").text == "Asha"
    cookie = small.get_cookie("session")
    assert cookie is not None
    small.set_cookie("session", cookie.value[:-2] + ("aa" if not cookie.value.endswith("aa") else "bb"))
    assert small.get("/name").text == "nobody"


def test_one_of_another_key_is_not_believed(small: FlaskClient) -> None:
    small.get("/keep/Asha")
    assert small.get("/name").text == "Asha"
    small.application.config["SECRET_KEY"] = "another key"
    assert small.get("/name").text == "nobody"


def test_one_that_is_too_old_is_not_believed(small: FlaskClient) -> None:
    small.get("/keep/Asha")
    assert small.get("/name").text == "Asha"
    interface = small.application.session_interface
    assert isinstance(interface, Cookies)
    cookie = small.get_cookie("session")
    assert cookie is not None
    key = f"session={cookie.value}", interface._made and interface._made[0]
    assert interface._believed.get(key, clock.now()) == {"name": "Asha"}
    assert interface._believed.get(key, clock.now() + LASTS) is None, "it would outlive itself"


def test_one_that_was_too_old_when_it_came_first_is_not_believed(small: FlaskClient) -> None:
    small.get("/keep/Asha")
    small.application.config["PERMANENT_SESSION_LIFETIME"] = timedelta(seconds=-1)
    assert small.get("/name").text == "nobody"


def test_what_one_request_does_to_its_session_is_not_seen_by_the_next(small: FlaskClient) -> None:
    small.get("/names/Asha")
    assert small.get("/add/Bela").text == "Asha,Bela"
    assert small.get("/add/Chitra").text == "Asha,Chitra"
