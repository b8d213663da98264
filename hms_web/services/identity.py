"""Signing in and out: browser sessions and bearer tokens, both kept on the server and only as hashes."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, delete, func, select, update
from sqlalchemy.orm import Session

from hms_web.domain.identity import FACTOR_AWAITED, IDLE_FOR, SESSION_LASTS, TOKEN_LASTS, Actor, Role
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.validation import is_storable
from hms_web.models import ApiToken, Doctor, Hospital, LoginSession, SecondFactor, User
from hms_web.services import asking, audit, open_sessions, passwords, second_factors, unit_of_work, who_asks
from hms_web.services.sealing import SecretKeys
from hms_web.services.who_asks import Also

TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person whose session or token holds. `ends_at` is when it ends if nothing more is done; `language` is the one
    they have chosen for the pages, if they have; `told` what was asked for together with who they are.
    """

    actor: Actor
    email: str
    hospital_name: str
    ends_at: datetime
    language: str | None = None
    told: str | None = None


@dataclass(frozen=True, slots=True)
class Awaiting:
    """Somebody whose password was right and whose second factor is asked for, or has to be set up first."""

    session_id: UUID
    signed_in: SignedIn
    has_factor: bool


@dataclass(frozen=True, slots=True)
class _Checked:
    """An account whose password was right."""

    user_id: UUID
    signed_in: SignedIn
    has_factor: bool
    needs_factor: bool


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


