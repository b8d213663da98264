"""Counts of tries, on Redis for all processes together; when Redis is gone each process counts for itself.

So a limit never falls away. What is counted is hashed: no address of a person stands in a Redis key.
"""

import hashlib
from contextlib import suppress
from ipaddress import IPv6Address, ip_address, ip_network
from typing import cast

import structlog
from limits import RateLimitItem
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string

Count = tuple[RateLimitItem, str]
log = structlog.get_logger(__name__)


def hashed(words: str) -> str:
    """Return words as they may stand in a key."""
    return hashlib.blake2b(words.encode(errors="replace"), digest_size=16).hexdigest()


def sender(address: str) -> str:
    """Return whom an address stands for: an IPv6 one for its network of 64 bits, which one household or machine has."""
    with suppress(ValueError):
        parsed = ip_address(address)
        if isinstance(parsed, IPv6Address):
            mapped = parsed.ipv4_mapped
            return str(mapped) if mapped else str(ip_network((int(parsed) >> 64 << 64, 64)))
    return address


class Counter:
    """Counts under keys that begin with `prefix`."""

    def __init__(self, redis_url: str, prefix: str) -> None:
        options = {"socket_connect_timeout": 1, "socket_timeout": 1, "wrap_exceptions": True}
        self._shared = cast("Storage", storage_from_string(redis_url, **options))
        self._own = MemoryStorage()
        self._prefix = prefix

    def add(self, *counts: Count) -> tuple[Storage, list[int]]:
        """Count one more of each; return where, and how many there are now."""
        try:
            return self._shared, [self._add(self._shared, count) for count in counts]
        except StorageError as error:
            log.warning("limits_in_memory", error=type(error.storage_error).__name__)
            return self._own, [self._add(self._own, count) for count in counts]

    def give_back(self, storage: Storage, *counts: Count) -> None:
        """Count one less of each."""
        with suppress(StorageError):  # Redis has just gone: the try stays counted, on the safe side
            for count in counts:
                self._add(storage, count, -1)

    def _add(self, storage: Storage, count: Count, amount: int = 1) -> int:
        limit, key = count
        return storage.incr(limit.key_for(self._prefix, key), limit.get_expiry(), amount=amount)
