"""Carries out a request once, however often it is sent (api.md, Retries)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from cryptography.fernet import Fernet, MultiFernet
from flask import current_app, request
from pydantic import BaseModel
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.services import idempotency
from hms_web.services.idempotency import Answer
from hms_web.services.sealing import SECRET_KEYS

HEADER = "Idempotency-Key"
SEALED = "sealed"


def once(
    session: Session, actor: Actor, body: BaseModel | None, work: Callable[[], Answer], *, now: datetime
) -> Answer:
    """Return the first answer given under the request's Idempotency-Key, refusals included.

    An answer is kept sealed: it can hold a link that lets its bearer set a password. Raises Refused
    IDEMPOTENCY_KEY_REUSED for another body, InvalidInput for a key that is none.
    """
    key = request.headers[HEADER]

    def sealed() -> Answer:
        answer = work()
        return Answer(answer.status, {SEALED: _seal(answer.body)})

    kept = idempotency.once(session, actor, key, _fingerprints(body), sealed, now=now)
    return Answer(kept.status, _open(kept.body[SEALED]))


def _secrets() -> list[bytes]:
    return [key.encode() for key in current_app.config[SECRET_KEYS]]


def _fingerprints(body: BaseModel | None) -> tuple[str, ...]:
    """Tell two requests apart by method, path and body. Keyed, because a body can hold a password: one for each key."""
    sent = body.model_dump(mode="json", by_alias=True, exclude_unset=True) if body else None
    words = json.dumps([request.method, request.path, sent], sort_keys=True)
    return tuple(hmac.new(secret, words.encode(), hashlib.sha256).hexdigest() for secret in _secrets())


def _cipher() -> MultiFernet:
    keys = [hashlib.sha256(b"hms answers " + secret).digest() for secret in _secrets()]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def _seal(body: dict[str, Any]) -> str:
    return _cipher().encrypt(json.dumps(body).encode()).decode()


def _open(sealed: str) -> dict[str, Any]:
    opened: dict[str, Any] = json.loads(_cipher().decrypt(sealed.encode()))
    return opened
