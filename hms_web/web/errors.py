"""What people read when something did not work: what happened, and what to do next."""

from dataclasses import dataclass

import sqlalchemy as sa
import structlog
from flask import Flask, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError, TooManyRequests

from hms_web.domain.refusals import InvalidInput, Refused
from hms_web.logs import note, where
from hms_web.services import wording
from hms_web.services.sign_in_limits import WAIT_SECONDS
from hms_web.services.unit_of_work import Busy
from hms_web.web import auth, htmx, language, refusals
from hms_web.web.csrf import is_api

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Words:
    """The title and the advice of an error page."""

    title: LazyString
    advice: LazyString


WORDS = {
    400: Words(
        lazy_gettext("We could not read that"),
        lazy_gettext("The address or the form is not complete. Go back, load the page again and try once more."),
    ),
    403: Words(
        lazy_gettext("That is not for your role"),
        lazy_gettext("Nothing was changed. If your work needs it, ask your hospital's administrator."),
    ),
    404: Words(
        lazy_gettext("There is nothing here"),
        lazy_gettext("The address is wrong, or what was here has been removed. Look for it by name or number."),
    ),
    405: Words(
        lazy_gettext("That cannot be done here"), lazy_gettext("Go back to the page you came from and try again.")
    ),
    409: Words(
        lazy_gettext("That cannot be done now"), lazy_gettext("Somebody may have been quicker. Load the page again.")
    ),
    413: Words(
        lazy_gettext("That is too much at once"),
        lazy_gettext("What was sent is larger than we take. Send less, and nothing that was not asked for."),
    ),
    422: Words(lazy_gettext("Something is missing or wrong"), lazy_gettext("Go back and look at what was entered.")),
    429: Words(
        lazy_gettext("Too many attempts"),
        lazy_gettext(
            "Signing in did not work several times. Wait a quarter of an hour, or ask your administrator for a link."
        ),
    ),
    500: Words(
        lazy_gettext("Something broke on our side"),
        lazy_gettext("It has been noted, and what you were doing has not been saved. Try again in a moment."),
    ),
    503: Words(
        lazy_gettext("We are very busy just now"),
        lazy_gettext("Nothing was changed. Wait a few seconds and try again."),
    ),
}
EXPIRED_FORM = lazy_gettext(
    "This page was open for too long, or you have signed in again since. Load it again and try once more."
)


def init_app(app: Flask) -> None:
    """Answer every error of a page in words."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(InvalidInput, _invalid)
    for cause in (Busy, sa.exc.OperationalError, sa.exc.TimeoutError):
        app.register_error_handler(cause, _busy)
    app.register_error_handler(Exception, _unforeseen)


def answer(status: int, detail: str | None = None) -> ResponseReturnValue:
    """The page of an error, or for htmx a message that stands beside the page and leaves it as it is."""
    words = WORDS.get(status, WORDS[500 if status >= 500 else 400])  # noqa: PLR2004
    if htmx.headers():
        fragment = make_response(
            render_template("errors/_toast.html", title=words.title, advice=detail or words.advice), status
        )
        return htmx.reswap(htmx.retarget(fragment, "#toasts"), "beforeend")
    # Where the server itself is in trouble the page asks it for nothing more: no name, no navigation.
    template = "errors/bare.html" if status >= 500 else "errors/page.html"  # noqa: PLR2004
    return make_response(
        render_template(template, status=status, title=words.title, advice=detail or words.advice), status
    )


def _http(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, SecurityError):
        return error  # for a host that is not ours no address can be made, so no page either
    note(reason=type(error).__name__)
    if is_api() or error.code is None or error.code < 400:  # noqa: PLR2004 redirects are exceptions too
        return error
    if error.code == 401:  # noqa: PLR2004
        return auth.ask_to_sign_in()
    detail = str(EXPIRED_FORM) if isinstance(error, CSRFError) else None
    response = make_response(answer(error.code, detail))
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(WAIT_SECONDS)
    return response


def _refused(error: Refused) -> ResponseReturnValue:
    note(reason=str(error.refusal.code))
    sentence = refusals.sentence(error.refusal) if auth.signed_in() else None
    return answer(wording.status_of(error.refusal.code), sentence)


def _invalid(error: InvalidInput) -> ResponseReturnValue:
    note(reason=type(error).__name__)
    return answer(422, " ".join(sentence for _, sentence in language.mistakes(error)))


def _busy(error: Exception) -> ResponseReturnValue:
    if is_api():
        raise error
    log.warning("busy", route=_route(), cause=type(error.__cause__ or error).__name__)
    response = make_response(answer(503))
    response.headers["Retry-After"] = "1"
    return response


def _unforeseen(error: Exception) -> ResponseReturnValue:
    """Say where it happened, never with which values: a message could hold what somebody wrote about a patient."""
    log.error("unforeseen", route=_route(), error=type(error).__name__, frames=where(error))
    return answer(500)


def _route() -> str | None:
    return request.url_rule.rule if request.url_rule else None
