"""Signing in and out: browser sessions and bearer tokens, both kept on the server and only as hashes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor, Role
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.validation import is_storable
from hms_web.models import ApiToken, Doctor, Hospital, LoginSession, User
from hms_web.services import audit, passwords, unit_of_work

IDLE_FOR = timedelta(minutes=15)
SESSION_LASTS = timedelta(hours=12)
TOKEN_LASTS = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person whose session or token holds. `ends_at` is when it ends if nothing more is done; `language` is the one
    they have chosen for the pages, if they have.
    """

    actor: Actor
    email: str
    hospital_name: str
    ends_at: datetime
    language: str | None = None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A bearer token, shown this once; `expires_in` in seconds."""

    access_token: str
    expires_in: int
    signed_in: SignedIn


_WHO = (
    User.id.label("user_id"),
    User.hospital_id,
    User.name,
    User.email,
    User.role,
    User.language,
    Hospital.name.label("hospital_name"),
    Hospital.timezone,
    Doctor.id.label("doctor_id"),
)


def _signed_in(row: Any, ends_at: datetime) -> SignedIn:  # noqa: ANN401 a row with the columns of _WHO
    actor = Actor(row.hospital_id, row.timezone, row.user_id, row.name, Role(row.role), row.doctor_id)
    return SignedIn(actor, row.email, row.hospital_name, ends_at, row.language)


def _with_hospital_and_doctor(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return (
        query.join(Hospital, Hospital.id == User.hospital_id)
        .outerjoin(Doctor, Doctor.user_id == User.id)
        .where(User.is_active)
    )


def _check_password(session: Session, email: str, password: str, ends_at: datetime) -> tuple[UUID, SignedIn]:
    """Return the user whose address and password these are.

    Raises Refused WRONG_CREDENTIALS, after the same time for known and unknown addresses.
    """
    wanted = email.strip().lower()
    query = _with_hospital_and_doctor(select(*_WHO, User.password_hash).where(func.lower(User.email) == wanted))
    row = session.execute(query).one_or_none() if is_storable(wanted) else None
    stored = row.password_hash if row else None
    if not passwords.is_right(stored, password) or row is None or stored is None:
        raise Refused(Code.WRONG_CREDENTIALS)
    if passwords.is_outdated(stored):
        renewed = passwords.hash_password(password)
        session.execute(update(User).where(User.id == row.user_id).values(password_hash=renewed))
    return row.user_id, _signed_in(row, ends_at)


def sign_in(session: Session, email: str, password: str, *, now: datetime) -> str:
    """Open a browser session and return its secret; raises Refused WRONG_CREDENTIALS."""
    secret = passwords.new_secret()
    ends_at = now + SESSION_LASTS

    def work() -> None:
        user_id, who = _check_password(session, email, password, ends_at)
        hashed = passwords.secret_hash(secret)
        session.add(
            LoginSession(user_id=user_id, token_hash=hashed, created_at=now, last_seen_at=now, expires_at=ends_at)
        )
        audit.record(session, who.actor, "user.signed_in", "user", user_id, now=now)

    unit_of_work.run(session, work)
    return secret


def actor_of_session(session: Session, secret: str, *, now: datetime, is_activity: bool = True) -> SignedIn | None:
    """Return who a browser session belongs to, or None when it has ended.

    It ends 15 minutes after the last request that counts as activity (a poll does not) and 12 hours after sign-in. One
    query; a second one, at most once a minute, notes the activity.
    """
    query = _with_hospital_and_doctor(
        select(*_WHO, LoginSession.id.label("session_id"), LoginSession.last_seen_at, LoginSession.expires_at)
        .join_from(LoginSession, User, User.id == LoginSession.user_id)
        .where(
            LoginSession.token_hash == passwords.secret_hash(secret),
            LoginSession.expires_at > now,
            LoginSession.last_seen_at > now - IDLE_FOR,
        )
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    seen = row.last_seen_at
    if is_activity and now - seen >= TOUCH_EVERY:
        seen = now
        seen_now = update(LoginSession).where(LoginSession.id == row.session_id).values(last_seen_at=now)
        unit_of_work.run(session, lambda: session.execute(seen_now))
    return _signed_in(row, min(seen + IDLE_FOR, row.expires_at))


def sign_out(session: Session, secret: str) -> None:
    """End a browser session; one that has ended already is no error."""
    gone = delete(LoginSession).where(LoginSession.token_hash == passwords.secret_hash(secret))
    unit_of_work.run(session, lambda: session.execute(gone))


def issue_token(session: Session, email: str, password: str, *, now: datetime) -> IssuedToken:
    """Make a bearer token for a program; raises Refused WRONG_CREDENTIALS."""
    secret = passwords.new_secret()
    ends_at = now + TOKEN_LASTS

    def work() -> SignedIn:
        user_id, who = _check_password(session, email, password, ends_at)
        hashed = passwords.secret_hash(secret)
        session.add(ApiToken(user_id=user_id, token_hash=hashed, created_at=now, expires_at=ends_at))
        audit.record(session, who.actor, "user.token_issued", "user", user_id, now=now)
        return who

    who = unit_of_work.run(session, work)
    return IssuedToken(secret, int(TOKEN_LASTS.total_seconds()), who)


def actor_of_token(session: Session, secret: str, *, now: datetime) -> SignedIn | None:
    """Return who a bearer token belongs to, or None when it has ended; one query."""
    query = _with_hospital_and_doctor(
        select(*_WHO, ApiToken.expires_at)
        .join_from(ApiToken, User, User.id == ApiToken.user_id)
        .where(ApiToken.token_hash == passwords.secret_hash(secret), ApiToken.expires_at > now)
    )
    row = session.execute(query).one_or_none()
    return _signed_in(row, row.expires_at) if row else None
