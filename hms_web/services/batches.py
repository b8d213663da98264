"""Many rows of which each is dealt with on its own account: in batches while all goes well, in parts where it does not.

A batch is one transaction, which asks the caller's guard first and takes what it can lock at once. Its commit does not
wait for the disk; that of the run's end does. What somebody else holds is passed over and waited for at the end, alone,
so that nobody else's rows stay locked meanwhile. A batch that fails is halved until the bad row stands alone, so that
it stops nobody else and costs a few tries; one for which the database had no time is taken row by row.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from hms_web.services import unit_of_work
from hms_web.services.job_health import Guard, named

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MOST_BUSY = 3
"""So many rows are waited for although somebody keeps them locked for too long; the others are left to the next run."""
LOCKED = "Busy"

log = structlog.get_logger(__name__)


def unguarded(_session: Session) -> None:
    """Let a run write without a lease."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A row that could not be dealt with; `error` names the kind of error and no patient's data."""

    record_id: UUID
    error: str


@dataclass
class Dealt(Generic[T]):
    """What has been done, batch by batch, and what could not be; filled as it goes, so that it outlives a failure."""

    done: list[T] = field(default_factory=list)
    errors: dict[UUID, str] = field(default_factory=dict)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What could not be dealt with and stays due."""
        return tuple(Failure(key, words) for key, words in self.errors.items())


class Work(Protocol[T_co]):
    """One kind of row, and what is done with it."""

    name: str
    most: int
    """How many rows make a batch."""

    def due(self, but: Sequence[UUID]) -> list[UUID]:
        """Return the ids of at most `most` rows to deal with, leaving out `but`, without locking anything."""

    def deal(self, ids: Sequence[UUID], *, waits: bool) -> tuple[T_co, Collection[UUID]]:
        """Lock rows, look again whether they are due and deal with them, inside the caller's unit of work.

        Returns what was done, and the ids of those that it did not get: unless it `waits`, whatever somebody holds.
        """


def each(session: Session, work: Work[T], dealt: Dealt[T], *, guard: Guard = unguarded) -> None:
    """Deal with every row that is due, writing into `dealt` what was done; what fails stays due.

    Raises what `guard` raises, at once and with the batch undone; Busy when the database has no time for any of it;
    and, inside another unit of work, whatever a batch raises, since nothing can be undone on its own there.
    """
    run = _Run(session, work, dealt, guard)
    while run.next_batch():
        pass
    run.wait_for_passed()


@dataclass
class _Run(Generic[T]):
    session: Session
    work: Work[T]
    dealt: Dealt[T]
    guard: Guard
    passed: list[UUID] = field(default_factory=list)
    waited: int = 0
    is_stopped: bool = False

    def next_batch(self) -> bool:
        """Deal with the next batch; return whether there may be more."""
        ids = self.work.due([*self.dealt.errors, *self.passed])
        if not ids:
            return False
        passed: Collection[UUID] = ()
        try:
            passed = self._in_one(ids, waits=False)
        except Exception as error:
            if self.is_stopped or unit_of_work.is_inside(self.session):
                raise
            log.warning("batch_failed", work=self.work.name, error=named(error))
            self._in_parts(ids, error)
        self.passed += passed
        return len(ids) >= self.work.most or bool(passed)

    def wait_for_passed(self) -> None:
        """Deal with what somebody else held, one after the other; when too much is held, the rest is left."""
        for key in self.passed:
            if self.waited < MOST_BUSY:
                self._alone(key, waits=True)
            else:
                self.dealt.errors[key] = LOCKED

    def _in_parts(self, ids: Sequence[UUID], why: Exception) -> None:
        """Deal with rows that failed together, for which `why` says into how many parts they go."""
        size = 1 if isinstance(why, unit_of_work.Busy) else -(-len(ids) // 2)
        for at in range(0, len(ids), size):
            part = ids[at : at + size]
            if len(part) > 1:
                self._part(part)
                continue
            self.passed += self._alone(part[0], waits=False)
            if self.waited > MOST_BUSY:  # not a row that is held: the database itself has no time
                raise unit_of_work.Busy

    def _part(self, ids: Sequence[UUID]) -> None:
        try:
            self.passed += self._in_one(ids, waits=False)
        except Exception as error:
            if self.is_stopped:
                raise
            self._in_parts(ids, error)

    def _alone(self, key: UUID, *, waits: bool) -> Collection[UUID]:
        try:
            return self._in_one([key], waits=waits)
        except Exception as error:
            if self.is_stopped or unit_of_work.is_inside(self.session):
                raise
            self.waited += isinstance(error, unit_of_work.Busy)
            self.dealt.errors[key] = named(error)
            log.warning("row_failed", work=self.work.name, record_id=str(key), error=self.dealt.errors[key])
            return ()

    def _in_one(self, ids: Sequence[UUID], *, waits: bool) -> Collection[UUID]:
        is_own = not unit_of_work.is_inside(self.session)

        def work() -> tuple[T, Collection[UUID]]:
            self.is_stopped = True
            self.guard(self.session)
            if is_own:
                unit_of_work.do_not_wait_for_disk(self.session)
            self.is_stopped = False
            return self.work.deal(ids, waits=waits)

        done, passed = unit_of_work.run(self.session, work)
        self.dealt.done.append(done)
        return passed
