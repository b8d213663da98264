"""The periodic sweep: whoever was expected and has not come becomes a no-show (product.md, No-show).

Appointments are taken in batches, each one transaction: it asks the caller's guard whether the run may still write,
locks patients and then appointments in the order of their ids, looks again at what stands under the locks, and writes
(`batches`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.services import batches, no_show_batch
from hms_web.services.batches import Dealt, Failure, unguarded, without_end
from hms_web.services.job_health import Guard, Renew
from hms_web.services.no_show_batch import Batch

BATCH = 500


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What a sweep did. `processed` counts the marked and those put on the review list; what failed stays due.

    `slots_released` is always 0: a time that has gone by cannot be booked again.
    """

    processed: int = 0
    marked: int = 0
    slots_released: int = 0
    patients_blocked: int = 0
    errors: tuple[Failure, ...] = ()

    @property
    def reviews(self) -> int:
        """How many appointments a person has to look at."""
        return self.processed - self.marked

    @classmethod
    def of(cls, dealt: Dealt[Batch]) -> "SweepResult":
        """Add up the batches of a sweep, of one that broke off too."""
        return cls(
            processed=sum(batch.marked + batch.reviews for batch in dealt.done),
            marked=sum(batch.marked for batch in dealt.done),
            patients_blocked=sum(batch.blocked for batch in dealt.done),
            errors=dealt.failures,
        )


def sweep(
    session: Session,
    actor: Actor,
    *,
    now: datetime,
    guard: Guard = unguarded,
    renew: Renew = without_end,
    run_id: UUID | None = None,
    dealt: Dealt[Batch] | None = None,
) -> SweepResult:
    """Deal with every appointment of one hospital that is due; however often and parallel it runs, with each once.

    What has been done stands in `dealt` even when this raises: what `guard` raises, at once and with the batch undone;
    Busy when the database has no time for any of it.
    """
    dealt = Dealt() if dealt is None else dealt
    batches.each(session, _Missed(session, actor, now, run_id, most=BATCH), dealt, guard=guard, renew=renew)
    return SweepResult.of(dealt)


@dataclass
class _Missed:
    """Those who were expected and whose time has gone by, the ones first that have been due longest."""

    session: Session
    actor: Actor
    now: datetime
    run_id: UUID | None
    most: int
    name: str = "no_show"
    at_once: int = 2

    def due(self, but: Sequence[UUID], most: int) -> list[UUID]:
        return no_show_batch.earliest_ids(self.session, self.actor, most, but, now=self.now)

    def deal(self, session: Session, ids: Sequence[UUID], *, waits: bool) -> tuple[Batch, Collection[UUID]]:
        rows = no_show_batch.take(session, self.actor, ids, now=self.now, waits=waits)
        done = no_show_batch.write(session, self.actor, rows, now=self.now, run_id=self.run_id)
        return done, set(ids).difference(row.id for row in rows)
