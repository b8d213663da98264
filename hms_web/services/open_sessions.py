"""A person's browser sessions and API tokens: opened, listed, and ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningDelete

from hms_web.domain.identity import IDLE_FOR, SESSION_LASTS, Actor
from hms_web.domain.refusals import Code, Refused
from hms_web.models import ApiToken, LoginSession, User
from hms_web.services import audit, passwords, unit_of_work


@dataclass(frozen=True, slots=True)
class SessionView:
    """A browser that is signed in; `device` is what it says it is, None for one that says nothing."""

    id: UUID
    device: str | None
    created_at: datetime
    last_seen_at: datetime
    is_this: bool


@dataclass(frozen=True, slots=True)
class TokenView:
    """A bearer token: never the token itself."""

    id: UUID
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that is opened: in which browser, for how long at most, and whether it waits for a second factor."""

    device: str | None = None
    lasts: timedelta = SESSION_LASTS
    awaits_factor: bool = False


def add(session: Session, user_id: UUID, secret: str, opened: Opened, *, now: datetime) -> None:
    """Open a session inside the caller's unit of work; only a hash of its secret is kept."""
    session.add(
        LoginSession(
            user_id=user_id,
            token_hash=passwords.secret_hash(secret),
            created_at=now,
            last_seen_at=now,
            expires_at=now + opened.lasts,
            awaits_factor=opened.awaits_factor,
            device=opened.device,
        )
    )


def list_sessions(session: Session, actor: Actor, secret: str, *, now: datetime) -> Sequence[SessionView]:
    """Return the actor's sessions that hold, the newest first; `secret` is that of the one that asks."""
    mine = passwords.secret_hash(secret)
    rows = session.scalars(
        select(LoginSession)
        .where(
            LoginSession.user_id == actor.user_id,
            LoginSession.expires_at > now,
            LoginSession.last_seen_at > now - IDLE_FOR,
            ~LoginSession.awaits_factor,
        )
        .order_by(LoginSession.created_at.desc(), LoginSession.id)
    )
    return [SessionView(row.id, row.device, row.created_at, row.last_seen_at, row.token_hash == mine) for row in rows]


def list_tokens(session: Session, actor: Actor, *, now: datetime) -> Sequence[TokenView]:
    """Return the actor's tokens that hold, the newest first."""
    rows = session.scalars(
        select(ApiToken)
        .where(ApiToken.user_id == actor.user_id, ApiToken.expires_at > now)
        .order_by(ApiToken.created_at.desc(), ApiToken.id)
    )
    return [TokenView(row.id, row.created_at, row.last_used_at, row.expires_at) for row in rows]


def end(session: Session, actor: Actor, session_id: UUID, *, now: datetime) -> bool:
    """End one of the actor's sessions, at once; say whether there was one. Others' are left as they are."""
    gone = delete(LoginSession).where(LoginSession.user_id == actor.user_id, LoginSession.id == session_id)
    return _end(session, actor, gone.returning(LoginSession.id), "user.session_ended", now)


def end_others(session: Session, actor: Actor, secret: str, *, now: datetime) -> None:
    """End every session of the actor but the one that asks."""
    mine = LoginSession.token_hash == passwords.secret_hash(secret)
    gone = delete(LoginSession).where(LoginSession.user_id == actor.user_id, ~mine)
    _end(session, actor, gone.returning(LoginSession.id), "user.sessions_ended", now)


def revoke(session: Session, actor: Actor, token_id: UUID, *, now: datetime) -> bool:
    """End one of the actor's tokens, at once; say whether there was one. Others' are left as they are."""
    gone = delete(ApiToken).where(ApiToken.user_id == actor.user_id, ApiToken.id == token_id)
    return _end(session, actor, gone.returning(ApiToken.id), "user.token_revoked", now)


def _end(session: Session, actor: Actor, gone: ReturningDelete[UUID], action: str, now: datetime) -> bool:
    def work() -> bool:
        if not session.scalars(gone).all() or actor.user_id is None:
            return False
        audit.record(session, actor, action, "user", actor.user_id, now=now)
        return True

    return unit_of_work.run(session, work)


def end_everywhere(session: Session, actor: Actor, user_id: UUID, *, now: datetime) -> None:
    """Sign somebody of the hospital out everywhere, with their tokens: a phone was lost, a screen left behind.

    Password, second factor and account stay as they are. Raises Refused USER_NOT_FOUND.
    """

    def work() -> None:
        known = select(User.id).where(User.hospital_id == actor.hospital_id, User.id == user_id)
        if session.scalar(known) is None:
            raise Refused(Code.USER_NOT_FOUND)
        end_all(session, user_id)
        audit.record(session, actor, "user.signed_out_everywhere", "user", user_id, now=now)

    unit_of_work.run(session, work)


def end_all(session: Session, user_id: UUID) -> None:
    """End every session and token of a user, inside the caller's unit of work."""
    session.execute(delete(LoginSession).where(LoginSession.user_id == user_id))
    session.execute(delete(ApiToken).where(ApiToken.user_id == user_id))
