"""C12 of quality.md: eight clients do everything at once on two servers that are killed meanwhile; nothing is broken.

Between the servers and PostgreSQL and Redis stand proxies that answer late, cut connections, and give half an answer.
Afterwards the invariants hold, and the history does: each yes is in the database, and each no had a reason.

Ten thousand requests with `make test-faults`, about five minutes; five hundred by themselves and with `.ci/run`. The
seed is printed; HMS_TEST_SEED repeats its choices, if not the order in which they meet.
While they go on the hospital's clock does, half an hour with each kill, so that people become late and are waited for.
"""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPException
from itertools import count
from pathlib import Path
from random import Random, SystemRandom
from threading import Barrier

import pytest

from hms_web.domain.identity import Role
from hms_web.local.processes import last_lines, stop, wait_until
from tests import invariants
from tests.api.callers import person
from tests.fault_proxy import FaultProxy, between, storm
from tests.faults.bustle import OPERATIONS, Person
from tests.faults.history import History
from tests.faults.yard import set_clock
from tests.processes import Server, ServerFactory
from tests.races.conftest import CRON_KEY
from tests.races.crowd import WAIT_SECONDS, Answer, Ask
from tests.races.guards import slow_writes
from tests.races.hall import Hall, opened, token
from tests.scenes import MONDAY, NOW
from tests.visit_scenes import acting

pytestmark = pytest.mark.fault

CLIENTS, KILLS = 8, 5
OPERATIONS_WANTED = int(os.environ.get("HMS_TEST_OPERATIONS", "500"))
SEED = int(os.environ.get("HMS_TEST_SEED") or SystemRandom().randrange(1_000_000))
CONFIG = Path(__file__).with_name("moving_clock.py")
DAYS = [MONDAY + timedelta(days=number) for number in (0, 0, 0, 1, 2)]
ENOUGH = 500
"""From so many operations on each of the common ones has succeeded, or the test does not test them."""
WEATHER = {"cut": 0.003, "late": 0.01, "longest": 0.3}
"""The shares of the pieces of answers that are cut or late, and how late at most, in seconds."""
COMMON = {"book", "move", "cancel", "set_status", "vitals", "start", "leave", "trigger"}


