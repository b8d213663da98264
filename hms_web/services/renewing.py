"""Encrypts anew, under SECRET_KEY, what was encrypted under a key that is to go (operations.md, Exchanging keys)."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hms_web.models import MessageProvider, SecondFactor
from hms_web.services import providers, sealing, second_factors, unit_of_work
from hms_web.services.sealing import SecretKeys


@dataclass(frozen=True, slots=True)
class Renewed:
    """How many addresses of providers and second factors were encrypted anew, and how many of both no key opens."""

    addresses: int
    factors: int
    unreadable: int


def renew(session: Session, *, secret: SecretKeys) -> Renewed:
    """Encrypt anew, in all hospitals, what the first of the keys does not open and another one does."""

    def work() -> Renewed:
        addresses = factors = unreadable = 0
        for provider in session.scalars(select(MessageProvider).with_for_update()):
            again = _again(secret, providers.PURPOSE, provider.url_encrypted)
            addresses += again is not None and again != provider.url_encrypted
            unreadable += again is None
            provider.url_encrypted = again or provider.url_encrypted
        for factor in session.scalars(select(SecondFactor).with_for_update()):
            again = _again(secret, second_factors.PURPOSE, factor.secret_encrypted)
            factors += again is not None and again != factor.secret_encrypted
            unreadable += again is None
            factor.secret_encrypted = again or factor.secret_encrypted
        return Renewed(addresses, factors, unreadable)

    return unit_of_work.run(session, work)


def _again(secret: SecretKeys, purpose: str, sealed: bytes) -> bytes | None:
    """What is to be kept instead of `sealed`, which may be itself; None where no key opens it."""
    if sealing.is_present(secret, purpose, sealed):
        return sealed
    text = sealing.unseal(secret, purpose, sealed)
    return None if text is None else sealing.seal(secret, purpose, text)
