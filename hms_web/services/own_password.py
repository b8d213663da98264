"""Changing one's own password."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.passwords import password_mistake
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.validation import refuse_invalid
from hms_web.models import Hospital, User
from hms_web.services import audit, open_sessions, passwords, unit_of_work


def prove(session: Session, actor: Actor, password: str) -> None:
    """See that a password is the actor's present one; raises Refused WRONG_CREDENTIALS."""
    stored = session.scalar(select(User.password_hash).where(User.id == actor.user_id))
    if not passwords.is_right(stored, password):
        raise Refused(Code.WRONG_CREDENTIALS)


def change_password(
    session: Session, actor: Actor, present: str, wanted: str, *, now: datetime, device: str | None = None
) -> str:
    """Change one's own password, which ends all one's sessions and tokens; return the secret of a new session.

    Raises InvalidInput for a password that is not taken, and Refused WRONG_CREDENTIALS.
    """
    secret = passwords.new_secret()

    def work() -> None:
        user = session.scalars(select(User).where(User.id == actor.user_id).with_for_update()).one()
        if not passwords.is_right(user.password_hash, present):
            raise Refused(Code.WRONG_CREDENTIALS)
        hospital = session.get_one(Hospital, actor.hospital_id).name
        mistake = password_mistake(wanted, name=user.name, email=user.email, hospital=hospital)
        is_same = passwords.is_right(user.password_hash, wanted)
        refuse_invalid(("password", mistake or ("Choose another one than the present." if is_same else None)))
        user.password_hash = passwords.hash_password(wanted)
        open_sessions.end_all(session, user.id)
        open_sessions.add(session, user.id, secret, open_sessions.Opened(device), now=now)
        audit.record(session, actor, "user.password_set", "user", user.id, now=now)

    unit_of_work.run(session, work)
    return secret
