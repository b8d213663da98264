"""The no-show check: the sweep and the scan for stage alerts, as one run under the lease of a hospital.

The scheduler's tick, the external trigger and "Run now" all come here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.job_health import RunSource, is_open
from hms_web.domain.phrases import phrase
from hms_web.domain.scheduler_pulse import NOT_LOOKED_AT, Pulse
from hms_web.services import hospitals, job_health, job_notices, no_show_sweep, stage_alerts
from hms_web.services.batches import Dealt, Failure
from hms_web.services.job_health import BrokenOff, Leave, Ran, Stopping, never
from hms_web.services.job_runs import Done
from hms_web.services.leases import LeaseLost, Taken
from hms_web.services.no_show_batch import Batch
from hms_web.services.no_show_sweep import SweepResult
from hms_web.services.stage_alerts import Scanned
from hms_web.services.unit_of_work import Busy

MOST_NAMED = 5
LEFT = phrase("{count} could not be processed and stay due: {named}")

log = structlog.get_logger(__name__)


def check(
    session: Session,
    actor: Actor,
    source: RunSource,
    *,
    now: datetime,
    pulse: Pulse = NOT_LOOKED_AT,
    is_stopping: Callable[[], bool] = never,
) -> Ran | Taken:
    """Check one hospital now. `actor` is who asks; what is found is done in the hospital's own name.

    Raises Busy when the database has no time to begin or end a run.
    """
    hospital = hospitals.in_its_own_name(actor)
    tally = _Tally()

    def work(leave: Leave, run_id: UUID) -> Done:
        parts = (
            lambda: no_show_sweep.sweep(
                session, hospital, now=now, guard=leave, renew=leave.renew, run_id=run_id, dealt=tally.swept
            ),
            lambda: stage_alerts.scan(
                session, hospital, now=now, guard=leave, renew=leave.renew, scanned=tally.scanned
            ),
        )
        try:
            _all_of(session, parts)
        except Exception as error:
            raise BrokenOff(tally.done(), error) from error
        return tally.done()

    outcome = job_health.run(session, actor, source, work, now=now, is_stopping=is_stopping)
    job_notices.tell(session, hospital, now=now, pulse=pulse)
    return outcome


def _all_of(session: Session, parts: Iterable[Callable[[], object]]) -> None:
    """Do every part, so that people who wait are not overlooked because somebody's no-show cannot be written.

    Raises what the first broken part raised, when all are done; at once when the run must not write any more.
    """
    broken: Exception | None = None
    for part in parts:
        try:
            part()
        except (LeaseLost, Stopping):
            raise
        except Exception as error:  # noqa: BLE001 it is raised below
            session.rollback()
            broken = broken or error
    if broken is not None:
        raise broken


@dataclass
class _Tally:
    """What the parts of a check have done so far, whatever becomes of the rest."""

    swept: Dealt[Batch] = field(default_factory=Dealt)
    scanned: Scanned = field(default_factory=Scanned)

    def done(self) -> Done:
        swept, alerts = SweepResult.of(self.swept), self.scanned.result
        results = {
            "no_shows": {
                "processed": swept.processed,
                "marked": swept.marked,
                "slots_released": swept.slots_released,
                "patients_blocked": swept.patients_blocked,
            },
            "alerts": {"created": alerts.created, "resolved": alerts.resolved},
            "errors": len(swept.errors) + len(alerts.errors),
        }
        return Done(swept.processed, results, _said(swept.errors + alerts.errors))


def _said(errors: tuple[Failure, ...]) -> str | None:
    """Say which appointments and alerts could not be processed, by their ids."""
    if not errors:
        return None
    named = ", ".join(f"{error.record_id} ({error.error})" for error in errors[:MOST_NAMED])
    return LEFT.format(count=len(errors), named=named)


@dataclass
class CheckedAll:
    """What came of checking every hospital whose window is open; `broken` are those where not even a run could be."""

    ran: list[Ran] = field(default_factory=list)
    running: int = 0
    closed: int = 0
    broken: int = 0

    @property
    def has_failed(self) -> bool:
        """Whether somewhere it did not go well."""
        return self.failures > 0

    @property
    def failures(self) -> int:
        """In how many hospitals it did not go well."""
        return self.broken + sum(one.run.has_failed for one in self.ran)

    @property
    def hospitals(self) -> int:
        """How many hospitals there are."""
        return len(self.ran) + self.running + self.closed + self.broken

    @property
    def is_only_running(self) -> bool:
        """Whether there was nothing to do but to find runs under way."""
        return self.running > 0 and not self.ran and not self.broken

    def sums(self, part: str) -> Mapping[str, int]:
        """Add up the counts of a part, `no_shows` or `alerts`, over the hospitals."""
        parts: list[Mapping[str, Any]] = [one.results.get(part, {}) for one in self.ran]
        names = {name for counts in parts for name in counts}
        return {name: sum(counts.get(name, 0) for counts in parts) for name in names}


def check_all(
    session: Session,
    source: RunSource,
    *,
    now: datetime,
    pulse: Pulse = NOT_LOOKED_AT,
    is_stopping: Callable[[], bool] = never,
) -> CheckedAll:
    """Check every hospital whose window is open, one after the other; what fails in one stops no other."""
    everyone = hospitals.all_of_them(session)
    session.rollback()
    checked = CheckedAll()
    for actor in everyone:
        if is_stopping():
            break
        if not is_open(now, actor.zone):
            checked.closed += 1
            continue
        try:
            outcome = check(session, actor, source, now=now, pulse=pulse, is_stopping=is_stopping)
        except (Busy, SQLAlchemyError) as error:
            session.rollback()
            log.warning("no_show_check_failed", hospital=str(actor.hospital_id), error=job_health.named(error))
            checked.broken += 1
            continue
        if isinstance(outcome, Taken):
            checked.running += 1
        else:
            checked.ran.append(outcome)
    return checked
