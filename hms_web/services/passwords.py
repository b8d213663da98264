"""Hashing passwords with Argon2id, and secrets of our own that need no slow hash."""

import hashlib
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hms_web.domain.passwords import LONGEST, normal
from hms_web.domain.validation import is_storable

_hasher = PasswordHasher()


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe())


def hash_password(password: str) -> str:
    """Return what is stored of a password."""
    return _hasher.hash(normal(password))


def is_right(stored: str | None, password: str) -> bool:
    """Whether a password is the stored one; without a stored one it takes as long, and the answer is no."""
    nobodys = _nobodys_hash()
    usable = is_storable(password) and len(normal(password)) <= LONGEST
    try:
        _hasher.verify(stored or nobodys, normal(password) if usable else "")
    except (VerificationError, InvalidHashError):
        return False
    return usable and stored is not None


def is_outdated(stored: str) -> bool:
    """Whether a stored hash was made with weaker settings than today's."""
    return _hasher.check_needs_rehash(stored)


def new_secret() -> str:
    """Return 256 random bits for a session, a token or a link."""
    return secrets.token_urlsafe(32)


def secret_hash(secret: str) -> str:
    """Return what is stored of such a secret. It is random, so a plain SHA-256 tells nobody anything."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
