"""What went wrong, as RFC 9457 `application/problem+json` with a sentence for people and a code for programs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import StrEnum
from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
import structlog
from flask import Blueprint, Flask, Response, json, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from hms_web.domain.refusals import InvalidInput, Refusal, Refused
from hms_web.logs import note, where
from hms_web.services import wording
from hms_web.services.unit_of_work import Busy

log = structlog.get_logger(__name__)

PROBLEM = "application/problem+json"
ERROR = 400
DOCS = "/api/v1/docs"


class Wrong(StrEnum):
    """What can be wrong with any request, whatever it asks for."""

    BAD_REQUEST = "BAD_REQUEST"
    MALFORMED_JSON = "MALFORMED_JSON"
    INVALID_INPUT = "INVALID_INPUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    CSRF_FAILED = "CSRF_FAILED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    TOO_MANY_ATTEMPTS = "TOO_MANY_ATTEMPTS"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    BUSY = "BUSY"


WORDS: dict[Wrong, tuple[HTTPStatus, str, str]] = {
    Wrong.BAD_REQUEST: (HTTPStatus.BAD_REQUEST, "Bad request", "This request cannot be read."),
    Wrong.MALFORMED_JSON: (HTTPStatus.BAD_REQUEST, "Malformed JSON", "The body is not well-formed JSON in UTF-8."),
    Wrong.INVALID_INPUT: (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Invalid input",
        "Something is missing or wrong; `errors` says what.",
    ),
    Wrong.UNAUTHENTICATED: (
        HTTPStatus.UNAUTHORIZED,
        "Not signed in",
        "Sign in, or send a token that still holds as `Authorization: Bearer <token>`.",
    ),
    Wrong.CSRF_FAILED: (
        HTTPStatus.FORBIDDEN,
        "CSRF token missing or wrong",
        "A browser's session sends the page's CSRF token as `X-CSRFToken`. Load the page again.",
    ),
    Wrong.FORBIDDEN: (HTTPStatus.FORBIDDEN, "Not for your role", "Your role is not allowed to do this."),
    Wrong.NOT_FOUND: (HTTPStatus.NOT_FOUND, "Not found", "There is nothing at this address."),
    Wrong.METHOD_NOT_ALLOWED: (
        HTTPStatus.METHOD_NOT_ALLOWED,
        "Method not allowed",
        "This address does not take this method; `Allow` lists those it does.",
    ),
    Wrong.BODY_TOO_LARGE: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Body too large", "A body has at most 1 MiB."),
    Wrong.UNSUPPORTED_MEDIA_TYPE: (
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "Unsupported media type",
        "Send the body as `Content-Type: application/json`.",
    ),
    Wrong.TOO_MANY_ATTEMPTS: (
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many attempts",
        "This was tried too often. Wait as long as `Retry-After` says, then try again.",
    ),
    Wrong.INTERNAL_ERROR: (
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Internal error",
        "Something went wrong on our side, and we have been told. Nothing was changed.",
    ),
    Wrong.BUSY: (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Busy",
        "The database could not answer in time; nothing was changed. Try again in a moment.",
    ),
}
_OF_STATUS = {int(status): wrong for wrong, (status, _, _) in reversed(WORDS.items())} | {400: Wrong.BAD_REQUEST}
_HEADERS: dict[Wrong, dict[str, str]] = {
    Wrong.UNAUTHENTICATED: {"WWW-Authenticate": 'Bearer realm="hms"'},
    Wrong.BUSY: {"Retry-After": "1"},
}


class Problem(Exception):
    """Ends a request with one of the problems that any request can have."""

    def __init__(self, wrong: Wrong, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(wrong)
        self.wrong = wrong
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Declined:
    """A refusal with further members for its problem, like the next free slots."""

    refusal: Refusal
    members: Mapping[str, Any] = field(default_factory=dict)


def _body(status: int, code: str, title: str, detail: str) -> dict[str, Any]:
    return {"type": f"{DOCS}#{code}", "title": title, "status": status, "detail": detail, "code": code}


def of_refusal(refusal: Refusal, zone: tzinfo) -> dict[str, Any]:
    """Return the problem of a refusal, its times in the hospital's zone."""
    code = refusal.code
    return _body(wording.status_of(code), code, wording.TITLES[code], wording.sentence(refusal, zone))


def of_input(error: InvalidInput) -> dict[str, Any]:
    """Return the problem of wrong input, with one entry for each thing that is wrong."""
    errors = [{"field": name, "message": message} for name, message in error.errors]
    return of(Wrong.INVALID_INPUT) | {"errors": errors}


def of(wrong: Wrong) -> dict[str, Any]:
    """Return the problem that any request can have."""
    status, title, detail = WORDS[wrong]
    return _body(status, wrong, title, detail)


def respond(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """Return a problem as an answer."""
    status: int = body["status"]
    note(reason=str(body["code"]))
    every = {"WWW-Authenticate": 'Bearer realm="hms"'} if status == HTTPStatus.UNAUTHORIZED else {}
    return Response(json.dumps(body), status, {**every, **(headers or {})}, content_type=PROBLEM)


def register(app: Flask, blueprint: Blueprint) -> None:
    """Answer everything that goes wrong under `/api/` with a problem."""
    blueprint.register_error_handler(Problem, _problem)
    blueprint.register_error_handler(Refused, _refused)
    blueprint.register_error_handler(InvalidInput, _invalid)
    blueprint.register_error_handler(HTTPException, _http)
    for cause in (Busy, sa.exc.OperationalError, sa.exc.TimeoutError):
        blueprint.register_error_handler(cause, _busy)
    blueprint.register_error_handler(Exception, _unforeseen)
    app.after_request(_nothing_but_problems)


def _problem(error: Problem) -> ResponseReturnValue:
    return respond(of(error.wrong), {**_HEADERS.get(error.wrong, {}), **error.headers})


def _refused(error: Refused) -> ResponseReturnValue:
    return respond(of_refusal(error.refusal, UTC))


def _invalid(error: InvalidInput) -> ResponseReturnValue:
    return respond(of_input(error))


def _http(error: HTTPException) -> ResponseReturnValue:
    return respond(of(_OF_STATUS.get(error.code or ERROR, Wrong.BAD_REQUEST)))


def _busy(error: Exception) -> ResponseReturnValue:
    log.warning("busy", route=_route(), cause=type(error.__cause__ or error).__name__)
    return _problem(Problem(Wrong.BUSY))


def _unforeseen(error: Exception) -> ResponseReturnValue:
    """Say where it happened, never with which values: a message could hold what somebody wrote about a patient."""
    log.error("unforeseen", route=_route(), error=type(error).__name__, frames=where(error))
    return _problem(Problem(Wrong.INTERNAL_ERROR))


def _route() -> str | None:
    return request.url_rule.rule if request.url_rule else None


def _nothing_but_problems(response: Response) -> Response:
    """Put into a problem what was refused before any of our views was found: unknown paths, methods and hosts."""
    if not request.path.startswith("/api/"):
        return response
    response.headers["Cache-Control"] = "no-store"
    if response.status_code < ERROR or response.mimetype == PROBLEM:
        return response
    problem = respond(of(_OF_STATUS.get(response.status_code, Wrong.BAD_REQUEST)))
    if "Allow" in response.headers:
        problem.headers["Allow"] = response.headers["Allow"]
    problem.headers["Cache-Control"] = "no-store"
    return problem
