"""What somebody was shown, and who is concerned beside that."""

from uuid import uuid4

import pytest

from hms_web.domain.refusals import Code, Refused
from hms_web.domain.shown import Fate, Shown, mark

ONE, OTHER = uuid4(), uuid4()


def shown(*concerned: tuple[object, Fate]) -> Shown:
    return Shown(frozenset(mark(key, fate) for key, fate in concerned))  # type: ignore[arg-type]


def test_what_was_shown_is_no_news_and_fewer_are_none_either() -> None:
    both = shown((ONE, Fate.CONCERNED), (OTHER, Fate.CANCELLED))
    for concerned in ([], [(ONE, Fate.CONCERNED)], [(ONE, Fate.CONCERNED), (OTHER, Fate.CANCELLED)]):
        both.refuse_unseen(concerned)


def test_who_was_not_shown_and_a_worse_fate_are() -> None:
    seen = shown((ONE, Fate.CONCERNED))
    assert seen.unseen([(ONE, Fate.CANCELLED), (OTHER, Fate.CONCERNED)]) == [ONE, OTHER]
    assert seen.unseen([(ONE, Fate.SETTLED)]) == [ONE]
    with pytest.raises(Refused) as refused:
        seen.refuse_unseen([(OTHER, Fate.CONCERNED)])
    assert (refused.value.refusal.code, refused.value.refusal.facts) == (Code.MORE_CONCERNED, {"count": 1})


def test_a_milder_fate_is_no_news() -> None:
    assert shown((ONE, Fate.CANCELLED)).unseen([(ONE, Fate.CONCERNED)]) == []


def test_a_program_names_appointments_whatever_becomes_of_them() -> None:
    seen = Shown.of_ids([ONE])
    assert [seen.has((ONE, fate)) for fate in Fate] == [True] * 3
    assert not seen.has((OTHER, Fate.CONCERNED))
