"""Every text that somebody reads can be translated: in the templates, the scripts and the tables of the pages."""

import ast
import html
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))

COMMENT, STATEMENT, EXPRESSION = (re.compile(p, re.DOTALL) for p in (r"\{#.*?#\}", r"\{%.*?%\}", r"\{\{.*?\}\}"))
# What a key is called, code and drawings have no other words anywhere.
AS_IT_IS = re.compile(r"<(kbd|code|pre|svg|script)\b.*?</\1>", re.DOTALL)
TAG = re.compile(r"<[^<>]*>", re.DOTALL)
SPOKEN = re.compile(r'(?<![\w-])(?:title|alt|placeholder|aria-label|aria-description|label)="([^"]*)"')
QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_TEXT = r"""\s*(?:"[^"]*"|'[^']*')"""
CALL = re.compile(rf"\b(?:_|n?p?gettext)\({_TEXT}(?:\s*,{_TEXT})?")
WORDS = re.compile(r"[A-Za-z]{2,}")
SENTENCE = re.compile(r"[A-Z][a-z]+ [a-z]{2,}|[a-z]{2,} [a-z]{2,} [a-z]{2,}")
# Names, units and classes of elements, which are the same in every language.
ALLOWED = {"openapi.json", "bare", "board-page", "desk-page", "/min", "kg", "cm"}


def unmarked(source: str) -> list[str]:
    """Return what can be read in a template and does not go through gettext."""
    plain = COMMENT.sub("", source)
    expressions = [*EXPRESSION.findall(plain), *STATEMENT.findall(plain)]
    plain = STATEMENT.sub("\n", EXPRESSION.sub("\n", plain))
    pieces = [piece for text in SPOKEN.findall(plain) for piece in text.split("\n")]
    pieces += [html.unescape(piece) for text in TAG.split(AS_IT_IS.sub("", plain)) for piece in text.split("\n")]
    found = [piece.strip() for piece in pieces if WORDS.search(piece) and piece.strip() not in ALLOWED]
    quoted = [one or other for text in expressions for one, other in QUOTED.findall(CALL.sub("", text))]
    return found + [text for text in quoted if re.match(r"[A-Z][a-z]+ [a-z]", text)]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<p>Save it</p>", ["Save it"]),
        ('<p>{{ _("Save it") }}</p>', []),
        ('<button aria-label="Close it">x</button>', ["Close it"]),
        ("<button aria-label=\"{{ _('Close it') }}\">x</button>", []),
        ('{{ badge("Not sent yet") }}', ["Not sent yet"]),
        ('{{ badge(_("Not sent %(n)s (yet)", n=f(g(1)))) }}', []),
        ('<p>{% if x %}Save it{% endif %} <kbd>Enter</kbd> {{ _("and") }}</p>', ["Save it"]),
        ("{# Save it #}<p>{{ name }} · #1</p>", []),
        ("<p>{{ name }}&nbsp;· {{ day }}</p>", []),
        ("<p>&nbsp;Save it</p>", ["Save it"]),
    ],
)
def test_what_is_not_marked_is_found(source: str, words: list[str]) -> None:
    assert unmarked(source) == words


def test_every_text_of_the_templates_is_marked() -> None:
    assert {str(path.relative_to(ROOT)): words for path in TEMPLATES if (words := unmarked(path.read_text()))} == {}


def test_scripts_have_no_words_of_their_own() -> None:
    for path in SCRIPTS:
        code = re.sub(r"^\s*(?://|/\*|\*).*$|//[^\"'`]*$", "", path.read_text(), flags=re.MULTILINE)
        literals = [one or other for one, other in QUOTED.findall(code)] + re.findall(r"`([^`]*)`", code)
        assert [text for text in literals if SENTENCE.search(text) and "[" not in text and "#" not in text] == [], path


def test_no_text_is_put_together_before_it_is_translated() -> None:
    """What gettext is given stands there as it is: a text that is made when the program runs is in no catalogue."""
    names = {"gettext", "ngettext", "lazy_gettext", "lazy_ngettext", "phrase"}
    # These pass on what somebody else has marked.
    passing = {"hms_web/web/language.py", "hms_web/web/stored.py"}
    for path in sorted((ROOT / "hms_web").rglob("*.py")):
        if str(path.relative_to(ROOT)) in passing:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in names:
                assert node.args, (path, node.lineno)
                assert isinstance(node.args[0], ast.Constant), (path, node.lineno)
