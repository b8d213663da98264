"""Opening a hospital."""

import pytest
from sqlalchemy.orm import Session

from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import AuditEvent, Hospital, User
from hms_web.services import hospitals, identity
from tests.scenes import NOW, Clinic

PASSWORD = "four words of mine"


def open_one(session: Session, name: str = "City", email: str = "admin@city.test") -> hospitals.CreatedHospital:
    return hospitals.create_hospital(session, name, "Asia/Kolkata", email, PASSWORD, now=NOW)


def test_a_hospital_opens_with_an_admin_who_can_sign_in(session: Session) -> None:
    made = open_one(session)
    secret = identity.sign_in(session, "admin@city.test", PASSWORD, now=NOW)
    who = identity.actor_of_session(session, secret, now=NOW)
    assert who is not None
    assert (who.actor.hospital_id, who.actor.role, who.hospital_name) == (made.id, Role.ADMIN, "City")


@pytest.mark.parametrize(
    ("name", "zone", "email", "password", "fields"),
    [
        ("", "Mars", "a@b", PASSWORD, ["name", "timezone"]),
        ("City", "Asia/Kolkata", "nobody", "short", ["email", "password"]),
    ],
)
def test_what_is_wrong_leaves_nothing_behind(
    session: Session, name: str, zone: str, email: str, password: str, fields: list[str]
) -> None:
    with pytest.raises(InvalidInput) as caught:
        hospitals.create_hospital(session, name, zone, email, password, now=NOW)
    assert [field for field, _ in caught.value.errors] == fields
    assert session.query(Hospital).count() == session.query(User).count() == session.query(AuditEvent).count() == 0


def test_a_taken_address_leaves_no_hospital_behind(session: Session) -> None:
    open_one(session)
    with pytest.raises(Refused) as caught:
        open_one(session, "Other")
    assert caught.value.refusal.code is Code.EMAIL_TAKEN
    assert session.query(Hospital).count() == 1


def test_a_hospital_is_found_by_its_name_if_only_one_has_it(session: Session) -> None:
    made = open_one(session)
    assert hospitals.by_name(session, "City").hospital_id == made.id
    with pytest.raises(InvalidInput, match="no such"):
        hospitals.by_name(session, "Town")
    open_one(session, email="other@city.test")
    with pytest.raises(InvalidInput, match="Several"):
        hospitals.by_name(session, "City")


def test_what_the_product_does_itself_is_nobodys(here: Clinic) -> None:
    actor = hospitals.by_name(here.session, "Test Clinic")
    assert (actor.user_id, actor.role, actor.name) == (None, None, "System")
