"""Lists a page at a time. A cursor names the last row shown, so that a page costs the same however deep it lies."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from sqlalchemy import BindParameter, Integer, Select, bindparam, tuple_

from hms_web.domain.local_time import may_be_meant
from hms_web.domain.phrases import phrase
from hms_web.domain.refusals import InvalidInput
from hms_web.domain.validation import is_storable

T = TypeVar("T")
Row = TypeVar("Row")

# Numbers are as large as those that we write: scores and counts.
_NUMBERS = {int: re.compile(r"-?\d{1,9}", re.ASCII), Decimal: re.compile(r"-?\d{1,4}(\.\d{1,4})?", re.ASCII)}
DEFAULT_LIMIT, MAX_LIMIT = 50, 200


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; `next_cursor` is None on the last one."""

    items: Sequence[T]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Order(Generic[T]):
    """A way to sort a list: by `columns` of these `kinds`, the last of them unique; `key` has their values of a row.

    `is_down` turns all of them round. A cursor of one order is none of another.
    """

    columns: Sequence[Any]
    kinds: Sequence[type]
    key: Callable[[T], tuple[object, ...]]
    is_down: bool = False

    def upside_down(self) -> "Order[T]":
        """Return the same from its end."""
        return replace(self, is_down=not self.is_down)

    def applied(self, query: Select[*tuple[Any, ...]], cursor: str | None) -> Select[*tuple[Any, ...]]:
        """Return a query in this order, after the row that a cursor names. Raises InvalidInput."""
        if cursor is not None:
            here, there = tuple_(*self.columns), read_cursor(cursor, *self.kinds)
            query = query.where(here < there if self.is_down else here > there)
        return query.order_by(*(column.desc() if self.is_down else column for column in self.columns))


def chosen(orders: Mapping[str, Order[T]], sort: str | None) -> Order[T]:
    """Return the order of a name, from its end with a minus before it; the first for a name that there is not."""
    name = (sort or "").removeprefix("-")
    if name not in orders:
        return next(iter(orders.values()))
    return orders[name].upside_down() if name != sort else orders[name]


def one_more(limit: int, *, by_values: object = None) -> BindParameter[int]:
    """Return a statement's limit of one row more than a page has, which tells whether another follows.

    It stands in the statement as a number. Where it came as a value, the plan that the server keeps would expect a
    tenth of all rows, and a large hospital's list be planned anew each time, which takes longer than to carry it out.
    That is wanted where something is looked for whose value decides how it is found, as an index of its own has the
    few who are in a state: with any such filter in `by_values` it does come as a value. The plan kept for all states
    read four million appointments, in seconds, to find nobody.
    """
    return bindparam(None, limit + 1, Integer, literal_execute=not by_values)


def checked_limit(limit: int | None) -> int:
    """Return the number of rows that a page shall have; raises InvalidInput outside 1 to 200."""
    if limit is None:
        return DEFAULT_LIMIT
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput([("limit", phrase("Ask for 1 to %(most)s rows.", most=MAX_LIMIT))])
    return limit


def write_cursor(*key: object) -> str:
    """Return the opaque cursor of a row's sort key."""
    written = json.dumps([part.isoformat() if isinstance(part, datetime | date) else str(part) for part in key])
    return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")


def read_cursor(cursor: str, *kinds: type) -> tuple[Any, ...]:
    """Return the sort key in a cursor, its parts of the given types (str, int, Decimal, UUID, date, datetime).

    Raises InvalidInput for anything that `write_cursor` has not made.
    """
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return tuple(_part(kind, part) for kind, part in zip(kinds, parts, strict=True))
    except (binascii.Error, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise InvalidInput([("cursor", phrase("This is not a cursor of this list."))]) from error


def _part(kind: type, text: object) -> object:
    if not isinstance(text, str) or not is_storable(text):
        raise TypeError
    if kind in _NUMBERS and not _NUMBERS[kind].fullmatch(text):
        raise ValueError
    if not issubclass(kind, date):
        parse: Callable[[str], object] = kind
        return parse(text)
    parsed = kind.fromisoformat(text)
    if isinstance(parsed, datetime) and parsed.tzinfo is None:
        raise ValueError
    if not may_be_meant(parsed.date() if isinstance(parsed, datetime) else parsed):
        raise ValueError
    return parsed


def page(
    rows: Sequence[Row], limit: int, show: Callable[[Row], T], key: Callable[[Row], tuple[object, ...]]
) -> Page[T]:
    """Make a page of `limit` rows; the caller has fetched one more, to know whether another page follows."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Page([show(row) for row in shown], write_cursor(*key(shown[-1])) if more else None)