@dataclass
class Crowd:
    """The clients, what they were told, and the servers they ask."""

    hall: Hall
    server: Server
    clock: Path
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    history: History = field(default_factory=History)
    proxies: list[FaultProxy] = field(default_factory=list)
    killed: int = 0
    turns: Iterator[int] = field(default_factory=count)

    def people(self, seed: int) -> list[Person]:
        """Let the clinic have two doctors, ten patients and a nurse, and give each client a chance of their own."""
        here = self.hall.here
        doctors = [self.hall.doctor(maximum=8), self.hall.doctor(minutes=20, maximum=8)]
        actors = [person(here, Role.NURSE), *(acting(here, doctor) for doctor in doctors)]
        self.hall.crowd.tokens = [*self.hall.crowd.tokens, *(token(here.session, actor) for actor in actors)]
        patients = self.hall.patients(10)
        here.session.commit()
        chance = (Random(seed * CLIENTS + number) for number in range(CLIENTS))
        return [Person(one, self.hall.engine, self.send, doctors, patients, DAYS) for one in chance]

    def send(self, ask: Ask) -> Answer | None:
        """Send one; None when the connection was lost, as it is when a server dies."""
        try:
            answer = self.hall.crowd.one(ask, next(self.turns))
        except (OSError, HTTPException):
            self.seen["connection", "lost"] += 1
            self.history.note(ask, None)
            return None
        self.history.note(ask, answer)
        if answer.status >= 500 and answer.status != 503:
            self.failed.append(f"{ask.method} {ask.path} {ask.body}: {answer.status} {answer.text[:300]}")
        return answer

    def live(self, me: Person, number: int) -> None:
        """Do one operation after the other; what finds nothing to do is none."""
        kinds, weights = list(OPERATIONS), list(OPERATIONS.values())
        until = me.sent + number
        while me.sent < until:
            sent, kind = me.sent, me.random.choices(kinds, weights)[0]
            answer = kind(me)
            if me.sent > sent:
                self.seen[kind.__name__, answer.outcome if answer else "lost"] += 1

    def kill(self, number: int) -> None:
        """Kill the worker of one of the servers in the middle of whatever it does; half an hour has gone by."""
        self.advance(NOW + timedelta(minutes=30 * (number + 1)))
        master = self.server.processes[number % len(self.server.processes)].pid
        children = Path(f"/proc/{master}/task/{master}/children")
        assert wait_until(lambda: bool(children.read_text().split()), WAIT_SECONDS)
        os.kill(int(children.read_text().split()[0]), signal.SIGKILL)
        self.killed += 1
        for proxy in self.proxies:
            proxy.cut()

    def advance(self, instant: datetime) -> None:
        """Set the clock."""
        set_clock(self.clock, instant)

    def bad_weather(self, seed: int) -> None:
        """Let the network fail now and then from here on."""
        for number, proxy in enumerate(self.proxies):
            proxy.fault = storm(Random(seed + number), **WEATHER)

    def run(self, seed: int, operations: int, kills: int) -> None:
        """Let all of them live, and kill in between, each time as many operations are done."""
        each = operations // CLIENTS // (kills + 1)
        people = self.people(seed)
        for number in range(kills + 1):
            barrier = Barrier(CLIENTS + 1)

            def live(me: Person, barrier: Barrier = barrier) -> None:
                self.live(me, each // 2)
                barrier.wait(10 * WAIT_SECONDS)
                self.live(me, each - each // 2)

            with ThreadPoolExecutor(CLIENTS) as pool:
                lives = [pool.submit(live, me) for me in people]
                barrier.wait(10 * WAIT_SECONDS)
                if number < kills:
                    self.kill(number)
                for done in as_completed(lives):
                    done.result()

    def violations(self) -> str:
        """What is broken in the database now, in words."""
        with self.hall.engine.connect() as connection:
            try:
                invariants.check(connection)
            except AssertionError as error:
                return str(error)
        return ""


@contextmanager
def crowd(start: ServerFactory, folder: Path, locks: str) -> Iterator[Crowd]:
    """Open a clinic on two servers with a clock that can be moved, and proxies before PostgreSQL and Redis."""
    clock = folder / "clock"
    clock.write_text(NOW.isoformat())
    environ = {"TEST_CLOCK": str(clock), "TEST_LOCKS": locks, "CRON_API_KEY": CRON_KEY, "HMS_TEST_NOW": NOW.isoformat()}
    environ |= {"GUNICORN_CMD_ARGS": f"--config '{CONFIG}'"}
    with between() as (proxies, through):
        server = start(processes=2, env=environ, through=through)
        with opened(server) as hall:
            yield Crowd(hall, server, clock, proxies=proxies)
            for process in server.processes:  # before what they are connected through goes
                stop(process, signal.SIGTERM, WAIT_SECONDS)


def test_everything_at_once_breaks_nothing(server: ServerFactory, tmp_path: Path) -> None:
    print(f"seed {SEED}, {OPERATIONS_WANTED} requests")  # noqa: T201 so that a failure can be repeated
    with crowd(server, tmp_path, "on") as all_of_them:
        all_of_them.bad_weather(SEED)
        all_of_them.run(SEED, OPERATIONS_WANTED, KILLS)
        done = Counter(kind for kind, outcome in all_of_them.seen.elements() if outcome[:2] == "20")
        assert all_of_them.failed == [], last_lines(all_of_them.server.log, 60)
        assert all_of_them.violations() == ""
        assert all_of_them.history.problems(all_of_them.hall.engine) == []
        assert all_of_them.killed == KILLS
        inflicted = sum((proxy.inflicted for proxy in all_of_them.proxies), Counter[str]())
        print(dict(inflicted))  # noqa: T201 how bad the weather was
        assert OPERATIONS_WANTED < ENOUGH or (inflicted["cut"] > 0 and inflicted["late"] > 0)
        print(dict(sorted(all_of_them.seen.items())))  # noqa: T201 what the seed led to
        assert OPERATIONS_WANTED < ENOUGH or done.keys() >= COMMON


def test_without_locks_the_same_life_breaks_something(server: ServerFactory, tmp_path: Path) -> None:
    with ExitStack() as stack:
        all_of_them = stack.enter_context(crowd(server, tmp_path, "off"))
        stack.enter_context(slow_writes(all_of_them.hall.engine))
        all_of_them.run(1, 400, 0)
        assert all_of_them.violations() != ""
