"""What the database keeps and cannot know: credentials encrypted, and statements signed, under keys that SECRET_KEY
gives.

While SECRET_KEY is exchanged there are several: the first one seals and signs, and what any of them has sealed or
signed is taken.
"""

import base64
import hashlib
import hmac
from typing import TypeAlias

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SecretKeys: TypeAlias = str | tuple[str, ...]
"""SECRET_KEY, or that and after it those that are taken beside it."""
SECRET_KEYS = "SECRET_KEYS"  # noqa: S105 a name
"""Where the application keeps them."""
_KEY_BYTES = 32


def _keys(secret: SecretKeys, purpose: str) -> list[bytes]:
    info = f"hms {purpose}".encode()
    secrets = (secret,) if isinstance(secret, str) else secret
    return [HKDF(SHA256(), _KEY_BYTES, salt=None, info=info).derive(one.encode()) for one in secrets]


def _cipher(keys: list[bytes]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def seal(secret: SecretKeys, purpose: str, text: str) -> bytes:
    """Return `text` encrypted; `purpose` keeps apart what is sealed for different ends."""
    return _cipher(_keys(secret, purpose)).encrypt(text.encode())


def unseal(secret: SecretKeys, purpose: str, sealed: bytes) -> str | None:
    """Return what was sealed, or None when it was sealed under another secret or has been changed."""
    try:
        return _cipher(_keys(secret, purpose)).decrypt(sealed).decode()
    except InvalidToken:
        return None


def is_present(secret: SecretKeys, purpose: str, sealed: bytes) -> bool:
    """Whether something was sealed under the first of the keys."""
    try:
        _cipher(_keys(secret, purpose)[:1]).decrypt(sealed)
    except InvalidToken:
        return False
    return True


def sign(secret: SecretKeys, purpose: str, statement: bytes) -> bytes:
    """Return the HMAC-SHA256 of a statement, 32 bytes."""
    return _signature(_keys(secret, purpose)[0], statement)


def is_signed(secret: SecretKeys, purpose: str, statement: bytes, signature: bytes) -> bool:
    """Whether a statement was signed under one of the keys; asked in constant time."""
    return any(hmac.compare_digest(_signature(key, statement), signature) for key in _keys(secret, purpose))


def _signature(key: bytes, statement: bytes) -> bytes:
    return hmac.digest(key, statement, hashlib.sha256)
