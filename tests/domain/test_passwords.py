"""Which passwords are taken."""

import pytest

from hms_web.domain.passwords import is_common, normal, password_mistake


@pytest.mark.parametrize(
    "password", ["correct horse!", "x7-kü mmel brot", "a" * 4 + "b" * 4 + "c" * 4 + "d", "z9!k" * 32]
)
def test_passwords_that_are_taken(password: str) -> None:
    assert password_mistake(password) is None


@pytest.mark.parametrize(
    ("password", "part"),
    [
        ("short-enough", None),
        ("elevenchars", "at least 12"),
        ("", "at least 12"),
        ("z9!" * 43, "at most 128"),
        ("password1234", "first that are tried"),
        ("PASSWORD!2026", "first that are tried"),
        ("123456789012", "first that are tried"),
        ("aaaaaaaabbbb", "first that are tried"),
        ("adminadmin123", "first that are tried"),
        ("demo-password", "first that are tried"),
        ("shadowshadow", "first that are tried"),
        ("international1", "first that are tried"),
        ("Butterfly-2026!", "first that are tried"),
        ("chelsea!chelsea", "first that are tried"),
        ("has a nul\0 in it", "printed"),
        ("half a pair \ud800", "printed"),
    ],
)
def test_passwords_that_are_refused_say_why(password: str, part: str | None) -> None:
    mistake = password_mistake(password)
    assert mistake is None if part is None else part in str(mistake)


def test_a_word_with_more_words_is_not_common() -> None:
    assert not is_common("password of my cat")
    assert not is_common("the hospital cat")
    assert is_common("aab1aab1aab1")


def test_accents_are_the_same_however_they_were_typed() -> None:
    assert normal("u\u0308ber") == normal("\u00fcber")


@pytest.mark.parametrize(
    "password", ["reception@city.test", "Reception@City.Test", "reception-2026!", "Rosa Maria Lopez", "rosamarialopez1"]
)
def test_a_password_that_names_its_person_is_refused(password: str) -> None:
    assert "name" in str(password_mistake(password, name="Rosa Maria Lopez", email="reception@city.test"))


def test_a_short_name_inside_a_password_says_little() -> None:
    assert password_mistake("harbour-tulip-rosa", name="Rosa", email="rosa@city.test") is None
    assert password_mistake("my reception is red", name="Rosa", email="reception@city.test") is None


@pytest.mark.parametrize(
    ("password", "part"),
    [
        ("City-General-2026", "hospital's name"),
        ("hospital citygeneral", "hospital's name"),
        ("frontdeskclinic1", "hospital's name"),
        ("lopez-general-1", "names that others know"),
        ("Lopez-clinic-99", "name or e-mail"),
    ],
)
def test_a_password_of_what_everybody_here_knows_is_refused(password: str, part: str) -> None:
    mistake = password_mistake(password, name="Rosa Lopez", email="rl@city.test", hospital="City General")
    assert part in str(mistake)


def test_what_everybody_knows_may_stand_beside_words_of_ones_own() -> None:
    known = {"name": "Rosa Lopez", "email": "rl@city.test", "hospital": "City General"}
    assert password_mistake("general tulip harbour", **known) is None
    assert password_mistake("harbour tulip 42", **known) is None
