"""Slows down whoever fails to sign in again and again, and never keeps the rightful person out from elsewhere.

A try is counted before the password is looked at, so that tries at the same time cannot pass together, and is given
back unless it was a failure. Pages and API share the counts, which are kept on Redis, for all processes together; when
Redis is gone each process counts for itself, so that the limit never falls away.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast

import structlog
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, Storage, storage_from_string

from hms_web.domain.refusals import Refused

EXTENSION = "hms_sign_in_limits"
PREFIX = "hms-sign-in"
WAIT_SECONDS = 900
PER_ACCOUNT_AND_ADDRESS = parse("10 per 15 minutes")
# Many people may share an address. Once as many as these have failed from one, an account is allowed fewer failures
# from there; nobody is refused who has not failed themselves.
PER_ADDRESS = parse("100 per 15 minutes")
FEWER = 3

log = structlog.get_logger()
Count = tuple[RateLimitItem, str]


class TooManyAttempts(Exception):
    """There were too many failures; WAIT_SECONDS later it can be tried again."""


class SignInLimits:
    """Counts failures, on Redis while it answers and in memory while it does not."""

    def __init__(self, redis_url: str) -> None:
        options = {"socket_connect_timeout": 1, "socket_timeout": 1, "wrap_exceptions": True}
        self._shared = cast("Storage", storage_from_string(redis_url, **options))
        self._own = MemoryStorage()

    @contextmanager
    def counted(self, email: str, address: str) -> Iterator[None]:
        """Count the try that is made inside; it stays counted when that is refused. Raises TooManyAttempts."""
        both, alone = _counts(email, address)
        storage, failed, failed_there = self._count(both, alone)
        if failed > PER_ACCOUNT_AND_ADDRESS.amount or (failed_there > PER_ADDRESS.amount and failed > FEWER):
            _give_back(storage, alone)
            raise TooManyAttempts
        try:
            yield
        except Refused:
            raise
        except BaseException:
            _give_back(storage, both, alone)
            raise
        else:
            _give_back(storage, both, alone)

    def _count(self, both: Count, alone: Count) -> tuple[Storage, int, int]:
        try:
            return self._shared, _add(self._shared, both), _add(self._shared, alone)
        except StorageError as error:
            log.warning("limits_in_memory", error=type(error.storage_error).__name__)
            return self._own, _add(self._own, both), _add(self._own, alone)


def _add(storage: Storage, count: Count, amount: int = 1) -> int:
    limit, key = count
    return storage.incr(limit.key_for(PREFIX, key), limit.get_expiry(), amount=amount)


def _give_back(storage: Storage, *counts: Count) -> None:
    with suppress(StorageError):  # Redis has just gone: the try stays counted, on the safe side
        for count in counts:
            _add(storage, count, -1)


def _counts(email: str, address: str) -> tuple[Count, Count]:
    """Return what is counted. Hashed: no address of a person stands in a Redis key."""
    both = hashlib.blake2b(f"{address} {email.strip().lower()}".encode(errors="replace"), digest_size=16).hexdigest()
    alone = hashlib.blake2b(address.encode(errors="replace"), digest_size=16).hexdigest()
    return (PER_ACCOUNT_AND_ADDRESS, both), (PER_ADDRESS, alone)
