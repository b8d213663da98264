"""Slows down whoever fails to sign in again and again, without keeping the rightful person out from elsewhere.

Failures are counted per account and address, and per address, on Redis; when Redis is gone, in this process, so that
the limit never falls away.
"""

import hashlib
from collections.abc import Callable
from typing import TypeVar

import structlog
from flask import Flask, current_app, request
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from hms_web.api.problems import Problem, Wrong

T = TypeVar("T")

EXTENSION = "hms_api_limits"
PREFIX = "hms-api-sign-in"
PER_ACCOUNT_AND_ADDRESS = parse("10 per 15 minutes")
PER_ADDRESS = parse("100 per 15 minutes")

log = structlog.get_logger()


class Failures:
    """Counts failures, on Redis while it answers and in memory while it does not."""

    def __init__(self, redis_url: str) -> None:
        options = {"socket_connect_timeout": 1, "socket_timeout": 1, "wrap_exceptions": True}
        self._shared = FixedWindowRateLimiter(storage_from_string(redis_url, **options))
        self._own = FixedWindowRateLimiter(MemoryStorage())

    def _ask(self, question: Callable[[FixedWindowRateLimiter], T]) -> T:
        try:
            return question(self._shared)
        except StorageError as error:
            log.warning("limits_in_memory", error=type(error.storage_error).__name__)
            return question(self._own)

    def refuse(self, email: str) -> None:
        """Raise Problem, with the seconds to wait, when the caller has failed too often."""
        for limit, key in _keys(email):
            if not self._ask(lambda counts, limit=limit, key=key: counts.test(limit, PREFIX, key)):  # type: ignore[misc]
                raise Problem(Wrong.TOO_MANY_ATTEMPTS, {"Retry-After": str(limit.get_expiry())})

    def count(self, email: str) -> None:
        """Count one failure."""
        for limit, key in _keys(email):
            self._ask(lambda counts, limit=limit, key=key: counts.hit(limit, PREFIX, key))  # type: ignore[misc]


def _keys(email: str) -> list[tuple[RateLimitItem, str]]:
    """Return what is counted. Hashed: no address of a person stands in a Redis key."""
    address = request.remote_addr or "-"
    both = hashlib.blake2b(f"{address} {email.strip().lower()}".encode(errors="replace"), digest_size=16).hexdigest()
    return [
        (PER_ACCOUNT_AND_ADDRESS, both),
        (PER_ADDRESS, hashlib.blake2b(address.encode(), digest_size=16).hexdigest()),
    ]


def init_app(app: Flask) -> None:
    """Keep the counts with the application."""
    app.extensions[EXTENSION] = Failures(app.extensions["hms"].redis_url)


def failures() -> Failures:
    """The counts of the present application."""
    counts: Failures = current_app.extensions[EXTENSION]
    return counts
