"""Removes what has served its time: ended sessions and tokens, old links and remembered answers, old runs of jobs."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, or_
from sqlalchemy.orm import Session

from hms_web.domain.identity import IDLE_FOR
from hms_web.models import ApiToken, IdempotencyKey, LoginSession, PasswordLink
from hms_web.services import idempotency, job_runs, unit_of_work


@dataclass(frozen=True, slots=True)
class CleanedUp:
    """How many rows were removed of each kind."""

    sessions: int
    tokens: int
    links: int
    answers: int
    runs: int


def clean_up(session: Session, *, now: datetime) -> CleanedUp:
    """Remove, in all hospitals, what nobody can use any more. What was done stays in the audit trail."""
    idle = LoginSession.last_seen_at <= now - IDLE_FOR
    kept_since = now - idempotency.KEPT_FOR
    gone = (
        delete(LoginSession).where(or_(LoginSession.expires_at <= now, idle)).returning(LoginSession.id),
        delete(ApiToken).where(ApiToken.expires_at <= now).returning(ApiToken.id),
        delete(PasswordLink).where(PasswordLink.expires_at <= now).returning(PasswordLink.id),
        delete(IdempotencyKey).where(IdempotencyKey.created_at <= kept_since).returning(IdempotencyKey.key),
    )

    def work() -> CleanedUp:
        sessions, tokens, links, answers = (len(session.execute(statement).all()) for statement in gone)
        return CleanedUp(sessions, tokens, links, answers, job_runs.remove_old(session, now=now))

    return unit_of_work.run(session, work)
