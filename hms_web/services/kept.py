"""Things that a process keeps for a while, because they would be made again just as they are."""

from collections import OrderedDict
from collections.abc import Hashable
from datetime import datetime
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Things by what they were made of, each until an instant; safe for threads.

    `most` are kept in each process, the latest asked for.
    """

    def __init__(self, most: int) -> None:
        self._kept: OrderedDict[Hashable, tuple[T, datetime]] = OrderedDict()
        self._most, self._lock = most, Lock()

    def get(self, key: Hashable, now: datetime) -> T | None:
        """Return what is kept under a key, if it still holds."""
        with self._lock:
            found = self._kept.get(key)
            if found is None or now >= found[1]:
                return None
            self._kept.move_to_end(key)
            return found[0]

    def put(self, key: Hashable, made: T, until: datetime) -> None:
        """Keep something; of too many that goes for which nobody has asked the longest."""
        with self._lock:
            self._kept[key] = made, until
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
