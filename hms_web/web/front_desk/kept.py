"""Grids that were rendered a moment ago, for who asks for one of which the database still says the same.

Nothing is trusted to stay as it was: each request asks the database, and what it says, word for word, is the key under
which the grid is kept. The clock changes a grid by itself too, but only at whole minutes, and when a hold lapses.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from markupsafe import Markup

MOST = 200
"""So many are kept in each process, the latest asked for; a large one has 30 KiB."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the page that keeps itself up to date; `beside` is what it changes elsewhere."""

    html: Markup
    seen: str
    beside: Markup


class Kept:
    """Parts by what they were made of, each until an instant; safe for threads."""

    def __init__(self, most: int = MOST) -> None:
        self._parts: OrderedDict[Hashable, tuple[Part, datetime]] = OrderedDict()
        self._most, self._lock = most, Lock()

    def get(self, key: Hashable, now: datetime) -> Part | None:
        """Return what is kept under a key, if it still holds."""
        with self._lock:
            part, until = self._parts.get(key, (None, now))
            if part is None or now >= until:
                return None
            self._parts.move_to_end(key)
            return part

    def put(self, key: Hashable, part: Part, until: datetime) -> None:
        """Keep a part; of too many the one goes that nobody has asked for the longest."""
        with self._lock:
            self._parts[key] = part, until
            self._parts.move_to_end(key)
            while len(self._parts) > self._most:
                self._parts.popitem(last=False)


grids = Kept()
