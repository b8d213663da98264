"""Second factors: an authenticator app and recovery codes, set up by oneself, asked for at sign-in, reset by an admin.

The app's secret is encrypted, since codes are made from it; recovery codes are 140 random bits, kept as hashes.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import pyotp
from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.orm import Session

from hms_web.domain import second_factor
from hms_web.domain.identity import FACTOR_AWAITED, Actor, Role
from hms_web.domain.refusals import Code, Refused
from hms_web.models import Hospital, RecoveryCode, SecondFactor, User
from hms_web.services import audit, open_sessions, passwords, sealing, unit_of_work
from hms_web.services.sealing import SecretKeys

PURPOSE = "second factors"
ENROLMENT_LASTS = FACTOR_AWAITED


@dataclass(frozen=True, slots=True)
class FactorView:
    """A factor that counts: since when, how many recovery codes are left, and whether they are of the former length."""

    since: datetime
    codes_left: int
    are_short: bool = False


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an app needs to know: the secret to type, and the address that the picture holds."""

    secret: str
    address: str


def view(session: Session, user_id: UUID) -> FactorView | None:
    """Return somebody's factor, or None where there is none that counts."""
    unused = RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None)
    codes = select(func.count()).where(*unused).scalar_subquery()
    are_short = exists().where(*unused, RecoveryCode.is_short)
    query = select(SecondFactor.confirmed_at, codes, are_short).where(
        SecondFactor.user_id == user_id, SecondFactor.confirmed_at.is_not(None)
    )
    row = session.execute(query).one_or_none()
    return FactorView(*row) if row else None


def begin(session: Session, user_id: UUID, *, begun_in: str, key: SecretKeys, now: datetime) -> None:
    """Make a secret for an app; it counts once a code of the app has confirmed it, and replaces one that never was.

    `begun_in` is the secret of the browser session in which it is made: only there, and for ENROLMENT_LASTS, is it
    shown and confirmed. Else whoever had read it once would hold the key to a factor that its owner confirms later.
    `key` is the SECRET_KEY. Raises Refused SECOND_FACTOR_EXISTS.
    """

    def work() -> None:
        session.execute(select(User.id).where(User.id == user_id).with_for_update())
        if view(session, user_id) is not None:
            raise Refused(Code.SECOND_FACTOR_EXISTS)
        session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))
        sealed = sealing.seal(key, PURPOSE, pyotp.random_base32())
        begun = passwords.secret_hash(begun_in)
        session.add(SecondFactor(user_id=user_id, secret_encrypted=sealed, begun_in_hash=begun, created_at=now))

    unit_of_work.run(session, work)


def enrolment(
    session: Session, user_id: UUID, account: str, *, begun_in: str, key: SecretKeys, now: datetime
) -> Enrolment | None:
    """Return what an app needs, while the factor is not confirmed; `account` is what the app calls it.

    None in another browser session than it was begun in, and when that was too long ago.
    """
    query = select(SecondFactor.secret_encrypted).where(SecondFactor.user_id == user_id, *_begun(begun_in, now))
    sealed = session.scalar(query)
    secret = sealing.unseal(key, PURPOSE, sealed) if sealed is not None else None
    return Enrolment(secret, second_factor.app_address(secret, account)) if secret else None


def _begun(begun_in: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        SecondFactor.confirmed_at.is_(None),
        SecondFactor.begun_in_hash == passwords.secret_hash(begun_in),
        SecondFactor.created_at > now - ENROLMENT_LASTS,
    )


def confirm(session: Session, actor: Actor, code: str, *, begun_in: str, key: SecretKeys, now: datetime) -> list[str]:
    """Have a factor count, after a first code of the app; return the recovery codes, this once.

    Raises Refused WRONG_CODE, also where there is nothing to confirm, as in another browser session.
    """
    return unit_of_work.run(session, lambda: confirmed(session, actor, code, begun_in=begun_in, key=key, now=now))


def confirmed(session: Session, actor: Actor, code: str, *, begun_in: str, key: SecretKeys, now: datetime) -> list[str]:
    """The same inside the caller's unit of work."""
    factor = _locked(session, actor.user_id, *_begun(begun_in, now))
    if factor is None:
        raise Refused(Code.WRONG_CODE)
    _use(factor, code, key=key, now=now)
    factor.confirmed_at = now
    _audit(session, actor, "user.second_factor_set_up", actor.user_id, now)
    return _new_codes(session, actor.user_id, now)


def verify(session: Session, actor: Actor, code: str, *, key: SecretKeys, now: datetime) -> None:
    """Use a code of the app, or a recovery code, inside the caller's unit of work. Each is taken once.

    Raises Refused WRONG_CODE.
    """
    factor = _locked(session, actor.user_id, SecondFactor.confirmed_at.is_not(None))
    recovery = second_factor.recovery_code(code)
    if recovery is not None and _use_recovery(session, actor.user_id, recovery, now):
        _audit(session, actor, "user.recovery_code_used", actor.user_id, now)
        return
    if factor is None:
        raise Refused(Code.WRONG_CODE)
    _use(factor, code, key=key, now=now)


