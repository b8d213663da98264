"""What text may be stored, and the simple shapes that several records share.

Each check returns the sentence that says what is wrong, or None. NUL characters and lone surrogates cannot be stored in
PostgreSQL, so they are refused here, before they become a database error.
"""

import unicodedata

from hms_web.domain.phrases import phrase
from hms_web.domain.refusals import InvalidInput

LONGEST_EMAIL = 254
LONGEST_NAME = 120
LONGEST_NOTE = 2000
_LINE_BREAKS = frozenset("\n\r\t")
_UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})


def tidy(text: str | None) -> str | None:
    """Return text without surrounding space; None where nothing is left."""
    return (text or "").strip() or None


def is_storable(text: str) -> bool:
    """Whether the database can hold the text at all."""
    return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text)


def line_mistake(text: str, longest: int) -> str | None:
    """Say what is wrong with one line of text that must not be empty."""
    if not text.strip():
        return phrase("Fill this in.")
    if len(text) > longest:
        return phrase("Use at most %(most)s characters.", most=longest)
    if any(unicodedata.category(char) in _UNPRINTABLE for char in text):
        return phrase("Use letters, digits and signs that can be printed.")
    return None


def note_mistake(text: str | None, longest: int = LONGEST_NOTE) -> str | None:
    """Say what is wrong with text of several lines, which may be missing."""
    if text is None:
        return None
    if len(text) > longest:
        return phrase("Use at most %(most)s characters.", most=longest)
    if any(unicodedata.category(char) in _UNPRINTABLE and char not in _LINE_BREAKS for char in text):
        return phrase("Use letters, digits and signs that can be printed.")
    return None


def name_mistake(name: str) -> str | None:
    """Say what is wrong with a person's name: 1 to 120 characters with a letter among them."""
    wrong = line_mistake(name, LONGEST_NAME)
    if wrong is None and not any(char.isalpha() for char in name):
        return phrase("A name has at least one letter.")
    return wrong


def email_mistake(email: str) -> str | None:
    """Say what is wrong with an e-mail address; only its shape is looked at, since only its owner knows the rest."""
    wrong = line_mistake(email, LONGEST_EMAIL)
    if wrong is not None:
        return wrong
    local, at, domain = email.partition("@")
    if not at or not local or not domain or "@" in domain or any(char.isspace() for char in email):
        return phrase("Write an e-mail address like name@example.org.")
    return None


def refuse_invalid(*checks: tuple[str, str | None]) -> None:
    """Raise InvalidInput with every check (field, sentence or None) that found something wrong."""
    wrong = [(field, sentence) for field, sentence in checks if sentence is not None]
    if wrong:
        raise InvalidInput(wrong)
