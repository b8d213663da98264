"""Batches that fail are taken apart, and a run that must not write any more writes nothing in a part either."""

from collections.abc import Collection, Sequence
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from hms_web.models import new_ids
from hms_web.services import batches
from hms_web.services.batches import Dealt
from tests.scenes import Clinic


class Lost(Exception):
    """The run no longer has its lease."""


class Rows:
    """Rows of which one is bad."""

    name, most, at_once = "rows", 8, 1

    def __init__(self, count: int) -> None:
        self.open = new_ids(count)
        self.bad = self.open[0]
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
