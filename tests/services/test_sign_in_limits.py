"""Failures to sign in are limited, and nothing else is."""

import threading
from contextlib import suppress

import pytest
import redis as redis_client

from hms_web.domain.refusals import Code, Refused
from hms_web.services import counting
from hms_web.services.sign_in_limits import SignInLimits, TooManyAttempts

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"
NO_REDIS = "redis://127.0.0.1:1"


def refuse(code: Code = Code.WRONG_CREDENTIALS) -> None:
    """Say that the password, or something else, is wrong."""
    raise Refused(code)


def fail(limits: SignInLimits, email: str, address: str = HERE) -> bool:
    """Try with a wrong password; whether it was looked at."""
    try:
        with limits.counted(email, address):
            refuse()
    except Refused:
        return True
    except TooManyAttempts:
        return False
    raise AssertionError


def succeed(limits: SignInLimits, email: str, address: str = HERE) -> bool:
    """Try with the right password; whether it was looked at."""
    try:
        with limits.counted(email, address):
            return True
    except TooManyAttempts:
        return False


@pytest.fixture(params=["redis", "memory"])
def limits(request: pytest.FixtureRequest, redis: redis_client.Redis, redis_url: str) -> SignInLimits:
    """The limits over a Redis that answers, and over none."""
    return SignInLimits(redis_url if request.param == "redis" else NO_REDIS)


def test_guesses_at_the_same_time_are_each_counted_before_they_are_looked_at(limits: SignInLimits) -> None:
    together, looked_at = threading.Barrier(16), []

    def guess() -> None:
        together.wait()
        try:
            with limits.counted("a@x", HERE):
                looked_at.append(1)
                threading.Event().wait(0.3)
                refuse()
        except (Refused, TooManyAttempts):
            pass

    threads = [threading.Thread(target=guess) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(looked_at) == 10


def test_ten_failures_of_an_account_from_an_address(limits: SignInLimits) -> None:
    assert [fail(limits, " A@x") for _ in range(12)] == [True] * 10 + [False] * 2
    assert not succeed(limits, "a@x")
    assert succeed(limits, "a@x", ELSEWHERE)
    assert succeed(limits, "b@x")


def test_successes_and_troubles_of_our_own_never_count(limits: SignInLimits) -> None:
    assert all(succeed(limits, "a@x") for _ in range(120))
    for _ in range(12):
        with pytest.raises(RuntimeError), limits.counted("a@x", HERE):
            raise RuntimeError
    assert [fail(limits, "a@x") for _ in range(11)] == [True] * 10 + [False]


def test_a_shared_address_slows_down_only_those_who_fail(limits: SignInLimits) -> None:
    assert all(fail(limits, f"{number}@x") for number in range(100))
    assert succeed(limits, "rightful@x"), "others' failures keep nobody out"
    assert succeed(limits, "5@x"), "not even after one of one's own"
    assert [fail(limits, "guessed@x") for _ in range(5)] == [True] * 3 + [False] * 2, "guessing ends earlier"
    assert [fail(limits, "guessed@x", ELSEWHERE) for _ in range(11)] == [True] * 10 + [False]


def test_whoever_has_a_whole_network_of_addresses_is_still_one(limits: SignInLimits) -> None:
    one_after_another = [fail(limits, "a@x", f"2001:db8:0:7::{number:x}") for number in range(1, 12)]
    assert one_after_another == [True] * 10 + [False]
    assert fail(limits, "a@x", "2001:db8:0:8::1"), "the neighbour's is another one"
    assert [fail(limits, "b@x", f"::ffff:192.0.2.{number}") for number in (1, 2)] == [True] * 2
    assert counting.sender("::ffff:192.0.2.1") == counting.sender("192.0.2.1") == "192.0.2.1"
    assert counting.sender("no address") == "no address"


def test_what_is_refused_unseen_does_not_count_against_the_address(limits: SignInLimits) -> None:
    for _ in range(150):
        fail(limits, "a@x")
    assert [fail(limits, "b@x") for _ in range(11)] == [True] * 10 + [False]


def test_guesses_from_all_over_the_world_leave_known_browsers_alone(limits: SignInLimits) -> None:
    looked_at = [fail(limits, "a@x", f"198.51.100.{number}") for number in range(120)]
    assert looked_at == [True] * 100 + [False] * 20
    assert not succeed(limits, "a@x", ELSEWHERE)
    with limits.counted("a@x", HERE, device="1"):
        pass
    assert succeed(limits, "b@x")


def test_what_is_refused_after_the_right_password_is_no_failure(limits: SignInLimits) -> None:
    for _ in range(30):
        with pytest.raises(Refused), limits.counted("a@x", HERE):
            raise Refused(Code.SECOND_FACTOR_NEEDED)
    assert succeed(limits, "a@x")


def test_ten_wrong_codes_an_hour_and_any_number_of_other_refusals(limits: SignInLimits) -> None:
    def give(code: str, refusal: Code | None, device: str | None = None) -> bool:
        try:
            with limits.counted_code("a@x", code, device=device):
                if refusal:
                    refuse(refusal)
                return True
        except Refused:
            return True
        except TooManyAttempts:
            return False

    assert all(give("123456", Code.WRONG_CREDENTIALS) for _ in range(20))
    assert [give("123456", Code.WRONG_CODE) for _ in range(11)] == [True] * 10 + [False]
    assert not give("123456", None)
    assert give("ABCDEFGHJKMNPQRS", None), "a recovery code is not counted"
    mine = [give("123456", Code.WRONG_CODE, device="1") for _ in range(11)]
    assert mine == [True] * 10 + [False], "what is known has its own tries"


def test_codes_tried_together_with_a_wrong_password_use_up_nobodys_tries(limits: SignInLimits) -> None:
    together = threading.Barrier(16)

    def guess() -> None:
        together.wait()
        with suppress(Refused, TooManyAttempts), limits.counted_code("a@x", "123456"):
            threading.Event().wait(0.3)
            refuse()

    threads = [threading.Thread(target=guess) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _ in range(10):
        with pytest.raises(Refused), limits.counted_code("a@x", "123456"):
            refuse(Code.WRONG_CODE)
    with pytest.raises(TooManyAttempts), limits.counted_code("a@x", "123456"):
        refuse()
