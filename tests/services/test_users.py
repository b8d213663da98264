"""Adding and changing the people who sign in, and the links with which they set a password."""

from datetime import time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Role
from hms_web.domain.messages import MessageEvent
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import ApiToken, AuditEvent, Doctor, LoginSession, Notification, User
from hms_web.services import identity, users
from hms_web.services.users import NewUser, UserChange
from tests.scenes import NOW, Clinic

PASSWORD = "four words of mine"


def add(
    here: Clinic, name: str = "Nina", role: Role = Role.NURSE, password: str | None = PASSWORD
) -> users.CreatedUser:
    wanted = NewUser(name, f"{name.lower()}@city.test", role, password)
    return users.create(here.session, here.admin, wanted, now=NOW)


def refused(call: object) -> Code:
    with pytest.raises(Refused) as caught:
        call()  # type: ignore[operator]
    return caught.value.refusal.code


def fields(call: object) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        call()  # type: ignore[operator]
    return [field for field, _ in caught.value.errors]


def change(here: Clinic, user_id: UUID | None, **wanted: object) -> users.UserView:
    assert user_id is not None
    given: dict[str, Any] = wanted
    return users.change(here.session, here.admin, user_id, UserChange(**given), now=NOW)


def test_a_user_with_a_password_can_sign_in(here: Clinic) -> None:
    made = add(here)
    assert made.link is None
    assert made.user.has_password
    assert (made.user.name, made.user.email, made.user.role) == ("Nina", "nina@city.test", Role.NURSE)
    assert identity.sign_in(here.session, "nina@city.test", PASSWORD, now=NOW)
    events = here.session.scalars(
        sa.select(AuditEvent).where(AuditEvent.record_id == made.user.id).order_by(AuditEvent.id)
    ).all()
    assert [event.action for event in events] == ["user.created", "user.signed_in"]
    assert events[0].actor_id == here.admin.user_id


def test_a_user_without_a_password_gets_a_link_to_set_one_once(here: Clinic) -> None:
    made = add(here, password=None)
    assert made.link is not None
    assert not made.user.has_password
    assert made.link.expires_at == NOW + timedelta(days=3)
    assert users.link_is_valid(here.session, made.link.token, now=NOW)
    users.set_password_by_link(here.session, made.link.token, PASSWORD, now=NOW)
    assert identity.sign_in(here.session, "nina@city.test", PASSWORD, now=NOW)
    assert not users.link_is_valid(here.session, made.link.token, now=NOW)
    again = lambda: users.set_password_by_link(here.session, made.link.token, PASSWORD, now=NOW)  # noqa: E731
    assert refused(again) is Code.LINK_EXPIRED
    assert here.count(AuditEvent, record_id=made.user.id, action="user.password_set") == 1


def test_a_link_ends_when_it_is_too_old_or_followed_by_another(here: Clinic) -> None:
    first = add(here, password=None)
    assert first.link is not None
    assert not users.link_is_valid(here.session, first.link.token, now=first.link.expires_at)
    late = lambda: users.set_password_by_link(here.session, first.link.token, PASSWORD, now=first.link.expires_at)  # noqa: E731
    assert refused(late) is Code.LINK_EXPIRED
    second = users.new_link(here.session, here.admin, first.user.id, now=NOW)
    assert not users.link_is_valid(here.session, first.link.token, now=NOW)
    assert users.link_is_valid(here.session, second.token, now=NOW)
    assert refused(lambda: users.new_link(here.session, here.admin, uuid4(), now=NOW)) is Code.USER_NOT_FOUND


def test_a_password_set_by_link_has_to_be_good_and_ends_older_sessions(here: Clinic) -> None:
    made = add(here)
    secret = identity.sign_in(here.session, made.user.email, PASSWORD, now=NOW)
    link = users.new_link(here.session, here.admin, made.user.id, now=NOW)
    assert fields(lambda: users.set_password_by_link(here.session, link.token, "short", now=NOW)) == ["password"]
    users.set_password_by_link(here.session, link.token, "another four words", now=NOW)
    assert identity.actor_of_session(here.session, secret, now=NOW) is None


