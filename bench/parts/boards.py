"""The front desk while two hundred browsers keep a board open: how long somebody waits for the page."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from bench.figures import Kind, Row
from bench.house import House
from bench.load import Ask, Connection, percentiles
from bench.parts import pages
from bench.run import Broken, Options
from hms_web import clock
from hms_web.domain.local_time import local_date
from hms_web.services.demo_house import ZONE

NAME = "Front desk while 200 browsers poll boards"
BROWSERS, EVERY_SECONDS = 200, 5.0
# A thread asks for so many browsers in turn, as fast as they would together.
BROWSERS_A_THREAD = 10


@dataclass
class Polls:
    """What the browsers were answered."""

    answered: int = 0
    failed: int = 0
    late: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def measure(house: House, options: Options) -> Iterator[Row]:
    """Yield lines for the median and for the slow ones of a hundred, with nobody polling as the baseline."""
    if not options.wants(NAME):
        return
    pages.alarm(house)
    house.let_in()
    quiet: list[float] = []
    busy: list[float] = []
    polls = Polls()
    for _ in range(options.rounds):
        quiet += _visits(house, options.seconds)
        with polling(house, polls):
            busy += _visits(house, options.seconds)
    if polls.failed:
        message = f"{polls.failed} polls failed."
        raise Broken(message)
    note = f"the baseline is the same desk alone; {polls.answered:,} polls, {polls.late:,} answered after over 1 s"
    (alone, alone95, _), (among, among95, _) = percentiles(quiet), percentiles(busy)
    yield Row(f"{NAME}, p50", Kind.MILLISECONDS, among, alone, None, note)
    yield Row(f"{NAME}, p95", Kind.MILLISECONDS, among95, alone95)


def _visits(house: House, seconds: float) -> list[float]:
    """Open the grid again and again for a while, as somebody does who books; return the milliseconds it took."""
    day = local_date(clock.now(), ZONE) + timedelta(days=2)
    desk, took = Connection(house.url), list[float]()
    until = time.monotonic() + seconds
    ask, headers = Ask(f"/front-desk?date={day}&department=Department+007"), house.browser
    while time.monotonic() < until:
        began = time.perf_counter()
        status, _ = desk.ask(ask, headers)
        took.append((time.perf_counter() - began) * 1000)
        assert status == 200, status
    return took


@contextmanager
def polling(house: House, polls: Polls) -> Iterator[None]:
    """Let the browsers poll for as long as the context lasts."""
    over = threading.Event()
    asked = pages.address_of(house, "/alerts", "/alerts/list")
    headers = house.browser | pages.POLL
    threads = [
        threading.Thread(target=_browsers, args=(house, polls, Ask(asked), headers, over, number))
        for number in range(BROWSERS // BROWSERS_A_THREAD)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _browsers(
    house: House, polls: Polls, ask: Ask, headers: Mapping[str, str], over: threading.Event, number: int
) -> None:
    """Ten browsers, each of which asks every five seconds."""
    open_ones = [Connection(house.url) for _ in range(BROWSERS_A_THREAD)]
    step = EVERY_SECONDS / BROWSERS_A_THREAD
    due = time.monotonic() + step * number / (BROWSERS // BROWSERS_A_THREAD)
    while True:
        for browser in open_ones:
            if over.wait(max(0.0, due - time.monotonic())):
                return
            due += step
            began = time.monotonic()
            status, _ = browser.ask(ask, headers)
            with polls.lock:
                polls.answered += 1
                polls.failed += status not in {200, 204}
                polls.late += time.monotonic() - began > 1
