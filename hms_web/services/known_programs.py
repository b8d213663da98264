"""Programs that an account is known to have: those that hold a token of its, also one that has ended not long ago."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hms_web.models import ApiToken, User
from hms_web.services import passwords

KNOWN_FOR = timedelta(days=30)
"""So long after its end a token still tells whose program shows it; it opens nothing any more."""


def known(session: Session, email: str, token: str, *, now: datetime) -> str | None:
    """Return the number of a program that shows a token of the account with this address, else None.

    A revoked token is none, nor one from before a new password: both are gone (docs/decisions/0201).
    """
    query = select(ApiToken.id).join(User, User.id == ApiToken.user_id)
    mine = func.lower(User.email) == email.strip().lower(), ApiToken.token_hash == passwords.secret_hash(token)
    found = session.scalar(query.where(*mine, ApiToken.expires_at > now - KNOWN_FOR))
    return f"program {found}" if found else None
