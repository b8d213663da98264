"""Making the slots of 30 days for a thousand doctors, as the nightly job does."""

import time
from collections.abc import Iterator

from bench.baseline import tables
from bench.figures import Kind, Row, Target, in_turns
from bench.house import BASELINE, BULK, DOCTORS, House
from bench.run import Options
from hms_web import clock
from hms_web.domain.booking import BOOKING_WINDOW_DAYS
from hms_web.services import slot_horizons

NAME = "Slots for 30 days × 1,000 doctors"
TARGET = Target(3, Kind.SECONDS)


def measure(house: House, options: Options) -> Iterator[Row]:
    """Yield one line: the job as it is, beside INSERT … SELECT of as many rows."""
    if options.wants(NAME):
        own, bare = in_turns(options.rounds, lambda: _ours(house), lambda: _baseline(house))
        rows = (BOOKING_WINDOW_DAYS + 1) * DOCTORS * tables.SLOTS_A_DAY
        yield Row(NAME, Kind.SECONDS, own, bare, TARGET, f"{rows:,} rows: today and the 30 days after it")


def _ours(house: House) -> float:
    with house.connect(BULK) as connection:
        connection.execute("TRUNCATE doctor_slots")
        connection.commit()
        connection.autocommit = True
        connection.execute("CHECKPOINT")
    with house.session() as session:
        began = time.perf_counter()
        made = slot_horizons.extend_all(session, now=clock.now())
        took = time.perf_counter() - began
    assert made == (BOOKING_WINDOW_DAYS + 1) * DOCTORS * tables.SLOTS_A_DAY, made
    return took


def _baseline(house: House) -> float:
    with house.connect(BASELINE) as connection:
        connection.execute("TRUNCATE half_hour")
        connection.commit()
        connection.autocommit = True
        connection.execute("CHECKPOINT")
        began = time.perf_counter()
        given = {"doctors": DOCTORS, "first": 0, "last": BOOKING_WINDOW_DAYS}
        connection.execute(tables.MAKE_HALF_HOURS, given)
        return time.perf_counter() - began
