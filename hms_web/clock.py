"""The only place that asks the time.

Rules and services take `now` as an argument; whoever stands at the edge (a view, a job, a command) asks it here, once.
Time can be held still in tests, and only there: with `fixed` inside a process, with HMS_TEST_NOW for a server in
another one.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_fixed: ContextVar[datetime | None] = ContextVar("hms_fixed_now", default=None)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    if os.environ.get("HMS_ENV") == "testing":
        held = _fixed.get() or _from_environment()
        if held is not None:
            return held
    return datetime.now(UTC)


def today(zone: ZoneInfo) -> date:
    """The date on the wall of a hospital in `zone`."""
    return now().astimezone(zone).date()


@contextmanager
def fixed(instant: datetime) -> Iterator[datetime]:
    """Hold the time still at `instant` (aware), for tests; refused outside HMS_ENV=testing."""
    if os.environ.get("HMS_ENV") != "testing":
        message = "The clock can be held still only with HMS_ENV=testing."
        raise RuntimeError(message)
    if instant.tzinfo is None:
        message = "The clock is held at an aware instant, not at a naive one."
        raise ValueError(message)
    token = _fixed.set(instant.astimezone(UTC))
    try:
        yield instant
    finally:
        _fixed.reset(token)


def _from_environment() -> datetime | None:
    written = os.environ.get("HMS_TEST_NOW")
    return datetime.fromisoformat(written).astimezone(UTC) if written else None
