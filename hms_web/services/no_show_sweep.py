"""The periodic sweep: whoever was expected and has not come becomes a no-show (product.md, No-show).

Appointments are taken in batches, each one transaction: it asks the caller's guard whether the run may still write,
locks patients and then appointments in the order of their ids, looks again at what stands under the locks, and writes.
A batch that fails is taken one by one, so that one bad row stops nobody else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.services import no_show_batch, unit_of_work
from hms_web.services.no_show_batch import Batch

BATCH = 500
MOST_BUSY = 3
"""How many rows of one batch somebody else may keep locked for too long before the rest is left to the next run."""

log = structlog.get_logger(__name__)

Guard = Callable[[Session], None]
"""Called inside each batch's transaction; raises when the run may no longer write."""


def unguarded(_session: Session) -> None:
    """Let a run write without a lease."""


@dataclass(frozen=True, slots=True)
class SweepError:
    """An appointment that could not be processed; `error` names the kind of error and no patient's data."""

    appointment_id: UUID
    error: str


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What a sweep did. `processed` counts the marked and those put on the review list; what failed stays due.

    `slots_released` is always 0: a time that has gone by cannot be booked again.
    """

    processed: int = 0
    marked: int = 0
    slots_released: int = 0
    patients_blocked: int = 0
    errors: tuple[SweepError, ...] = ()

    @property
    def reviews(self) -> int:
        """How many appointments a person has to look at."""
        return self.processed - self.marked


def sweep(
    session: Session, actor: Actor, *, now: datetime, guard: Guard = unguarded, run_id: UUID | None = None
) -> SweepResult:
    """Deal with every appointment of one hospital that is due; however often and parallel it runs, with each once.

    Raises what `guard` raises, at once and with the batch undone; Busy when the database has no time for any of it.
    """
    run = _Run(session, actor, now, guard, run_id)
    while run.earliest():
        pass
    return SweepResult(
        processed=sum(batch.marked + batch.reviews for batch in run.done),
        marked=sum(batch.marked for batch in run.done),
        patients_blocked=sum(batch.blocked for batch in run.done),
        errors=tuple(SweepError(key, words) for key, words in run.errors.items()),
    )


@dataclass
class _Run:
    session: Session
    actor: Actor
    now: datetime
    guard: Guard
    run_id: UUID | None
    done: list[Batch] = field(default_factory=list)
    errors: dict[UUID, str] = field(default_factory=dict)
    is_stopped: bool = False

    def earliest(self) -> bool:
        """Deal with those that have been due longest; return whether there may be more."""
        but = list(self.errors)
        try:
            batch = self._in_one(
                lambda: no_show_batch.take_earliest(self.session, self.actor, BATCH, but, now=self.now)
            )
        except Exception as error:
            wanted = [] if self.is_stopped else self._next_ids()
            if not wanted:
                raise
            log.warning("no_show_batch_failed", error=_kind(error))
            self._one_by_one(wanted)
            return True
        return batch.marked + batch.reviews > 0

    def _next_ids(self) -> list[UUID]:
        ids = no_show_batch.earliest_ids(self.session, self.actor, BATCH, list(self.errors), now=self.now)
        self.session.rollback()
        return ids

    def _one_by_one(self, wanted: Sequence[UUID]) -> None:
        waited = 0
        for key in wanted:
            try:
                self._in_one(lambda key=key: no_show_batch.take_one(self.session, self.actor, key, now=self.now))  # type: ignore[misc]
            except Exception as error:
                waited += isinstance(error, unit_of_work.Busy)
                if self.is_stopped or waited > MOST_BUSY:
                    raise
                self.errors[key] = _kind(error)
                log.warning("no_show_failed", appointment_id=str(key), error=self.errors[key])

    def _in_one(self, take: Callable[[], Sequence[Row[Any]]]) -> Batch:
        def work() -> Batch:
            self.is_stopped = True
            self.guard(self.session)
            self.is_stopped = False
            rows = take()
            return no_show_batch.write(self.session, self.actor, rows, now=self.now, run_id=self.run_id)

        batch = unit_of_work.run(self.session, work)
        self.done.append(batch)
        return batch


def _kind(error: Exception) -> str:
    """Name an error without its words: PostgreSQL's quote the row that they complain about."""
    cause = error.__cause__ if isinstance(error, unit_of_work.Busy) else error
    state = getattr(getattr(cause, "orig", None), "sqlstate", None)
    return f"{type(error).__name__}, SQLSTATE {state}" if state else type(error).__name__
