"""What years of data cost: the same pages and questions at 50,000 appointments and at many times as many.

Both hospitals are made by `hms demo seed --scale`; each page is asked of both in turns, in this process, so that only
the data differs. The baseline of a line is the small hospital, and the target that the large one costs a fifth more at
most.
"""

import logging
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

import psycopg
from flask import Flask
from psycopg import sql
from werkzeug.test import Client

from bench.figures import Kind, Row, Target
from bench.house import House, settle, upgrade
from bench.run import Broken, Options
from hms_web import clock
from hms_web.app import create_app
from hms_web.domain.booking import BOOKING_WINDOW_DAYS
from hms_web.domain.local_time import local_date
from hms_web.logs import configure_logging
from hms_web.services import demo_large, hospitals, no_show_sweep
from hms_web.services.demo_house import ZONE
from hms_web.services.demo_large import Size

NAME = "At {:,} appointments: {}"
ALIKE = Target(1.2, Kind.MILLISECONDS)
ASKED = 15
"""So often each page is asked in a round, of each side in turns."""
GROWING = (
    "appointments",
    "audit_events",
    "consultations",
    "doctor_slots",
    "no_show_logs",
    "notifications",
    "patients",
    "token_counters",
)
FLUSHED = 1.2
"""So many seconds later the server tells what a connection has read, when that is used again."""
FILLS_A_PAGE = timedelta(days=3)
"""A day of the small hospital has fewer appointments than a page has rows; in so many more it has enough."""
DESK = "department=Department+001"


@dataclass(frozen=True)
class Side:
    """A hospital of one size, and the product over it."""

    size: Size
    name: str
    database: str
    app: Flask
    client: Client

    def milliseconds(self, path: str, headers: Mapping[str, str]) -> float:
        """How long an answer takes."""
        began = time.perf_counter()
        answer = self.client.get(path, headers=dict(headers))
        took = (time.perf_counter() - began) * 1000
        assert answer.status_code == 200, (path, answer.status_code)
        answer.close()
        return took


def measure(house: House, options: Options) -> Iterator[Row]:
    """Yield a line for each page and question."""
    if not options.scale:
        return
    small, large = (_side(house, scale) for scale in (1, options.scale))
    for side in (small, large):  # only now: who is signed in would have been idle for too long
        house.let_in(side.name)
    configure_logging(logging.WARNING)  # nobody reads a line for each request of the bench
    wanted = {name: path for name, path in _pages(large).items() if options.wants(name)}
    headers = {name: house.program if path.startswith("/api/") else house.browser for name, path in wanted.items()}
    read_whole: list[str] = []
    for name, path in wanted.items():
        before = _read_whole(large)
        yield _compared(small, large, options, name, path, headers[name])
        time.sleep(FLUSHED)
        large.milliseconds(_at(path, 0), headers[name])
        read_whole += [f"{table} ({name})" for table, times in _read_whole(large).items() if times > before[table]]
    if options.wants("sweep"):
        yield _swept(house, small, large, options)
    if read_whole:
        message = f"Tables that grow were read from end to end: {', '.join(read_whole)}."
        raise Broken(message)


def _read_whole(side: Side) -> dict[str, int]:
    """How often each growing table was read from end to end."""
    with psycopg.connect(side.database) as connection:
        asked = "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname = ANY(%s)"
        return dict(connection.execute(asked, (list(GROWING),)).fetchall())


def _compared(small: Side, large: Side, options: Options, name: str, path: str, headers: Mapping[str, str]) -> Row:
    took: dict[str, list[float]] = {small.database: [], large.database: []}
    for number in range(ASKED * options.rounds):
        for side in (small, large):
            took[side.database].append(side.milliseconds(_at(path, number), headers))
    return _row(large, name, took[large.database], took[small.database])


def _row(large: Side, name: str, ours: list[float], baseline: list[float]) -> Row:
    named = NAME.format(large.size.appointments, name)
    return Row(named, Kind.MILLISECONDS, statistics.median(ours), statistics.median(baseline), ALIKE)


def _at(path: str, number: int) -> str:
    """A path for one of many days, so that no two questions in a row are the same."""
    day = local_date(clock.now(), ZONE) + timedelta(days=1 + number % (BOOKING_WINDOW_DAYS - 3))
    return path.format(day=day, later=day + FILLS_A_PAGE)


def _pages(large: Side) -> dict[str, str]:
    with psycopg.connect(large.database) as connection:
        (name,) = connection.execute("SELECT name FROM patients ORDER BY mrn DESC LIMIT 1").fetchone() or ("",)
    return {
        "front desk": f"/front-desk?date={{day}}&{DESK}",
        "grid": f"/front-desk/grid?date={{day}}&{DESK}",
        "board": f"/board?{DESK}",
        "alerts": "/alerts",
        "patients": "/patients",
        "patients by number": "/api/v1/patients?q=000123&limit=20",
        "patients by full name": f"/api/v1/patients?q={name.replace(' ', '+')}&limit=20",
        "patients by surname alone": f"/api/v1/patients?q={name.split()[-1]}&limit=20",
        "appointments": "/appointments?first={day}&last={later}",
        "appointments, a department's day": f"/appointments?first={{day}}&last={{day}}&{DESK}",
        "needs attention": "/affected",
        "notifications": "/notifications",
        "day list as JSON": "/api/v1/appointments?from={day}&to={day}&limit=20",
        "patients as JSON": "/api/v1/patients?limit=20",
    }


def _swept(house: House, small: Side, large: Side, options: Options) -> Row:
    """The sweep when nothing is due, as every minute."""
    took: dict[str, list[float]] = {small.database: [], large.database: []}
    with ExitStack() as stack:
        sessions = {side.database: stack.enter_context(house.session(side.name)) for side in (small, large)}
        actors = {name: hospitals.all_of_them(session)[0] for name, session in sessions.items()}
        for number in range(-1, ASKED * options.rounds):
            for name, session in sessions.items():
                session.rollback()
                began = time.perf_counter()
                no_show_sweep.sweep(session, actors[name], now=clock.now())
                if number >= 0:  # the first deals with what has become due since
                    took[name].append((time.perf_counter() - began) * 1000)
    return _row(large, "sweep with nothing due", took[large.database], took[small.database])


def _side(house: House, scale: int) -> Side:
    size = Size.of_scale(scale)
    name = f"bench_scale_{scale}"
    _fill(house, name, size)
    app = create_app({**house.environment(), "DATABASE_URL": house.database(name)})
    return Side(size, name, house.database(name), app, app.test_client(use_cookies=False))


def _fill(house: House, name: str, size: Size) -> None:
    """Make a hospital, unless it is there from a run before."""
    with psycopg.connect(house.database("postgres"), autocommit=True) as connection:
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    upgrade({**house.environment(), "DATABASE_URL": house.database(name)})
    with house.session(name) as session:
        if not hospitals.all_of_them(session):
            demo_large.seed(session, size, now=clock.now())
    with house.connect(name) as connection:
        settle(connection)
