"""A request that is sent again is carried out once."""

from datetime import timedelta

import pytest

from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import Hospital, IdempotencyKey
from hms_web.services import idempotency
from hms_web.services.idempotency import Answer
from tests.scenes import NOW, Clinic


def test_the_same_key_gives_the_first_answer_again(here: Clinic) -> None:
    ran: list[int] = []

    def work() -> Answer:
        ran.append(1)
        return Answer(201, {"n": len(ran)})

    answers = [idempotency.once(here.session, here.actor, "k", "a", work, now=NOW) for _ in range(2)]
    assert answers == [Answer(201, {"n": 1})] * 2
    other = idempotency.once(here.session, here.other, "k", "a", work, now=NOW)
    assert other == Answer(201, {"n": 2})
    with pytest.raises(Refused) as refused:
        idempotency.once(here.session, here.actor, "k", "b", work, now=NOW)
    assert refused.value.refusal.code is Code.IDEMPOTENCY_KEY_REUSED
    later = idempotency.once(here.session, here.actor, "k", "b", work, now=NOW + timedelta(hours=25))
    assert later == Answer(201, {"n": 3})


def test_without_a_key_the_work_just_runs(here: Clinic) -> None:
    answer = Answer(200, {})
    assert idempotency.once(here.session, here.actor, None, "a", lambda: answer, now=NOW) is answer
    assert here.count(IdempotencyKey) == 0


def test_work_that_fails_leaves_the_key_free_and_nothing_behind(here: Clinic) -> None:
    def fail() -> Answer:
        here.session.get_one(Hospital, here.actor.hospital_id).name = "never"
        raise InvalidInput([("x", "y")])

    with pytest.raises(InvalidInput):
        idempotency.once(here.session, here.actor, "k", "a", fail, now=NOW)
    assert here.count(IdempotencyKey) == 0
    assert here.count(Hospital, name="never") == 0


@pytest.mark.parametrize("key", ["", "x" * 201, "a\nb"])
def test_keys_that_are_none(here: Clinic, key: str) -> None:
    with pytest.raises(InvalidInput):
        idempotency.once(here.session, here.actor, key, "a", lambda: Answer(200, {}), now=NOW)
