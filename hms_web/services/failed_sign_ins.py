"""Failed sign-ins stand in the audit trail of the hospital whose account was tried.

An address that is no account's belongs to no hospital and is not written down: what is typed there may be anything, a
password in the wrong field too. Each kind is written once within a quarter of an hour for an account, so that whoever
tries for a night cannot fill the trail; the trail says that somebody tried, the limits how often.
"""

from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from sqlalchemy import exists, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hms_web.domain.refusals import Code
from hms_web.domain.validation import is_storable
from hms_web.models import AuditEvent, Hospital, User
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


def note(session: Session, email: str, failure: Failure, *, now: datetime) -> None:
    """Write down that somebody failed to sign in with an address, once within a quarter of an hour.

    Never fails, and does not wait for the disk: how long an answer takes must not tell which addresses are accounts.
    """
    try:
        unit_of_work.run(session, lambda: _note(session, email.strip().lower(), failure, now))
    except (SQLAlchemyError, unit_of_work.Busy) as error:
        session.rollback()
        why = type(error).__name__
    else:
        return
    log.error("sign_in_not_audited", failure=str(failure), error=why)


def _note(session: Session, email: str, failure: Failure, now: datetime) -> None:
    is_noted = exists().where(
        AuditEvent.hospital_id == User.hospital_id,
        AuditEvent.record_type == "user",
        AuditEvent.record_id == User.id,
        AuditEvent.at > now - ONCE_WITHIN,
        AuditEvent.at <= now,
        AuditEvent.action == failure,
    )
    query = select(User.id, Hospital).join(Hospital, Hospital.id == User.hospital_id)
    row = None
    if is_storable(email):
        row = session.execute(query.where(func.lower(User.email) == email, ~is_noted)).one_or_none()
    if row is not None:
        session.execute(text("SET LOCAL synchronous_commit = off"))
        audit.record(session, hospitals.system_actor(row[1]), failure, "user", row[0], now=now)
