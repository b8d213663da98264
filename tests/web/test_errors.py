from collections.abc import Callable

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.services.unit_of_work import Busy
from tests.web.pages import HX, Browser
from tests.web.record_scenes import Desk


def failing(app: Flask, error: Callable[[], None]) -> FlaskClient:
    """A client for whom the health probe's page fails in a way of our choosing."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.config["TESTING"] = False
    kept = app.view_functions["home.start"]

    def broken() -> str:
        error()
        return ""

    app.view_functions["home.start"] = broken
    client = app.test_client()
    client.application.extensions["kept_view"] = kept
    return client


@pytest.fixture(autouse=True)
def _mended(app: Flask) -> object:
    yield
    kept = app.extensions.pop("kept_view", None)
    if kept:
        app.view_functions["home.start"] = kept


def raising(error: Exception) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (lambda: abort(400), 400, "We could not read that"),
        (lambda: abort(403), 403, "That is not for your role"),
        (lambda: abort(404), 404, "There is nothing here"),
        (lambda: abort(405), 405, "That cannot be done here"),
        (lambda: abort(413), 413, "That is too much at once"),
        (lambda: abort(418), 418, "We could not read that"),
        (lambda: abort(500), 500, "Something broke on our side"),
        (raising(RuntimeError("secret detail")), 500, "Something broke on our side"),
        (raising(Busy()), 503, "We are very busy just now"),
        (raising(OperationalError("select", {}, Exception("gone"))), 503, "We are very busy just now"),
        (raising(Refused(Code.STALE_VERSION)), 409, "That cannot be done now"),
        (raising(InvalidInput([("name", "Too long.")])), 422, "Too long."),
    ],
)
def test_an_error_is_a_page_in_words(app: Flask, error: Callable[[], None], status: int, words: str) -> None:
    page = Browser(failing(app, error)).get("/")
    assert page.status == status
    assert words in page.text
    assert "secret detail" not in page.text
    assert page.response.headers["Cache-Control"] == "no-store"
    assert ("Retry-After" in page.response.headers) is (status == 503)


def test_for_htmx_an_error_stands_beside_the_page(app: Flask) -> None:
    answer = failing(app, raising(Busy())).get("/", headers=HX)
    assert answer.status_code == 503
    assert answer.headers["HX-Retarget"] == "#toasts"
    assert "<html" not in answer.get_data(as_text=True)


def test_a_refusal_is_told_in_its_own_words_to_who_is_signed_in(desk: Desk) -> None:
    page = desk.reception().get("/patients/01890000-0000-7000-8000-000000000000")
    assert page.status == 404
    assert "There is no such patient in this hospital." in page.text
    assert "Reception 1" in page.text, "the header is still there"


def test_too_large_a_form_is_refused(desk: Desk) -> None:
    person = desk.reception()
    token = person.csrf_token("/front-desk")
    page = person.post("/front-desk/patients", {"q": "x" * 2_000_000, "csrf_token": token})
    assert page.status == 413


def test_every_page_is_private_and_differs_for_htmx(desk: Desk) -> None:
    for path in ("/front-desk", "/front-desk/grid", "/login", "/nowhere"):
        response = desk.reception().client.get(path, headers=HX)
        assert response.headers["Cache-Control"] == "no-store", path
        if response.mimetype == "text/html" and response.data:
            named = response.headers.getlist("Vary")
            assert len(named) == 1, path
            parts = named[0].split(", ")
            assert "HX-Request" in parts, path
            assert len(parts) == len(set(parts)), path
            if path != "/nowhere":
                assert "Cookie" in parts, path
