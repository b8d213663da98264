"""Every answer bears the id of its request; one that comes along is believed only from a proxy of ours."""

import io
import json
import re
from collections.abc import Iterator

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient

from hms_web import logs
from hms_web.app import EXTENSION, create_app
from hms_web.logs import REQUEST_ID_HEADER

OURS = re.compile(r"[0-9a-f]{20}")


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    logs.end()


@pytest.mark.parametrize("path", ["/healthz", "/login", "/nothing-here", "/api/v1/auth/me", "/static/nothing.css"])
def test_every_answer_has_an_id_of_its_own(client: FlaskClient, path: str) -> None:
    given = {REQUEST_ID_HEADER: "a-strangers-id-0001"}
    first, second = (client.get(path, headers=given).headers[REQUEST_ID_HEADER] for _ in range(2))
    assert OURS.fullmatch(first)
    assert OURS.fullmatch(second)
    assert first != second


def test_an_answer_for_a_strange_host_has_one_too() -> None:
    nowhere = {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1"}
    app = create_app({"HMS_ENV": "testing", "HMS_TRUSTED_HOSTS": "desk.example.test", **nowhere})
    answer = app.test_client().get("/healthz", headers={"Host": "elsewhere.test"})
    assert answer.status_code == 400
    assert OURS.fullmatch(answer.headers[REQUEST_ID_HEADER])


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [
        ("0123456789abcdef", True),
        ("Root-1.abc_def", True),
        ("short", False),
        ("x" * 65, False),
        ("no blanks here", False),
        ('"}{"event":"forged', False),
        ("ä" * 9, False),
    ],
)
def test_a_proxys_id_is_kept_when_it_is_one(given: str, is_kept: bool) -> None:  # noqa: FBT001
    nowhere = {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x", "REDIS_URL": "redis://127.0.0.1:1"}
    app: Flask = create_app({"HMS_ENV": "testing", "HMS_TRUSTED_PROXIES": "1", **nowhere})
    assert app.extensions[EXTENSION].trusted_proxies == 1
    answer = app.test_client().get("/healthz", headers={REQUEST_ID_HEADER: given})
    assert (answer.headers[REQUEST_ID_HEADER] == given) is is_kept


def test_an_id_that_ends_is_forgotten() -> None:
    given = logs.begin("0123456789abcdef")
    assert logs.current() == given == "0123456789abcdef"
    logs.end()
    assert logs.current() is None


class Unwritable:
    def __repr__(self) -> str:
        raise LookupError


@pytest.mark.parametrize("value", [Unwritable(), {("a", "b"): 1}])
def test_what_cannot_be_written_takes_nobody_down(value: object) -> None:
    written = io.StringIO()
    logs.configure_logging(stream=written)
    try:
        structlog.get_logger("hms_web.somewhere").info("told", value=value)
    finally:
        logs.configure_logging()
    line = json.loads(written.getvalue())
    assert (line["event"], line["level"], line["logger"]) == ("told", "info", "hms_web.somewhere")
    assert line["unwritten"] in {"LookupError", "TypeError"}


def test_a_stream_that_is_gone_takes_nobody_down() -> None:
    gone = io.StringIO()
    gone.close()
    logs.configure_logging(stream=gone)
    try:
        structlog.get_logger("hms_web.somewhere").info("told")
    finally:
        logs.configure_logging()
