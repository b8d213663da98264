"""The session that requests ask with: as long as it only reads, nothing of it needs a transaction."""

from functools import lru_cache
from typing import Any

from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

ONLY_READS = "hms_only_reads"
"""The name in `session.info` under which a session is told that it only reads."""


class ReadingSession(Session):
    """Begins no transaction while it is told that it only reads, which saves two round trips."""

    def get_bind(self, *args: Any, **wanted: Any) -> Engine | Connection:  # noqa: ANN401 SQLAlchemy's own form
        """Return what the session asks; one that only reads asks without a transaction."""
        bind = super().get_bind(*args, **wanted)
        return _without_transactions(bind) if self.info.get(ONLY_READS) and isinstance(bind, Engine) else bind

    def close(self) -> None:
        """Let go of connection and objects; nothing is to be done for a session that has had none, as most have."""
        if self.in_transaction() or self.identity_map or self.new or self.deleted:
            super().close()

    def pooled(self) -> Engine | None:
        """Return the engine from whose pool it has its connections; None for one over a connection of somebody's."""
        bind = super().get_bind()
        return bind if isinstance(bind, Engine) else None


class RequestSession(ReadingSession, FlaskSession):
    """The same, with the engine of the Flask application."""


@lru_cache(maxsize=8)
def _without_transactions(engine: Engine) -> Engine:
    # One for each engine: to the session two would be two databases.
    return engine.execution_options(isolation_level="AUTOCOMMIT")
