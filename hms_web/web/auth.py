"""Who is asking: the browser's session, and which roles a page is for.

The cookie holds a random token and nothing about the person; what it stands for is looked up on the server at each
request, so that signing out, a deactivation or a change of role end it at once.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec
from urllib.parse import unquote

from flask import Flask, Response, abort, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin
from werkzeug.exceptions import HTTPException

from hms_web import clock, logs
from hms_web.domain.identity import Actor, Role
from hms_web.models import db
from hms_web.services import identity, unit_of_work
from hms_web.services.who_asks import Also
from hms_web.web import htmx, language

P = ParamSpec("P")

READING = frozenset({"GET", "HEAD"})
TOKEN = "token"  # noqa: S105 the name under which the session keeps it
FOUND = "_login_user"  # the name under which flask-login finds who was found before
# A local path of ours: segments of plain characters, then perhaps a query. Nothing that can be read as another host.
# Each character can be matched in one way only, so that no address, however long, takes long to refuse.
LOCAL_PATH = re.compile(r"/(?:[\w.~-]+(?:/[\w.~-]+)*/?)?(?:\?[\w.~&=%+:-]*)?", re.ASCII)


class Visitor(UserMixin):  # type: ignore[misc]
    """A signed-in person, as flask-login wants to see one."""

    def __init__(self, signed_in: identity.SignedIn) -> None:
        self.signed_in = signed_in

    def get_id(self) -> str:
        """The user's id; flask-login shows it to nobody."""
        return str(self.signed_in.actor.user_id)


def init_app(app: Flask) -> None:
    """Load the visitor of each request from its session, and say what happens to those who have none."""
    manager = LoginManager(app)
    manager.session_protection = None  # the token is looked up each time; a change of address is no reason to sign out
    manager.request_loader(_visitor)
    manager.unauthorized_handler(ask_to_sign_in)
    app.after_request(_tell_how_long)
    app.add_template_global(seconds_left)
    app.add_template_global(present_path)


def _visitor(_request: object) -> Visitor | None:
    token = session.get(TOKEN)
    if not isinstance(token, str):
        return None
    # A poll is a page left open, not somebody at work.
    is_activity = "X-Poll" not in request.headers
    if request.method in READING:
        unit_of_work.only_reads(db.session())
    view = current_app.view_functions.get(request.endpoint or "")
    along: Callable[[], Also | None] | None = getattr(view, "asks_along", None)
    also = along() if along is not None else None
    signed_in = identity.actor_of_session(db.session(), token, now=clock.now(), is_activity=is_activity, also=also)
    if signed_in is None:
        return None
    language.use(signed_in.language)
    logs.note(user=str(signed_in.actor.user_id))
    return Visitor(signed_in)


def seconds_left() -> int:
    """How long the session lasts if nothing more is done."""
    who = signed_in()
    return max(0, int((who.ends_at - clock.now()).total_seconds())) if who else 0


def _tell_how_long(response: Response) -> Response:
    """Let the page warn in time that its session ends; only where the visitor was looked up anyway."""
    if isinstance(g.get(FOUND), Visitor):
        response.headers["X-Session-Left"] = str(seconds_left())
    return response


def signed_in() -> identity.SignedIn | None:
    """Who is signed in, with e-mail address and hospital; None for a stranger."""
    if FOUND not in g:
        # flask-login would ask the same of us, after looking for ways to be known that we have not.
        manager: LoginManager = current_app.login_manager  # type: ignore[attr-defined]
        setattr(g, FOUND, _visitor(request) or manager.anonymous_user())
    return getattr(getattr(g, FOUND), "signed_in", None)


def actor() -> Actor:
    """Who acts; only for views that `roles` guards."""
    who = signed_in()
    if who is None:
        abort(401)
    return who.actor


def roles(*allowed: Role) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Let only these roles in; with none named, everyone who is signed in. Strangers are asked to sign in."""

    def decorate(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            who = signed_in()
            if who is None:
                return ask_to_sign_in()
            if allowed and who.actor.role not in allowed:
                abort(403)
            return view(*args, **kwargs)

        # The table of roles and routes in the tests reads it from here.
        guarded.roles = frozenset(allowed or Role)  # type: ignore[attr-defined]
        return guarded

    return decorate


def asking_along(
    also: Callable[[], Also | None],
) -> Callable[[Callable[P, ResponseReturnValue]], Callable[P, ResponseReturnValue]]:
    """Let the question who asks ask something else too, for what is asked all day long; `also` reads the request.

    `signed_in().told` is the answer. It stands outside of `roles`.
    """

    def decorate(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
        view.asks_along = also  # type: ignore[attr-defined]
        return view

    return decorate


def sign_in(token: str) -> None:
    """Start a new browser session with a token; whatever was in the old one, the CSRF secret included, is gone."""
    session.clear()
    session[TOKEN] = token
    g.pop(FOUND, None)


def token() -> str:
    """Return the secret of this browser's session; empty, which is nobody's, where it has none."""
    found = session.get(TOKEN)
    return found if isinstance(found, str) else ""


def sign_out() -> str | None:
    """End the browser's session and return its token."""
    token = session.get(TOKEN)
    session.clear()
    g.pop(FOUND, None)
    return token if isinstance(token, str) else None


def ask_to_sign_in() -> ResponseReturnValue:
    """Send a stranger to the sign-in page; a fragment's answer moves the whole page there, never into a table."""
    if htmx.headers():
        return htmx.redirect(url_for("sign_in.page", next=local_path(htmx.current_path())), 401)
    asked = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("sign_in.page", next=local_path(asked)), 303)


def present_path() -> str:
    """The address of the present page, to come back to; empty for an answer that has none of its own."""
    return local_path(request.full_path.rstrip("?")) or "" if request.method == "GET" else ""


def may_open(path: str, role: Role | None) -> bool:
    """Whether there is a page at a local path, and it is for this role."""
    adapter = current_app.url_map.bind("")
    try:
        endpoint, _ = adapter.match(path.partition("?")[0], method="GET")
    except HTTPException:
        return False
    return role in getattr(current_app.view_functions[endpoint], "roles", frozenset())


def next_page(who: identity.SignedIn) -> str:
    """Where somebody who has signed in goes on: to the page that was asked for, if it is one of theirs."""
    wanted = local_path(request.args.get("next"))
    return wanted if wanted and may_open(wanted, who.actor.role) else url_for("home.start")


def local_path(wanted: str | None) -> str | None:
    """Return `wanted` when it can only be a path of this site, else None.

    Browsers drop tabs and read a backslash as a slash, and servers decode more than once: what decodes to anything but
    our own kind of path is not one.
    """
    if not wanted or wanted == "/":
        return None
    path = wanted.partition("?")[0]
    if unquote(path) != path or not LOCAL_PATH.fullmatch(wanted):
        return None
    return wanted
