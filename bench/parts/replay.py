"""A clinic's season lived through again, every event by its own use case (docs/replay.md)."""

import time
from collections.abc import Iterator

from bench.figures import Kind, Row
from bench.house import BULK, House
from bench.run import Options
from hms_web.services.replaying import clinics, opening, season

NAME = "Replay of a season"


def measure(house: House, options: Options) -> Iterator[Row]:
    """Yield one line, where a folder of clinics was named. A season is long enough to be lived but once."""
    if options.clinics is None or not options.wants(NAME):
        return
    with house.connect(BULK) as connection:
        connection.execute("TRUNCATE appointments CASCADE")
    found = clinics.read(options.clinics)
    plan = season.plan(found, timezone="Asia/Kolkata", until=None)
    with house.session() as session:
        began = time.perf_counter()
        opens = plan.events[0].at - season.A_DAY
        lived = opening.open_hospital(session, "Replay", "Asia/Kolkata", found, at=opens)
        season.live(session, lived, plan)
        took = time.perf_counter() - began
    yield Row(NAME, Kind.SECONDS, took, None, None, f"{len(plan.events):,} events, one round")
