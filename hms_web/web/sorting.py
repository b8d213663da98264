"""How an address says by which column a list is sorted: `sort=name`, and `sort=-name` for the other way round.

Any other word counts as none, so that an old or a mistyped address shows the list as it usually is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hms_web.services.paging import Order


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head: the address of the list sorted by it, and how it is sorted now (`aria-sort`), if by it."""

    href: str
    state: str | None


@dataclass(frozen=True, slots=True)
class Sorting:
    """By what a list is sorted; `address` makes the address of the same list, from its start, for another `sort`."""

    orders: Mapping[str, Order[Any]]
    word: str | None
    address: Callable[[str], str]

    @property
    def name(self) -> str:
        """The column."""
        return self.word.removeprefix("-") if self.word else next(iter(self.orders))

    def head(self, name: str) -> Head:
        """Return the head of a column: a press sorts by it, the next one turns the list round."""
        if name != self.name:
            return Head(self.address(name), None)
        is_turned = self.word is not None and self.word.startswith("-")
        is_down = self.orders[name].is_down != is_turned
        return Head(self.address(name if is_turned else f"-{name}"), "descending" if is_down else "ascending")


def word(orders: Mapping[str, Order[Any]], values: Mapping[str, str]) -> str | None:
    """Read `sort`; None for what no column is called."""
    written = values.get("sort", "")
    return written if written.removeprefix("-") in orders else None
