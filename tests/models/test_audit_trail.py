"""What was done stays written: the database itself refuses to change the audit trail."""

from datetime import time

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.models import AuditEvent
from tests.scenes import clinic


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET actor_name = 'Nobody'",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
        "TRUNCATE hospitals CASCADE",
    ],
)
def test_the_audit_trail_is_only_added_to(session: Session, statement: str) -> None:
    here = clinic(session)
    here.book(here.doctor(), here.patient(), time(10))
    with pytest.raises(sa.exc.IntegrityError, match="the audit trail is append-only"):
        session.execute(sa.text(statement))
    session.rollback()
    assert here.count(AuditEvent) == 1
