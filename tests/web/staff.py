"""People who are signed in, without the second that a password takes."""

from datetime import timedelta

from flask import Flask
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.models import LoginSession
from hms_web.services import passwords
from hms_web.web import auth
from tests.scenes import NOW
from tests.web.pages import Browser


def session_of(session: Session, actor: Actor) -> str:
    """Begin a session for somebody, and return its token."""
    secret = passwords.new_secret()
    ends_at = NOW + timedelta(hours=12)
    digest = passwords.secret_hash(secret)
    assert actor.user_id
    session.add(
        LoginSession(user_id=actor.user_id, token_hash=digest, created_at=NOW, last_seen_at=NOW, expires_at=ends_at)
    )
    session.commit()
    return secret


def signed_in(app: Flask, session: Session, actor: Actor) -> Browser:
    """Return the browser of somebody who has just signed in."""
    client = app.test_client()
    with client.session_transaction() as kept:
        kept[auth.TOKEN] = session_of(session, actor)
    return Browser(client)
