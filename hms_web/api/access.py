"""Who calls: a bearer token's owner, or a browser's session together with its CSRF token."""

from collections.abc import Collection
from datetime import datetime

import flask
from flask import current_app, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.orm import Session

from hms_web import logs
from hms_web.api.problems import Problem, Wrong
from hms_web.domain.identity import Role
from hms_web.services import identity
from hms_web.services.identity import SignedIn
from hms_web.services.who_asks import Also

# The name under which a browser's session keeps its token; the pages write it.
SESSION_TOKEN = "token"  # noqa: S105 a name
EVERYONE = frozenset(Role)


def caller(session: Session, allowed: Collection[Role], *, now: datetime, also: Also | None = None) -> SignedIn:
    """Return who calls, and what is `also` asked.

    Raises Problem when nobody is signed in, the CSRF token is missing, or the role is another.
    """
    find = _of_token if "Authorization" in request.headers else _of_browser
    who = find(session, now, also)
    if who is None:
        raise Problem(Wrong.UNAUTHENTICATED)
    logs.note(user=str(who.actor.user_id))
    if who.actor.role not in allowed:
        raise Problem(Wrong.FORBIDDEN)
    return who


def bearer() -> str | None:
    """Return the bearer token that the request shows, if it does."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _of_token(session: Session, now: datetime, also: Also | None) -> SignedIn | None:
    token = bearer()
    return None if token is None else identity.actor_of_token(session, token, now=now, also=also)


def _of_browser(session: Session, now: datetime, also: Also | None) -> SignedIn | None:
    token = flask.session.get(SESSION_TOKEN)
    if not isinstance(token, str):
        return None
    is_activity = "X-Poll" not in request.headers  # a page left open is not somebody at work
    who = identity.actor_of_session(session, token, now=now, is_activity=is_activity, also=also)
    if who is not None and current_app.config["WTF_CSRF_ENABLED"]:
        _refuse_forged()
    return who


def _refuse_forged() -> None:
    """Another site can make a browser send its cookie, but not a header that it cannot know."""
    try:
        current_app.extensions["csrf"].protect()
    except CSRFError:
        raise Problem(Wrong.CSRF_FAILED) from None