def test_an_address_belongs_to_one_user_of_all_hospitals(here: Clinic, elsewhere: Clinic) -> None:
    add(here)
    wanted = NewUser("Nina", " NINA@City.test", Role.NURSE, PASSWORD)
    assert refused(lambda: users.create(elsewhere.session, elsewhere.admin, wanted, now=NOW)) is Code.EMAIL_TAKEN


def test_everything_wrong_with_a_new_user_is_said_at_once(here: Clinic) -> None:
    wanted = NewUser("12", "nobody", Role.DOCTOR, "short")
    wrong = fields(lambda: users.create(here.session, here.admin, wanted, now=NOW))
    assert wrong == ["name", "email", "password", "role"]


def test_users_are_listed_by_name_a_page_at_a_time(here: Clinic, elsewhere: Clinic) -> None:
    doctor_id = here.doctor()
    add(here, "Zoe")
    names: list[str] = []
    cursor = None
    while True:
        page = users.list_users(here.session, here.admin, limit=2, cursor=cursor)
        names += [user.name for user in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert names == ["Admin", "Dr. 001", "Reception 1", "Reception 2", "Zoe"]
    everybody = users.list_users(here.session, here.admin).items
    assert [user.doctor_id for user in everybody if user.role is Role.DOCTOR] == [doctor_id]
    assert len(users.list_users(elsewhere.session, elsewhere.admin).items) == 3


def test_users_are_found_by_words_of_the_name_and_the_address(here: Clinic, elsewhere: Clinic) -> None:
    add(here, "Zoe")
    users.create(here.session, here.admin, NewUser("Zoe Adams", "z_a@city.test", Role.NURSE, PASSWORD), now=NOW)
    users.create(elsewhere.session, elsewhere.admin, NewUser("Zoe B", "zb@else.test", Role.NURSE, PASSWORD), now=NOW)

    def names(q: str) -> list[str]:
        return [user.name for user in users.list_users(here.session, here.admin, q=q).items]

    assert names("zoe") == ["Zoe", "Zoe Adams"]
    assert names("  ADAMS city.test ") == ["Zoe Adams"]
    assert names("z_a@") == ["Zoe Adams"], "a sign of a pattern means itself"
    assert names("%") == names("nobody") == []
    first = users.list_users(here.session, here.admin, q="city.test", limit=1)
    rest = users.list_users(here.session, here.admin, q="city.test", limit=1, cursor=first.next_cursor)
    assert [user.name for user in (*first.items, *rest.items)] == ["Zoe", "Zoe Adams"]
    assert rest.next_cursor is None
    assert fields(lambda: names("a\0b")) == ["q"]


def test_another_hospitals_user_does_not_exist(here: Clinic, elsewhere: Clinic) -> None:
    assert here.actor.user_id is not None
    found = users.get(here.session, here.admin, here.actor.user_id)
    assert found.name == "Reception 1"
    assert refused(lambda: users.get(here.session, elsewhere.admin, found.id)) is Code.USER_NOT_FOUND
    assert refused(lambda: change(elsewhere, found.id, name="Mine")) is Code.USER_NOT_FOUND
    assert refused(lambda: change(here, uuid4(), name="Mine")) is Code.USER_NOT_FOUND


def test_a_change_is_written_with_what_changed(here: Clinic) -> None:
    made = add(here)
    changed = change(here, made.user.id, name="  Nina Simone ", role=Role.RECEPTIONIST)
    assert (changed.name, changed.role) == ("Nina Simone", Role.RECEPTIONIST)
    event = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "user.changed")).one()
    assert event.details == {
        "changes": {
            "name": {"from": "Nina", "to": "Nina Simone"},
            "role": {"from": "NURSE", "to": "RECEPTIONIST"},
        }
    }


