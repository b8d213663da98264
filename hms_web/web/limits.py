"""Failed sign-ins are slowed down, per account and address; successful ones never count.

The counts are kept in Redis, for all processes together. Without Redis each process counts for itself, so that the
limit never falls away.
"""

import hashlib

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from hms_web.config import Settings

PER_ACCOUNT_AND_ADDRESS = "10 per 15 minutes"
PER_ADDRESS = "100 per 15 minutes"
FAILED = 422
GUARDED = "sign_in.submit"


def init_app(app: Flask) -> None:
    """Guard the sign-in form.

    An account is counted together with the address, so that nobody can lock a colleague out from elsewhere.
    """
    settings: Settings = app.extensions["hms"]
    limiter = Limiter(
        get_remote_address,
        app=app,
        storage_uri=settings.redis_url,
        storage_options={"socket_connect_timeout": 1, "socket_timeout": 1},
        in_memory_fallback_enabled=True,
        key_prefix="hms",
    )
    for amount, key in ((PER_ACCOUNT_AND_ADDRESS, _account_and_address), (PER_ADDRESS, get_remote_address)):
        limited = limiter.limit(amount, key_func=key, deduct_when=_has_failed)
        app.view_functions[GUARDED] = limited(app.view_functions[GUARDED])  # type: ignore[assignment]


def _account_and_address() -> str:
    email = request.form.get("email", "").strip().lower()
    # Hashed: no address of a person stands in a Redis key.
    return hashlib.blake2b(f"{get_remote_address()} {email}".encode(errors="replace"), digest_size=16).hexdigest()


def _has_failed(response: Response) -> bool:
    return response.status_code == FAILED
