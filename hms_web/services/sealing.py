"""What the database keeps and cannot know: credentials encrypted, and statements signed, under keys that SECRET_KEY
gives.
"""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_BYTES = 32


def _key(secret: str, purpose: str) -> bytes:
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=f"hms {purpose}".encode()).derive(secret.encode())


def _cipher(secret: str, purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_key(secret, purpose)))


def seal(secret: str, purpose: str, text: str) -> bytes:
    """Return `text` encrypted; `purpose` keeps apart what is sealed for different ends."""
    return _cipher(secret, purpose).encrypt(text.encode())


def unseal(secret: str, purpose: str, sealed: bytes) -> str | None:
    """Return what was sealed, or None when it was sealed under another secret or has been changed."""
    try:
        return _cipher(secret, purpose).decrypt(sealed).decode()
    except InvalidToken:
        return None


def sign(secret: str, purpose: str, statement: bytes) -> bytes:
    """Return the HMAC-SHA256 of a statement, 32 bytes."""
    return hmac.digest(_key(secret, purpose), statement, hashlib.sha256)


def is_signed(secret: str, purpose: str, statement: bytes, signature: bytes) -> bool:
    """Whether a statement was signed under this secret; asked in constant time."""
    return hmac.compare_digest(sign(secret, purpose, statement), signature)