def test_a_change_of_nothing_is_not_written(here: Clinic) -> None:
    made = add(here)
    assert change(here, made.user.id, name="Nina", is_active=True) == made.user
    assert change(here, made.user.id) == made.user
    assert here.count(AuditEvent, action="user.changed") == 0


@pytest.mark.parametrize("wanted", [{"role": Role.RECEPTIONIST}, {"is_active": False}])
def test_a_new_role_or_a_deactivation_ends_sessions_and_tokens(here: Clinic, wanted: dict[str, object]) -> None:
    made = add(here)
    identity.sign_in(here.session, made.user.email, PASSWORD, now=NOW)
    identity.issue_token(here.session, made.user.email, PASSWORD, now=NOW)
    change(here, made.user.id, name="Nina Simone")
    assert here.count(LoginSession, user_id=made.user.id) == here.count(ApiToken, user_id=made.user.id) == 1
    change(here, made.user.id, **wanted)
    assert here.count(LoginSession, user_id=made.user.id) == here.count(ApiToken, user_id=made.user.id) == 0


def test_the_last_active_admin_stays_one(here: Clinic) -> None:
    assert refused(lambda: change(here, here.admin.user_id, is_active=False)) is Code.LAST_ADMIN
    assert refused(lambda: change(here, here.admin.user_id, role=Role.NURSE)) is Code.LAST_ADMIN
    second = add(here, "Berta", Role.ADMIN)
    change(here, here.admin.user_id, role=Role.NURSE)
    assert refused(lambda: change(here, second.user.id, is_active=False)) is Code.LAST_ADMIN
    assert change(here, second.user.id, name="Bertha", role=Role.ADMIN, is_active=True).name == "Bertha"


def test_an_admin_who_is_not_active_may_be_changed_and_does_not_count(here: Clinic) -> None:
    second = add(here, "Berta", Role.ADMIN)
    change(here, second.user.id, is_active=False)
    assert change(here, second.user.id, role=Role.NURSE).role is Role.NURSE
    assert refused(lambda: change(here, here.admin.user_id, is_active=False)) is Code.LAST_ADMIN


def test_names_and_roles_have_to_be_right(here: Clinic) -> None:
    made = add(here)
    assert fields(lambda: change(here, made.user.id, name="12")) == ["name"]
    assert fields(lambda: change(here, made.user.id, role=Role.DOCTOR)) == ["role"]


def test_a_deactivated_doctors_appointments_are_affected_until_the_account_is_back(here: Clinic) -> None:
    doctor_id, patient_id = here.doctor(), here.patient()
    booked = here.book(doctor_id, patient_id, time(10))
    user_id = here.session.get_one(Doctor, doctor_id).user_id
    change(here, user_id, is_active=False)
    assert here.row(booked.id).affected_cause == AffectedCause.DOCTOR_UNAVAILABLE
    assert here.count(Notification, event=MessageEvent.AFFECTED_BY_ABSENCE, patient_id=patient_id) == 2
    change(here, user_id, is_active=True)
    assert here.row(booked.id).affected_cause is None
    change(here, user_id, name="Dr. Renamed")
    assert here.session.get_one(User, user_id).name == "Dr. Renamed"


def test_nobodys_own_address_is_their_password(here: Clinic) -> None:
    wanted = NewUser("Nina Frost", "nina.frost@city.test", Role.NURSE, "nina.frost@city.test")
    assert fields(lambda: users.create(here.session, here.actor, wanted, now=NOW)) == ["password"]
    made = add(here, "Wilhelmina", password=None)
    assert made.link
    by_link = lambda password: users.set_password_by_link(here.session, made.link.token, password, now=NOW)  # noqa: E731
    assert fields(lambda: by_link("wilhelmina@city.test")) == ["password"]
    by_link(PASSWORD)
