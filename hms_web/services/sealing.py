"""Keeping a credential that has to be read again: encrypted in the database under a key that SECRET_KEY gives."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32


def _cipher(secret: str, purpose: str) -> Fernet:
    derived = HKDF(SHA256(), _KEY_BYTES, salt=None, info=f"hms {purpose}".encode()).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def seal(secret: str, purpose: str, text: str) -> bytes:
    """Return `text` encrypted; `purpose` keeps apart what is sealed for different ends."""
    return _cipher(secret, purpose).encrypt(text.encode())


def unseal(secret: str, purpose: str, sealed: bytes) -> str | None:
    """Return what was sealed, or None when it was sealed under another secret or has been changed."""
    try:
        return _cipher(secret, purpose).decrypt(sealed).decode()
    except InvalidToken:
        return None
