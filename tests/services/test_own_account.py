"""One's own password, sessions and tokens."""

from datetime import timedelta

import pytest

from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import ApiToken, AuditEvent, Hospital, User, new_id
from hms_web.services import identity, open_sessions, own_password, passwords
from tests.scenes import NOW, Clinic

PASSWORD, NEW, EMAIL = "four words of mine", "tulip harbour forty two", "desk@city.test"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def user(here: Clinic) -> User:
    """The receptionist, with a password."""
    user = here.session.get_one(User, here.actor.user_id)
    user.email, user.password_hash = EMAIL, passwords.hash_password(PASSWORD)
    here.session.get_one(Hospital, here.actor.hospital_id).name = "Riverside General"
    here.session.commit()
    return user


def test_changing_it_ends_everything_else_and_goes_on_under_a_new_secret(here: Clinic, user: User) -> None:
    session, actor = here.session, here.actor
    old = [identity.sign_in(session, EMAIL, PASSWORD, now=NOW) for _ in range(2)]
    token = identity.issue_token(session, EMAIL, PASSWORD, now=NOW).access_token
    own_password.prove(session, actor, PASSWORD)
    new = own_password.change_password(session, actor, PASSWORD, NEW, now=NOW, device="Safari, Mac")
    assert [identity.actor_of_session(session, secret, now=NOW) for secret in old] == [None, None]
    assert identity.actor_of_token(session, token, now=NOW) is None
    assert identity.actor_of_session(session, new, now=NOW)
    with pytest.raises(Refused):
        own_password.prove(session, actor, PASSWORD)
    assert identity.sign_in(session, EMAIL, NEW, now=NOW)
    assert here.count(AuditEvent, action="user.password_set", record_id=user.id) == 1


def test_it_needs_the_present_one_and_another_that_is_taken(here: Clinic, user: User) -> None:
    change = lambda present, wanted: own_password.change_password(  # noqa: E731
        here.session, here.actor, present, wanted, now=NOW
    )
    with pytest.raises(Refused) as caught:
        change("not mine at all", NEW)
    assert caught.value.refusal.code is Code.WRONG_CREDENTIALS
    for wanted, words in (("short", "at least"), (PASSWORD, "another one"), ("Riverside-General-1", "hospital's name")):
        with pytest.raises(InvalidInput, match=words):
            change(PASSWORD, wanted)
    assert identity.sign_in(here.session, EMAIL, PASSWORD, now=NOW)


def test_sessions_are_listed_and_ended(here: Clinic, user: User) -> None:
    session, actor = here.session, here.actor
    first = identity.sign_in(session, EMAIL, PASSWORD, now=NOW, device="Firefox, Linux")
    mine = identity.sign_in(session, EMAIL, PASSWORD, now=NOW + MINUTE)
    third = identity.sign_in(session, EMAIL, PASSWORD, now=NOW + 2 * MINUTE)
    listed = open_sessions.list_sessions(session, actor, mine, now=NOW + 2 * MINUTE)
    assert [(one.device, one.is_this) for one in listed] == [(None, False), (None, True), ("Firefox, Linux", False)]
    assert not open_sessions.end(session, here.other, listed[0].id, now=NOW)
    assert not open_sessions.end(session, actor, new_id(), now=NOW)
    assert identity.actor_of_session(session, third, now=NOW + 2 * MINUTE), "a colleague cannot end it"
    assert open_sessions.end(session, actor, listed[0].id, now=NOW)
    assert identity.actor_of_session(session, third, now=NOW + 2 * MINUTE) is None
    open_sessions.end_others(session, actor, mine, now=NOW)
    assert identity.actor_of_session(session, first, now=NOW + 2 * MINUTE) is None
    assert identity.actor_of_session(session, mine, now=NOW + 2 * MINUTE)
    assert open_sessions.list_sessions(session, actor, mine, now=NOW + 20 * MINUTE) == [], "an idle one has ended"
    assert here.count(AuditEvent, action="user.session_ended") == 1
    assert here.count(AuditEvent, action="user.sessions_ended") == 1


def test_tokens_are_listed_with_their_last_use_and_revoked(here: Clinic, user: User) -> None:
    session, actor = here.session, here.actor
    old, new = (identity.issue_token(session, EMAIL, PASSWORD, now=NOW).access_token for _ in range(2))
    for seconds in (60, 90, 121):
        assert identity.actor_of_token(session, new, now=NOW + timedelta(seconds=seconds)), "two hold at once"
    listed = open_sessions.list_tokens(session, actor, now=NOW + 3 * MINUTE)
    used = {one.last_used_at: one for one in listed}
    assert set(used) == {None, NOW + timedelta(seconds=121)}
    assert session.get_one(ApiToken, used[None].id).token_hash == passwords.secret_hash(old)
    assert not open_sessions.revoke(session, here.other, used[None].id, now=NOW)
    assert identity.actor_of_token(session, old, now=NOW)
    assert open_sessions.revoke(session, actor, used[None].id, now=NOW)
    assert identity.actor_of_token(session, old, now=NOW) is None
    assert identity.actor_of_token(session, new, now=NOW)
    assert open_sessions.list_tokens(session, actor, now=NOW + timedelta(hours=12)) == []
