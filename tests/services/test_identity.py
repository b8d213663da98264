"""Signing in and out."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from sqlalchemy.orm import Session

from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code, Refused
from hms_web.models import ApiToken, AuditEvent, Doctor, LoginSession, User
from hms_web.services import identity, open_sessions, passwords
from tests.scenes import NOW, Clinic

PASSWORD = "four words of mine"
WEAK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def user(here: Clinic) -> User:
    """The receptionist, with a password."""
    user = here.session.get_one(User, here.actor.user_id)
    user.email, user.password_hash = "desk@city.test", passwords.hash_password(PASSWORD)
    here.session.commit()
    return user


def wrong(session: Session, email: str, password: str) -> bool:
    with pytest.raises(Refused) as caught:
        identity.sign_in(session, email, password, now=NOW)
    return caught.value.refusal.code is Code.WRONG_CREDENTIALS


def test_signing_in_gives_a_session_of_that_person(here: Clinic, user: User) -> None:
    secret = identity.sign_in(here.session, "  Desk@City.test ", PASSWORD, now=NOW)
    who = identity.actor_of_session(here.session, secret, now=NOW)
    assert who is not None
    assert who.actor == here.actor
    assert (who.email, who.hospital_name) == (user.email, "Test Clinic")
    assert who.ends_at == NOW + 15 * MINUTE
    assert here.count(AuditEvent, action="user.signed_in", record_id=user.id) == 1


def test_every_sign_in_has_its_own_secret_and_only_a_hash_is_kept(here: Clinic, user: User) -> None:
    first, second = (identity.sign_in(here.session, user.email, PASSWORD, now=NOW) for _ in range(2))
    assert first != second
    kept = here.session.scalars(sa.select(LoginSession.token_hash)).all()
    assert sorted(kept) == sorted([passwords.secret_hash(first), passwords.secret_hash(second)])


def test_a_doctor_acts_as_that_doctor(here: Clinic) -> None:
    doctor_id = here.doctor()
    user = here.session.get_one(User, here.session.get_one(Doctor, doctor_id).user_id)
    user.password_hash = passwords.hash_password(PASSWORD)
    here.session.commit()
    secret = identity.sign_in(here.session, user.email, PASSWORD, now=NOW)
    who = identity.actor_of_session(here.session, secret, now=NOW)
    assert who is not None
    assert (who.actor.role, who.actor.doctor_id) == (Role.DOCTOR, doctor_id)


@pytest.mark.parametrize("password", ["", "another four words", PASSWORD + " ", "nul\0", "half \ud800", "x" * 1000])
def test_a_wrong_password_is_refused(here: Clinic, user: User, password: str) -> None:
    assert wrong(here.session, user.email, password)


@pytest.mark.parametrize("email", ["", "nobody@city.test", "desk@city.test\0", "\ud800"])
def test_an_unknown_address_is_refused_in_the_same_words(here: Clinic, user: User, email: str) -> None:
    assert wrong(here.session, email, PASSWORD)


def test_an_unknown_address_costs_a_verification_too(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []

    def is_right(stored: str | None, _: str) -> bool:
        seen.append(stored)
        return False

    monkeypatch.setattr(passwords, "is_right", is_right)
    assert wrong(here.session, "nobody@city.test", PASSWORD)
    assert wrong(here.session, "\ud800", PASSWORD)
    assert seen == [None, None]


def test_who_has_no_password_or_is_not_active_cannot_sign_in(here: Clinic, user: User) -> None:
    user.is_active = False
    here.session.commit()
    assert wrong(here.session, user.email, PASSWORD)
    user.is_active, user.password_hash = True, None
    here.session.commit()
    assert wrong(here.session, user.email, PASSWORD)


def test_a_weaker_hash_is_made_anew_at_sign_in(here: Clinic, user: User) -> None:
    user.password_hash = WEAK
    here.session.commit()
    identity.sign_in(here.session, user.email, PASSWORD, now=NOW)
    here.session.refresh(user)
    assert user.password_hash is not None
    assert user.password_hash != WEAK
    assert passwords.is_right(user.password_hash, PASSWORD)


def test_a_session_ends_after_fifteen_idle_minutes(here: Clinic, user: User) -> None:
    secret = identity.sign_in(here.session, user.email, PASSWORD, now=NOW)
    just_before = NOW + 15 * MINUTE - timedelta(seconds=1)
    assert identity.actor_of_session(here.session, secret, now=just_before, is_activity=False)
    assert identity.actor_of_session(here.session, secret, now=NOW + 15 * MINUTE) is None


def test_activity_keeps_a_session_and_a_poll_does_not(here: Clinic, user: User) -> None:
    secret = identity.sign_in(here.session, user.email, PASSWORD, now=NOW)
    polled = identity.actor_of_session(here.session, secret, now=NOW + 10 * MINUTE, is_activity=False)
    assert polled is not None
    assert polled.ends_at == NOW + 15 * MINUTE
    active = identity.actor_of_session(here.session, secret, now=NOW + 10 * MINUTE)
    assert active is not None
    assert active.ends_at == NOW + 25 * MINUTE
    assert identity.actor_of_session(here.session, secret, now=NOW + 24 * MINUTE)


def test_activity_is_written_at_most_once_a_minute_and_asked_with_one_query(here: Clinic, user: User) -> None:
    secret = identity.sign_in(here.session, user.email, PASSWORD, now=NOW)
    statements: list[str] = []
    bind = here.session.get_bind()
    sa.event.listen(bind, "before_cursor_execute", lambda *call: statements.append(call[2]))
    identity.actor_of_session(here.session, secret, now=NOW + timedelta(seconds=59))
    assert [text.split()[0] for text in statements] == ["SELECT"]
    identity.actor_of_session(here.session, secret, now=NOW + MINUTE)
    assert [text.split()[0] for text in statements] == ["SELECT", "SELECT", "UPDATE"]


def test_a_session_ends_twelve_hours_after_sign_in(here: Clinic, user: User) -> None:
    secret = identity.sign_in(here.session, user.email, PASSWORD, now=NOW)
    for quarter in range(1, 48 * 2):
        now = NOW + quarter * 7.5 * MINUTE
        who = identity.actor_of_session(here.session, secret, now=now)
        assert who is not None
        assert who.ends_at == min(now + 15 * MINUTE, NOW + 12 * HOUR)
    assert identity.actor_of_session(here.session, secret, now=NOW + 12 * HOUR) is None


def test_signing_out_ends_that_session_only(here: Clinic, user: User) -> None:
    first, second = (identity.sign_in(here.session, user.email, PASSWORD, now=NOW) for _ in range(2))
    identity.sign_out(here.session, first)
    identity.sign_out(here.session, first)
    assert identity.actor_of_session(here.session, first, now=NOW) is None
    assert identity.actor_of_session(here.session, second, now=NOW) is not None


def test_a_session_of_someone_no_longer_active_does_not_hold(here: Clinic, user: User) -> None:
    secret = identity.sign_in(here.session, user.email, PASSWORD, now=NOW)
    token = identity.issue_token(here.session, user.email, PASSWORD, now=NOW).access_token
    user.is_active = False
    here.session.commit()
    assert identity.actor_of_session(here.session, secret, now=NOW) is None
    assert identity.actor_of_token(here.session, token, now=NOW) is None


@pytest.mark.parametrize("secret", ["", "nonsense", "\0", "\ud800"])
def test_a_secret_that_is_none_signs_nobody_in(here: Clinic, secret: str) -> None:
    assert identity.actor_of_session(here.session, secret, now=NOW) is None
    assert identity.actor_of_token(here.session, secret, now=NOW) is None


def test_a_token_lasts_twelve_hours(here: Clinic, user: User) -> None:
    issued = identity.issue_token(here.session, user.email, PASSWORD, now=NOW)
    assert issued.expires_in == 12 * 60 * 60
    who = identity.actor_of_token(here.session, issued.access_token, now=NOW + 12 * HOUR - MINUTE)
    assert who == replace(issued.signed_in, ends_at=NOW + 12 * HOUR)
    assert identity.actor_of_token(here.session, issued.access_token, now=NOW + 12 * HOUR) is None
    assert here.count(AuditEvent, action="user.token_issued", record_id=user.id) == 1
    assert here.session.scalar(sa.select(ApiToken.token_hash)) == passwords.secret_hash(issued.access_token)


def test_a_token_needs_the_right_password_and_is_no_session(here: Clinic, user: User) -> None:
    with pytest.raises(Refused):
        identity.issue_token(here.session, user.email, "another four words", now=NOW)
    token = identity.issue_token(here.session, user.email, PASSWORD, now=NOW).access_token
    secret = identity.sign_in(here.session, user.email, PASSWORD, now=NOW)
    assert identity.actor_of_session(here.session, token, now=NOW) is None
    assert identity.actor_of_token(here.session, secret, now=NOW) is None


@pytest.mark.parametrize("sign_in", [identity.sign_in, identity.issue_token], ids=["session", "token"])
@pytest.mark.parametrize("stored", [passwords.hash_password(PASSWORD), WEAK], ids=["of today", "outdated"])
def test_a_password_that_is_changed_while_it_is_looked_at_opens_nothing(
    here: Clinic, user: User, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, sign_in: Any, stored: str
) -> None:
    key, new = user.id, passwords.hash_password("another four words")
    user.password_hash = stored
    here.session.commit()
    look = passwords.is_right

    def is_right(kept: str | None, given: str) -> bool:
        is_it = look(kept, given)
        with engine.begin() as other:
            other.execute(sa.update(User).where(User.id == key).values(password_hash=new))
        return is_it

    monkeypatch.setattr(passwords, "is_right", is_right)
    with pytest.raises(Refused) as caught:
        sign_in(here.session, "desk@city.test", PASSWORD, now=NOW)
    assert caught.value.refusal.code is Code.WRONG_CREDENTIALS
    assert here.count(LoginSession) + here.count(ApiToken) == 0
    assert here.session.scalar(sa.select(User.password_hash).where(User.id == key)) == new


def test_who_changes_the_password_waits_for_who_signs_in_and_ends_their_session(
    here: Clinic, user: User, engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = user.id
    added = open_sessions.add

    def add(*given: Any, **more: Any) -> None:
        with engine.connect() as other:
            other.execute(sa.text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(sa.exc.OperationalError, match="lock"):
                other.execute(sa.update(User).where(User.id == key).values(password_hash="x"))
        added(*given, **more)

    monkeypatch.setattr(open_sessions, "add", add)
    assert identity.sign_in(here.session, "desk@city.test", PASSWORD, now=NOW)
