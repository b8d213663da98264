"""A history of what is done at a desk, all of whose steps leave everything in order, and the shortest that does not.

Each history lives in a transaction that is undone. After each step the invariants hold, every page's reading answers,
and what the grid says of a slot is what a booking of it is told.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random

import sqlalchemy as sa

from tests.races.desk import Desk
from tests.races.desk_checks import look, session_on
from tests.races.desk_deeds import OPERATIONS, WEIGHTS, carry_out

BEGINS = {
    "America/New_York": datetime(2026, 3, 6, 13, 58, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 4, 2, 21, 58, tzinfo=UTC),
    "Asia/Kolkata": datetime(2026, 3, 6, 3, 28, tzinfo=UTC),
}
"""A Friday morning before nine, the clocks of two zones are changed in the night to the Sunday."""

Deed = tuple[str, int]
History = Sequence[Deed]


class Broken(AssertionError):
    """A history did not leave everything in order after the step of this number."""

    def __init__(self, place: int, why: str) -> None:
        super().__init__(f"after step {place}: {why}")
        self.place, self.why = place, why


def written(seed: int, length: int) -> tuple[str, list[Deed]]:
    """Return the zone and the steps of the history of a seed."""
    random = Random(seed)
    zone = random.choice(list(BEGINS))
    names = random.choices(list(OPERATIONS), weights=list(WEIGHTS.values()), k=length)
    return zone, [(name, random.randrange(10**6)) for name in names]


@contextmanager
def opened(engine: sa.Engine, zone: str) -> Iterator[Desk]:
    """A desk in a transaction that is undone at the end."""
    with engine.connect() as connection:
        outside = connection.begin()
        with session_on(connection) as session:
            yield Desk.opened(session, zone, BEGINS[zone])
        outside.rollback()


def live(engine: sa.Engine, zone: str, history: History, said: Callable[[str], object] = lambda _: None) -> None:
    """Live a history; raise Broken at the first step that leaves anything out of order."""
    with opened(engine, zone) as desk:
        for place, (name, seed) in enumerate(history):
            try:
                answer = carry_out(desk, name, seed)
                said(f"{place} {name} {seed} {desk.now:%d %H:%M:%S.%f}: {answer}")
                if answer == "done":
                    look(desk, name)
            except Exception as error:
                raise Broken(place, f"{name}: {type(error).__name__}: {error}") from error


def shortest(engine: sa.Engine, zone: str, history: History, broken: Broken) -> list[Deed]:
    """Leave out of a history whatever is not needed to break it in the same way."""
    kind = _kind(broken)
    kept = list(history[: broken.place + 1])
    size = max(len(kept) // 2, 1)
    while True:
        at, shorter = 0, False
        while at < len(kept):
            tried = kept[:at] + kept[at + size :]
            try:
                live(engine, zone, tried)
            except Broken as error:
                if _kind(error) == kind:
                    kept, shorter = tried[: error.place + 1], True
                    continue
            at += size
        if size == 1 and not shorter:
            return kept
        size = max(size // 2, 1)


def _kind(broken: Broken) -> str:
    """What a breakage is: its sentence without the figures of the case."""
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "", broken.why.split(": ", 1)[-1])[:110]
