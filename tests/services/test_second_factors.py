"""A second factor is set up, asked for, used once a code, and reset."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from hms_web.domain import second_factor
from hms_web.domain.identity import Actor, Role
from hms_web.domain.refusals import Code, Refused
from hms_web.models import AuditEvent, LoginSession, RecoveryCode, SecondFactor, User, db
from hms_web.services import identity, open_sessions, passwords, sealing, second_factors, unit_of_work
from tests.scenes import NOW, Clinic

KEY, PASSWORD, EMAIL = "k" * 32, "four words of mine", "desk@city.test"
HALF = timedelta(seconds=30)
HERE = "the secret of this browser's session"


@pytest.fixture
def user(here: Clinic) -> User:
    """The receptionist, with a password."""
    user = here.session.get_one(User, here.actor.user_id)
    user.email, user.password_hash = EMAIL, passwords.hash_password(PASSWORD)
    here.session.commit()
    return user


@pytest.fixture
def app_(here: Clinic, user: User) -> Callable[..., str]:
    """The app on the phone, confirmed a while ago; called, it shows the code of a time."""
    secret = begun(here)
    second_factors.confirm(
        here.session, here.actor, pyotp.TOTP(secret).at(NOW - 10 * HALF), begun_in=HERE, key=KEY, now=NOW - 10 * HALF
    )
    return lambda now=NOW: pyotp.TOTP(secret).at(now)


def begun(here: Clinic) -> str:
    assert here.actor.user_id
    second_factors.begin(here.session, here.actor.user_id, begun_in=HERE, key=KEY, now=NOW)
    found = second_factors.enrolment(here.session, here.actor.user_id, EMAIL, begun_in=HERE, key=KEY, now=NOW)
    assert found
    assert found.secret in found.address
    return found.secret


def refused(work: Callable[[], object]) -> Code:
    with pytest.raises(Refused) as caught:
        work()
    return caught.value.refusal.code


def waiting(here: Clinic) -> identity.Awaiting:
    found = identity.awaiting(here.session, identity.sign_in(here.session, EMAIL, PASSWORD, now=NOW), now=NOW)
    assert found
    return found


def test_it_counts_once_a_first_code_has_confirmed_it(here: Clinic, user: User) -> None:
    secret = begun(here)
    assert identity.actor_of_session(here.session, identity.sign_in(here.session, EMAIL, PASSWORD, now=NOW), now=NOW)
    confirm = lambda code: second_factors.confirm(here.session, here.actor, code, begun_in=HERE, key=KEY, now=NOW)  # noqa: E731
    assert refused(lambda: confirm("000000")) is Code.WRONG_CODE
    assert second_factors.view(here.session, user.id) is None
    codes = confirm(pyotp.TOTP(secret).at(NOW))
    assert len(set(codes)) == 10
    assert second_factors.view(here.session, user.id) == second_factors.FactorView(NOW, 10)
    assert second_factors.enrolment(here.session, user.id, EMAIL, begun_in=HERE, key=KEY, now=NOW) is None
    assert refused(lambda: confirm(pyotp.TOTP(secret).at(NOW))) is Code.WRONG_CODE
    assert (
        refused(lambda: second_factors.begin(here.session, user.id, begun_in=HERE, key=KEY, now=NOW))
        is Code.SECOND_FACTOR_EXISTS
    )
    assert here.count(AuditEvent, action="user.second_factor_set_up", record_id=user.id) == 1


def test_one_that_was_begun_elsewhere_or_long_ago_is_neither_shown_nor_confirmed(here: Clinic, user: User) -> None:
    code = pyotp.TOTP(begun(here)).at(NOW)
    late = NOW + second_factors.ENROLMENT_LASTS
    for place, now in ((HERE + "'", NOW), ("", NOW), (HERE, late)):
        given = {"begun_in": place, "key": KEY, "now": now}
        assert second_factors.enrolment(here.session, user.id, EMAIL, **given) is None  # type: ignore[arg-type]
        confirm = lambda given=given: second_factors.confirm(here.session, here.actor, code, **given)  # noqa: E731
        assert refused(confirm) is Code.WRONG_CODE
    assert second_factors.confirm(here.session, here.actor, code, begun_in=HERE, key=KEY, now=NOW)


def test_nothing_that_is_stored_is_the_secret_or_a_code(here: Clinic, user: User) -> None:
    secret = begun(here)
    codes = second_factors.confirm(
        here.session, here.actor, pyotp.TOTP(secret).at(NOW), begun_in=HERE, key=KEY, now=NOW
    )
    row = here.session.scalars(sa.select(SecondFactor)).one()
    assert secret.encode() not in row.secret_encrypted
    assert sealing.unseal(KEY, second_factors.PURPOSE, row.secret_encrypted) == secret
    assert sealing.unseal("another" * 8, second_factors.PURPOSE, row.secret_encrypted) is None
    assert not set(codes) & set(here.session.scalars(sa.select(RecoveryCode.code_hash)))


def test_with_the_password_alone_nobody_is_signed_in(here: Clinic, app_: Callable[..., str]) -> None:
    secret = identity.sign_in(here.session, EMAIL, PASSWORD, now=NOW, device="Firefox, Linux")
    assert identity.actor_of_session(here.session, secret, now=NOW) is None
    who = identity.awaiting(here.session, secret, now=NOW)
    assert who
    assert (who.has_factor, who.signed_in.actor) == (True, here.actor)
    assert open_sessions.list_sessions(here.session, here.actor, secret, now=NOW) == []
    assert identity.awaiting(here.session, secret, now=NOW + timedelta(minutes=10)) is None
    new = identity.pass_factor(here.session, who, f" {app_()[:3]} {app_()[3:]} ", key=KEY, now=NOW)
    assert new != secret
    assert identity.awaiting(here.session, secret, now=NOW) is None
    signed_in = identity.actor_of_session(here.session, new, now=NOW)
    assert signed_in
    assert signed_in.actor == here.actor
    assert [one.device for one in open_sessions.list_sessions(here.session, here.actor, new, now=NOW)] == [
        "Firefox, Linux"
    ]
    assert here.session.scalars(sa.select(LoginSession.expires_at)).one() == NOW + timedelta(hours=12)


def test_a_code_is_taken_once_and_no_earlier_one_after_it(here: Clinic, app_: Callable[..., str]) -> None:
    use = lambda code, now=NOW: identity.pass_factor(here.session, waiting(here), code, key=KEY, now=now)  # noqa: E731
    before, present = app_(NOW - HALF), app_(NOW)
    assert use(present)
    for code in (present, before, app_(NOW - 5 * HALF), "", "12345", "١٢٣٤٥٦", "000000"):
        assert refused(lambda code=code: use(code)) is Code.WRONG_CODE  # type: ignore[misc]
    assert use(app_(NOW + HALF)), "a clock that is half a minute ahead"
    who = waiting(here)
    assert identity.pass_factor(here.session, who, app_(NOW + 3 * HALF), key=KEY, now=NOW + 3 * HALF)
    again = lambda: identity.pass_factor(here.session, who, app_(NOW + 4 * HALF), key=KEY, now=NOW + 4 * HALF)  # noqa: E731
    assert refused(again) is Code.WRONG_CREDENTIALS, "the session waits no more"


def test_of_two_who_send_one_code_at_once_one_gets_in(app: Flask, here: Clinic, app_: Callable[..., str]) -> None:
    pending, code, together, results = [waiting(here) for _ in range(2)], app_(), threading.Barrier(2), []

    def send(who: identity.Awaiting) -> None:
        with app.app_context(), Session(db.engine, expire_on_commit=False) as session:
            together.wait()
            try:
                results.append(identity.pass_factor(session, who, code, key=KEY, now=NOW) and "in")
            except Refused as error:
                results.append(error.refusal.code)

    threads = [threading.Thread(target=send, args=(who,)) for who in pending]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, results)) == ["WRONG_CODE", "in"]


def test_a_recovery_code_works_once_however_it_is_typed(here: Clinic, app_: Callable[..., str]) -> None:
    codes = second_factors.renew_codes(here.session, here.actor, now=NOW)
    typed = "-".join((codes[0][:8], codes[0][8:])).lower().replace("0", "o").replace("1", "l")
    use = lambda code: identity.pass_factor(here.session, waiting(here), code, key=KEY, now=NOW)  # noqa: E731
    assert use(typed)
    assert refused(lambda: use(codes[0])) is Code.WRONG_CODE
    assert second_factors.view(here.session, here.actor.user_id) == second_factors.FactorView(NOW - 10 * HALF, 9)  # type: ignore[arg-type]
    newer = second_factors.renew_codes(here.session, here.actor, now=NOW)
    assert refused(lambda: use(codes[1])) is Code.WRONG_CODE, "earlier ones end with new ones"
    assert use(newer[1])
    assert here.count(AuditEvent, action="user.recovery_code_used") == 2


def test_recovery_codes_have_140_bits_and_those_of_former_times_are_taken_and_told(
    here: Clinic, app_: Callable[..., str]
) -> None:
    codes, letters = second_factors.renew_codes(here.session, here.actor, now=NOW), second_factor.RECOVERY_ALPHABET
    assert {len(code) for code in codes} == {28}
    assert len(letters) == len(set(letters)) == 32
    view = lambda: second_factors.view(here.session, here.actor.user_id)  # type: ignore[arg-type]  # noqa: E731
    assert view() == second_factors.FactorView(NOW - 10 * HALF, 10, are_short=False)
    former = passwords.secret_hash("ABCDEFGHJKMNPQRS")
    mine = {"user_id": here.actor.user_id, "created_at": NOW, "is_short": True}
    here.session.add(RecoveryCode(code_hash=former, **mine))
    here.session.commit()
    assert view() == second_factors.FactorView(NOW - 10 * HALF, 11, are_short=True)
    who = waiting(here)
    assert identity.pass_factor(here.session, who, "abcd efgh jkmn pqrs", key=KEY, now=NOW)
    assert view() == second_factors.FactorView(NOW - 10 * HALF, 10, are_short=False)


def test_under_another_secret_key_the_app_is_of_no_use_and_a_recovery_code_is(
    here: Clinic, app_: Callable[..., str]
) -> None:
    (code, *_) = second_factors.renew_codes(here.session, here.actor, now=NOW)
    use = lambda code: identity.pass_factor(here.session, waiting(here), code, key="x" * 32, now=NOW)  # noqa: E731
    assert refused(lambda: use(app_())) is Code.WRONG_CODE
    assert use(code)


def test_a_token_needs_the_code_too(here: Clinic, app_: Callable[..., str]) -> None:
    issue = lambda **more: identity.issue_token(here.session, EMAIL, PASSWORD, now=NOW, key=KEY, **more)  # noqa: E731
    assert refused(issue) is Code.SECOND_FACTOR_NEEDED
    assert refused(lambda: issue(otp="000000")) is Code.WRONG_CODE
    assert issue(otp=app_()).access_token
    assert refused(lambda: issue(otp=app_())) is Code.WRONG_CODE
    wrong = lambda: identity.issue_token(here.session, EMAIL, "no" * 8, now=NOW, key=KEY, otp=app_())  # noqa: E731
    assert refused(wrong) is Code.WRONG_CREDENTIALS


def test_who_has_none_has_nothing_to_renew_or_use(here: Clinic, user: User) -> None:
    assert refused(lambda: second_factors.renew_codes(here.session, here.actor, now=NOW)) is Code.WRONG_CODE
    verify = lambda: second_factors.verify(here.session, here.actor, "123456", key=KEY, now=NOW)  # noqa: E731
    assert refused(lambda: unit_of_work.run(here.session, verify)) is Code.WRONG_CODE
    second_factors.remove_own(here.session, here.actor, now=NOW)
    assert here.count(AuditEvent, action="user.second_factor_removed") == 0


def admin_with_password(here: Clinic) -> Actor:
    admin = here.session.get_one(User, here.admin.user_id)
    admin.email, admin.password_hash = "admin@city.test", passwords.hash_password(PASSWORD)
    here.session.commit()
    return here.admin


def test_an_admin_resets_it_for_somebody_who_is_signed_out_everywhere(
    here: Clinic, elsewhere: Clinic, app_: Callable[..., str]
) -> None:
    assert here.actor.user_id
    session = identity.pass_factor(here.session, waiting(here), app_(), key=KEY, now=NOW)
    theirs = lambda: second_factors.reset(here.session, elsewhere.admin, here.actor.user_id, now=NOW)  # noqa: E731
    assert refused(theirs) is Code.USER_NOT_FOUND
    assert identity.actor_of_session(here.session, session, now=NOW)
    second_factors.reset(here.session, here.admin, here.actor.user_id, now=NOW)
    assert identity.actor_of_session(here.session, session, now=NOW) is None
    event = here.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "user.second_factor_removed")).one()
    assert (event.actor_id, event.record_id) == (here.admin.user_id, here.actor.user_id)
    assert identity.actor_of_session(here.session, identity.sign_in(here.session, EMAIL, PASSWORD, now=NOW), now=NOW)


def test_a_hospital_can_ask_its_admins_for_one(here: Clinic, user: User) -> None:
    admin = admin_with_password(here)
    assert admin.user_id
    want = lambda is_wanted: second_factors.want_of_admins(here.session, admin, is_wanted=is_wanted, now=NOW)  # noqa: E731
    assert refused(lambda: want(True)) is Code.SECOND_FACTOR_TO_SET_UP  # noqa: FBT003
    other = User(hospital_id=admin.hospital_id, name="Other", email="other@city.test", role=Role.ADMIN)
    other.password_hash = passwords.hash_password(PASSWORD)
    here.session.add(other)
    here.session.commit()
    old = identity.sign_in(here.session, "other@city.test", PASSWORD, now=NOW)
    second_factors.begin(here.session, admin.user_id, begun_in=HERE, key=KEY, now=NOW)
    found = second_factors.enrolment(here.session, admin.user_id, "a", begun_in=HERE, key=KEY, now=NOW)
    assert found
    second_factors.confirm(here.session, admin, pyotp.TOTP(found.secret).at(NOW), begun_in=HERE, key=KEY, now=NOW)
    for _ in range(2):
        want(True)  # noqa: FBT003
    assert here.count(AuditEvent, action="hospital.changed") == 1
    assert refused(lambda: second_factors.remove_own(here.session, admin, now=NOW)) is Code.SECOND_FACTOR_KEPT
    assert identity.actor_of_session(here.session, old, now=NOW) is None, "who has none is signed out"
    token = lambda: identity.issue_token(here.session, "other@city.test", PASSWORD, now=NOW)  # noqa: E731
    assert refused(token) is Code.SECOND_FACTOR_TO_SET_UP
    who = identity.awaiting(here.session, identity.sign_in(here.session, "other@city.test", PASSWORD, now=NOW), now=NOW)
    assert who
    assert not who.has_factor
    second_factors.begin(here.session, other.id, begun_in=HERE, key=KEY, now=NOW)
    mine = second_factors.enrolment(here.session, other.id, "o", begun_in=HERE, key=KEY, now=NOW)
    assert mine
    secret, codes = identity.set_up_factor(
        here.session, who, pyotp.TOTP(mine.secret).at(NOW), begun_in=HERE, key=KEY, now=NOW
    )
    assert len(codes) == 10
    assert identity.actor_of_session(here.session, secret, now=NOW)
    assert identity.actor_of_session(here.session, identity.sign_in(here.session, EMAIL, PASSWORD, now=NOW), now=NOW), (
        "a receptionist is not asked"
    )
    want(False)  # noqa: FBT003
    second_factors.remove_own(here.session, admin, now=NOW)
    assert second_factors.view(here.session, admin.user_id) is None
