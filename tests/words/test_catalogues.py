"""Every language has every text, none of it guessed, with the places for values that the text has."""

import runpy
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

ROOT = Path(__file__).parents[2]
TOOL = runpy.run_path(str(ROOT / ".ci" / "messages"))


@pytest.fixture(scope="module")
def found() -> Catalog:
    """Every text that stands in the code and the templates."""
    return TOOL["extracted"]()  # type: ignore[no-any-return]


def test_every_text_is_translated(found: Catalog) -> None:
    assert len(found) > 1000
    for path in TOOL["catalogues"]():
        assert TOOL["mistakes"](found, TOOL["read"](path)) == [], "run `make messages`, and translate what is empty"


def test_a_catalogue_is_as_it_would_be_written_again(found: Catalog, tmp_path: Path) -> None:
    for path in TOOL["catalogues"]():
        again = tmp_path / "messages.po"
        TOOL["write"](again, TOOL["updated"](found, TOOL["read"](path)))
        assert again.read_bytes() == path.read_bytes(), "run `make messages`"


@pytest.mark.parametrize(
    ("text", "translation", "wrong"),
    [
        ("Booked for %(when)s", "%(when)s ke liye", []),
        ("Booked for %(when)s", "", ["not translated: Booked for %(when)s"]),
        ("Booked for %(when)s", "ke liye", ["other placeholders: Booked for %(when)s"]),
        ("Until {until}.", "{untill} tak", ["other placeholders: Until {until}."]),
        (("One day", "%(num)d days"), ("%(num)d din", "%(num)d din"), []),
        (("One day", "%(num)d days"), ("%(num)d din", ""), ["not translated: ('One day', '%(num)d days')"]),
    ],
)
def test_a_translation_that_lacks_something_is_found(
    text: str | tuple[str, str], translation: str | tuple[str, str], wrong: list[str]
) -> None:
    found, known = Catalog(), Catalog(locale="hi")
    found.add(text)
    known.add(text, translation)
    assert TOOL["mistakes"](found, known) == wrong


def test_a_guess_and_a_text_that_is_gone_are_found() -> None:
    found, known = Catalog(), Catalog(locale="hi")
    found.add("Save")
    known.add("Save", "Sahejen", flags=["fuzzy"])
    known.add("Keep", "Rakhen")
    assert TOOL["mistakes"](found, known) == ["not translated: Save", "no text any more: Keep"]
