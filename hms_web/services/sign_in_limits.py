"""Slows down whoever fails to sign in again and again, and never keeps the rightful person out.

Failures are counted per account and address, per address, and per account in all. A browser in which the account has
signed in before is counted by itself alone: however much others fail, behind the same address or all over the world,
it stays open. Who sets a password with a one-time link has such a browser from then on, and a program that shows a
token of the account is one too.
A try is counted before the password is looked at, so that tries at the same time cannot pass together, and is given
back unless it was a failure. Pages and API share the counts, which are kept on Redis, for all processes together; when
Redis is gone each process counts for itself, so that the limit never falls away.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from limits import parse
from limits.storage import Storage

from hms_web.domain.refusals import Code, Refused
from hms_web.domain.second_factor import recovery_code
from hms_web.services.counting import Count, Counter, hashed, sender

EXTENSION = "hms_sign_in_limits"
PREFIX = "hms-sign-in"
WAIT_SECONDS = 900
PER_ACCOUNT_AND_ADDRESS = parse("10 per 15 minutes")
# Many people may share an address. Once as many as these have failed from one, an account is allowed fewer failures
# from there; nobody is refused who has not failed themselves.
PER_ADDRESS = parse("100 per 15 minutes")
FEWER = 3
# Guesses from a great many addresses: an account is then open to the browsers that are known to it.
PER_ACCOUNT = parse("100 per hour")
# Codes of a second factor, after the right password: of a million possible ones three are right at a time.
CODES = parse("10 per hour")
# Refused after the right password, and no guess.
NO_FAILURES = frozenset({Code.SECOND_FACTOR_NEEDED, Code.SECOND_FACTOR_TO_SET_UP})


class TooManyAttempts(Exception):
    """There were too many failures; WAIT_SECONDS later it can be tried again."""


class SignInLimits:
    """Counts failures, on Redis while it answers and in memory while it does not."""

    def __init__(self, redis_url: str) -> None:
        self._counter = Counter(redis_url, PREFIX)

    @contextmanager
    def counted(self, email: str, address: str, *, device: str | None = None) -> Iterator[None]:
        """Count the try that is made inside; it stays counted when that is refused. Raises TooManyAttempts.

        `device` is the number of a browser or program that is known to the account.
        """
        own, *wider = _counts(email, address, device)
        storage, (failed, *others) = self._counter.add(own, *wider)
        failed_there, failed_anywhere = others or (0, 0)
        is_guessed = failed_there > PER_ADDRESS.amount and failed > FEWER
        if failed > PER_ACCOUNT_AND_ADDRESS.amount or is_guessed or failed_anywhere > PER_ACCOUNT.amount:
            self._counter.give_back(storage, *wider)
            raise TooManyAttempts
        with self._kept(storage, _is_failure, own, *wider):
            yield

    @contextmanager
    def counted_code(self, email: str, code: str, *, device: str | None = None) -> Iterator[None]:
        """Count a try of a second factor's code in the same way. Raises TooManyAttempts.

        What a known `device` tries is counted by itself here too: whoever has the password and not the phone uses up
        nobody's tries but those of strangers. A recovery code cannot be guessed and is not counted: with one the
        rightful person always gets in.
        """
        if recovery_code(code) is not None:
            yield
            return
        account = email.strip().lower()
        count = (CODES, hashed(f"code {account}" if device is None else f"code {device} {account}"))
        storage, (tried,) = self._counter.add(count)
        if tried > CODES.amount:
            self._counter.give_back(storage, count)
            raise TooManyAttempts
        with self._kept(storage, lambda code: code is Code.WRONG_CODE, count):
            yield

    @contextmanager
    def _kept(self, storage: Storage, is_failure: Callable[[Code], bool], *counts: Count) -> Iterator[None]:
        """Give the counts back unless what is done inside is refused for a reason that `is_failure`."""
        is_kept = False
        try:
            yield
        except Refused as error:
            is_kept = is_failure(error.refusal.code)
            raise
        finally:
            if not is_kept:
                self._counter.give_back(storage, *counts)


def _is_failure(code: Code) -> bool:
    return code not in NO_FAILURES


def _counts(email: str, address: str, device: str | None) -> tuple[Count, ...]:
    account = email.strip().lower()
    if device is not None:
        return ((PER_ACCOUNT_AND_ADDRESS, hashed(f"device {device} {account}")),)
    place = sender(address)
    return (
        (PER_ACCOUNT_AND_ADDRESS, hashed(f"{place} {account}")),
        (PER_ADDRESS, hashed(place)),
        (PER_ACCOUNT, hashed(f"account {account}")),
    )
