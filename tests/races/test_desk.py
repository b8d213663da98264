"""Long random histories of one desk, step by step: nothing is ever out of order, and what breaks it is made short."""

import secrets

import pytest
import sqlalchemy as sa

from hms_web.services import settling
from tests.races.desk_life import Broken, live, shortest, written

FEW, MANY = 3, 60
"""So many histories in `make test` and in the fault suite, others each time; what breaks can be lived again."""
STEPS = 40


def _live_some(engine: sa.Engine, histories: int) -> None:
    for seed in (secrets.randbelow(10**9) for _ in range(histories)):
        zone, history = written(seed, STEPS)
        try:
            live(engine, zone, history)
        except Broken as broken:
            short = shortest(engine, zone, history, broken)
            pytest.fail(f"The history of the seed {seed} in {zone} breaks {broken}\nIn short: {short}")


def test_whatever_is_done_at_a_desk_leaves_everything_in_order(engine: sa.Engine) -> None:
    _live_some(engine, FEW)


@pytest.mark.fault
def test_nor_do_many_other_histories_break_anything(engine: sa.Engine) -> None:
    _live_some(engine, MANY)


BOOKED_AND_CUT = [("book", 519167), ("change_hours", 172975)]
"""Somebody is booked, and then the hours end before they come."""


def test_a_history_that_breaks_something_is_found_and_made_short(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked, cut = BOOKED_AND_CUT
    history = [("scan", 1), booked, ("sweep", 1), cut, ("deliver", 1)]
    live(engine, "Australia/Lord_Howe", history)
    monkeypatch.setattr(settling, "mark", lambda *_, **__: [])
    with pytest.raises(Broken, match="fits the hours no more is not on the affected list") as broken:
        live(engine, "Australia/Lord_Howe", history)
    assert shortest(engine, "Australia/Lord_Howe", history, broken.value) == BOOKED_AND_CUT
