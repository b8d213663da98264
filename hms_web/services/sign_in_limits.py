"""Slows down whoever fails to sign in again and again, and never keeps the rightful person out from elsewhere.

A try is counted before the password is looked at, so that tries at the same time cannot pass together, and is given
back unless it was a failure. Pages and API share the counts, which are kept on Redis, for all processes together; when
Redis is gone each process counts for itself, so that the limit never falls away.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from limits import parse

from hms_web.domain.refusals import Refused
from hms_web.services.counting import Count, Counter, hashed

EXTENSION = "hms_sign_in_limits"
PREFIX = "hms-sign-in"
WAIT_SECONDS = 900
PER_ACCOUNT_AND_ADDRESS = parse("10 per 15 minutes")
# Many people may share an address. Once as many as these have failed from one, an account is allowed fewer failures
# from there; nobody is refused who has not failed themselves.
PER_ADDRESS = parse("100 per 15 minutes")
FEWER = 3


class TooManyAttempts(Exception):
    """There were too many failures; WAIT_SECONDS later it can be tried again."""


class SignInLimits:
    """Counts failures, on Redis while it answers and in memory while it does not."""

    def __init__(self, redis_url: str) -> None:
        self._counter = Counter(redis_url, PREFIX)

    @contextmanager
    def counted(self, email: str, address: str) -> Iterator[None]:
        """Count the try that is made inside; it stays counted when that is refused. Raises TooManyAttempts."""
        both, alone = _counts(email, address)
        storage, (failed, failed_there) = self._counter.add(both, alone)
        if failed > PER_ACCOUNT_AND_ADDRESS.amount or (failed_there > PER_ADDRESS.amount and failed > FEWER):
            self._counter.give_back(storage, alone)
            raise TooManyAttempts
        try:
            yield
        except Refused:
            raise
        except BaseException:
            self._counter.give_back(storage, both, alone)
            raise
        else:
            self._counter.give_back(storage, both, alone)


def _counts(email: str, address: str) -> tuple[Count, Count]:
    both = hashed(f"{address} {email.strip().lower()}")
    return (PER_ACCOUNT_AND_ADDRESS, both), (PER_ADDRESS, hashed(address))
