"""Gives the account with which the product runs what it needs of the database, and nothing of what its owner may.

The owner of the tables can switch their triggers off. Whoever runs as another account cannot, and the audit trail is
then closed to changes by a right as well as by a trigger (docs/decisions/0203).
"""

import re

from sqlalchemy import text
from sqlalchemy.orm import Session

from hms_web.domain.refusals import InvalidInput
from hms_web.services import unit_of_work

ADDED_TO_ONLY = "audit_events, audit_links"
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_RIGHTS = (
    "GRANT USAGE ON SCHEMA public TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
    f"REVOKE UPDATE, DELETE ON {ADDED_TO_ONLY} FROM {{role}}",
    "REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role}",
)
_FITS = """
    SELECT NOT (r.rolsuper OR r.rolcreaterole OR pg_has_role(r.oid, c.relowner, 'MEMBER'))
      FROM pg_roles r, pg_class c WHERE r.rolname = :role AND c.oid = 'audit_events'::regclass
"""


def grant(session: Session, role: str) -> None:
    """Give an account of the database the rights to run the product; again after each upgrade, for new tables.

    Raises InvalidInput for a name that is none, an account that is not there, and one that owns the tables or may make
    itself who does.
    """
    if not _NAME.fullmatch(role):
        raise InvalidInput([("role", "Use small letters, digits and underscores.")])

    def work() -> None:
        fits = session.scalar(text(_FITS), {"role": role})
        if fits is None:
            raise InvalidInput([("role", "There is no such account in the database.")])
        if not fits:
            raise InvalidInput([("role", "This account owns the tables, or may make itself who does.")])
        for right in _RIGHTS:
            session.execute(text(right.format(role=f'"{role}"')))

    unit_of_work.run(session, work)