def _locked(session: Session, user_id: UUID | None, *such: ColumnElement[bool]) -> SecondFactor | None:
    """Lock a factor, so that of two who send one code at once the second is refused."""
    query = select(SecondFactor).where(SecondFactor.user_id == user_id, *such).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def _use(factor: SecondFactor, code: str, *, key: SecretKeys, now: datetime) -> None:
    secret = sealing.unseal(key, PURPOSE, factor.secret_encrypted)
    step = second_factor.step_of_code(secret, code, now=now, last_step=factor.last_step) if secret else None
    if step is None:
        raise Refused(Code.WRONG_CODE)
    factor.last_step = step


def _use_recovery(session: Session, user_id: UUID | None, code: str, now: datetime) -> bool:
    unused = update(RecoveryCode).where(
        RecoveryCode.user_id == user_id,
        RecoveryCode.code_hash == passwords.secret_hash(code),
        RecoveryCode.used_at.is_(None),
    )
    return session.scalar(unused.values(used_at=now).returning(RecoveryCode.id)) is not None


def _new_codes(session: Session, user_id: UUID | None, now: datetime) -> list[str]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    letters = second_factor.RECOVERY_ALPHABET
    codes = [
        "".join(secrets.choice(letters) for _ in range(second_factor.RECOVERY_LENGTH))
        for _ in range(second_factor.RECOVERY_CODES)
    ]
    for code in codes:
        session.add(RecoveryCode(user_id=user_id, code_hash=passwords.secret_hash(code), created_at=now))
    return codes


def renew_codes(session: Session, actor: Actor, *, now: datetime) -> list[str]:
    """Return new recovery codes, this once; the earlier ones no longer work. Raises Refused WRONG_CODE without a
    factor.
    """

    def work() -> list[str]:
        if _locked(session, actor.user_id, SecondFactor.confirmed_at.is_not(None)) is None:
            raise Refused(Code.WRONG_CODE)
        _audit(session, actor, "user.recovery_codes_made", actor.user_id, now)
        return _new_codes(session, actor.user_id, now)

    return unit_of_work.run(session, work)


def remove_own(session: Session, actor: Actor, *, now: datetime) -> None:
    """Take one's own factor away. Raises Refused SECOND_FACTOR_KEPT where the hospital wants one of its admins."""

    def work() -> None:
        # Whoever is just asking it of the administrators ends the sessions of those without a factor: not before this.
        session.execute(select(Hospital.id).where(Hospital.id == actor.hospital_id).with_for_update(key_share=True))
        if actor.role is Role.ADMIN and is_wanted_of_admins(session, actor):
            raise Refused(Code.SECOND_FACTOR_KEPT)
        removed(session, actor, actor.user_id, now=now)

    unit_of_work.run(session, work)


def removed(session: Session, actor: Actor, user_id: UUID | None, *, now: datetime) -> None:
    """Take somebody's factor and recovery codes away, inside the caller's unit of work."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    gone = session.scalar(delete(SecondFactor).where(SecondFactor.user_id == user_id).returning(SecondFactor.id))
    if gone is not None:
        _audit(session, actor, "user.second_factor_removed", user_id, now)


def reset(session: Session, actor: Actor, user_id: UUID, *, now: datetime) -> None:
    """Take away the second factor of somebody who has lost it, and end their sessions and tokens: whoever has the phone
    now has nothing more of the account.

    Raises Refused USER_NOT_FOUND.
    """

    def work() -> None:
        known = select(User.id).where(User.hospital_id == actor.hospital_id, User.id == user_id)
        if session.scalar(known) is None:
            raise Refused(Code.USER_NOT_FOUND)
        removed(session, actor, user_id, now=now)
        open_sessions.end_all(session, user_id)

    unit_of_work.run(session, work)


def is_wanted_of_admins(session: Session, actor: Actor) -> bool:
    """Whether the hospital asks its administrators for a second factor."""
    query = select(Hospital.admins_need_second_factor).where(Hospital.id == actor.hospital_id)
    return bool(session.scalar(query))


def want_of_admins(session: Session, actor: Actor, *, is_wanted: bool, now: datetime) -> None:
    """Say whether administrators need a second factor; who has none sets one up at the next sign-in, which is now.

    Raises Refused SECOND_FACTOR_TO_SET_UP for an admin who wants it of others and has none.
    """

    def work() -> None:
        hospital = session.get_one(Hospital, actor.hospital_id, with_for_update={"key_share": True})
        if hospital.admins_need_second_factor is is_wanted:
            return
        if is_wanted and (actor.user_id is None or view(session, actor.user_id) is None):
            raise Refused(Code.SECOND_FACTOR_TO_SET_UP)
        hospital.admins_need_second_factor = is_wanted
        changed = {"admins_need_second_factor": {"from": not is_wanted, "to": is_wanted}}
        audit.record(session, actor, "hospital.changed", "hospital", hospital.id, now=now, changes=changed)
        if is_wanted:
            _end_sessions_without(session, actor)

    unit_of_work.run(session, work)


def _end_sessions_without(session: Session, actor: Actor) -> None:
    has_one = select(SecondFactor.user_id).where(SecondFactor.confirmed_at.is_not(None))
    query = select(User.id).where(
        User.hospital_id == actor.hospital_id, User.role == Role.ADMIN, User.id.not_in(has_one)
    )
    for user_id in session.scalars(query).all():
        open_sessions.end_all(session, user_id)


def _audit(session: Session, actor: Actor, action: str, user_id: UUID | None, now: datetime) -> None:
    assert user_id is not None  # noqa: S101 a job has no factor
    audit.record(session, actor, action, "user", user_id, now=now)
