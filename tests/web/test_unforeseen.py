"""What nobody foresaw is logged with where it happened, and never with what somebody wrote about a patient."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from flask import Flask, Response

from hms_web.logs import configure_logging
from hms_web.models import db
from tests.web.pages import HX, Browser

CANARY = "Canary Quillfeather"


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """Everything that the product's loggers write."""
    written = io.StringIO()
    configure_logging(stream=written)
    try:
        yield written
    finally:
        configure_logging()


def broken() -> str:
    """Give the database a name where it wants a number."""
    db.session().execute(sa.text("SELECT CAST(:name AS integer)"), {"name": CANARY})
    return ""


@pytest.mark.parametrize("headers", [{}, HX])
def test_a_pages_database_error_is_logged_without_its_values(
    app: Flask, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.config["TESTING"] = False
    monkeypatch.setitem(app.view_functions, "home.start", broken)
    with logged() as log:
        page = Browser(app.test_client()).get("/", headers=headers)
    assert page.status == 500
    assert "Something broke on our side" in page.text
    assert CANARY not in log.getvalue()
    assert CANARY not in page.html
    (line,) = [found for found in map(json.loads, log.getvalue().splitlines()) if found["event"] == "unforeseen"]
    assert (line["route"], line["error"], line["level"]) == ("/", "DataError", "error")
    assert any("test_unforeseen.py" in frame for frame in line["frames"])


def test_an_error_of_the_database_does_not_carry_the_statements_values(engine: sa.Engine) -> None:
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError) as raised:
        connection.execute(sa.text("SELECT 1 / CAST(length(:name) - length(:name) AS integer)"), {"name": CANARY})
    assert CANARY not in str(raised.value)


def test_a_connection_that_breaks_after_the_answer_changes_nothing_of_it(app: Flask, database_url: str) -> None:
    """The request still holds a transaction then, which is given back over a connection that is no more."""
    straight = sa.create_engine(database_url, poolclass=sa.pool.NullPool)

    def cut(response: Response) -> Response:
        pid = db.session.scalar(sa.text("SELECT pg_backend_pid()"))
        with straight.connect() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        return response

    app.after_request_funcs.setdefault(None, []).insert(0, cut)
    try:
        with logged() as log:
            answer = app.test_client().get("/login")
        assert answer.status_code == 200
        assert "connection_lost" in log.getvalue()
    finally:
        app.after_request_funcs[None].remove(cut)
    assert app.test_client().get("/login").status_code == 200, "the next one has a connection that works"
