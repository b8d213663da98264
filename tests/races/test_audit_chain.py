"""Many write into the audit trail while several extend its chain: each event gets one link, and nobody waits."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from threading import Barrier, BrokenBarrierError, Event

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web import clock
from hms_web.models import AuditEvent, AuditLink, AuditUnchained, new_id
from hms_web.services import audit, audit_chain
from tests.scenes import NOW, Clinic, clinic

pytestmark = pytest.mark.race

SECRET = "the secret of these tests"
WRITERS, CHAINERS, ROUNDS, AT_ONCE = 4, 3, 12, 5


@pytest.fixture
def here(session: Session) -> Clinic:
    return clinic(session)


@pytest.fixture
def wide(engine: sa.Engine) -> Iterator[sa.Engine]:
    """Connections enough for everybody."""
    own = sa.create_engine(engine.url, pool_size=WRITERS * AT_ONCE + CHAINERS, max_overflow=0)
    yield own
    own.dispose()


@pytest.fixture
def collisions(wide: sa.Engine) -> Iterator[list[str]]:
    """The times that two gave the same place in the chain."""
    seen: list[str] = []

    def note(context: sa.engine.ExceptionContext) -> None:
        seen.append(type(context.original_exception).__name__)

    sa.event.listen(wide, "handle_error", note)
    yield seen
    sa.event.remove(wide, "handle_error", note)


def write(engine: sa.Engine, here: Clinic, seed: int, start: Barrier) -> None:
    """Write events in transactions that lie over each other and commit in any order."""
    order = random.Random(seed)
    start.wait(30)
    for _ in range(ROUNDS):
        with ExitStack() as stack:
            open_ones = [stack.enter_context(Session(engine)) for _ in range(AT_ONCE)]
            for one in open_ones:
                audit.record(one, here.actor, "patient.changed", "patient", new_id(), now=NOW)
                one.flush()
            order.shuffle(open_ones)
            for one in open_ones:
                one.commit()


def extend(engine: sa.Engine, start: Barrier, is_over: Event) -> None:
    start.wait(30)
    with Session(engine) as session:
        while not is_over.is_set():
            audit_chain.extend_all(session, secret=SECRET, now=NOW)


def live(engine: sa.Engine, here: Clinic) -> None:
    """Let all of them go at once; then once more, for what came last."""
    start, is_over = Barrier(WRITERS + CHAINERS), Event()
    with ThreadPoolExecutor(WRITERS + CHAINERS) as pool:
        chaining = [pool.submit(extend, engine, start, is_over) for _ in range(CHAINERS)]
        writing = [pool.submit(write, engine, here, seed, start) for seed in range(WRITERS)]
        try:
            for one in writing:
                one.result(60)
        finally:
            is_over.set()
        for one in chaining:
            one.result(60)
    audit_chain.extend_all(here.session, secret=SECRET, now=NOW)


def test_each_event_gets_one_place_without_a_gap(wide: sa.Engine, here: Clinic, collisions: list[str]) -> None:
    live(wide, here)
    written = WRITERS * ROUNDS * AT_ONCE
    assert here.count(AuditEvent) == here.count(AuditLink) == written
    assert here.count(AuditUnchained) == 0
    report = audit_chain.verify(here.session, here.actor.hospital_id, secret=SECRET, now=clock.now())
    assert (report.head.sequence, list(report.findings)) == (written, [])
    assert collisions == []


def test_without_the_lock_two_take_the_same_place(
    wide: sa.Engine, here: Clinic, collisions: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The positive control: the key of the links stands behind the lock, and has something to refuse."""
    monkeypatch.setattr(audit_chain, "GUARD", {"on": False})
    for is_first in (True, False):
        audit.record(here.session, here.actor, "patient.changed", "patient", new_id(), now=NOW)
        here.session.commit()
        if is_first:  # so that there is a head which both can read
            audit_chain.extend_all(here.session, secret=SECRET, now=NOW)
    both_have_read = Barrier(2)

    def meet(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "INSERT INTO audit_links" in statement and not both_have_read.broken:
            with suppress(BrokenBarrierError):
                both_have_read.wait(30)
            both_have_read.abort()  # once only: whoever is refused tries again, alone

    def one() -> None:
        with Session(wide) as session:
            audit_chain.extend_all(session, secret=SECRET, now=NOW)

    sa.event.listen(wide, "before_cursor_execute", meet)
    try:
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(one), pool.submit(one)]:
                done.result(60)
    finally:
        sa.event.remove(wide, "before_cursor_execute", meet)
    assert "UniqueViolation" in collisions


def test_who_goes_by_ids_passes_over_what_commits_late(
    wide: sa.Engine, here: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The positive control of the queue: chaining whatever comes after the last link leaves late events out."""
    after_the_last = audit_chain._WAITING.replace(
        "ORDER BY",
        "AND u.event_id > COALESCE((SELECT l.event_id FROM audit_links l ORDER BY l.sequence DESC LIMIT 1),"
        " '00000000-0000-0000-0000-000000000000') ORDER BY",
    )
    monkeypatch.setattr(audit_chain, "_WAITING", after_the_last)
    for _ in range(5):
        live(wide, here)
        if here.count(AuditUnchained):
            return
    pytest.fail("nothing committed late")
