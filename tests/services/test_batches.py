"""Batches that fail are taken apart, and a run that must not write any more writes nothing in a part either."""

import threading
from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from hms_web.models import new_ids
from hms_web.services import batches, side_by_side, unit_of_work
from hms_web.services.batches import Dealt
from tests.scenes import Clinic


class Lost(Exception):
    """The run no longer has its lease."""


class Rows:
    """Rows of which one is bad."""

    name, most = "rows", 8

    def __init__(self, count: int, *, at_once: int = 1) -> None:
        self.open = new_ids(count)
        self.bad = self.open[0]
        self.at_once = at_once
        self.tries = 0

    def due(self, but: Sequence[UUID], most: int) -> list[UUID]:
        """Return what is left."""
        return [key for key in self.open if key not in but][:most]

    def deal(self, _session: Session, ids: Sequence[UUID], *, waits: bool) -> tuple[int, Collection[UUID]]:  # noqa: ARG002 as each calls it
        """Deal with rows, unless the bad one is among them."""
        self.tries += 1
        if self.bad in ids:
            raise LookupError
        self.open = [key for key in self.open if key not in ids]
        return len(ids), ()


def test_a_bad_row_is_found_by_halving(here: Clinic) -> None:
    rows, dealt = Rows(8), Dealt[int]()
    batches.each(here.session, rows, dealt)
    assert (sum(dealt.done), list(dealt.errors)) == (7, [rows.bad])
    assert rows.tries == 1 + 2 * 3


def test_whoever_loses_the_right_to_write_in_a_part_stops_there(here: Clinic) -> None:
    rows, dealt, asked = Rows(8), Dealt[int](), list[int]()

    def guard(_session: Session) -> None:
        asked.append(1)
        if len(asked) == 2:
            raise Lost

    with pytest.raises(Lost):
        batches.each(here.session, rows, dealt, guard=guard)
    assert (len(asked), dealt.done, dealt.errors) == (2, [], {})


def test_a_database_that_has_no_time_for_the_guard_has_not_taken_the_right_away(here: Clinic) -> None:
    rows, dealt, asked = Rows(8), Dealt[int](), list[int]()

    def guard(_session: Session) -> None:
        asked.append(1)
        if len(asked) == 1:
            raise unit_of_work.Busy

    batches.each(here.session, rows, dealt, guard=guard)
    assert (sum(dealt.done), list(dealt.errors), len(asked)) == (7, [rows.bad], 1 + 8)


def test_and_one_that_never_has_time_for_it_is_busy(here: Clinic) -> None:
    rows, dealt = Rows(8), Dealt[int]()

    def guard(_session: Session) -> None:
        raise unit_of_work.Busy

    with pytest.raises(unit_of_work.Busy):
        batches.each(here.session, rows, dealt, guard=guard)
    assert dealt.done == []


@pytest.mark.parametrize("is_alone", [False, True], ids=["two connections", "one"])
def test_the_leave_is_renewed_before_each_round_and_part_while_nothing_is_under_way(
    here: Clinic,
    monkeypatch: pytest.MonkeyPatch,
    is_alone: bool,  # noqa: FBT001
) -> None:
    """Whatever is under way holds the lease until its end, so that a renewal would wait for it."""
    rows, dealt, lock = Rows(40, at_once=2), Dealt[int](), threading.Lock()
    happened: list[str] = []
    run = unit_of_work.run

    def noted(session: Session, work: Callable[[], Any]) -> Any:
        with lock:
            happened.append("begins")
        try:
            return run(session, work)
        finally:
            with lock:
                happened.append("ends")

    def renew() -> None:
        assert happened.count("begins") == happened.count("ends")
        happened.append("renews")

    here.session.commit()
    monkeypatch.setattr(unit_of_work, "run", noted)
    if is_alone:
        monkeypatch.setattr(side_by_side.Hands, "_connect", lambda _hands: False)
    batches.each(here.session, rows, dealt, renew=renew)
    assert (sum(dealt.done), list(dealt.errors)) == (39, [rows.bad])
    after = [[*part] for is_renewal, part in groupby(happened, lambda what: what == "renews") if not is_renewal]
    at_once = max(part.count("begins") for part in after)
    assert (happened[0], at_once) == ("renews", 1 if is_alone else 2)
    assert happened.count("renews") == len(after)
