"""A working day in short: desks that book and cancel, boards that poll, doctors who look at their day, and workers.

Nobody waits for an answer longer than they have to think, so the load is that of a busy hospital and not all that the
machine can bear. Afterwards the database holds nothing that must not be (tests/invariants.py).
"""

import json
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bench.figures import Kind, Row
from bench.house import ROOT, House, memory_of, running
from bench.load import Ask, Connection, percentiles
from bench.parts import booking, pages
from bench.run import Broken, Options
from hms_web.config import engine_options
from tests import invariants

NAME = "Soak"
DESKS, BOARDS, DOCTORS, WORKERS = 30, 10, 10, 2
POLL_SECONDS = 5.0
THINKS = (0.5, 3.0)
"""Between so few and so many seconds pass from one act of a desk to its next."""
REFUSED = 409
ERROR = 400


@dataclass
class Day:
    """What everybody was answered; safe for threads."""

    took: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)

    def ask(self, connection: Connection, ask: Ask, headers: dict[str, str]) -> bytes | None:
        """Ask, and note how long it took; None for a refusal. What is neither is wrong."""
        began = time.perf_counter()
        status, body = connection.ask(ask, headers)
        spent = (time.perf_counter() - began) * 1000
        with self.lock:
            self.took.append(spent)
            self.refused += status == REFUSED
            if status >= ERROR and status != REFUSED:
                self.wrong[f"{status} {ask.method} {ask.path.partition('?')[0]}"] += 1
        return body if status < ERROR else None


def measure(house: House, options: Options) -> Iterator[Row]:
    """Yield lines for the slow ones of a hundred, and for the memory of the workers."""
    if not options.minutes or not options.wants(NAME):
        return
    pages.alarm(house)
    house.let_in()
    before = _wrong_in_database(house)
    day = Day()
    with ExitStack() as stack:
        environment = {**os.environ, **house.environment()}
        command = [sys.executable, str(ROOT / "worker.py"), "work"]
        workers = [
            stack.enter_context(running(command, environment, house.folder / "log" / f"worker{n}.log"))
            for n in range(WORKERS)
        ]
        _live(house, day, options.minutes * 60)
        heavy = max(memory_of(worker.pid) for worker in workers)
    if day.wrong:
        message = f"Wrong answers: {dict(day.wrong.most_common(5))}"
        raise Broken(message)
    after = _wrong_in_database(house)
    new = {rule: len(rows) - len(before.get(rule, ())) for rule, rows in after.items()}
    if any(count > 0 for count in new.values()):
        message = f"The database holds what must not be: {new}"
        raise Broken(message)
    _, p95, p99 = percentiles(day.took)
    note = (
        f"{options.minutes:g} minutes, {DESKS} desks, {BOARDS} boards, {DOCTORS} doctors, {WORKERS} workers: "
        f"{len(day.took):,} answers, {day.refused:,} refusals, no error; nothing wrong in the database"
    )
    yield Row(f"{NAME}, p95", Kind.MILLISECONDS, p95, None, None, note)
    yield Row(f"{NAME}, p99", Kind.MILLISECONDS, p99)
    yield Row(f"{NAME}, memory of a worker", Kind.MEBIBYTES, heavy)


def _live(house: House, day: Day, seconds: float) -> None:
    """Let everybody work for a while."""
    free = iter(booking.asks_of(house))
    lock = threading.Lock()

    def next_booking() -> Ask:
        with lock:
            return next(free)

    people: list[Callable[[], None]] = [lambda n=n: _desk(house, day, n, next_booking) for n in range(DESKS)]  # type: ignore[misc]
    people += [lambda n=n: _screen(house, day, n) for n in range(BOARDS + DOCTORS)]  # type: ignore[misc]
    threads = [threading.Thread(target=work) for work in people]
    for thread in threads:
        thread.start()
    day.over.wait(seconds)
    day.over.set()
    for thread in threads:
        thread.join()


def _desk(house: House, day: Day, number: int, next_booking: Callable[[], Ask]) -> None:
    """Open a grid, look for a patient, book, and sometimes cancel again."""
    dice, own = random.Random(number), Connection(house.url)  # noqa: S311 a load, not a secret
    program = house.program | {"Content-Type": "application/json"}
    while not day.over.wait(dice.uniform(*THINKS)):
        where = f"date={pages.day_ahead(dice.randrange(29))}&department=Department+{dice.randrange(100) + 1:03d}"
        day.ask(own, Ask(f"/front-desk?{where}"), house.browser)
        day.ask(own, Ask(f"/front-desk/grid?{where}"), house.browser | pages.POLL)
        if day.over.wait(dice.uniform(*THINKS)):
            return
        day.ask(own, Ask(f"/api/v1/patients?q={dice.choice(pages.SURNAMES)}&limit=10"), house.program)
        made = day.ask(own, next_booking(), program)
        if made is not None and dice.random() < 1 / 4:
            answer: dict[str, Any] = json.loads(made)
            day.ask(own, Ask(f"/api/v1/appointments/{answer['id']}", "DELETE"), house.program)


def _screen(house: House, day: Day, number: int) -> None:
    """Keep a board open, or a list of the day."""
    own = Connection(house.url)
    path = (
        "/alerts/list?seen=x",
        "/board?department=Department+001",
        "/front-desk/day",
        f"/appointments?first={pages.day_ahead(0)}",
    )[number % 4]
    day.over.wait(POLL_SECONDS * number / (BOARDS + DOCTORS))
    while not day.over.wait(POLL_SECONDS):
        day.ask(own, Ask(path), house.browser | pages.POLL)


def _wrong_in_database(house: House) -> dict[str, list[str]]:
    """What must not be: a hospital that was counted out by the bench tells no story, so some of it is there before."""
    engine = sa.create_engine(house.database().replace("postgresql:", "postgresql+psycopg:"), **engine_options())
    with engine.connect() as connection:
        connection.execute(sa.text("SET statement_timeout = 0"))
        return invariants.violations(connection)
