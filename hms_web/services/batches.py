"""Many rows of which each is dealt with on its own account: in batches while all goes well, in parts where it does not.

A batch is one transaction, which asks the caller's guard first and takes what it can lock at once; two can be under
way, each on a connection of its own. Before the next ones begin, and none is under way, the caller's leave to write is
renewed. A batch's commit does not wait for the disk; that of the run's end does. What somebody else holds is passed
over and waited for at the end, alone, so that nobody else's rows stay locked meanwhile. A batch that fails is halved
until the bad row stands alone, so that it stops nobody else and costs a few tries; one for which the database had no
time is taken row by row.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from hms_web.services import side_by_side, unit_of_work
from hms_web.services.job_health import Guard, Renew, named
from hms_web.services.side_by_side import Hands

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MOST_BUSY = 3
"""So many rows are waited for although somebody keeps them locked for too long; the others are left to the next run."""
LOCKED = "Busy"

log = structlog.get_logger(__name__)


def unguarded(_session: Session) -> None:
    """Let a run write without a lease."""


def without_end() -> None:
    """Renew no lease, where a run has none that could run out."""


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
    at_once: int
    """How many batches may be under way at a time, of one or two."""

    def due(self, but: Sequence[UUID], most: int) -> list[UUID]:
        """Return the ids of at most so many rows to deal with, leaving out `but`, without locking anything.

        Those that should not be dealt with at once, by two transactions, stand together.
        """

    def deal(self, session: Session, ids: Sequence[UUID], *, waits: bool) -> tuple[T_co, Collection[UUID]]:
        """Lock rows, look again whether they are due and deal with them, inside the caller's unit of work.

        Returns what was done, and the ids of those that it did not get: unless it `waits`, whatever somebody holds.
        """


def each(
    session: Session, work: Work[T], dealt: Dealt[T], *, guard: Guard = unguarded, renew: Renew = without_end
) -> None:
    """Deal with every row that is due, writing into `dealt` what was done; what fails stays due.

    Raises what `guard` raises, at once and with the batch undone, but for Busy, which is no answer, and what `renew`
    does; Busy when the database has no time for any of it; and, inside another unit of work, whatever a batch raises,
    since nothing can be undone on its own there.
    """
    run = _Run(session, work, dealt, guard, renew)
    with side_by_side.hands(session) as hands:
        while run.next_batches(hands):
            pass
    run.wait_for_passed()


@dataclass(frozen=True, slots=True)
class _Failed:
    """Rows of a transaction that was undone. It `is_stopped` when not even the leave to write was to be had; a database
    that was too busy to say so has not refused it.
    """

    ids: Sequence[UUID]
    error: Exception
    is_stopped: bool


@dataclass
class _Run(Generic[T]):
    session: Session
    work: Work[T]
    dealt: Dealt[T]
    guard: Guard
    renew: Renew
    passed: list[UUID] = field(default_factory=list)
    waited: int = 0
    at_once: int = 1  # until there is more than a batch

    def next_batches(self, hands: Hands) -> bool:
        """Deal with what is due next, after the first batch in two at once; return whether there may be more."""
        size, known = self.work.most, len(self.passed)
        ids = self.work.due([*self.dealt.errors, *self.passed], self.at_once * size)
        if not ids:
            return False
        self.renew()
        self.at_once = self.work.at_once
        batches = [ids[at : at + size] for at in range(0, len(ids), size)]
        for done in [one for half in hands.share(batches, self._each) for one in half]:
            if isinstance(done, _Failed) and not done.is_stopped:
                log.warning("batch_failed", work=self.work.name, error=named(done.error))
            self._settle(done)
        return len(ids) >= size or len(self.passed) > known

    def _each(self, session: Session, batches: Sequence[Sequence[UUID]]) -> "list[Collection[UUID] | _Failed]":
        done: list[Collection[UUID] | _Failed] = []
        for ids in batches:
            if done:  # of two at most: who deals with both is alone
                self.renew()
            done.append(self._in_one(session, ids, waits=False))
        return done

    def wait_for_passed(self) -> None:
        """Deal with what somebody else held, one after the other; when too much is held, the rest is left."""
        for key in self.passed:
            if self.waited < MOST_BUSY:
                self._alone(key, waits=True)
            else:
                self.dealt.errors[key] = LOCKED

    def _settle(self, done: Collection[UUID] | _Failed) -> None:
        """Note whom a batch passed over; take one that failed apart, by why it did."""
        if not isinstance(done, _Failed):
            self.passed += done
            return
        if done.is_stopped:
            raise done.error
        ids = done.ids
        size = 1 if isinstance(done.error, unit_of_work.Busy) else -(-len(ids) // 2)
        for at in range(0, len(ids), size):
            part = ids[at : at + size]
            if len(part) > 1:
                self._settle(self._by_itself(part, waits=False))
                continue
            self.passed += self._alone(part[0], waits=False)
            if self.waited > MOST_BUSY:  # not a row that is held: the database itself has no time
                raise unit_of_work.Busy

    def _alone(self, key: UUID, *, waits: bool) -> Collection[UUID]:
        done = self._by_itself([key], waits=waits)
        if not isinstance(done, _Failed):
            return done
        if done.is_stopped:
            raise done.error
        self.waited += isinstance(done.error, unit_of_work.Busy)
        self.dealt.errors[key] = named(done.error)
        log.warning("row_failed", work=self.work.name, record_id=str(key), error=self.dealt.errors[key])
        return ()

    def _by_itself(self, ids: Sequence[UUID], *, waits: bool) -> Collection[UUID] | _Failed:
        """Deal with rows while no other batch is under way."""
        self.renew()
        return self._in_one(self.session, ids, waits=waits)

    def _in_one(self, session: Session, ids: Sequence[UUID], *, waits: bool) -> Collection[UUID] | _Failed:
        """Deal with rows in one transaction; return those that somebody else held."""
        is_own, is_stopped = not unit_of_work.is_inside(session), True

        def work() -> tuple[T, Collection[UUID]]:
            nonlocal is_stopped
            is_stopped = True
            self.guard(session)
            if is_own:
                unit_of_work.do_not_wait_for_disk(session)
            is_stopped = False
            return self.work.deal(session, ids, waits=waits)

        try:
            done, passed = unit_of_work.run(session, work)
        except Exception as error:
            if not is_own:  # nothing of another's unit of work can be undone on its own
                raise
            return _Failed(ids, error, is_stopped and not isinstance(error, unit_of_work.Busy))
        self.dealt.done.append(done)
        return passed
