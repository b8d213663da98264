"""What patients are told: in every language, with nothing left open, and never more than they may read aloud."""

from datetime import date, time

import pytest

from hms_web.domain.message_words import WORDS, Template
from hms_web.domain.messages import Contents, Language, MessageEvent
from hms_web.domain.notifications import Priority
from hms_web.domain.templates import (
    LONGEST_BODY,
    LONGEST_TITLE,
    Length,
    length,
    mistakes,
    render,
)

CONTENTS = Contents("City Clinic", "Dr. Rao", date(2026, 12, 3), time(9, 5), 7)
WHEN = {
    Language.ENGLISH: "Thursday 3 December 2026 at 09:05",
    Language.HINDI: "गुरुवार, 3 दिसंबर 2026 को 09:05 बजे",
}


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("event", list(MessageEvent))
def test_every_event_has_words_in_every_language(event: MessageEvent, language: Language) -> None:
    words = render(event, language, None, CONTENTS)
    assert WHEN[language] in words.body
    assert words.body.startswith("City Clinic: ")
    assert "{" not in words.body + words.title
    assert mistakes(WORDS[language][event]) == []
    assert words.title


def test_the_languages_do_not_share_words() -> None:
    written = [template for texts in WORDS.values() for template in texts.values()]
    assert len({template.body for template in written}) == len(written)
    hindi = WORDS[Language.HINDI].values()
    assert all(any("\u0900" <= char <= "\u097f" for char in template.title) for template in hindi)


def test_what_the_hospital_causes_is_urgent() -> None:
    words = {event: render(event, Language.ENGLISH, None, CONTENTS) for event in MessageEvent}
    assert {event for event in words if words[event].priority is Priority.HIGH} == {
        MessageEvent.CANCELLED_BY_EMERGENCY,
        MessageEvent.NEEDS_RESCHEDULING,
        MessageEvent.DOCTOR_UNAVAILABLE,
        MessageEvent.NO_SHOW_BLOCKED,
        MessageEvent.NOT_COMING_BLOCKED,
    }


def test_a_hospital_has_its_own_words() -> None:
    own = Template("From {hospital}", "See {doctor}: {date}, {time}, number {token}. {{braces}}")
    words = render(MessageEvent.BOOKED, Language.ENGLISH, own, CONTENTS)
    assert words.title == "From City Clinic"
    assert words.body == "See Dr. Rao: Thursday 3 December 2026, 09:05, number 7. {braces}"


def test_words_that_cannot_be_used_give_way_to_the_products() -> None:
    broken = Template("x", "Your {diagnosis}")
    assert render(MessageEvent.BOOKED, Language.ENGLISH, broken, CONTENTS) == render(
        MessageEvent.BOOKED, Language.ENGLISH, None, CONTENTS
    )


@pytest.mark.parametrize(
    ("title", "body", "found"),
    [
        ("Fine", "Come on {when}", {}),
        ("", "x", {"title": "Fill this in."}),
        ("x", " \n", {"body": "Fill this in."}),
        ("x" * (LONGEST_TITLE + 1), "x", {"title": "at most 100"}),
        ("x", "x" * (LONGEST_BODY + 1), {"body": "at most 600"}),
        ("x\ny", "x", {"title": "can be printed"}),
        ("x", "x\0", {"body": "can be printed"}),
        ("x", "{reason}", {"body": "There is no {reason} here. Use {hospital}, {doctor}"}),
        ("x", "{doctor", {"body": "A { has no }"}),
        ("x", "doctor}", {"body": "A { has no }"}),
        ("x", "{}", {"body": "There is no {} here."}),
        ("x", "{doctor!r}", {"body": "There is no {doctor!r} here."}),
        ("x", "{doctor:>100}", {"body": "There is no {doctor:>100} here."}),
        ("x", "{doctor.__class__}", {"body": "There is no {doctor.__class__} here."}),
        ("With {doctor}", "x", {"title": "There is no {doctor} here. Use {hospital}."}),
        ("{", "}", {"title": "A { has no }", "body": "A { has no }"}),
    ],
)
def test_what_a_template_may_not_be(title: str, body: str, found: dict[str, str]) -> None:
    wrong = dict(mistakes(Template(title, body)))
    assert wrong.keys() == found.keys()
    assert all(words in wrong[field] for field, words in found.items()), wrong


@pytest.mark.parametrize(
    ("text", "expected", "room"),
    [
        ("", Length(0, 1, is_plain=True), 160),
        ("a" * 160, Length(160, 1, is_plain=True), 160),
        ("a" * 161, Length(161, 2, is_plain=True), 306),
        ("a" * 306, Length(306, 2, is_plain=True), 306),
        ("a" * 307, Length(307, 3, is_plain=True), 459),
        ("€" * 80, Length(160, 1, is_plain=True), 160),
        ("€" * 81, Length(162, 2, is_plain=True), 306),
        ("अ" * 70, Length(70, 1, is_plain=False), 70),
        ("अ" * 71, Length(71, 2, is_plain=False), 134),
        ("अ" + "a" * 134, Length(135, 3, is_plain=False), 201),
        ("😀", Length(2, 1, is_plain=False), 70),
        ("é\nÅ@", Length(4, 1, is_plain=True), 160),
        ("`", Length(1, 1, is_plain=False), 70),
    ],
)
def test_how_long_a_text_message_is(text: str, expected: Length, room: int) -> None:
    assert length(text) == expected
    assert length(text).room == room
