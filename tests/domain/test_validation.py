"""What text may be stored."""

import pytest

from hms_web.domain.refusals import InvalidInput
from hms_web.domain.validation import (
    email_mistake,
    is_storable,
    line_mistake,
    name_mistake,
    note_mistake,
    refuse_invalid,
    tidy,
)

UNSTORABLE = ["a\0b", "a\ud800b", "a\udfffb"]
UNPRINTABLE = [*UNSTORABLE, "a\x07b", "a\x7fb", "a\u2028b"]


def test_tidied_text_has_no_space_around_it() -> None:
    assert tidy("  Asha Rao ") == "Asha Rao"
    assert tidy("   ") is None
    assert tidy("") is None
    assert tidy(None) is None


@pytest.mark.parametrize("text", UNSTORABLE)
def test_what_the_database_cannot_hold(text: str) -> None:
    assert not is_storable(text)
    assert is_storable(text[0] + text[2])


@pytest.mark.parametrize("text", [*UNPRINTABLE, "a\nb", "a\tb", "", "  ", "x" * 11])
def test_lines_that_are_refused(text: str) -> None:
    assert line_mistake(text, 10)


@pytest.mark.parametrize("text", ["x", "x" * 10, "श्री राव", "a\u200db"])
def test_lines_that_are_taken(text: str) -> None:
    assert line_mistake(text, 10) is None


@pytest.mark.parametrize("text", [None, "", "two\nlines\r\n\tindented", "x" * 2000])
def test_notes_that_are_taken(text: str | None) -> None:
    assert note_mistake(text) is None


@pytest.mark.parametrize("text", [*UNPRINTABLE, "x" * 2001])
def test_notes_that_are_refused(text: str) -> None:
    assert note_mistake(text)
    assert note_mistake("xxxx", 3)


@pytest.mark.parametrize("name", ["A", "O'Brien", "अशा", "Jean-Luc 2nd", "x" * 120])
def test_names_that_are_taken(name: str) -> None:
    assert name_mistake(name) is None


@pytest.mark.parametrize("name", ["", "123", "--", "x" * 121, "a\0"])
def test_names_that_are_refused(name: str) -> None:
    assert name_mistake(name)


@pytest.mark.parametrize("email", ["a@b", "first.last+x@clinic.example", "x" * 252 + "@b"])
def test_addresses_that_are_taken(email: str) -> None:
    assert email_mistake(email) is None


@pytest.mark.parametrize(
    "email", ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b c", "x" * 253 + "@b", "a\0@b", "a\u00a0@b"]
)
def test_addresses_that_are_refused(email: str) -> None:
    assert email_mistake(email)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    refuse_invalid(("name", None))
    with pytest.raises(InvalidInput) as caught:
        refuse_invalid(("name", "No."), ("phone", None), ("email", "Never."))
    assert caught.value.errors == [("name", "No."), ("email", "Never.")]
