"""Failed sign-ins stand in the audit trail of the hospital whose account was tried.

An address that is no account's belongs to no hospital and is not written down: what is typed there may be anything, a
password in the wrong field too. Each kind is written once within a quarter of an hour for an account, so that whoever
tries for a night cannot fill the trail; the trail says that somebody tried, the limits how often.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from sqlalchemy import Uuid, exists, func, literal, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hms_web.domain.refusals import Code
from hms_web.domain.validation import is_storable
from hms_web.models import AuditEvent, Hospital, User, new_id
from hms_web.services import audit, hospitals, unit_of_work

ONCE_WITHIN = timedelta(minutes=15)

log = structlog.get_logger(__name__)


class Failure(StrEnum):
    """What went wrong, as the trail calls it."""

    PASSWORD = "user.sign_in_failed"  # noqa: S105 a name
    CODE = "user.sign_in_code_wrong"
    TOO_MANY = "user.sign_in_held_off"


_BY_CODE = {Code.WRONG_CREDENTIALS: Failure.PASSWORD, Code.WRONG_CODE: Failure.CODE}


def refused(session: Session, email: str, code: Code, *, now: datetime) -> None:
    """Write down why a sign-in was refused, if that is a failure: a wrong password or a wrong code."""
    failure = _BY_CODE.get(code)
    if failure is not None:
        note(session, email, failure, now=now)


class _NotKept(Exception):
    """What was just written is to be forgotten."""


def note(session: Session, email: str, failure: Failure, *, now: datetime) -> None:
    """Write down that somebody failed to sign in with an address, once within a quarter of an hour.

    Never fails, and takes as long for an address that is no account's: how long an answer takes must not tell which
    ones are. So the event is written each time, and taken back where it is not to stay; nothing waits for the disk.
    """
    try:
        unit_of_work.run(session, lambda: _note(session, email.strip().lower(), failure, now))
    except _NotKept:
        return
    except (SQLAlchemyError, unit_of_work.Busy) as error:
        session.rollback()
        why = type(error).__name__
    else:
        return
    log.error("sign_in_not_audited", failure=str(failure), error=why)


def _note(session: Session, email: str, failure: Failure, now: datetime) -> None:
    account = select(User.id, User.hospital_id).where(func.lower(User.email) == email)
    found = session.execute(account).one_or_none() if is_storable(email) else None
    user_id, hospital_id = found or (new_id(), None)
    is_noted = exists().where(
        AuditEvent.hospital_id == Hospital.id,
        AuditEvent.record_type == "user",
        AuditEvent.record_id == user_id,
        AuditEvent.at > now - ONCE_WITHIN,
        AuditEvent.at <= now,
        AuditEvent.action == failure,
    )
    anybodys = select(Hospital.id).limit(1).scalar_subquery()
    where = select(Hospital, is_noted).where(Hospital.id == func.coalesce(literal(hospital_id, Uuid()), anybodys))
    hospital, is_noted_already = session.execute(where).one_or_none() or (None, False)
    session.execute(text("SET LOCAL synchronous_commit = off"))
    if hospital is not None:
        audit.record(session, hospitals.system_actor(hospital), failure, "user", user_id, now=now)
    if found is None or is_noted_already:
        raise _NotKept
