"""Failed sign-ins are written down where their account is, and nowhere else, and fill no trail."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.refusals import Code
from hms_web.models import AuditEvent, User
from hms_web.services import audit, failed_sign_ins, unit_of_work
from hms_web.services.failed_sign_ins import Failure
from tests.scenes import NOW, Clinic

EMAIL = "desk@city.test"


@pytest.fixture
def desk(here: Clinic) -> User:
    """The receptionist, with an address."""
    user = here.session.get_one(User, here.actor.user_id)
    user.email = EMAIL
    here.session.commit()
    return user


def fail(here: Clinic, minutes: float = 0, email: str = EMAIL, failure: Failure = Failure.PASSWORD) -> int:
    """Fail to sign in; return how many failures are written down by then."""
    failed_sign_ins.note(here.session, email, failure, now=NOW + timedelta(minutes=minutes))
    return here.session.scalar(sa.select(sa.func.count()).where(AuditEvent.action.in_(list(Failure)))) or 0


def test_each_kind_is_written_once_within_a_quarter_of_an_hour(here: Clinic, desk: User) -> None:
    assert fail(here) == fail(here, 14.9, f" {EMAIL.upper()} ") == 1
    assert fail(here, 15) == 2
    assert fail(here, 15, failure=Failure.CODE) == 3
    assert fail(here, 15, failure=Failure.TOO_MANY) == 4
    event = here.session.scalars(sa.select(AuditEvent).order_by(AuditEvent.at)).first()
    assert event is not None
    assert (event.hospital_id, event.record_id, event.action) == (desk.hospital_id, desk.id, "user.sign_in_failed")
    assert (event.actor_id, event.actor_name, event.details) == (None, "System", {}), "nobody knows who it was"


@pytest.mark.parametrize("email", ["nobody@city.test", "", "nul\0", "half \ud800"])
def test_an_address_that_is_no_accounts_is_written_nowhere(here: Clinic, desk: User, email: str) -> None:
    assert fail(here, email=email) == 0


def test_what_is_refused_after_the_right_password_is_no_failure(here: Clinic, desk: User) -> None:
    failed_sign_ins.refused(here.session, EMAIL, Code.SECOND_FACTOR_NEEDED, now=NOW)
    assert here.count(AuditEvent) == 0
    failed_sign_ins.refused(here.session, EMAIL, Code.WRONG_CODE, now=NOW)
    assert here.count(AuditEvent, action="user.sign_in_code_wrong") == 1


@pytest.mark.parametrize("error", [unit_of_work.Busy(), sa.exc.OperationalError("", {}, Exception())])
def test_a_trail_that_cannot_be_written_is_no_other_answer(
    here: Clinic, desk: User, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def failing(*_given: object, **_named: object) -> None:
        raise error

    said: list[dict[str, object]] = []
    monkeypatch.setattr(audit, "record", failing)
    monkeypatch.setattr(failed_sign_ins.log, "error", lambda event, **named: said.append({"event": event, **named}))
    assert fail(here) == 0
    told = {"event": "sign_in_not_audited", "failure": "user.sign_in_failed", "error": type(error).__name__}
    assert said == [told]


def test_an_unknown_address_costs_the_database_what_a_known_one_does(
    here: Clinic, desk: User, engine: sa.Engine
) -> None:
    asked: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    sa.event.listen(engine, "before_cursor_execute", listen)
    try:
        for email in (EMAIL, EMAIL, "nobody@city.test"):
            failed_sign_ins.note(here.session, email, Failure.PASSWORD, now=NOW)
            asked.append("")
    finally:
        sa.event.remove(engine, "before_cursor_execute", listen)
    first, again, nobodys = "\n".join(asked).strip().split("\n\n")
    assert first == again == nobodys
    assert "INSERT INTO audit_events" in first
    assert here.count(AuditEvent, action=Failure.PASSWORD) == 1


def test_where_there_is_no_hospital_nothing_is_written(session: Session) -> None:
    failed_sign_ins.note(session, EMAIL, Failure.PASSWORD, now=NOW)
    assert session.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) == 0
