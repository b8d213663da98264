"""Who asks, and something else together with it: the two questions that stand before every request, written out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from sqlalchemy import TextClause, text


@dataclass(frozen=True, slots=True)
class Also:
    """Something else to ask together with the question who asks: an expression of SQL of our own, over the hospital's
    row `h` and `:now`, which answers with text; `given` are its other values.
    """

    expression: str
    given: Mapping[str, object] = field(default_factory=dict)


NOTHING_ELSE = Also("NULL")


# Who has been deactivated is nobody.
_ASKED = """
    SELECT u.id AS user_id, u.hospital_id, u.name, u.email, u.role, u.language, h.name AS hospital_name, h.timezone,
           d.id AS doctor_id, {columns}
      FROM {table} held JOIN users u ON u.id = held.user_id JOIN hospitals h ON h.id = u.hospital_id
      LEFT JOIN doctors d ON d.user_id = u.id
     WHERE held.token_hash = :hash AND held.expires_at > :now AND u.is_active {more}
"""


def of_session(also: Also) -> TextClause:
    """Return the question whose a browser's session is: over its `:hash`, `:now` and `:seen_since`."""
    return _written(
        "login_sessions",
        f"held.id AS session_id, held.last_seen_at, held.expires_at, {also.expression} AS told",
        "AND held.last_seen_at > :seen_since AND NOT held.awaits_factor",
    )


def of_token(also: Also) -> TextClause:
    """Return the question whose a bearer token is: over its `:hash` and `:now`."""
    return _written(
        "api_tokens", f"held.id AS token_id, held.expires_at, held.last_used_at, {also.expression} AS told", ""
    )


@cache
def _written(table: str, columns: str, more: str) -> TextClause:
    return text(_ASKED.format(table=table, columns=columns, more=more))