def _with_factor(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    counts = and_(SecondFactor.user_id == User.id, SecondFactor.confirmed_at.is_not(None))
    has_factor = SecondFactor.id.is_not(None).label("has_factor")
    return query.add_columns(has_factor, Hospital.admins_need_second_factor).outerjoin(SecondFactor, counts)


def _check_password(session: Session, email: str, password: str, ends_at: datetime) -> _Checked:
    """Return the user whose address and password these are.

    Raises Refused WRONG_CREDENTIALS, after the same time for known and unknown addresses.
    """
    wanted = email.strip().lower()
    query = _with_hospital_and_doctor(select(*_WHO, User.password_hash).where(func.lower(User.email) == wanted))
    row = session.execute(_with_factor(query)).one_or_none() if is_storable(wanted) else None
    stored = row.password_hash if row else None
    if not passwords.is_right(stored, password) or row is None or stored is None:
        raise Refused(Code.WRONG_CREDENTIALS)
    _still_has(session, row.user_id, stored)
    if passwords.is_outdated(stored):
        renewed = passwords.hash_password(password)
        session.execute(update(User).where(User.id == row.user_id).values(password_hash=renewed))
    needs_one = row.admins_need_second_factor and row.role == Role.ADMIN
    return _Checked(row.user_id, _signed_in(row, ends_at), row.has_factor, row.has_factor or needs_one)


def _still_has(session: Session, user_id: UUID, password_hash: str) -> None:
    """See that a password was not changed while it was looked at, and keep it so until the session or token is there.

    Whoever changes it ends all sessions and tokens, and would otherwise miss the one that is just being made.
    Raises Refused WRONG_CREDENTIALS.
    """
    same = User.id == user_id, User.password_hash == password_hash, User.is_active
    if session.scalar(select(User.id).where(*same).with_for_update(read=True)) is None:
        raise Refused(Code.WRONG_CREDENTIALS)


def sign_in(session: Session, email: str, password: str, *, now: datetime, device: str | None = None) -> str:
    """Open a browser session and return its secret; raises Refused WRONG_CREDENTIALS.

    Where a second factor is asked for, the session stands for nobody until `pass_factor` or `set_up_factor`.
    """
    secret = passwords.new_secret()

    def work() -> None:
        checked = _check_password(session, email, password, now + SESSION_LASTS)
        lasts = FACTOR_AWAITED if checked.needs_factor else SESSION_LASTS
        opened = open_sessions.Opened(device, lasts, awaits_factor=checked.needs_factor)
        open_sessions.add(session, checked.user_id, secret, opened, now=now)
        if not checked.needs_factor:
            audit.record(session, checked.signed_in.actor, "user.signed_in", "user", checked.user_id, now=now)

    unit_of_work.run(session, work)
    return secret


def awaiting(session: Session, secret: str, *, now: datetime) -> Awaiting | None:
    """Return whose second factor a session waits for, or None when it does not, or has waited too long."""
    query = _with_hospital_and_doctor(
        select(*_WHO, LoginSession.id.label("session_id"), LoginSession.expires_at)
        .join_from(LoginSession, User, User.id == LoginSession.user_id)
        .where(
            LoginSession.token_hash == passwords.secret_hash(secret),
            LoginSession.expires_at > now,
            LoginSession.awaits_factor,
        )
    )
    row = session.execute(_with_factor(query)).one_or_none()
    return Awaiting(row.session_id, _signed_in(row, row.expires_at), row.has_factor) if row else None


def pass_factor(session: Session, who: Awaiting, code: str, *, key: SecretKeys, now: datetime) -> str:
    """Open the session that waited for a code of the app or a recovery code; return its new secret.

    `key` is the SECRET_KEY. Raises Refused WRONG_CODE, and WRONG_CREDENTIALS when the session has ended meanwhile.
    """

    def work() -> str:
        second_factors.verify(session, who.signed_in.actor, code, key=key, now=now)
        return _admit(session, who, now)

    return unit_of_work.run(session, work)


def set_up_factor(
    session: Session, who: Awaiting, code: str, *, begun_in: str, key: SecretKeys, now: datetime
) -> tuple[str, list[str]]:
    """Confirm the app of somebody who needs one, and open their session; return its new secret and the recovery codes.

    `begun_in` is the secret of the session that waits. Raises Refused as `pass_factor` does.
    """

    def work() -> tuple[str, list[str]]:
        codes = second_factors.confirmed(session, who.signed_in.actor, code, begun_in=begun_in, key=key, now=now)
        return _admit(session, who, now), codes

    return unit_of_work.run(session, work)


def _admit(session: Session, who: Awaiting, now: datetime) -> str:
    secret = passwords.new_secret()
    values = {
        "token_hash": passwords.secret_hash(secret),
        "awaits_factor": False,
        "last_seen_at": now,
        "expires_at": now + SESSION_LASTS,
    }
    waits = update(LoginSession).where(LoginSession.id == who.session_id, LoginSession.awaits_factor)
    if session.scalar(waits.values(values).returning(LoginSession.id)) is None:
        raise Refused(Code.WRONG_CREDENTIALS)
    actor = who.signed_in.actor
    assert actor.user_id is not None  # noqa: S101 a job does not sign in
    audit.record(session, actor, "user.signed_in", "user", actor.user_id, now=now)
    return secret


def actor_of_session(
    session: Session, secret: str, *, now: datetime, is_activity: bool = True, also: Also | None = None
) -> SignedIn | None:
    """Return who a browser session belongs to, or None when it has ended.

    It ends 15 minutes after the last request that counts as activity (a poll does not) and 12 hours after sign-in. One
    query; a second one, at most once a minute, notes the activity. What is `also` asked is answered as `told`.
    """
    also = also or who_asks.NOTHING_ELSE
    given = {"hash": passwords.secret_hash(secret), "now": now, "seen_since": now - IDLE_FOR, **also.given}
    found = asking.rows(session, who_asks.of_session(also), given)
    if not found:
        return None
    row = found[0]
    seen = row.last_seen_at
    if is_activity and now - seen >= TOUCH_EVERY:
        seen = now
        seen_now = update(LoginSession).where(LoginSession.id == row.session_id).values(last_seen_at=now)
        unit_of_work.run(session, lambda: session.execute(seen_now))
    return replace(_signed_in(row, min(seen + IDLE_FOR, row.expires_at)), told=row.told)


def sign_out(session: Session, secret: str) -> None:
    """End a browser session; one that has ended already is no error."""
    gone = delete(LoginSession).where(LoginSession.token_hash == passwords.secret_hash(secret))
    unit_of_work.run(session, lambda: session.execute(gone))


def issue_token(
    session: Session, email: str, password: str, *, now: datetime, otp: str | None = None, key: SecretKeys = ""
) -> IssuedToken:
    """Make a bearer token for a program. `otp` is a code of the account's second factor, `key` the SECRET_KEY.

    Raises Refused WRONG_CREDENTIALS; SECOND_FACTOR_NEEDED or WRONG_CODE for an account that has one; and
    SECOND_FACTOR_TO_SET_UP for one that has to set one up first.
    """
    secret = passwords.new_secret()
    ends_at = now + TOKEN_LASTS

    def work() -> SignedIn:
        checked = _check_password(session, email, password, ends_at)
        if checked.has_factor and not otp:
            raise Refused(Code.SECOND_FACTOR_NEEDED)
        if checked.has_factor and otp:
            second_factors.verify(session, checked.signed_in.actor, otp, key=key, now=now)
        elif checked.needs_factor:
            raise Refused(Code.SECOND_FACTOR_TO_SET_UP)
        hashed = passwords.secret_hash(secret)
        session.add(ApiToken(user_id=checked.user_id, token_hash=hashed, created_at=now, expires_at=ends_at))
        audit.record(session, checked.signed_in.actor, "user.token_issued", "user", checked.user_id, now=now)
        return checked.signed_in

    who = unit_of_work.run(session, work)
    return IssuedToken(secret, int(TOKEN_LASTS.total_seconds()), who)


def actor_of_token(session: Session, secret: str, *, now: datetime, also: Also | None = None) -> SignedIn | None:
    """Return who a bearer token belongs to, or None when it has ended.

    One query; a second one, at most once a minute, notes that the token is used. `also` as for `actor_of_session`.
    """
    also = also or who_asks.NOTHING_ELSE
    given = {"hash": passwords.secret_hash(secret), "now": now, **also.given}
    found = asking.rows(session, who_asks.of_token(also), given)
    if not found:
        return None
    row = found[0]
    if row.last_used_at is None or now - row.last_used_at >= TOUCH_EVERY:
        used_now = update(ApiToken).where(ApiToken.id == row.token_id).values(last_used_at=now)
        unit_of_work.run(session, lambda: session.execute(used_now))
    return replace(_signed_in(row, row.expires_at), told=row.told)
