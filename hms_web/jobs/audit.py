"""Chains what was written into the audit trail since the last time."""

import time

import structlog

from hms_web import clock
from hms_web.config import Settings
from hms_web.jobs.resources import job_session
from hms_web.services import audit_chain

BUDGET_SECONDS = 120
"""After how long a run takes no more; the next one goes on."""

log = structlog.get_logger(__name__)


class ChainStuck(Exception):
    """In at least one hospital the chain could not be carried on; the log says in which, and RQ keeps this."""


def chain() -> None:
    """Extend the chain of each hospital. Its new head goes into the log: kept elsewhere, it shows what was cut off."""
    until = time.monotonic() + BUDGET_SECONDS
    with job_session() as session:
        secret = Settings.from_env().secret_keys
        now, is_over = clock.now(), lambda: time.monotonic() > until
        heads, stuck = audit_chain.extend_all(session, secret=secret, now=now, is_over=is_over)
    for hospital_id, head in heads.items():
        log.info("audit_chained", hospital=str(hospital_id), sequence=head.sequence, hash=head.hash.hex())
    if stuck:
        log.error("audit_chain_stuck", hospitals=[str(one) for one in stuck])
        raise ChainStuck
