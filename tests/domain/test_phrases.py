"""A sentence of the rules is English text that remembers what it was made from."""

from copy import deepcopy

from hms_web.domain.phrases import Phrase, phrase


def test_a_phrase_is_its_english_text_with_its_values_filled_in() -> None:
    said = phrase("Use at most %(most)s characters.", most=120)
    assert said == "Use at most 120 characters."
    assert (said.template, dict(said.values)) == ("Use at most %(most)s characters.", {"most": 120})


def test_without_values_a_phrase_is_as_it_stands() -> None:
    said = phrase("Up to 30 % more, and {name}.")
    assert said == said.template == "Up to 30 % more, and {name}."
    assert not said.values


def test_a_copy_is_plain_text() -> None:
    copied = deepcopy({"words": phrase("Fill this in.")})
    assert copied == {"words": "Fill this in."}
    assert not isinstance(copied["words"], Phrase)
